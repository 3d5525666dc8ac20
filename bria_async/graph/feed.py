"""Reading journals from outside: other processes look at a run while it is worked on, and never write.

Each look opens the file read-only and closes it again, so that nobody keeps a reader's lock while a run goes on.
"""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.errors import JournalError

from .events import Event
from .journal import Row, RunRow, items, runs, tasks
from .lock import holder
from .states import State
from .storage import check_version


@attrs.frozen
class View:
    """A run as its journal shows it now; `counts` has, for each task of the graph, how many items are in which state.

    `sent` tells, for tasks that sent something, when (seconds since the epoch) the first request of the latest
    attempts left; `alive` whether a process works on it; `seq` is the number of its newest event, 0 for none.
    """

    run: RunRow
    counts: Mapping[str, Mapping[State, int]]
    sent: Mapping[str, float]
    alive: bool
    seq: int

    @property
    def state(self) -> str:
        """`running`, `paused`, `done`, `failed`, or `interrupted`: nobody works on it and nobody said why."""
        return "interrupted" if self.run.state == "running" and not self.alive else self.run.state


@contextlib.contextmanager
def _reading(journal: Path) -> Iterator[sqlite3.Connection]:
    try:
        database = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise JournalError(f"The journal {journal} cannot be read ({error}).") from None
    try:
        check_version(database, journal)
        yield database
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:  # a damaged row may hold anything
        raise JournalError(f"The journal {journal} cannot be read ({error}).") from None
    finally:
        database.close()


def views(journal: Path) -> list[View]:
    """All runs of a journal."""
    alive = holder(journal) is not None
    with _reading(journal) as database:
        return [_view(database, run, alive) for run in runs(database)]


def _view(database: sqlite3.Connection, run: RunRow, alive: bool) -> View:
    counts: dict[str, Counter[State]] = {}
    sent: dict[str, float] = {}
    for name, state, number, first in database.execute(
        "SELECT name, state, count(*), min(sent) FROM task WHERE run = ? GROUP BY name, state ORDER BY min(id)",
        (run.id,),
    ):
        counts.setdefault(name, Counter())[State(state)] = number
        if first is not None:
            sent[name] = min(first, sent.get(name, first))
    newest = database.execute("SELECT coalesce(max(seq), 0) FROM event WHERE run = ?", (run.id,)).fetchone()[0]
    return View(run, counts, sent, alive, newest)


def events(journal: Path, run: str, after: int = 0) -> list[tuple[int, Event]]:
    """The events of a run behind this sequence number, each with its own."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        return list(_events(database, found, "AND seq > ? ORDER BY seq", (after,))) if found else []


def _events(
    database: sqlite3.Connection, run: RunRow, rest: str, values: tuple[Any, ...]
) -> Iterator[tuple[int, Event]]:
    sql = (
        "SELECT seq, at, what, coalesce(task.name, ''), coalesce(task.key, ''), data "  # noqa: S608  # constants only
        f"FROM event LEFT JOIN task ON task.id = event.task WHERE event.run = ? {rest}"
    )
    for seq, at, what, name, key, data in database.execute(sql, (run.id, *values)):
        yield seq, Event(at, run.name, what, name, key, json.loads(data) if data else {})


def rows(journal: Path, run: str) -> list[Row]:
    """All tasks of a run."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        return list(tasks(database, found.id)) if found else []


def inputs(journal: Path, run: str, name: str) -> dict[str, Any]:
    """The items of one input of a run, by key."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        return dict(items(database, found.id, name)) if found else {}


def results(journal: Path, run: str) -> dict[str, Any]:
    """The results, as JSON data, of the tasks of a run that run once and are done."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        if found is None:
            return {}
        sql = "SELECT name, result FROM task WHERE run = ? AND key = '' AND state = ? ORDER BY id"
        return {name: json.loads(text or "null") for name, text in database.execute(sql, (found.id, State.DONE))}
