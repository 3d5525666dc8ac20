"""A process that has imported everything and forks victims: `python -m tests.kill.zygote`.

It reads orders, one JSON object per line, and answers each with two lines: the victim's process id, and its exit code
once it is over. A victim is the real command line in a process of its own, there in 50 ms instead of a second.
"""

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio._backends._asyncio  # noqa: F401  # anyio and Pillow import late
import PIL.Image

import bria_async.cli.app
import bria_async.training  # noqa: F401  # warmed up
from bria_async.cli.__main__ import main
from tests.kill.points import ACTS, Point, Seams, arm


def live(order: dict[str, Any]) -> None:
    """Be the command line, until it is over or meets its point."""
    os.environ.update(order["environment"])
    with Path(order["output"]).open("wb") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    point = order["point"] and Point.of(order["point"])
    seams = Seams(point, ACTS[order["act"]])
    arm(seams)
    sys.argv = ["bria-async", *order["words"]]
    try:
        main()
    finally:
        Path(order["output"]).with_suffix(".reached").write_text(json.dumps(seams.reached))


def serve() -> None:
    """Fork a victim for each order."""
    PIL.Image.init()
    gc.freeze()
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in orders:
        pid = os.fork()
        if pid == 0:
            orders.close()
            answers.close()
            live(json.loads(line))
            return
        print(pid, file=answers, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


if __name__ == "__main__":
    serve()
