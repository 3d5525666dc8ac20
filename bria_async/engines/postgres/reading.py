"""Reading runs in PostgreSQL from outside, as `graph.feed` reads files: with the same queries, and without writing."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from bria_async.errors import JournalError
from bria_async.graph.feed import Tended

from .database import SCHEMA, Database, driver, one
from .jobs import WHOLE, living

if TYPE_CHECKING:
    import psycopg


@attrs.define(eq=False)
class Reader:
    """Reads the runs of a database: through one session while it is `held`, else through one for each look."""

    database: Database
    _session: "psycopg.Connection[Any] | None" = attrs.field(default=None, init=False)
    _is_held: bool = attrs.field(default=False, init=False)
    _has_tables: bool = attrs.field(default=False, init=False)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep one session for several looks; one that breaks is followed by another."""
        if self._is_held:
            yield
            return
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if self._session is not None:
                self._session.close()
            self._session = None

    def _begin(self) -> "psycopg.Connection[Any]":
        """Begin to read what is there; nothing is made."""
        with contextlib.ExitStack() as unless_it_works:
            session = unless_it_works.enter_context(contextlib.closing(self.database.connect(journal="")))
            session.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            self._has_tables = one(session.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{SCHEMA}.meta",)))
            if self._has_tables:
                self.database.refuse_other_format(one(session.execute("SELECT version FROM meta")))
            unless_it_works.pop_all()
            return session

    @contextlib.contextmanager
    def looking(self, journal: str = "") -> Iterator["psycopg.Connection[Any]"]:
        """A session that sees the runs of a journal, and cannot write.

        Raises:
            JournalAway: the database cannot be reached at this moment.
            JournalTooNew: a newer version of this library made the tables.
            JournalError: the database cannot be used, or something in it is not as it was written.
        """
        with self.held(), self._told():
            if self._session is None or self._session.closed:
                self._session = self._begin()
            self._session.execute("SELECT set_config('bria_async.journal', %s, false)", (journal,))
            yield self._session

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (driver().Error, ValueError, TypeError, KeyError) as error:  # somebody may have changed a row
            raise self.database.fault(error) from None

    def journals(self) -> "list[SharedJournal]":
        """All journals, by their names."""
        sql = 'SELECT name, plans IS NOT NULL FROM journal ORDER BY name COLLATE "C"'
        with self.looking() as session:
            found = session.execute(sql).fetchall() if self._has_tables else []
        return [SharedJournal(self, name, is_batch=is_batch) for name, is_batch in found]

    def journal(self, name: str) -> "SharedJournal | None":
        """The journal of this name, if there is one."""
        return next((journal for journal in self.journals() if journal.name == name), None)

    def batches_with(self, run: str) -> "list[SharedJournal]":
        """The batches that have a run of this name."""
        sql = (
            f"SELECT journal.name FROM {SCHEMA}.run JOIN journal ON journal.name = run.journal "  # noqa: S608  # constants
            'WHERE run.name = %s AND plans IS NOT NULL ORDER BY journal.name COLLATE "C"'
        )
        with self.looking() as session:
            found = session.execute(sql, (run,)).fetchall() if self._has_tables else []
        return [SharedJournal(self, name, is_batch=True) for (name,) in found]

    def workers(self) -> int:
        """How many workers live."""
        with self.looking() as session:
            return len(living(session))


@attrs.frozen
class SharedJournal:
    """One journal of a database, to be read as `graph.feed.Shared`."""

    reader: Reader
    name: str
    is_batch: bool = attrs.field(kw_only=True)

    def __str__(self) -> str:
        """Its name, and where it is."""
        return f"{self.name} in {self.reader.database}"

    def exists(self) -> bool:
        """Whether it was begun."""
        return True

    def held(self) -> contextlib.AbstractContextManager[None]:
        """Keep one session for several looks."""
        return self.reader.held()

    @contextlib.contextmanager
    def reading(self) -> Iterator["_Translated"]:
        """A session that takes the queries that files take."""
        with self.reader.looking(self.name) as session:
            yield _Translated(session)

    def tended(self) -> Tended:
        """Who works on its runs: jobs first, because a lock is let go after all that was written under it."""
        sql = "SELECT run.id, worker FROM job JOIN run ON run.id = job.run WHERE task = %s AND NOT over"
        with self.reader.looking(self.name) as session:
            jobs = session.execute(sql, (WHOLE,)).fetchall()
            workers = living(session)
        alive = frozenset(run for run, worker in jobs if worker in workers)
        return Tended(alive, frozenset(run for run, _ in jobs) - alive, len(workers))

    def plans(self) -> str:
        """What a batch is to train, as JSON.

        Raises:
            JournalError: it is gone, or no batch.
        """
        with self.reader.looking(self.name) as session:
            found = session.execute("SELECT plans FROM journal WHERE name = %s", (self.name,)).fetchone()
        if found is None or found[0] is None:
            raise JournalError(f"There is no batch {self}.")
        return str(found[0])


_WORDS = {" NOT INDEXED": "", "COLLATE BINARY": 'COLLATE "C"', "?": "%s"}


@attrs.frozen
class _Translated:
    """A session that takes the SQL of `graph`."""

    session: "psycopg.Connection[Any]"

    def execute(self, sql: str, values: tuple[Any, ...] = (), /) -> Any:
        """The rows of a query, which has a `?` for each value."""
        for word, ours in _WORDS.items():
            sql = sql.replace(word, ours)
        return self.session.execute(sql, values)
