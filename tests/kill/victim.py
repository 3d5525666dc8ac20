"""The real command line, in a process that kills itself at a given point: `python victim.py POINT ARGS...`.

A point is `WHEN:WHERE:N`, the Nth time that it is reached:

- `before:OPERATION:N` the intent is durable, the request has not left;
- `cut:OPERATION:N` in the middle of the request's body;
- `left:OPERATION:N` the request has left, the server works on it or has answered, nobody has read that;
- `answered:OPERATION:N` the answer is read, nothing of it is recorded;
- `commit:before:N` and `commit:after:N` around a transaction of the journal.

SIGKILL: nothing is flushed, no handler runs.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from typing import Any, NoReturn

from bria_async.graph import journal
from bria_async.transport import payload
from bria_async.transport.client import HttpClient

WHEN, WHERE, NUMBER = sys.argv[1].split(":")
reached: Counter[str] = Counter()


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def here(when: str, where: str) -> bool:
    """Whether this is the point."""
    if (when, where) != (WHEN, WHERE):
        return False
    reached[where] += 1
    return reached[where] == int(NUMBER)


def arm() -> None:
    exchange, write_block, write = HttpClient._exchange, payload.MultipartPayload._write, journal._write

    async def exchange_or_die(self: HttpClient, call: Any, path: str, body: Any) -> Any:
        if here("before", call.operation):
            die()
        if here("cut", call.operation):
            payload.MultipartPayload._write = write_half  # type: ignore[method-assign, assignment]
        if here("left", call.operation):
            asyncio.get_running_loop().call_later(0.05, die)
            return await asyncio.gather(exchange(self, call, path, body), asyncio.Event().wait())
        reply = await exchange(self, call, path, body)
        if here("answered", call.operation):
            die()
        return reply

    async def write_half(self: Any, writer: Any, block: bytes) -> None:
        await write_block(self, writer, block[: len(block) // 2])
        await asyncio.sleep(0.02)
        die()

    def write_or_die(database: Any, statements: Any) -> None:
        if here("commit", "before"):
            die()
        write(database, statements)
        if here("commit", "after"):
            die()

    HttpClient._exchange = exchange_or_die  # type: ignore[method-assign]
    journal._write = write_or_die


if __name__ == "__main__":
    arm()
    sys.argv = ["bria-async", *sys.argv[2:]]
    from bria_async.cli.__main__ import main

    main()
