"""Seals: how a journal knows that what it reads is what was written.

Theory. SQLite tells a torn page from a whole one, and takes a changed byte for what was meant. So every row carries a
CRC-32 of itself, and every event one that goes on from that of the event before it: a row that changed, is missing or
moved does not add up. A row that is right by itself and older than the rest shows by its events: the state of a run
and of each task must be the one that they lead to.

What no sum can show is a journal that lost its tail, because it is what the journal once was. That is what the mark
of an unclean close is for, which is in the main file before anything is sent (`storage.py`).

A sum is that of one line of text, which SQLite and Python spell alike; SQLite does so for 100,000 rows in a moment.
"""

import json
import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any

from .events import Happened, readable
from .states import TRANSITIONS, Change, State

_REAL = frozenset({"at", "sent", "done", "created", "updated"})
"""Columns that hold seconds; a line has them in whole microseconds."""


def _line(*columns: str) -> str:
    """The SQL expression of a row's line; none if there are bytes in it, which one bit makes of a text."""
    parts = (f"CAST({name} * 1e6 AS INTEGER)" if name in _REAL else name for name in columns)
    bytes_in_it = " OR ".join(f"{name} >= x''" for name in columns)
    return f"iif({bytes_in_it}, '', printf('{'|'.join(['%s'] * len(columns))}', {', '.join(parts)}))"


META = _line("key", "value")
RUN = _line("id", "name", "tag", "plan", "graph", "created", "tasks", "items")
"""What never changes of a run."""
TASK = _line("id", "run", "name", "key", "state", "attempt", "sent", "done", "via", "result", "reason")
EVENT = _line("seq", "at", "run", "task", "what", "data")
ITEM = _line("input", "key", "data")

LEADS_TO: Mapping[str, str] = {
    Happened.STARTED: "running",
    Happened.RESUMED: "running",
    Happened.PAUSED: "paused",
    Happened.RUN_FAILED: "failed",
    Happened.COMPLETED: "done",
}
"""What an event makes of its run; without any it is running."""
Span = tuple[int | None, int | None, int]
"""The first and the last task of a run, and how many there are."""
CHANGES = frozenset(Change)
_AFTER: Mapping[Any, State] = TRANSITIONS


class Broken(Exception):  # never leaves this floor; `storage.py` makes a JournalDamaged of it
    """Something does not add up; the message says what."""


def sum_of(*values: Any, after: int = 0) -> int:
    """The sum of a row's values, going on from another one."""
    spelled = [
        value
        if isinstance(value, str)
        else ""
        if value is None
        else str(int(value * 1e6) if isinstance(value, float) else value)
        for value in values
    ]
    return crc("|".join(spelled), after)


def crc(line: str, after: int = 0) -> int:
    """The sum of a line, going on from another one."""
    return zlib.crc32(line.encode(errors="surrogatepass"), after)


def sum_of_items(database: sqlite3.Connection, run: int) -> int:
    """The sum of all items of a run, none of which ever changes."""
    ordered = f"SELECT {ITEM} AS line FROM item WHERE run = ? ORDER BY input, key"  # noqa: S608  # constants only
    sql = f"SELECT group_concat(line, char(10)) FROM ({ordered})"  # noqa: S608  # as above
    return crc(database.execute(sql, (run,)).fetchone()[0] or "")


def lines(database: sqlite3.Connection, line: str, table: str, more: str) -> sqlite3.Cursor:
    """The line and the sum of each row of a table, in the order of their numbers, then these columns.

    Not by an index, which no sum covers.
    """
    return database.execute(f"SELECT {line}, sum, {more} FROM {table} NOT INDEXED ORDER BY rowid")  # noqa: S608  # constants only


# --- checking -------------------------------------------------------------------------------------------------------


def check(database: sqlite3.Connection) -> tuple[int, int]:
    """Check everything that a journal holds; returns the number and the sum of its last event.

    Raises:
        Broken: something is not as it was written.
        sqlite3.DatabaseError: the file cannot be read.
    """
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Broken(f"its file is broken ({found})")
    if any(crc(line) != found for line, found in database.execute(f"SELECT {META}, sum FROM meta")):  # noqa: S608  # constants only
        raise Broken("the mark of its last close is not as it was written")
    states, ends, seq, total = _replayed(database)
    _check_runs(database, ends, _check_tasks(database, states))
    return seq, total


def _replayed(
    database: sqlite3.Connection,
) -> tuple[dict[int, State | None], dict[int, tuple[str, str | None]], int, int]:
    """What the events lead to: the state of each task, and state and reason of each run; then the last event."""
    states: dict[int, State | None] = {}
    ends: dict[int, tuple[str, str | None]] = {}
    number = total = 0
    for line, found, seq, run, task, what, data in lines(
        database, EVENT, "event", "seq, run, task, what, CASE WHEN task IS NULL THEN data END"
    ):
        number, total = number + 1, crc(line, total)
        if found != total or seq != number:
            raise Broken(f"its event {number} is missing or not as it was written")
        if task is None:
            if what in LEADS_TO:
                ends[run] = LEADS_TO[what], _reason(data)
        elif what in CHANGES:
            states[task] = _AFTER.get((states.get(task, State.PENDING), what))
    return states, ends, number, total


def _reason(data: str | None) -> str | None:
    reason = json.loads(data).get("reason") if data else None
    return readable(reason) if reason else None


def _check_tasks(database: sqlite3.Connection, states: Mapping[int, State | None]) -> dict[int, Span]:
    """Check each task; returns the span of each run's."""
    spans: dict[int, Span] = {}
    for line, found, number, run, name, key, state in lines(database, TASK, "task", "id, run, name, key, state"):
        if crc(line) != found:
            raise Broken(f"task {_named(name, key)} is not as it was written")
        if states.get(number, State.PENDING) != state:
            raise Broken(f"task {_named(name, key)} is {state}, which does not follow from its events")
        first, _, count = spans.get(run, (number, number, 0))
        spans[run] = first, number, count + 1
    return spans


def _named(name: object, key: object = "") -> str:
    return readable(f"{name} {key}".strip())


def _check_runs(
    database: sqlite3.Connection, ends: Mapping[int, tuple[str, str | None]], spans: dict[int, Span]
) -> None:
    """Check each run, and that the indexes, which no sum covers, lead to it and to its tasks."""
    wanted = "id, name, tasks, items, state, reason"
    for line, found, run, text, tasks, items, *end in lines(database, RUN, "run", wanted).fetchall():
        name = _named(text)
        if crc(line) != found:
            raise Broken(f"run {name} is not as it was written")
        if sum_of_items(database, run) != items:
            raise Broken(f"the items of run {name} are not as they were written")
        if database.execute("SELECT id FROM run WHERE name = ?", (text,)).fetchone() != (run,):
            raise Broken(f"run {name} cannot be found by its name")
        span = spans.pop(run, (None, None, 0))
        if span[-1] != tasks:
            raise Broken(f"run {name} has not all of its {tasks} tasks")
        if database.execute("SELECT min(id), max(id), count(*) FROM task WHERE run = ?", (run,)).fetchone() != span:
            raise Broken(f"the tasks of run {name} cannot be found by their run")
        if ends.get(run, ("running", None)) != tuple(end):
            raise Broken(f"run {name} is {end[0]}, which does not follow from its events")
    if spans:
        raise Broken("it has tasks of no run")


# --- sealing --------------------------------------------------------------------------------------------------------


def seal(database: sqlite3.Connection) -> None:
    """Seal what a journal of format 1 holds, inside a transaction."""
    for key, value in database.execute("SELECT key, value FROM meta").fetchall():
        database.execute("UPDATE meta SET sum = ? WHERE key = ?", (sum_of(key, value), key))
    for run, state, reason, updated in database.execute("SELECT id, state, reason, updated FROM run").fetchall():
        _tell_how_it_ended(database, run, state, reason, updated)
        count = "UPDATE run SET tasks = (SELECT count(*) FROM task WHERE run = run.id), items = ? WHERE id = ?"
        database.execute(count, (sum_of_items(database, run), run))
    for table, line in (("run", RUN), ("task", TASK)):
        sums = [(crc(line), number) for line, _, number in lines(database, line, table, "id")]
        database.executemany(f"UPDATE {table} SET sum = ? WHERE id = ?", sums)  # noqa: S608  # constants only
    chain, total = [], 0
    for line, _, seq in lines(database, EVENT, "event", "seq"):
        total = crc(line, total)
        chain.append((total, seq))
    database.executemany("UPDATE event SET sum = ? WHERE seq = ?", chain)


def _tell_how_it_ended(database: sqlite3.Connection, run: int, state: str, reason: str | None, updated: float) -> None:
    """In format 1 a run that was interrupted has no event that says so: add it."""
    marks = ", ".join("?" * len(LEADS_TO))
    sql = f"SELECT what FROM event WHERE run = ? AND what IN ({marks}) ORDER BY seq DESC LIMIT 1"  # noqa: S608  # marks only
    last = database.execute(sql, (run, *LEADS_TO)).fetchone()
    if state != (LEADS_TO[last[0]] if last else "running"):
        what = next(word for word, end in LEADS_TO.items() if end == state)
        data = json.dumps({"reason": reason}) if reason else None
        database.execute("INSERT INTO event (at, run, what, data) VALUES (?, ?, ?, ?)", (updated, run, what, data))
