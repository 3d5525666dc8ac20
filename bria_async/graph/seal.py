"""Seals: how a journal knows that what it reads is what was written.

Theory. SQLite tells a torn page from a whole one, and takes a changed byte for what was meant. So every row carries a
CRC-32 of itself, and every event one that goes on from that of the event before it: a row that changed, is missing or
moved does not add up. A row that is right by itself and older than the rest shows by its events: the state of a run
and of each task must be the one that they lead to.

What no sum can show is a journal that lost its tail, because it is what the journal once was. That is what the mark
of an unclean close is for, which is in the main file before anything is sent (`storage.py`).

A sum is that of one line of text, which SQLite and Python spell alike; SQLite does so for 100,000 rows in a moment.
What is asked of each row is asked of a thousand at once, column by column, which takes a fifth less time: 1.0 s for
100,000 finished tasks, nearly all of it that of SQLite.
"""

import itertools
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .events import Happened, readable
from .states import TRANSITIONS, Change, State

_REAL = frozenset({"at", "sent", "done", "created", "updated"})
"""Columns that hold seconds; a line has them in whole microseconds."""


def _line(*columns: str) -> str:
    """The SQL expression of a row's line, as bytes; none if there are bytes in it, which one bit makes of a text."""
    parts = (f"CAST({name} * 1e6 AS INTEGER)" if name in _REAL else name for name in columns)
    bytes_in_it = " OR ".join(f"{name} >= x''" for name in columns)
    return f"CAST(iif({bytes_in_it}, '', printf('{'|'.join(['%s'] * len(columns))}', {', '.join(parts)})) AS BLOB)"


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
MANY = 1000
"""Rows that are looked at together."""
crc = zlib.crc32
"""The sum of a line, going on from another one."""
_AFTER: Mapping[str, Mapping[Any, State]] = {
    change: {state: after for (state, what), after in TRANSITIONS.items() if what is change} for change in Change
}
"""Where each change leads from which state."""


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
    return crc("|".join(spelled).encode(errors="surrogatepass"), after)


def sum_of_items(database: sqlite3.Connection, run: int) -> int:
    """The sum of all items of a run, a line each; none of them ever changes."""
    cursor = database.execute(f"SELECT {ITEM} FROM item WHERE run = ? ORDER BY input, key", (run,))  # noqa: S608  # constants only
    total, between = 0, b""
    while many := cursor.fetchmany(MANY):
        total = crc(between + b"\n".join([line for (line,) in many]), total)
        between = b"\n"
    return total


def lines(database: sqlite3.Connection, line: str, table: str, *more: str) -> Iterator[Iterator[tuple[Any, ...]]]:
    """The lines of a table in the order of its rows' numbers, their sums, and these columns: of many rows at a time.

    Not by an index, which no sum covers.
    """
    cursor = database.execute(f"SELECT {', '.join([line, 'sum', *more])} FROM {table} NOT INDEXED ORDER BY rowid")  # noqa: S608  # constants only
    while many := cursor.fetchmany(MANY):
        yield zip(*many, strict=True)


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
    if any(crc(line) != kept for line, kept in database.execute(f"SELECT {META}, sum FROM meta")):  # noqa: S608  # constants only
        raise Broken("the mark of its last close is not as it was written")
    states, seq, total = _replayed(database)
    _check_runs(database, _ends(database), _check_tasks(database, states))
    return seq, total


def _replayed(database: sqlite3.Connection) -> tuple[dict[int, State | None], int, int]:
    """Check each event; returns the state that they lead each task to, and the number and the sum of the last one."""
    states: dict[int, State | None] = {}
    number = total = 0
    for found, sums, tasks, words in lines(database, EVENT, "event", "task", "what"):
        if (bad := _first_other([total := crc(line, total) for line in found], sums)) is not None:
            raise Broken(f"its event {number + bad + 1} is missing or not as it was written")
        number += len(found)
        for task, what in zip(tasks, words, strict=True):
            if (after := _AFTER.get(what)) is not None:
                states[task] = after.get(states.get(task, State.PENDING))
    return states, number, total


def _ends(database: sqlite3.Connection) -> dict[int, tuple[str, str | None]]:
    """State and reason of each run, as events lead to them."""
    words = ", ".join(f"'{what}'" for what in LEADS_TO)
    sql = f"SELECT run, what, data FROM event NOT INDEXED WHERE task IS NULL AND what IN ({words}) ORDER BY seq"  # noqa: S608  # constants only
    return {run: (LEADS_TO[what], _reason(data)) for run, what, data in database.execute(sql)}


def _reason(data: str | None) -> str | None:
    reason = json.loads(data).get("reason") if data else None
    return readable(reason) if reason else None


def _first_other(wanted: Iterable[Any], found: Iterable[Any]) -> int | None:
    """The place where these, which are as many, begin to differ; None where they are the same."""
    wanted, found = tuple(wanted), tuple(found)
    return None if wanted == found else next(place for place in itertools.count() if wanted[place] != found[place])


def _check_tasks(database: sqlite3.Connection, led_to: Mapping[int, State | None]) -> dict[int, Span]:
    """Check each task; returns the span of each run's."""
    for found, sums, numbers, states in lines(database, TASK, "task", "id", "state"):
        if (bad := _first_other(map(crc, found), sums)) is not None:
            raise Broken(f"task {_task(database, numbers[bad])} is not as it was written")
        if (bad := _first_other(map(led_to.get, numbers, itertools.repeat(State.PENDING)), states)) is not None:
            task = _task(database, numbers[bad])
            raise Broken(f"task {task} is {states[bad]}, which does not follow from its events")
    sql = "SELECT run, min(id), max(id), count(*) FROM task NOT INDEXED GROUP BY run"
    return {run: (first, last, number) for run, first, last, number in database.execute(sql)}


def _task(database: sqlite3.Connection, number: int) -> str:
    return _named(*database.execute("SELECT name, key FROM task NOT INDEXED WHERE id = ?", (number,)).fetchone())


def _named(name: object, key: object = "") -> str:
    return readable(f"{name} {key}".strip())


def _check_runs(
    database: sqlite3.Connection, ends: Mapping[int, tuple[str, str | None]], spans: dict[int, Span]
) -> None:
    """Check each run, and that the indexes, which no sum covers, lead to it and to its tasks."""
    columns = "id", "name", "tasks", "items", "state", "reason"
    every = [row for many in lines(database, RUN, "run", *columns) for row in zip(*many, strict=True)]
    for line, found, run, text, tasks, items, *end in every:
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
        sums = [
            (crc(text), number)
            for found, _, numbers in lines(database, line, table, "id")
            for text, number in zip(found, numbers, strict=True)
        ]
        database.executemany(f"UPDATE {table} SET sum = ? WHERE id = ?", sums)  # noqa: S608  # constants only
    chain, total = [], 0
    for found, _, numbers in lines(database, EVENT, "event", "seq"):
        chain += [(total := crc(line, total), number) for line, number in zip(found, numbers, strict=True)]
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
