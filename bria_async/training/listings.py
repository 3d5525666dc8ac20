"""One listing for many runs that look for what they may have made.

After an unclean close every unfinished step that creates something looks before it sends. What an earlier process
made is in any listing that began a settle delay after this one took over. So one of each kind serves all runs of a
batch: else there would be as many as runs, and each would show the things of all.
"""

import asyncio
import copy
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import attrs

from bria_async.errors import BriaError
from bria_async.session import Session

T = TypeVar("T")
_listings: "WeakKeyDictionary[Session, dict[str, _Listing]]" = WeakKeyDictionary()


async def listed(session: Session, what: str, listing: Callable[[], Awaitable[T]], age: float = 0.0) -> T:
    """What this listing of the session shows, or showed less than `age` seconds ago; `what` names it."""
    mine: _Listing = _listings.setdefault(session, {}).setdefault(what, _Listing())
    found: T = await mine.look(session.host.monotonic, listing, session.host.monotonic() - age)
    return found


@attrs.define(eq=False)
class _Listing:
    """The last one, and when it began."""

    _one: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _began: float = attrs.field(default=-math.inf, init=False)
    _shown: Any = attrs.field(default=None, init=False)
    _tried: int = attrs.field(default=0, init=False)
    _error: BriaError | None = attrs.field(default=None, init=False)

    async def look(self, now: Callable[[], float], listing: Callable[[], Awaitable[Any]], since: float) -> Any:
        """What a listing shows that began after this time; one that fails does so for all who wait for it."""
        tried = self._tried
        async with self._one:
            if self._began > since:
                return self._shown
            if self._error is not None and self._tried > tried:
                raise copy.copy(self._error)
            began, self._error = now(), None
            try:
                self._shown = await listing()
            except BriaError as error:
                self._tried, self._error = self._tried + 1, error
                raise
            self._began = began
            return self._shown
