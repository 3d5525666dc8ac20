"""Following a run through its journal: what is shown is what is durable, in this process and in others."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.events import Event
from bria_async.graph.feed import View

INTERVAL = 0.25
"""Seconds between two looks, hence between two repaints."""


class Display(Protocol):
    """Shows a run to whoever reads the output."""

    def waiting(self, what: str) -> None:
        """There is no journal yet."""

    def show(self, view: View, events: Sequence[tuple[int, Event]], now: float) -> None:
        """The run as it is now, and what happened since the last time."""

    def summary(self, words: str, data: Mapping[str, Any]) -> None:
        """What became of it, once it is over."""

    def close(self) -> None:
        """Nothing more will be shown."""


@attrs.define
class Follower:
    """Looks at one run, and shows it."""

    journal: Path
    run: str
    display: Display
    _seen: int = 0

    def skip(self) -> None:
        """Leave out what happened up to now."""
        with contextlib.suppress(JournalError):
            if self.journal.exists() and (view := self._view()):
                self._seen = view.seq

    async def look(self) -> View | None:
        """Show what is new; None while there is no run.

        Raises:
            JournalError: the journal cannot be read.
        """
        if not self.journal.exists():
            return None
        view, events = await asyncio.to_thread(self._read)
        if view is not None:
            self._seen = max([self._seen, *(seq for seq, _ in events)])
            self.display.show(view, events, time.time())
        return view

    def _read(self) -> tuple[View | None, list[tuple[int, Event]]]:
        view = self._view()
        fresh = view is not None and view.seq > self._seen
        return view, feed.events(self.journal, self.run, self._seen) if fresh else []

    def _view(self) -> View | None:
        return next((view for view in feed.views(self.journal) if view.run.name == self.run), None)


@contextlib.asynccontextmanager
async def following(follower: Follower) -> AsyncIterator[None]:
    """Show a run while this process works on it; what keeps its journal from being read is the work's to tell."""

    async def forever() -> None:
        while True:
            with contextlib.suppress(JournalError):
                await follower.look()
            await asyncio.sleep(INTERVAL)

    looking = asyncio.create_task(forever())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        with contextlib.suppress(JournalError):
            await follower.look()
    if not looking.cancelled():
        looking.result()


async def until_over(follower: Follower) -> View | None:
    """Show a run until nobody works on it any more."""
    while (view := await follower.look()) is not None and view.alive:  # noqa: ASYNC110  # another process tells nobody
        await asyncio.sleep(INTERVAL)
    return view
