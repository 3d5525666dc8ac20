"""The journal: one SQLite file, one writer thread with group commit, one process at a time.

Theory. A commit costs one `fsync` however many records it holds, so records that wait for the same disk share one:
`write` puts a record into the queue and returns when the transaction that holds it is on disk. While one batch is
being synced the next gathers. An error of the disk breaks the journal for good: nothing is sent without it, and an
`fsync` that failed once is never trusted again.

Readers in other processes open the file read-only (`feed.py`); they never write.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import attrs

from bria_async.errors import JournalError, JournalLocked, JournalTooNew
from bria_async.host import Host, Worker

from . import lock
from .states import State

T = TypeVar("T")
Statement = tuple[str, tuple[Any, ...]]

VERSION = 1
BATCH = 1024
"""Records that one transaction takes at most."""


@attrs.define
class Row:
    """A task as the journal has it; `result` is JSON text."""

    id: int
    name: str
    key: str
    state: State
    attempt: int = 0
    sent: float | None = None
    via: str | None = None
    result: str | None = attrs.field(default=None, repr=False)
    reason: str | None = None
    durable: bool = True
    """Whether the journal on disk says the same."""


@attrs.frozen
class RunRow:
    """A run as the journal has it."""

    id: int
    name: str
    tag: str
    plan: Mapping[str, Any]
    state: str
    reason: str | None
    created: float
    updated: float


class Journal:
    """The journal of one process; open it with `async with Journal(path, host)`.

    `unclean` tells that the last process did not close it: then nothing unfinished may be sent without looking.

    Raises:
        JournalLocked: another process has it.
        JournalTooNew: a newer version of this library wrote it.
        JournalError: it cannot be opened, read or written.
    """

    def __init__(self, path: Path, host: Host) -> None:
        self.path = path
        self.unclean = False
        self._host = host
        self._queue: list[tuple[list[Statement], asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._broken: str | None = f"The journal {path} is not open."
        self._lock: int | None = None
        self._worker: Worker | None = None
        self._database: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        """Lock it, open it, bring its schema up to date, and mark it unclean until it is closed."""
        self._lock = await self._take_lock()
        self._worker = self._host.worker("bria-journal")
        try:
            await self._worker.run(self._connect)
            self.unclean = await self._read(_mark_open)
        except BaseException:
            self._let_go()
            raise
        self._broken = None
        return self

    async def _take_lock(self) -> int:
        """Take the lock, at the second try if need be."""
        try:
            return lock.take(self.path)
        except JournalLocked:
            await self._host.sleep(lock.SECOND_TRY)
            return lock.take(self.path)

    def _connect(self) -> None:
        self._database = _open(self.path)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is queued, mark the journal clean, and let go of the lock, cancelled or not."""
        try:
            with anyio.CancelScope(shield=True):
                while self._flusher is not None:
                    await asyncio.wait([self._flusher])
                if self._broken is None:
                    # One that cannot be marked clean is found unclean by the next process, which is the truth.
                    with contextlib.suppress(JournalError):
                        await self._read(_close)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Close everything; the lock last, and without waiting for the loop, which may be on its way out too."""
        self._broken = self._broken or f"The journal {self.path} is not open."
        if self._worker is not None:
            self._worker.close()
        if self._database is not None:
            self._database.close()
        if self._lock is not None:
            os.close(self._lock)
        self._worker = self._database = self._lock = None

    # --- writing ---------------------------------------------------------------------------------------------

    async def write(self, *statements: Statement) -> None:
        """Make these statements durable, all of them or none.

        A caller that is cancelled meanwhile has still written them.

        Raises:
            JournalError: the disk is full or broken; nothing may be sent that needed the record.
        """
        await self.queue(*statements)

    def queue(self, *statements: Statement) -> "asyncio.Future[None]":
        """Hand in statements in order; the future is done when they are durable."""
        if self._broken is not None:
            raise JournalError(self._broken)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_look_at)
        self._queue.append((list(statements), done))
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush())
        return done

    async def _flush(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
                problem = await self._commit([statement for statements, _ in batch for statement in statements])
                for _, done in batch:
                    if done.done():
                        continue
                    if problem is None:
                        done.set_result(None)
                    else:
                        done.set_exception(JournalError(problem))
        finally:
            self._flusher = None

    async def _commit(self, statements: list[Statement]) -> str | None:
        if self._broken is None:
            worker, database = self._opened()
            try:
                await worker.run(_write, database, statements)
            except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait forever for his record
                self._broken = (
                    f"The journal {self.path} cannot be written ({error}). Nothing was sent that it does not hold. "
                    "Make room on the disk, or repair it, and run the same command again."
                )
        return self._broken

    # --- reading ---------------------------------------------------------------------------------------------

    async def find_run(self, name: str) -> RunRow | None:
        """The run of this name."""
        return await self._read(lambda database: next(runs(database, name), None))

    async def rows(self, run: int) -> list[Row]:
        """All tasks of a run."""
        return await self._read(lambda database: list(tasks(database, run)))

    async def items(self, run: int, name: str) -> dict[str, Any]:
        """The items of an input, in the order of their keys."""
        return await self._read(lambda database: dict(items(database, run, name)))

    async def count(self, run: int, what: str) -> int:
        """How many events of this kind were recorded for the run."""
        sql = "SELECT count(*) FROM event WHERE run = ? AND what = ?"
        row = await self._read(lambda database: database.execute(sql, (run, what)).fetchone())
        return int(row[0])

    async def latest(self, run: int, what: str | None = None) -> tuple[float, dict[str, Any]] | None:
        """When something of this kind, or anything at all, last happened in the run, and its data."""
        sql = "SELECT at, data FROM event WHERE run = ? AND (? IS NULL OR what = ?) ORDER BY seq DESC LIMIT 1"
        row = await self._read(lambda database: database.execute(sql, (run, what, what)).fetchone())
        return None if row is None else (float(row[0]), json.loads(row[1] or "{}"))

    async def create_run(
        self,
        name: str,
        tag: str,
        plan: Mapping[str, Any],
        graph: str,
        inputs: Mapping[str, Mapping[str, Any]],
        keys: Iterable[tuple[str, str]],
    ) -> RunRow:
        """Write a run, its items and all its tasks (name, item key) in one transaction."""
        now = self._host.now()

        def create(database: sqlite3.Connection) -> RunRow:
            with _transaction(database):
                cursor = database.execute(
                    "INSERT INTO run (name, tag, plan, graph, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
                    (name, tag, json.dumps(plan), graph, now, now),
                )
                run = cursor.lastrowid
                database.executemany(
                    "INSERT INTO item VALUES (?, ?, ?, ?)",
                    ((run, one, key, json.dumps(data)) for one, found in inputs.items() for key, data in found.items()),
                )
                database.executemany(
                    "INSERT INTO task (run, name, key) VALUES (?, ?, ?)", ((run, task, key) for task, key in keys)
                )
            return next(runs(database, name))

        return await self._read(create)

    async def _read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        worker, database = self._opened()
        try:
            return await worker.run(function, database)
        except sqlite3.Error as error:
            raise JournalError(f"The journal {self.path} cannot be read ({error}).") from None

    def _opened(self) -> tuple[Worker, sqlite3.Connection]:
        if self._worker is None or self._database is None:
            raise JournalError(f"The journal {self.path} is not open.")
        return self._worker, self._database


# --- in the writer's thread -----------------------------------------------------------------------------------------


def runs(database: sqlite3.Connection, name: str | None = None) -> Iterator[RunRow]:
    """The runs of a journal, or the one of this name."""
    columns = "SELECT id, name, tag, plan, state, reason, created, updated FROM run"
    where = " WHERE name = ?" if name is not None else ""
    for row in database.execute(columns + where, () if name is None else (name,)):
        yield RunRow(row[0], row[1], row[2], json.loads(row[3]), *row[4:])


def tasks(database: sqlite3.Connection, run: int) -> Iterator[Row]:
    """The tasks of a run."""
    for row in database.execute(
        "SELECT id, name, key, state, attempt, sent, via, result, reason FROM task WHERE run = ? ORDER BY id", (run,)
    ):
        yield Row(row[0], row[1], row[2], State(row[3]), *row[4:])


def items(database: sqlite3.Connection, run: int, name: str) -> Iterator[tuple[str, Any]]:
    """Key and data of each item of an input."""
    for key, data in database.execute(
        "SELECT key, data FROM item WHERE run = ? AND input = ? ORDER BY key", (run, name)
    ):
        yield key, json.loads(data)


def check_version(database: sqlite3.Connection, path: Path) -> int:
    """The schema version of a journal.

    Raises:
        JournalTooNew: it is newer than this library.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise JournalTooNew(f"The journal {path} has format {version}; this version reads up to {VERSION}.")
    return version


def _open(path: Path) -> sqlite3.Connection:
    if path.is_symlink():
        raise JournalError(f"The journal {path} is a link; it must be a file of its own.")
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise JournalError(f"The journal {path} cannot be opened ({error}).") from None
    try:
        version = check_version(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        for script in sorted(resources.files(__package__).joinpath("schema").iterdir(), key=lambda file: file.name):
            if script.name.endswith(".sql") and int(script.name[:4]) > version:
                database.executescript(f"BEGIN IMMEDIATE;\n{script.read_text()}\nCOMMIT;")
    except sqlite3.Error as error:
        database.close()
        raise JournalError(f"The journal {path} cannot be opened ({error}).") from None
    except BaseException:
        database.close()
        raise
    return database


def _mark_open(database: sqlite3.Connection) -> bool:
    """Mark it open: 1, or 2 where the last process did not close it. Returns whether that was so."""
    found = database.execute("SELECT value FROM meta WHERE key = 'unclean'").fetchone()
    unclean = found is not None and found[0] != "0"
    database.execute("INSERT OR REPLACE INTO meta VALUES ('unclean', ?)", ("2" if unclean else "1",))
    return unclean


def _close(database: sqlite3.Connection) -> None:
    """Mark it clean, unless it was found unclean and something is unfinished: then nobody has looked at all of it."""
    database.execute(
        "UPDATE meta SET value = '0' WHERE key = 'unclean' AND ("
        "value = '1' OR NOT EXISTS (SELECT 1 FROM task WHERE state NOT IN ('done', 'skipped')))"
    )
    database.close()


def _write(database: sqlite3.Connection, statements: list[Statement]) -> None:
    with _transaction(database):
        for sql, values in statements:
            database.execute(sql, values)


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _look_at(done: "asyncio.Future[None]") -> None:
    """Nobody may be waiting for a record that failed: the journal itself remembers."""
    if not done.cancelled():
        done.exception()
