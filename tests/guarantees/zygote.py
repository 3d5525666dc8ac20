"""A process that has imported everything and forks others: `python -m tests.guarantees.zygote`.

It reads orders, one JSON object per line, and answers each with one line: the number of the process that it began, or
how a process ended (null while it goes on). A process is there in 50 ms instead of a second; all die with the zygote.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio._backends._asyncio  # noqa: F401  # anyio, Pillow and the library import late
import dbos  # noqa: F401  # as above
import PIL.Image
import psycopg  # noqa: F401  # as above

import bria_async.cli.app  # noqa: F401  # as above
from bria_async.cli.__main__ import main
from bria_async.engines.desk import Pulse
from bria_async.engines.postgres.database import Database
from bria_async.training import Settings, distributed  # noqa: F401  # as above
from bria_async.training.worker import worker
from bria_async.wire import Polling
from bria_async.wire.retry import RetryPolicy

SETTLE = 2.0
"""Seconds after which a simulator on this machine has certainly done what it was sent."""
POLLS = (0.05, 0.2)
"""Seconds between two looks, at first and at most."""
TIMEOUT = 20.0
ATTEMPTS = 2


def command(words: Sequence[str]) -> None:
    """Be the command line."""
    sys.argv = ["bria-async", *words]
    main()


def work(words: Sequence[str]) -> None:
    """Be a worker that notices quickly, until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    asyncio.run(_work(*words))


async def _work(name: str, state: str, rate: str = "inf") -> None:
    polling = Polling(start=POLLS[0], cap=POLLS[1], timeout=600.0)
    async with worker(
        Database(os.environ["BRIA_DATABASE"]),
        name=name,
        settings=Settings(state=Path(state), settle=SETTLE, training=polling, waiting=polling, control_interval=0.1),
        requests_per_minute=float(rate),
        retry=RetryPolicy(attempts=ATTEMPTS),
        timeout=TIMEOUT,
        pulse=Pulse(poll=0.1, sweep=0.4),
    ) as desk:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, desk.stop)
        logging.getLogger(__name__).info("at work")
        await desk.work()


PROGRAMS: Mapping[str, Callable[[Sequence[str]], None]] = {"command": command, "worker": work}


def live(order: Mapping[str, Any]) -> None:
    """Be what the order says."""
    os.environ.update(order["environment"])
    with Path(order["output"]).open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    PROGRAMS[order["program"]](order["words"])


def serve() -> None:
    """Fork a process for each order."""
    PIL.Image.init()
    gc.freeze()
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in orders:
        order = json.loads(line)
        if "ended" in order:
            pid, status = os.waitpid(order["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif (answer := os.fork()) == 0:
            orders.close()
            answers.close()
            live(order)
            return
        print(json.dumps(answer), file=answers, flush=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    serve()
