"""Following a run or a batch through its journal: what is shown is what is durable, in this process and in others."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from bria_async.dashboard.overview import Overview
from bria_async.errors import JournalAway, JournalError
from bria_async.graph import feed
from bria_async.graph.events import Event
from bria_async.graph.feed import Tended, View

INTERVAL = 0.25
"""Seconds between two looks, hence between two repaints."""


T = TypeVar("T")
Seen_contra = TypeVar("Seen_contra", contravariant=True)
Shown_co = TypeVar("Shown_co", covariant=True)

Numbered = Sequence[tuple[int, Event]]
"""Events, each with its sequence number."""


class Display(Protocol[Seen_contra]):
    """Shows a run, or a batch, to whoever reads the output."""

    def waiting(self, what: str) -> None:
        """There is no journal yet."""

    def show(self, seen: Seen_contra, events: Numbered, now: float) -> None:
        """How it is now, and what happened since the last time."""

    def summary(self, words: str, data: Mapping[str, Any]) -> None:
        """What became of it, once it is over."""

    def close(self) -> None:
        """Nothing more will be shown."""


class Source(Protocol[Shown_co]):
    """Reads how something is now, if it is there, and what happened behind a sequence number."""

    @property
    def journal(self) -> feed.Source:
        """Where it is read."""

    def read(self, after: int) -> tuple[Shown_co | None, Numbered]:
        """Look at it."""


@attrs.frozen
class OneRun:
    """A run, read from its journal."""

    journal: feed.Source
    run: str

    def read(self, after: int) -> tuple[View | None, Numbered]:
        """Look at it."""
        view = feed.view(self.journal, self.run)
        return view, feed.events(self.journal, self.run, after) if view else []


@attrs.define
class ManyRuns:
    """A batch, read from its journal: once as a whole, and then only the runs where something happened."""

    journal: feed.Source
    name: str
    planned: tuple[str, ...]
    _seen: int = attrs.field(default=0, init=False)
    _tended: Tended | None = attrs.field(default=None, init=False)
    _last: Mapping[str, View] = attrs.field(factory=dict, init=False)

    def read(self, after: int) -> tuple[Overview, Numbered]:
        """Look at it."""
        before, tended = self._tended, feed.tended(self.journal)
        since, self._seen = self._seen, feed.newest(self.journal)
        if before != tended:  # who died left no event
            self._last = {name: view.tended_by(tended) for name, view in self._last.items()}
        if before is None or since < self._seen:
            found = feed.changed_views(self.journal, since, self._last)
            self._last = {**self._last, **{view.run.name: view for view in found}}
        self._tended = tended
        now = Overview.of(self.name, self.planned, self._last, tended)
        return now, feed.events(self.journal, after=after)


@attrs.define
class Follower(Generic[T]):
    """Looks at a run, or a batch, and shows it."""

    source: Source[T]
    display: Display[T]
    _seen: int = attrs.field(default=0, init=False)

    def skip(self) -> None:
        """Leave out what happened up to now."""
        with contextlib.suppress(JournalError):
            if self.source.journal.exists():
                self._seen = feed.newest(self.source.journal)

    async def look(self) -> T | None:
        """Show what is new; None while there is nothing.

        Raises:
            JournalError: the journal cannot be read.
        """
        if not self.source.journal.exists():
            return None
        seen, events = await asyncio.to_thread(self.source.read, self._seen)
        if seen is not None:
            self._seen = max([self._seen, *(seq for seq, _ in events)])
            self.display.show(seen, events, time.time())
        return seen


@contextlib.asynccontextmanager
async def following(follower: Follower[Any]) -> AsyncIterator[None]:
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


async def until_over(follower: Follower[T], goes_on: Callable[[T], bool]) -> T | None:
    """Show it until it goes on no more; a database that is away is waited for."""
    is_away = False
    while True:
        try:
            seen = await follower.look()
        except JournalAway as error:
            if not is_away:
                follower.display.waiting(f"{error.message} It is looked for until it is back.")
            is_away = True
        else:
            is_away = False
            if seen is None or not goes_on(seen):
                return seen
        await asyncio.sleep(INTERVAL)
