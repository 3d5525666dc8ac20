"""Requests from other processes, handed on as they come."""

from collections.abc import Awaitable
from typing import Any, Protocol

import anyio
import attrs

from bria_async.graph.control import Mailbox, Request
from bria_async.host import Host


class Hear(Protocol):
    """Does what is asked for, and tells whether that is over: what is not stays where it is, and is heard again."""

    def __call__(self, which: Any, request: Request, *, stale: bool) -> Awaitable[bool]:
        """`which` is what the mailbox knows it by; `stale` is what lay there before this process took over."""


@attrs.define
class Inbox:
    """A control folder that is looked into every so many seconds."""

    control: Mailbox
    host: Host
    interval: float = 0.5
    _stale: frozenset[Any] = attrs.field(init=False)

    @_stale.default
    def _waiting(self) -> frozenset[Any]:
        """Told by what lay there, because the clock that requests are dated by may be set back."""
        return frozenset(which for which, _ in self.control.waiting())

    async def deliver(self, hear: Hear) -> None:
        """Hand on every request, for ever."""
        while True:
            for which, request in await self.host.in_thread(self.control.waiting):
                if await hear(which, request, stale=which in self._stale):
                    with anyio.CancelScope(shield=True):  # it may have stopped the run
                        await self.host.in_thread(self.control.remove, which)
            await self.host.sleep(self.interval)
