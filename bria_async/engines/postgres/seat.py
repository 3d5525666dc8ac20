"""Sessions with the database: a guest's, who only looks and asks, and a worker's seat, which says who may write.

Theory. A worker writes through one session, and that session holds the worker's advisory lock: whoever has lost the
lock, as all do when the database restarts, cannot write an intent, hence sends nothing, until he has it back. A lock is
free the moment its session ends, so anybody can tell that a worker is dead; who takes its work over raises its fence
number, and what a worker began below the fence is refused from then on. A worker that comes back to find its fence
raised begins anew. So of two who believe to do the same, at most one can write that he is about to send.

A commit whose connection broke may have arrived or not. Each therefore leaves its number in the worker's row, and is
looked for there before it is made once more.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import attrs

from bria_async.errors import JournalAway, JournalError
from bria_async.host import Host, Worker

from .database import LOCKS, Database, driver, one

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
Statement = tuple[str, tuple[Any, ...] | Mapping[str, Any]]
Session = "psycopg.Connection[Any]"

log = logging.getLogger(__name__)

BATCH = 256
"""Changes that one transaction takes at most."""
AWAY = 0.5
"""Seconds between two tries to reach a database that is away."""


class Fenced(JournalError):
    """Another worker took over what this one was doing, because it seemed dead."""


@attrs.define(eq=False)
class Guest:
    """Somebody with a session who holds nothing; one thread for it, as the driver waits."""

    database: Database
    host: Host
    fence: int = attrs.field(default=0, init=False)
    _thread: Worker = attrs.field(init=False)
    _session: "psycopg.Connection[Any] | None" = attrs.field(default=None, init=False)

    async def __aenter__(self) -> Self:
        """Begin; the tables are made if there are none."""
        self._thread = self.host.worker("bria-postgres")
        try:
            await self._thread.run(self._begin)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session."""
        await self._end()

    async def _end(self) -> None:
        await self._thread.run(self._leave)
        self._thread.close()

    def _begin(self) -> None:
        self.database.prepare()
        self._sit()

    def _sit(self) -> "psycopg.Connection[Any]":
        self._session = self.database.connect()
        return self._session

    def _leave(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None

    async def do(self, function: Callable[["psycopg.Connection[Any]"], T]) -> T:
        """Do something in one transaction.

        Raises:
            JournalError: the database cannot be used.
        """
        return await self._thread.run(self._once, function)

    def _once(self, function: Callable[["psycopg.Connection[Any]"], T]) -> T:
        session = self._session or self._sit()
        try:
            with session.transaction():
                return function(session)
        except driver().Error as error:
            if session.closed or session.broken:
                self._leave()
            raise self.database.fault(error) from error


@attrs.define(eq=False)
class Seat(Guest):
    """A worker's place: its number, its lock, its fence."""

    name: str = "worker"
    number: int = attrs.field(default=0, init=False)
    _left: bool = attrs.field(default=False, init=False)
    _away: bool = attrs.field(default=False, init=False)
    _queue: list[tuple["Batch", "asyncio.Future[None]"]] = attrs.field(factory=list, init=False)
    _flusher: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)
    _batches: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False)

    def _begin(self) -> None:
        self.database.prepare()
        with self.database.session() as session:
            self.number = one(session.execute("INSERT INTO worker (name) VALUES (%s) RETURNING number", (self.name,)))
        self._sit()

    def _sit(self) -> "psycopg.Connection[Any]":
        """Take the lock in a new session; a fence that was raised meanwhile is the new one."""
        session = self.database.connect()
        try:
            self.fence = self._take_lock(session)
        except BaseException:
            session.close()
            raise
        self._session = session
        return session

    def _take_lock(self, session: "psycopg.Connection[Any]") -> int:
        if not one(session.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCKS, self.number))):
            raise JournalAway(f"The lock of worker {self.number} is not free yet.")
        row = session.execute("SELECT fence FROM worker WHERE number = %s", (self.number,)).fetchone()
        if row is None:
            raise Fenced(f"The worker {self.number} was forgotten in {self.database}: start another one.")
        return int(row[0])

    def leave_soon(self) -> None:
        """From now on a database that is away is not waited for."""
        self._left = True

    async def _end(self) -> None:
        self.leave_soon()
        await self.written()
        await super()._end()

    async def written(self) -> None:
        """Wait until all changes that were handed in are written, or refused."""
        while self._flusher is not None:
            await asyncio.wait([self._flusher])

    async def do(self, function: Callable[["psycopg.Connection[Any]"], T]) -> T:
        """Do something in one transaction of the session with the lock, as often as its connection breaks."""
        while True:
            try:
                result: T = await self._thread.run(self._once, function)
            except JournalAway as error:
                if self._left:
                    raise
                if not self._away:
                    about = {"worker": self.number, "reason": error.message}
                    log.warning("%s Nothing is sent until it is back.", error.message, extra=about)
                self._away = True
            else:
                if self._away:
                    words = "The database is back, and worker %s has its place."
                    log.warning(words, self.number, extra={"worker": self.number})
                self._away = False
                return result
            await self.host.sleep(AWAY)

    # --- writing ---------------------------------------------------------------------------------------------

    def queue(self, batch: "Batch") -> "asyncio.Future[None]":
        """Hand in a change; the future is done when it is durable."""
        if batch.fence != self.fence:
            raise Fenced(f"Another worker took over what worker {self.number} was doing.")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_look_at)
        self._queue.append((batch, done))
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush())
        return done

    async def _flush(self) -> None:
        try:
            while self._queue:
                _, below_one_fence = next(itertools.groupby(self._queue[:BATCH], lambda waiting: waiting[0].fence))
                taken = list(below_one_fence)
                del self._queue[: len(taken)]
                problem = await self._commit([batch for batch, _ in taken])
                if problem is None or isinstance(problem, Fenced | JournalAway):
                    _settle(taken, problem)
                    continue
                for each in taken:  # one of them cannot be written: the others need not fail with it
                    _settle([each], await self._commit([each[0]]))
        finally:
            self._flusher = None

    async def _commit(self, batches: list["Batch"]) -> JournalError | None:
        number, fence = next(self._batches), batches[0].fence

        def write(session: "psycopg.Connection[Any]") -> None:
            row = session.execute(
                "SELECT batch FROM worker WHERE number = %s AND fence = %s FOR UPDATE", (self.number, fence)
            ).fetchone()
            if row is None:
                raise Fenced(f"Another worker took over what worker {self.number} was doing.")
            if row[0] >= number:
                return  # it arrived, and its connection broke
            with session.pipeline():
                session.execute("UPDATE worker SET batch = %s WHERE number = %s", (number, self.number))
                for sql, values in joined(batches):
                    session.execute(sql, values)

        try:
            await self.do(write)
        except JournalError as error:
            return error
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait forever for his record
            return self.database.fault(error)
        return None


@attrs.frozen
class Batch:
    """What is written together: statements, and events, by journal, which are numbered there."""

    fence: int
    statements: tuple[Statement, ...] = ()
    journal: str = ""
    events: tuple[tuple[Any, ...], ...] = ()


_EVENT = (
    "INSERT INTO event (journal, seq, at, run, task, what, data) "
    "SELECT name, seq - %s, %s, %s, %s, %s, %s FROM journal WHERE name = %s"
)


def joined(batches: list[Batch]) -> Iterator[Statement]:
    """The statements of many batches; journals are locked first, and always in the same order."""
    events: dict[str, list[tuple[Any, ...]]] = {}
    for batch in batches:
        if batch.events:
            events.setdefault(batch.journal, []).extend(batch.events)
    for journal in sorted(events):
        yield "UPDATE journal SET seq = seq + %s WHERE name = %s", (len(events[journal]), journal)
    for journal, entries in events.items():
        for behind, entry in enumerate(reversed(entries)):
            yield _EVENT, (behind, *entry, journal)
    for batch in batches:
        yield from batch.statements


def _settle(taken: list[tuple[Batch, "asyncio.Future[None]"]], problem: JournalError | None) -> None:
    """Tell those who handed in these changes what came of them."""
    for _, done in taken:
        if done.done():
            continue
        if problem is None:
            done.set_result(None)
        else:
            done.set_exception(problem)


def _look_at(done: "asyncio.Future[None]") -> None:
    """Nobody may be waiting for a record that failed: its batch has told the next who does."""
    if not done.cancelled():
        done.exception()
