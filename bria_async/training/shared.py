"""Where runs lie that many workers share: in a database, and their files in folders of whoever makes them."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs

from bria_async.engines.postgres.database import Database
from bria_async.engines.postgres.journal import PostgresJournal
from bria_async.engines.postgres.reading import Reader, SharedJournal
from bria_async.engines.postgres.requests import Requests
from bria_async.engines.postgres.seat import Seat
from bria_async.errors import JournalLocked, RunError
from bria_async.graph import feed
from bria_async.graph.control import Mailbox
from bria_async.graph.records import Keeper
from bria_async.host import Host

from .place import JOURNAL, Place, state_folder


@attrs.frozen
class SharedPlace(Place):
    """A run, or a batch, in a database; its folder is where a worker puts samples that go nowhere else."""

    source: SharedJournal = attrs.field(kw_only=True)

    @classmethod
    def of_journal(cls, journal: SharedJournal, state: Path | None = None) -> "SharedPlace":
        """The place of a run by itself, or of a batch."""
        return cls(Place.of(journal.name, state).folder, source=journal)

    @classmethod
    def found(cls, database: Database, run: str, state: Path | None = None) -> "SharedPlace":
        """The place of a run that was handed over, or of a batch; a run of a batch is found by its name alone.

        Raises:
            RunError: there is none, or several batches have one.
            JournalError: the database cannot be used.
        """
        reader = Reader(database)
        batch, _, name = run.rpartition("/")
        with reader.held():
            journal = reader.journal(batch or name)
            if journal is not None and (journal.is_batch or not batch):
                place = cls.of_journal(journal, state)
                return place.run(name) if batch else place
            batches = [] if batch else reader.batches_with(name)
        if len(batches) > 1:
            names = ", ".join(f"{each.name}/{run}" for each in batches)
            raise RunError(f"Several batches have a run {run!r}: {names}.", run)
        if not batches:
            raise RunError(f"There is no run {run!r} in {database}: bria-async runs lists those that are.", run)
        return cls.of_journal(batches[0], state).run(name)

    @property
    def is_batch(self) -> bool:
        """Whether it is a batch."""
        return self.batch is None and self.source.is_batch

    @property
    def is_worked_on(self) -> bool:
        """Whether somebody works on it, or is to as soon as a worker takes it."""
        if self.batch is None:
            return self.source.tended().busy
        view = feed.view(self.source, self.name)
        return view is not None and (view.alive or view.waits)

    @property
    def why_not_begun(self) -> None:
        """A plan that cannot work is not handed over."""

    @property
    def control(self) -> Mailbox:
        """Where it is asked for things."""
        return Requests(self.source.reader.database, self.source.name, "" if self.is_batch else self.name)

    def run(self, run: str) -> "SharedPlace":
        """The place of a run of this batch."""
        return SharedPlace(self.folder / run, self.folder, source=self.source)

    def read_plans(self) -> str:
        """What a batch is to train, as JSON."""
        return self.source.plans()

    @contextlib.asynccontextmanager
    async def writing(self, host: Host) -> AsyncIterator[Keeper]:
        """Its journal, for somebody who adds to it while nobody works on it.

        Raises:
            JournalLocked: somebody does, or is to.
            JournalError: the database cannot be used.
        """
        if self.is_worked_on:
            raise JournalLocked(f"The run {self.title} is with the workers of {self.source.reader.database}.")
        async with Seat(self.source.reader.database, host, name="a command") as seat:
            yield PostgresJournal(seat, self.source.name)

    def refuse_if_locked(self) -> None:
        """Workers share it."""


def existing(run: str, state: Path | None = None, database: Database | None = None) -> Place:
    """Where a run lies that was begun before, or a batch: in a database if one is given, else below the state folder.

    Raises:
        RunError: there is none, or several batches have one.
        JournalError: the database cannot be used.
    """
    return Place.existing(run, state) if database is None else SharedPlace.found(database, run, state)


def places(state: Path | None = None, database: Database | None = None) -> Iterator[Place]:
    """All runs and batches: of a database if one is given, else below the state folder.

    Raises:
        JournalError: the database cannot be used.
        RunError: the state folder is no folder.
    """
    if database is None:
        yield from (Place(journal.parent) for journal in sorted(state_folder(state).glob(f"*/{JOURNAL}")))
        return
    reader = Reader(database)
    with reader.held():
        yield from (SharedPlace.of_journal(journal, state) for journal in reader.journals())
