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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio

from bria_async.errors import JournalError, JournalLocked
from bria_async.host import Host, Worker

from . import lock, storage
from .items import Kept, Texts
from .records import Changed, Entry, Readable, Record, Row, RunRow, Settled
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
_TASK = (
    "UPDATE task SET state = ?, attempt = ?, sent = ?, done = ?, via = ?, result = ?, reason = ?, sum = ? WHERE id = ?"
)
_RUN = "UPDATE run SET state = ?, reason = ?, updated = ? WHERE id = ?"


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
        self._tally = Tally()
        self._uncollected = 0
        self._queue: list[tuple[list[Statement], asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._broken: str | None = f"The journal {path} is not open."
        self._lock: int | None = None
        self._worker: Worker | None = None
        self._database: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        """That of the items."""

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
        self._reader = storage.open_to_read(self.path)
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
        if self._reader is not None:
            self._reader.close()  # first: SQLite tidies up when the last one closes
        if self._database is not None and self._broken is None:
            self._database.close()
        elif self._database is not None:
            storage.abandon(self._database, self.path)
        self._broken = self._broken or f"The journal {self.path} is not open."
        if self._lock is not None:
            lock.let_go(self._lock)
        self._worker = self._database = self._reader = self._lock = None

    # --- writing ---------------------------------------------------------------------------------------------

    async def write(self, *records: Record | Statement) -> None:
        """Make these records durable, all of them or none.

        A caller that is cancelled meanwhile has still written them.

        Raises:
            JournalError: the disk is full or broken; nothing may be sent that needed the record.
        """
        await self.queue(*records)

    def queue(self, *records: Record | Statement) -> "asyncio.Future[None]":
        """Hand in records in order; the future is done when they are durable."""
        if self._broken is not None:
            raise JournalError(self._broken)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(([self._statement(record) for record in records], done))
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush())
        return done

    def _statement(self, record: Record | Statement) -> Statement:
        match record:
            case Entry():
                self._seq += 1
                self._sum = sum_of(self._seq, *record, after=self._sum)
                return _EVENT, (self._seq, *record, self._sum)
            case Changed():
                return _TASK, (*record[4:], sum_of(*record), record.task)
            case Settled():
                return _RUN, (*record[1:], record.run)
            case _:
                return record

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
                        done.exception()  # nobody may be waiting: the journal itself remembers
        finally:
            self._flusher = None

    async def _commit(self, statements: list[Statement]) -> str | None:
        if self._broken is None:
            worker, database, _ = self._opened()
            try:
                await worker.run(self._write, database, statements)
            except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait forever for his record
                self._break(error)
        return self._broken

    def _write(self, database: sqlite3.Connection, statements: list[Statement]) -> None:
        """Write all or nothing; those of one kind together, in their order, which takes a quarter less time."""
        if _identity(self.path) != self._file:
            raise FileNotFoundError("somebody moved or deleted it")
        kinds: dict[str, list[tuple[Any, ...]]] = {}
        for sql, values in statements:
            kinds.setdefault(sql, []).append(values)
        with storage.transaction(database):
            for sql, many in kinds.items():
                database.executemany(sql, many)
        self._uncollected += len(statements)
        if self._uncollected >= CHECKPOINT:
            storage.checkpoint(database)
            self._uncollected = 0

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

    async def runs(self) -> list[RunRow]:
        """All its runs."""
        return await self._read(lambda database: list(runs(database)))

    async def rows(self, run: int) -> list[Row]:
        """All tasks of a run."""
        return await self._read(lambda database: list(tasks(database, run)))

    async def items(self, run: int, name: str) -> Kept[Any]:
        """The items of an input, in the order of their keys."""
        _, _, reader = self._opened()
        return Kept(Texts(self.path, reader, run, name))

    async def largest(self, run: int, name: str, field: str) -> int:
        """The largest number that the items of an input have in a field; 0 without any."""
        sql = "SELECT coalesce(max(json_extract(data, ?)), 0) FROM item WHERE run = ? AND input = ?"
        (found,) = await self._read(lambda database: database.execute(sql, (f"$.{field}", run, name)).fetchone())
        return int(found)

    async def count(self, run: int, what: str) -> int:
        """How many events of this kind were recorded for the run."""
        await self._read(self._tally.catch_up)
        return self._tally.counts[run, what]

    async def latest(self, run: int, what: str) -> tuple[float, dict[str, Any]] | None:
        """When something of this kind last happened in the run, and its data."""
        await self._read(self._tally.catch_up)
        if (seq := self._tally.last.get((run, what))) is None:
            return None
        sql = "SELECT at, data FROM event WHERE seq = ?"
        at, data = await self._read(lambda database: database.execute(sql, (seq,)).fetchone())
        return float(at), json.loads(data or "{}")

    async def behind(self, run: int, what: str, after: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """The data of the first events of this kind in the run behind this number, and up to which those are all."""
        sql = "SELECT seq, data FROM event WHERE seq > ? AND run = ? AND what = ? ORDER BY seq LIMIT ?"

        def read(database: sqlite3.Connection) -> tuple[list[dict[str, Any]], int]:
            self._tally.catch_up(database)
            if self._tally.last.get((run, what), 0) <= after:
                return [], max(after, self._tally.read)
            rows = database.execute(sql, (after, run, what, most)).fetchall()
            found = [json.loads(data or "{}") for _, data in rows]
            return found, rows[-1][0] if len(rows) == most else self._tally.read

        return await self._read(read)

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
        worker, database, _ = self._opened()
        try:
            return await worker.run(function, database)
        except sqlite3.Error as error:
            raise JournalError(f"The journal {self.path} cannot be read ({error}).") from None

    def _opened(self) -> tuple[Worker, sqlite3.Connection, sqlite3.Connection]:
        if self._worker is None or self._database is None or self._reader is None:
            raise JournalError(f"The journal {self.path} is not open.")
        return self._worker, self._database, self._reader


# --- in the writer's thread; what reads, reads in PostgreSQL too -----------------------------------------------------


def runs(database: Readable, name: str | None = None, *, since: int = 0) -> Iterator[RunRow]:
    """The runs of a journal, the one of this name, or those where something happened behind this sequence number."""
    columns = "SELECT id, name, tag, plan, state, reason, created, updated, graph FROM run"
    where = " WHERE id IN (SELECT run FROM event WHERE seq > ?)" if since else ""
    if name is not None:
        where = " WHERE name = ?"
    values = (since if name is None else name,) if where else ()
    for row in database.execute(f"{columns}{where} ORDER BY id", values):
        yield RunRow(row[0], row[1], row[2], json.loads(row[3]), *row[4:])


def tasks(database: Readable, run: int) -> Iterator[Row]:
    """The tasks of a run, which were numbered in one go: an index tells the first and the last, and no more."""
    first, last = database.execute("SELECT min(id), max(id) FROM task WHERE run = ?", (run,)).fetchone()
    columns = "SELECT id, name, key, state, attempt, sent, via, result, reason FROM task NOT INDEXED"
    where = "WHERE id BETWEEN ? AND ? AND run = ? ORDER BY id"
    once: dict[Any, Any] = {}  # few are different, and a text of its own for each of 100,000 tasks is 10 MiB
    the_one = once.setdefault
    return (
        Row(number, the_one(name, name), key, _STATES[state], attempt, sent, the_one(via, via), result, reason)
        for number, name, key, state, attempt, sent, via, result, reason in database.execute(
            f"{columns} {where}", (first, last, run)
        )
    )


class Tally:
    """How often what happened in which run, and when last; each event is read once, however many runs ask."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        self.last: dict[tuple[int, str], int] = {}
        """The number of the last event, by run and kind."""
        self.read = 0
        """The number of the last event that was read."""

    def catch_up(self, database: sqlite3.Connection) -> None:
        """Read what is new."""
        sql = "SELECT run, what, count(*), max(seq) FROM event WHERE seq > ? GROUP BY run, what"
        for run, what, number, seq in database.execute(sql, (self.read,)).fetchall():
            self.counts[run, what] += number
            self.last[run, what] = seq
            self.read = max(self.read, seq)


def items(database: Readable, run: int, name: str, most: int | None = None) -> Iterator[tuple[str, Any]]:
    """Key and data of each item of an input, or of the first, in the order of the keys."""
    first = "" if most is None else f" ORDER BY key COLLATE BINARY LIMIT {most}"
    sql = f"SELECT key, data FROM item WHERE run = ? AND input = ?{first}"  # noqa: S608  # as above
    found = sorted(database.execute(sql, (run, name)))
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
