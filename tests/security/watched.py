"""A simulator that reports every socket it binds, connects or sends from, and every name it looks up.

Run as a process: it prints its address, then serves until its standard input ends.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bria_async.sim import Clock, Options, simulator

WATCHED = {"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "urllib.Request"}


def report(event: str, arguments: tuple[Any, ...]) -> None:
    """One line on standard error for each event."""
    if event in WATCHED:
        told = [argument for argument in arguments if isinstance(argument, str | int | tuple)]
        sys.stderr.write(json.dumps([event, *told]) + "\n")
        sys.stderr.flush()


async def serve() -> None:
    """Serve; time runs fast, so that jobs are over and their webhooks due."""
    chosen: dict[str, Any] = {"fixtures": {"https://known.example/a.png": Path(sys.argv[1])}}
    options = Options(job_time=0.0, **chosen)
    async with simulator(options=options, clock=Clock(speed=1000)) as sim:
        sys.stdout.write(sim.base_url + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        await sim.settle()


if __name__ == "__main__":
    sys.addaudithook(report)
    asyncio.run(serve())
