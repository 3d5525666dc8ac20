"""The journal: one SQLite file, one writer thread with group commit, one process at a time.

Theory. A commit costs one `fsync` however many records it holds, so records that wait for the same disk share one:
`write` puts a record into the queue and returns when the transaction that holds it is on disk. While one batch is
being synced the next gathers. An error of the disk breaks the journal for good: nothing is sent without it, and an
`fsync` that failed once is never trusted again. What is read is checked before it is believed (`seal.py`).

Readers in other processes open the file read-only (`feed.py`); they never write.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import anyio
import attrs

from bria_async.errors import JournalError, JournalLocked
from bria_async.host import Host, Worker

from . import lock, storage
from .seal import sum_of, sum_of_items
from .states import State

T = TypeVar("T")
Statement = tuple[str, tuple[Any, ...]]

BATCH = 1024
"""Records that one transaction takes at most."""
CHECKPOINT = 10_000
"""Statements after which the main file catches up."""
_STATES = {state.value: state for state in State}
_EVENT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"


class Entry(NamedTuple):
    """Something that happened; the journal numbers it, and seals it together with all that happened before."""

    at: float
    run: int
    task: int | None
    what: str
    data: str | None = None
    """JSON."""


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
    left: float | None = None
    """When its latest request left, on this process's own clock; None where another process sent it."""


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
        JournalDamaged: it is not as it was written.
        JournalTooNew: a newer version of this library wrote it.
        JournalError: it cannot be opened, read or written.
    """

    def __init__(self, path: Path, host: Host) -> None:
        self.path = path
        self.unclean = False
        self._host = host
        self._seq = self._sum = 0
        self._file: tuple[int, int] | None = None
        self._uncollected = 0
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
            self._seq, self._sum = await self._read(lambda database: storage.checked(database, self.path))
            self.unclean = await self._read(storage.mark_open)
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
        self._database = storage.open_file(self.path)
        self._file = _identity(self.path)

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
                    try:
                        await self._read(storage.mark_closed)
                    except JournalError as problem:
                        self._break(problem)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Close everything; the lock last, and without waiting for the loop, which may be on its way out too."""
        if self._worker is not None:
            self._worker.close()
        if self._database is not None and self._broken is None:
            self._database.close()
        elif self._database is not None:
            storage.abandon(self._database, self.path)
        self._broken = self._broken or f"The journal {self.path} is not open."
        if self._lock is not None:
            lock.let_go(self._lock)
        self._worker = self._database = self._lock = None

    # --- writing ---------------------------------------------------------------------------------------------

    async def write(self, *records: Statement | Entry) -> None:
        """Make these records durable, all of them or none.

        A caller that is cancelled meanwhile has still written them.

        Raises:
            JournalError: the disk is full or broken; nothing may be sent that needed the record.
        """
        await self.queue(*records)

    def queue(self, *records: Statement | Entry) -> "asyncio.Future[None]":
        """Hand in records in order; the future is done when they are durable."""
        if self._broken is not None:
            raise JournalError(self._broken)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_look_at)
        self._queue.append(([self._linked(one) if isinstance(one, Entry) else one for one in records], done))
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush())
        return done

    def _linked(self, entry: Entry) -> Statement:
        self._seq += 1
        self._sum = sum_of(self._seq, *entry, after=self._sum)
        return _EVENT, (self._seq, *entry, self._sum)

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
                if _identity(self.path) != self._file:
                    raise FileNotFoundError("somebody moved or deleted it")  # noqa: TRY301  # told like any other fault
                await worker.run(_write, database, statements)
                self._uncollected += len(statements)
                if self._uncollected >= CHECKPOINT:
                    await worker.run(storage.checkpoint, database)
                    self._uncollected = 0
            except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait forever for his record
                self._break(error)
        return self._broken

    def _break(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        self._broken = (
            f"The journal {self.path} cannot be written ({why}). Nothing was sent that it does not hold. "
            "Make room on the disk, or mend it, and run the same command again."
        )

    async def distrust(self) -> None:
        """Mark it as one that was not closed, so that whoever continues looks at the server before he sends."""
        await self._read(lambda database: storage.mark(database, storage.DOUBTFUL))

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
            with storage.transaction(database):
                _create(database, (name, tag, json.dumps(plan), graph, now), inputs, list(keys))
            storage.checkpoint(database)
            return next(runs(database, name))

        try:
            return await self._read(create)
        except JournalError as error:
            self._break(error)
            raise

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
    columns = "SELECT id, name, key, state, attempt, sent, via, result, reason FROM task NOT INDEXED"
    for number, name, key, state, *rest in database.execute(f"{columns} WHERE run = ? ORDER BY id", (run,)):
        yield Row(number, name, key, _STATES[state], *rest)


def items(database: sqlite3.Connection, run: int, name: str) -> Iterator[tuple[str, Any]]:
    """Key and data of each item of an input."""
    sql = "SELECT key, data FROM item WHERE run = ? AND input = ? ORDER BY key"
    found = database.execute(sql, (run, name)).fetchall()
    data = json.loads(f"[{','.join(text for _, text in found)}]")  # at once: a third faster
    yield from zip((key for key, _ in found), data, strict=True)


def _create(
    database: sqlite3.Connection,
    values: tuple[Any, ...],
    inputs: Mapping[str, Mapping[str, Any]],
    keys: list[tuple[str, str]],
) -> None:
    (run,) = database.execute("SELECT coalesce(max(id), 0) + 1 FROM run").fetchone()
    database.execute(
        "INSERT INTO run (id, name, tag, plan, graph, created, updated, tasks) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run, *values, values[-1], len(keys)),
    )
    database.executemany(
        "INSERT INTO item VALUES (?, ?, ?, ?)",
        ((run, one, key, json.dumps(data)) for one, found in inputs.items() for key, data in found.items()),
    )
    (first,) = database.execute("SELECT coalesce(max(id), 0) + 1 FROM task").fetchone()
    fresh = ((number, run, *key, State.PENDING.value, 0, *[None] * 5) for number, key in enumerate(keys, first))
    database.executemany(
        "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ((*row, sum_of(*row)) for row in fresh)
    )
    total = sum_of_items(database, run)
    fixed = sum_of(run, *values, len(keys), total)
    database.execute("UPDATE run SET items = ?, sum = ? WHERE id = ?", (total, fixed, run))


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, links not followed."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _write(database: sqlite3.Connection, statements: list[Statement]) -> None:
    with storage.transaction(database):
        for sql, values in statements:
            database.execute(sql, values)


def _look_at(done: "asyncio.Future[None]") -> None:
    """Nobody may be waiting for a record that failed: the journal itself remembers."""
    if not done.cancelled():
        done.exception()
