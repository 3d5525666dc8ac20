"""Reading journals from outside: other processes look at a run while it is worked on, and never write.

Each look opens the file read-only and closes it again, so that nobody keeps a reader's lock while a run goes on. A
look at many runs is one query for all of them, and who follows them asks only for those where something happened.
"""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import attrs

from bria_async.errors import JournalDamaged, JournalError

from .events import Event, Happened
from .journal import items, runs, tasks
from .lock import holder
from .records import Readable, Row, RunRow
from .states import State
from .storage import check_version

GOING_ON = ("running", "waiting")
"""States of a run that somebody works on, or is to."""


@attrs.frozen
class Tended:
    """Which runs of a journal somebody works on, by number, and which are to be worked on by whoever takes them."""

    alive: frozenset[int] | None
    """None for all of them."""
    waiting: frozenset[int] = frozenset()
    workers: int = 0
    """How many there are that could take one."""

    @property
    def busy(self) -> bool:
        """Whether anything goes on, or will without being asked."""
        return self.alive is None or bool(self.alive or self.waiting)

    def is_alive(self, run: int) -> bool:
        """Whether somebody works on a run."""
        return self.alive is None or run in self.alive


class Shared(Protocol):
    """A journal that is no file."""

    def exists(self) -> bool:
        """Whether it was begun."""

    def reading(self) -> AbstractContextManager[Readable]:
        """A session that cannot write; what goes wrong in it is a `JournalError`."""

    def held(self) -> AbstractContextManager[None]:
        """Keep one session for several looks."""

    def tended(self) -> Tended:
        """Who works on its runs."""


Source = Path | Shared
"""Where a journal is read: a file, or what stands for one."""


@attrs.frozen
class View:
    """A run as its journal shows it now; `counts` has, for each task of the graph, how many items are in which state.

    `sent` tells, for tasks that sent something, when (seconds since the epoch) the first request of the latest
    attempts left; `alive` whether somebody works on it, `waits` whether it is handed over and nobody has it yet;
    `asked` whether it asked for an approval that nobody gave since.
    """

    run: RunRow
    counts: Mapping[str, Mapping[State, int]]
    sent: Mapping[str, float]
    alive: bool
    waits: bool = False
    asked: bool = False

    @property
    def state(self) -> str:
        """`running`, `paused`, `done`, `failed`; `waiting` for a worker; or `interrupted`: nobody said why."""
        if self.waits and self.run.state in ("running", "paused"):
            return "waiting"
        return "interrupted" if self.run.state == "running" and not self.alive else self.run.state

    def tended_by(self, tended: Tended) -> "View":
        """The same where others work on it."""
        return attrs.evolve(self, alive=tended.is_alive(self.run.id), waits=self.run.id in tended.waiting)


def tended(journal: Source) -> Tended:
    """Who works on the runs of a journal."""
    if isinstance(journal, Path):
        return Tended(None if holder(journal) is not None else frozenset())
    return journal.tended()


def held(journal: Source) -> AbstractContextManager[None]:
    """Several looks at a journal, for which a session is kept where it costs much to begin one."""
    return contextlib.nullcontext() if isinstance(journal, Path) else journal.held()


def _reading(journal: Source) -> AbstractContextManager[Readable]:
    return _reading_file(journal) if isinstance(journal, Path) else journal.reading()


@contextlib.contextmanager
def _reading_file(journal: Path) -> Iterator[sqlite3.Connection]:
    try:
        database = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise JournalError(f"The journal {journal} cannot be read ({error}).") from None
    try:
        check_version(database, journal)
        yield database
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:  # a damaged row may hold anything
        words, code = f"The journal {journal} cannot be read ({error}).", getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise JournalDamaged(words, journal.parent.name) from None
        raise JournalError(words) from None
    finally:
        database.close()


def views(journal: Source) -> list[View]:
    """All runs of a journal."""
    return changed_views(journal, 0, {})


def changed_views(journal: Source, since: int, earlier: Mapping[str, View]) -> list[View]:
    """The runs where something happened behind this sequence number; `earlier` has all as they were then, by name."""
    by_whom = tended(journal)
    changed = "WHERE run IN (SELECT run FROM event WHERE seq > ?)" if since else ""
    with _reading(journal) as database:
        counted = _counted(database, changed, (since,) if since else ())
        asked = {view.run.id: view.asked for view in earlier.values()} | _asked(database, "seq > ?", since)
        return [_view(run, counted, asked, by_whom) for run in runs(database, since=since)]


def first_runs(journal: Source, most: int) -> list[str]:
    """The names of the first runs that were begun."""
    with _reading(journal) as database:
        return [str(name) for (name,) in database.execute("SELECT name FROM run ORDER BY id LIMIT ?", (most,))]


def view(journal: Source, run: str) -> View | None:
    """The run of this name, if there is one."""
    by_whom = tended(journal)
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        if found is None:
            return None
        counted, asked = _counted(database, "WHERE run = ?", (found.id,)), _asked(database, "run = ?", found.id)
        return _view(found, counted, asked, by_whom)


_Counted = tuple[dict[str, Counter[State]], dict[str, float]]


def _view(run: RunRow, counted: Mapping[int, _Counted], asked: Mapping[int, bool], by_whom: Tended) -> View:
    counts, sent = counted.get(run.id, ({}, {}))
    return View(run, counts, sent, alive=False, asked=asked.get(run.id, False)).tended_by(by_whom)


def _counted(database: Readable, where: str, values: tuple[int, ...]) -> dict[int, _Counted]:
    """Counts and times of sending, by run."""
    found: dict[int, _Counted] = {}
    sql = (
        "SELECT run, name, state, count(*), min(sent) "  # noqa: S608  # constants only
        f"FROM task {where} GROUP BY run, name, state ORDER BY min(id)"
    )
    for run, name, state, number, first in database.execute(sql, values):
        counts, sent = found.setdefault(run, ({}, {}))
        counts.setdefault(name, Counter())[State(state)] = number
        if first is not None:
            sent[name] = min(first, sent.get(name, first))
    return found


def _asked(database: Readable, where: str, value: int) -> dict[int, bool]:
    """Whether a run asks for an approval, by the last that these events say of one; runs without are left out."""
    sql = f"SELECT run, what FROM event WHERE {where} AND what IN (?, ?) ORDER BY seq"  # noqa: S608  # as above
    values = (value, Happened.ASKED, Happened.APPROVED)
    return {run: what == Happened.ASKED for run, what in database.execute(sql, values)}


def newest(journal: Source) -> int:
    """The sequence number of the newest event, 0 for none."""
    with _reading(journal) as database:
        number: int = database.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0]
        return number


def happened(journal: Source, run: str, after: int) -> bool:
    """Whether anything happened in a run behind this sequence number."""
    with _reading(journal) as database:
        sql = "SELECT 1 FROM event JOIN run ON run.id = event.run WHERE seq > ? AND run.name = ? LIMIT 1"
        return database.execute(sql, (after, run)).fetchone() is not None


def events(journal: Source, run: str | None = None, after: int = 0) -> list[tuple[int, Event]]:
    """The events of a run, or of all, behind this sequence number, each with its own; without captions they brought."""
    with _reading(journal) as database:
        return list(_events(database, run, "seq > ? ORDER BY seq", after))


def whole_events(journal: Source, run: str | None, after: int, most: int) -> list[tuple[int, Event]]:
    """The first of them, with the captions, of which each may have brought a megabyte."""
    with _reading(journal) as database:
        return list(_events(database, run, f"seq > ? ORDER BY seq LIMIT {most}", after, whole=True))


def captions(journal: Source, run: str, after: int = 0) -> dict[str, str]:
    """The captions of a run by the ids of their images, empty where one is gone; those told behind this number."""
    whose = "event JOIN run ON run.id = event.run"
    sql = f"SELECT data FROM {whose} WHERE seq > ? AND run.name = ? AND what = ? ORDER BY seq"  # noqa: S608  # as above
    found: dict[str, str] = {}
    with _reading(journal) as database:
        for (data,) in database.execute(sql, (after, run, Happened.CAPTIONED)):
            found.update((str(image), str(text)) for image, text in dict(json.loads(data)["captions"]).items())
    return found


def last_events(journal: Source, run: str, count: int) -> list[Event]:
    """The newest events of a run, the newest last."""
    with _reading(journal) as database:
        return [event for _, event in _events(database, run, "seq > 0 ORDER BY seq DESC LIMIT ?", count)][::-1]


def _events(
    database: Readable, run: str | None, rest: str, value: int, *, whole: bool = False
) -> Iterator[tuple[int, Event]]:
    data = "data" if whole else f"CASE WHEN what = '{Happened.CAPTIONED}' THEN NULL ELSE data END"
    sql = (
        f"SELECT seq, at, run.name, what, coalesce(task.name, ''), coalesce(task.key, ''), {data} "  # noqa: S608  # as above
        "FROM event JOIN run ON run.id = event.run LEFT JOIN task ON task.id = event.task "
        f"WHERE {'' if run is None else 'run.name = ? AND '}{rest}"
    )
    values = (value,) if run is None else (run, value)
    for seq, at, whose, what, name, key, text in database.execute(sql, values):
        yield seq, Event(at, whose, what, name, key, json.loads(text) if text else {}, seq)


def run_rows(journal: Source) -> list[RunRow]:
    """All runs of a journal, without what they did."""
    with _reading(journal) as database:
        return list(runs(database))


def rows(journal: Source, run: str) -> list[Row]:
    """All tasks of a run."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        return list(tasks(database, found.id)) if found else []


def inputs(journal: Source, run: str, name: str, most: int | None = None) -> dict[str, Any]:
    """The items of one input of a run, or the first of them, by key."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        return dict(items(database, found.id, name, most)) if found else {}


def results(journal: Source, run: str) -> dict[str, Any]:
    """The results, as JSON data, of the tasks of a run that run once and are done."""
    with _reading(journal) as database:
        found = next(runs(database, run), None)
        if found is None:
            return {}
        sql = "SELECT name, result FROM task WHERE run = ? AND key = '' AND state = ? ORDER BY id"
        return {name: json.loads(text or "null") for name, text in database.execute(sql, (found.id, State.DONE))}


def first_results(journal: Source, run: str, name: str, most: int) -> dict[int, Any]:
    """The results of a task for the first items that are done, by their numbers from 0 in the order of the keys."""
    sql = (
        "SELECT number, result FROM "
        "(SELECT row_number() OVER (ORDER BY key COLLATE BINARY) - 1 AS number, state, result "
        "FROM task WHERE run = (SELECT id FROM run WHERE name = ?) AND name = ?) AS numbered "
        "WHERE state = ? ORDER BY number LIMIT ?"
    )
    with _reading(journal) as database:
        found = database.execute(sql, (run, name, State.DONE, most))
        return {number: json.loads(text or "null") for number, text in found}


def results_of_all(journal: Source, *names: str) -> dict[str, dict[str, Any]]:
    """The same for the tasks of these names in all runs, by run."""
    sql = (
        "SELECT run.name, task.name, result FROM task JOIN run ON run.id = task.run "  # noqa: S608  # as above
        f"WHERE key = '' AND task.state = ? AND task.name IN ({', '.join('?' * len(names))})"
    )
    found: dict[str, dict[str, Any]] = {}
    with _reading(journal) as database:
        for run, name, text in database.execute(sql, (State.DONE, *names)):
            found.setdefault(run, {})[name] = json.loads(text or "null")
    return found
