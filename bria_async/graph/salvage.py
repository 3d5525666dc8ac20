"""What is left of a damaged journal: the rows that are still as they were written, and a place for its successor."""

import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.errors import JournalDamaged, JournalError

from .records import RunRow
from .seal import RUN, TASK, crc, sum_of_items
from .states import State
from .storage import checked, move, open_file

SIDES = ("-wal", "-shm")
"""Files of SQLite beside a journal."""


@attrs.frozen
class Remains:
    """What is left of a run: `run` and `items` if they are whole, and the results of those tasks that are.

    `whole` is true of a journal that is not damaged at all; `damage` says what is wrong with it otherwise.
    """

    run: RunRow | None = None
    items: Mapping[str, Mapping[str, Any]] | None = None
    results: Mapping[tuple[str, str], Any] = attrs.field(factory=dict)
    """JSON data by name and key."""
    damage: str = "it is gone"

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.damage


def salvage(journal: Path, name: str) -> Remains:
    """Read what is left of a run; the journal itself is not touched.

    Raises:
        JournalTooNew: a newer version of this library wrote it.
    """
    damage, found = salvage_all(journal)
    return found.get(name) or Remains(damage=damage or f"it holds no run {name!r}")


def salvage_all(journal: Path) -> tuple[str, dict[str, Remains]]:
    """What is wrong with a journal, nothing for one that is whole, and what is left of those runs that can be read.

    Raises:
        JournalTooNew: a newer version of this library wrote it.
    """
    if not journal.exists():
        return Remains().damage, {}
    with tempfile.TemporaryDirectory(prefix="bria-") as folder:
        copy = Path(folder) / journal.name
        for suffix in ("", *SIDES[:1]):
            if (file := journal.with_name(journal.name + suffix)).exists():
                shutil.copyfile(file, copy.with_name(copy.name + suffix))
        damage = _damage(copy).replace(str(copy), str(journal))
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as database:
            results = _results(database)
            return damage, {
                run.name: Remains(run, _items(database, run), results.get(run.id, {}), damage)
                for run in _runs(database)
            }


def _damage(copy: Path) -> str:
    """What is wrong with a journal, nothing for one that is whole."""
    try:
        with contextlib.closing(open_file(copy)) as database:
            checked(database, copy)
            return ""
    except JournalDamaged as error:
        return error.message
    except JournalError as error:
        if type(error) is not JournalError:
            raise
        return error.message


def _each(database: sqlite3.Connection, sql: str) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, from both ends of a table; the first column is their number."""
    seen: set[Any] = set()
    for order in ("", " DESC"):
        with contextlib.suppress(sqlite3.Error):
            for row in database.execute(f"{sql} NOT INDEXED ORDER BY rowid{order}"):
                if row[0] not in seen:
                    seen.add(row[0])
                    yield row


def _runs(database: sqlite3.Connection) -> Iterator[RunRow]:
    sql = f"SELECT id, {RUN}, sum, name, tag, plan, state, reason, created, updated FROM run"  # noqa: S608  # constants only
    for number, line, total, name, tag, plan, *rest in _each(database, sql):
        with contextlib.suppress(ValueError):
            if crc(line) == total:
                yield RunRow(number, name, tag, json.loads(plan), *rest)


def _items(database: sqlite3.Connection, run: RunRow) -> dict[str, dict[str, Any]] | None:
    """All items, or none: a set that lacks one is another set."""
    with contextlib.suppress(sqlite3.Error, ValueError):
        (total,) = database.execute("SELECT items FROM run WHERE id = ?", (run.id,)).fetchone()
        if sum_of_items(database, run.id) == total:
            found: dict[str, dict[str, Any]] = {}
            for name, key, data in database.execute("SELECT input, key, data FROM item WHERE run = ?", (run.id,)):
                found.setdefault(name, {})[key] = json.loads(data)
            return found
    return None


def _results(database: sqlite3.Connection) -> dict[int, dict[tuple[str, str], Any]]:
    sql = f"SELECT id, {TASK}, sum, run, name, key, state, result FROM task"  # noqa: S608  # constants only
    found: dict[int, dict[tuple[str, str], Any]] = {}
    for _, line, total, run, name, key, state, result in _each(database, sql):
        if crc(line) == total and state == State.DONE:
            found.setdefault(run, {})[name, key] = json.loads(result)
    return found


def put_in_place(fresh: Path, journal: Path) -> Path | None:
    """Put a journal where a damaged one was, which is kept beside it; there is always one or the other.

    Returns:
        Where the damaged one is, None if there was none.
    """
    number = next(number for number in range(1, 10_000) if not _aside(journal, number).exists())
    aside = _aside(journal, number)
    had = journal.exists()
    if had:
        shutil.copyfile(journal, aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
    for suffix in SIDES:
        if (file_beside := journal.with_name(journal.name + suffix)).exists():
            move(file_beside, aside.with_name(aside.name + suffix))
    move(fresh, journal)
    return aside if had else None


def _aside(journal: Path, number: int) -> Path:
    return journal.with_name(f"{journal.stem}.damaged-{number}{journal.suffix}")
