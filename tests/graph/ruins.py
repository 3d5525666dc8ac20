"""Journals that are damaged in every way, and what may be read out of them."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.local import Bounds
from bria_async.errors import JournalError
from bria_async.graph import storage
from bria_async.graph.journal import Journal, runs, tasks
from tests.graph.toy import REFUSED, THINGS, Bench

MEMORY = Path("/dev/shm")  # noqa: S108  # fresh folders below it
TWO = {key: THINGS[key] for key in ("00", "01")}
State = tuple[Any, ...]


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder on a disk in memory, where there is one: thousands of journals are opened there."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@attrs.frozen
class Ruin:
    """The files of a small journal in pages of 512 bytes, and every state of it that was ever durable.

    `wal` is what SQLite had written ahead when its process died, nothing for one that was closed.
    """

    main: bytes
    wal: bytes
    durable: frozenset[State]

    def lie(self, folder: Path, main: bytes | None = None, wal: bytes | None = None) -> Path:
        """Put it into a folder, with other bytes where some are given."""
        path = folder / "journal.db"
        for file in folder.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        path.write_bytes(self.main if main is None else main)
        if ahead := self.wal if wal is None else wal:
            path.with_name("journal.db-wal").write_bytes(ahead)
        return path


def state_of(database: sqlite3.Connection) -> State:
    """Everything that a journal holds and its readers can tell, but for the mark of its close."""
    columns = {
        "run": "id, name, tag, plan, graph, state, reason, created",
        "item": "run, input, key, data",
        "task": "id, run, name, key, state, attempt, sent, done, via, result, reason",
        "event": "seq, at, run, task, what, data",
    }
    return tuple(
        tuple(sorted(map(repr, database.execute(f"SELECT {names} FROM {table}"))))  # noqa: S608  # constants
        for table, names in columns.items()
    )


def read(path: Path) -> tuple[State, bool]:
    """What the library believes of a journal, and whether somebody has to look at the server.

    Raises:
        JournalError: it believes nothing of it.
    """
    with contextlib.closing(storage.open_file(path)) as database:
        storage.checked(database, path)
        state, unclean = state_of(database), storage.is_unclean(database)
        found = [list(tasks(database, run.id)) for each in runs(database) for run in runs(database, each.name)]
        assert sum(map(len, found)) == len(state[2]), "a task that nobody finds"
        return state, unclean


def refused(path: Path) -> str | None:
    """The sentence with which a journal is refused, None if it is not."""
    try:
        read(path)
    except JournalError as error:
        return str(error)
    return None


async def made(folder: Path, *, closed: bool) -> Ruin:
    """A run of two things that was refused at its end; or that died before it was closed."""
    bench = Bench(folder / "run", items={"thing": TWO, "prompt": {}}, bounds=Bounds(otherwise=1))
    bench.server.faults = {"close": [REFUSED]}
    durable: set[State] = set()

    def look(*_: object) -> None:
        with contextlib.closing(sqlite3.connect(bench.path)) as database:
            durable.add(state_of(database))

    async with Journal(bench.path, bench.host) as journal:
        await bench.create(journal)
    with contextlib.closing(sqlite3.connect(bench.path)) as database:
        database.executescript("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;")
    look()
    async with Journal(bench.path, bench.host) as journal:
        with contextlib.suppress(Exception):
            await bench.over(journal, look)
        look()
        dead = bench.died()
    path = bench.path if closed else dead.path
    if closed:
        with contextlib.closing(sqlite3.connect(path)) as database:
            durable = {state_of(database)}
    wal = path.with_name("journal.db-wal")
    return Ruin(path.read_bytes(), wal.read_bytes() if wal.exists() else b"", frozenset(durable))
