"""Ticks of the event loop, in each of which it runs once whatever is ready, and what the bodies on it write in one.

A socket takes megabytes before it is full, so that each body could write a file in one go, and 16 of them as many files
before a handler that has been ready all the time. So all together are let write so much in a tick, and whoever comes
then waits for a later one, first come, first served. Who has to wait for his socket in between writes the rest of what
he was let write when that takes it.
"""

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

import attrs

MOST = 1024 * 1024
"""Bytes of a tick: about a millisecond over TLS."""


@attrs.define(eq=False)
class Ticks:
    """Those of one loop."""

    _left: int = MOST
    _ends: bool = False
    """Whether the end of this tick is waited for."""
    _waiting: deque[tuple[asyncio.Future[None], int]] = attrs.field(factory=deque)

    async def take(self, size: int) -> None:
        """Wait for a tick in which so many bytes may be written."""
        loop = asyncio.get_running_loop()
        if not self._ends:
            self._ends = True
            loop.call_soon(self._next)
        if self._left > 0 and not self._waiting:
            self._left -= size
            return
        future = loop.create_future()
        self._waiting.append((future, size))
        await future

    def _next(self) -> None:
        """A tick begins: those who have waited longest write in it."""
        self._left = MOST
        while self._waiting and self._left > 0:
            future, size = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                self._left -= size
        self._ends = self._left < MOST
        if self._ends:
            asyncio.get_running_loop().call_soon(self._next)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Ticks] = WeakKeyDictionary()


def ticks() -> Ticks:
    """Those of the running loop."""
    loop = asyncio.get_running_loop()
    if (found := _of_loops.get(loop)) is None:
        found = _of_loops[loop] = Ticks()
    return found
