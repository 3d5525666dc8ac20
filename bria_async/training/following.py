"""Following runs by their journals: what happens in them, and how far they are, from whichever process."""

from collections.abc import AsyncIterator
from pathlib import Path

import attrs

from bria_async.engines.postgres.database import Database
from bria_async.errors import RunError
from bria_async.graph import feed
from bria_async.graph.events import Event
from bria_async.graph.feed import GOING_ON, Source, View
from bria_async.graph.states import CLOSED, State
from bria_async.host import Host
from bria_async.types.notebook import bar, table

from .place import Place
from .shared import existing

SHORTEST = 0.25
"""Seconds between two looks while things happen."""
LONGEST = 2.0
"""The same while nothing does."""
MOST = 200
"""Events that one look reads: they may bring captions of thousands of images."""


@attrs.frozen(kw_only=True)
class Progress:
    """How far a run is, for progress bars.

    `state` is `running`, `waiting` (for a worker), `paused`, `interrupted` (nobody said why), `done` or `failed`.
    `step` is the first one that is not over, empty after the last, and `done` of its `total` items are. Of `images`,
    `uploaded` are on the server. `seq` is the newest event: `events(run, after=progress.seq)` goes on from there.
    """

    run: str
    state: str
    step: str
    done: int
    total: int
    images: int
    uploaded: int
    seq: int

    def _repr_html_(self) -> str:
        """How far it is, for notebooks."""
        step = f"{self.step}, {self.done:,} of {self.total:,}" if self.total > 1 else self.step
        uploaded = f"{self.uploaded:,} of {self.images:,}"
        return table(
            f"{self.run}: {self.state}", {"step": step, "images uploaded": uploaded}, bar(self.uploaded, self.images)
        )


async def events(
    run: str, *, after: int = 0, state: Path | None = None, database: Database | None = None, host: Host | None = None
) -> AsyncIterator[Event]:
    """The events of a run, or of all runs of a batch, from the first on, until nobody works on it any more.

    They come once they are durable, from the journal, and so to any process that can read it; those of a run that is
    over, too: `async for event in events("lora"): ...`. Nothing is held open between two looks, 0.25 to 2 s apart.

    Args:
        run: its id, or that of a batch, or `batch/run`.
        after: leave out events up to this `Event.seq`: whoever followed it before goes on behind what he has seen.
        state: the folder that holds the runs; by default where `train` keeps them.
        database: where workers share their runs; instead of `state`.
        host: clock and threads, for simulations.

    Raises:
        RunError: there is no such run, or not yet: it is there once `train` has looked at its images.
        JournalError: its journal cannot be read.
    """
    host = host or Host()
    place = await host.in_thread(existing, run, state, database)
    goes_on, wait = True, SHORTEST
    while goes_on:
        goes_on, found = await host.in_thread(_look, place, after)
        for event in found:
            after = event.seq
            yield event
        if len(found) == MOST:
            goes_on = True  # with what is left
        elif goes_on:
            wait = SHORTEST if found else min(2 * wait, LONGEST)
            await host.sleep(wait)


async def progress(
    run: str, *, state: Path | None = None, database: Database | None = None, host: Host | None = None
) -> Progress:
    """How far a run is now, by its journal.

    Args:
        run: its id, or `batch/run`.
        state: the folder that holds the runs; by default where `train` keeps them.
        database: where workers share their runs; instead of `state`.
        host: threads, for simulations.

    Raises:
        RunError: there is no such run, it has not begun, or it is a batch: each of its runs has its own.
        JournalError: its journal cannot be read.
    """
    return await (host or Host()).in_thread(_progress, run, state, database)


def uploads_of(journal: Source, view: View) -> tuple[int, int]:
    """How many images a run has, and how many of them are on the server."""
    uploads = view.counts["upload"]
    if "bulk" not in view.counts:
        return sum(uploads.values()), uploads.get(State.DONE, 0)
    images = len(feed.inputs(journal, view.run.name, "image"))
    return images, len(feed.results(journal, view.run.name).get("upload", ()))


def _look(place: Place, after: int) -> tuple[bool, list[Event]]:
    """Whether it goes on, and the events that are new. In this order: of what is over nothing is missed."""
    with feed.held(place.source):
        goes_on = _goes_on(place)
        found = feed.whole_events(place.source, None if place.is_batch else place.name, after, MOST)
    return goes_on, [event for _, event in found]


def _goes_on(place: Place) -> bool:
    if not place.is_worked_on:
        return False
    view = feed.view(place.source, place.name) if place.batch else None  # others of its batch may go on
    return view is None or view.state in GOING_ON


def _progress(run: str, state: Path | None, database: Database | None) -> Progress:
    place = existing(run, state, database)
    if place.is_batch:
        raise RunError(f"{run!r} is a batch: ask for one of its runs, as {run}/RUN.", run)
    with feed.held(place.source):
        seq = feed.newest(place.source)
        view = feed.view(place.source, place.name)
        if view is None:
            raise RunError(f"The run {place.title!r} has not begun.", run)
        images, uploaded = uploads_of(place.source, view)
    step, done, total = _step(view)
    return Progress(
        run=place.title,
        state=view.state,
        step=step,
        done=done,
        total=total,
        images=images,
        uploaded=uploaded,
        seq=seq,
    )


def _step(view: View) -> tuple[str, int, int]:
    """The first step with something left to do, how many of its items are over, and how many there are."""
    for name, counts in view.counts.items():
        total, over = sum(counts.values()), sum(counts.get(state, 0) for state in CLOSED)
        if over < total:
            return name, over, total
    return "", 0, 0
