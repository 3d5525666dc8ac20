"""The journal as it lies on the simulated disk, read by a connection of its own."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from bria_async.graph.journal import items, runs, tasks
from bria_async.graph.records import Row, RunRow

Happening = tuple[str, str, str]
"""What happened, and the task and key that it happened to, empty for the run."""


@attrs.frozen
class Journal:
    """What a journal holds of a run; `run` is None while it holds none."""

    run: RunRow | None = None
    rows: dict[str, dict[str, Row]] = attrs.field(factory=dict)
    items: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    happened: tuple[Happening, ...] = ()
    """All events, in their order."""

    @classmethod
    def read(cls, path: Path) -> "Journal":
        """Read all of it; one that is not there yet holds nothing."""
        if not path.exists():
            return cls()
        with _opened(path) as database:
            if (run := next(runs(database), None)) is None:
                return cls()
            rows: dict[str, dict[str, Row]] = {}
            for row in tasks(database, run.id):
                rows.setdefault(row.name, {})[row.key] = row
            held = {name: dict(items(database, run.id, name)) for name in ("image", "prompt")}
            return cls(run, rows, held, tuple(_happened(database)))

    def of(self, task: str) -> dict[str, Row]:
        """The rows of a task by key."""
        return self.rows.get(task, {})


def happened(path: Path, after: int = 0) -> tuple[Happening, ...]:
    """The events of a journal, in their order, but for the first so many."""
    if not path.exists():
        return ()
    with _opened(path) as database:
        return tuple(_happened(database, after))


def _happened(database: sqlite3.Connection, after: int = 0) -> Iterator[Happening]:
    yield from database.execute(
        "SELECT what, coalesce(name, ''), coalesce(key, '') FROM event LEFT JOIN task ON task.id = event.task "
        "WHERE seq > ? ORDER BY seq",
        (after,),
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        yield database
