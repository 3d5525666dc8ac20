"""The runs that a dashboard shows, by their names alone, and what was last read of each."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import anyio
import attrs

from bria_async.engines.postgres.database import Database
from bria_async.errors import RunError
from bria_async.graph import feed
from bria_async.graph.control import Request
from bria_async.host import Host
from bria_async.images.folder import DECODED_AT_ONCE
from bria_async.training.place import Place
from bria_async.training.shared import existing, places

from ..drafts import edits_of
from ..pages import RunPage, read_run

NAME = re.compile(r"\w[\w.\u0307-]{0,79}")
"""What `plan.id_of` makes of names: nothing that leads out of a folder. A capital İ becomes an i and a dot above it."""
KEPT = 8
"""Pages that are kept for whoever looks next."""
FRESH = 5.0
"""Seconds after which the page of a run that goes on is read again though nothing happened: its times grow."""
BUSY = 0.2
"""The share of a processor that reading the page of one run takes at most."""


@attrs.frozen
class Read:
    """A page as it was read: when, on the host's own clock, and how long that took.

    `seen` is the newest event of its journal then, `state` the run's, `edits` what it was asked to change.
    """

    page: RunPage
    seen: int
    state: str
    edits: tuple[Request, ...]
    at: float
    took: float


@attrs.define
class Journals:
    """Runs below a state folder, or in a database."""

    host: Host
    state: Path | None = None
    database: Database | None = None
    processors: anyio.CapacityLimiter = attrs.field(factory=lambda: anyio.CapacityLimiter(DECODED_AT_ONCE))
    """Turns at what keeps a processor busy."""
    _read: OrderedDict[str, Read] = attrs.field(factory=OrderedDict, init=False)
    _turns: dict[str, asyncio.Lock] = attrs.field(factory=dict, init=False)

    def all(self) -> Iterator[Place]:
        """Those of all runs and batches; blocks.

        Raises:
            JournalError: the database cannot be used.
        """
        return places(self.state, self.database)

    def find(self, name: str, batch: str | None = None) -> Place:
        """A run, or a batch, or a run of a batch; blocks.

        Raises:
            RunError: there is none.
            JournalError: the database cannot be used.
        """
        for part in filter(None, (batch, name)):
            if not NAME.fullmatch(part):
                raise RunError(f"There is no run {part!r}.", part)
        return existing(f"{batch}/{name}" if batch else name, self.state, self.database)

    async def page(self, place: Place) -> RunPage:
        """What a page shows of a run, at most a moment old; whoever asks meanwhile gets the same.

        Raises:
            JournalError: the journal cannot be read.
            RunError: it holds no such run: that has not begun, or is a batch.
            PlanInvalid: another version of this library began the run, whose plan this one cannot read.
        """
        async with self._turns.setdefault(place.title, asyncio.Lock()):
            known, now = self._read.get(place.title), self.host.monotonic()
            if known is None or now - known.at > known.took / BUSY:
                known = await self.host.in_thread(self._look, place, known, now)
            self._read[place.title] = known
            self._read.move_to_end(place.title)
            while len(self._read) > KEPT:
                forgotten, _ = self._read.popitem(last=False)
                self._turns.pop(forgotten, None)
        return known.page

    def _look(self, place: Place, known: Read | None, now: float) -> Read:
        with feed.held(place.source):
            view, seen = feed.view(place.source, place.name), feed.newest(place.source)
            if view is None:
                raise RunError(f"{place.title} is a batch, or has not begun.", place.title)
            edits = edits_of(place, view)
            if known is not None and (known.state, known.edits) == (view.state, edits):
                fresh = now - known.at < FRESH or not view.alive
                if fresh and (seen == known.seen or not feed.happened(place.source, place.name, known.seen)):
                    return attrs.evolve(known, seen=seen)
            begun = time.perf_counter()
            page = read_run(place, self.host.now(), None if known is None else known.page)
        return Read(page, seen, view.state, edits, now, time.perf_counter() - begun)
