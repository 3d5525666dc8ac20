"""What came of a run that is done."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.local import LocalEngine
from bria_async.graph.events import Happened
from bria_async.graph.graph import Graph
from bria_async.graph.records import Row, RunRow
from bria_async.graph.states import State
from bria_async.types.common import Id
from bria_async.types.notebook import MOST, table, wall
from bria_async.wire.convert import structure

from .samples import Sample, picture_of


@attrs.frozen
class Results:
    """The results of a run's tasks, as values, by the rows of its journal or of its ledger."""

    graph: Graph
    rows: Mapping[str, Mapping[str, Row]]
    """Of each task, by the keys of its items."""

    @classmethod
    def of_rows(cls, graph: Graph, rows: Iterable[Row]) -> "Results":
        """Those of a run that is read from outside."""
        found: dict[str, dict[str, Row]] = {}
        for row in rows:
            found.setdefault(row.name, {})[row.key] = row
        return cls(graph, found)

    def of(self, name: str) -> dict[str, Any]:
        """Those of a task that are there, by the keys of its items; none where the graph has no such task."""
        if name not in self.graph.by_name:
            return {}
        kind = self.graph.by_name[name].returns
        done = (row for row in self.rows.get(name, {}).values() if row.state is State.DONE)
        return {row.key: structure(json.loads(row.result or "null"), kind) for row in done}

    def one(self, name: str) -> Any:
        """That of a task that runs once; None while there is none."""
        return next(iter(self.of(name).values()), None)

    @property
    def uploaded(self) -> dict[str, Any]:
        """The images on the server, by their keys: those of single uploads, or of one zip."""
        return self.of("upload") if self.graph.by_name["upload"].over else self.one("upload") or {}


@attrs.frozen(kw_only=True)
class Trained:
    """A run that is done.

    `skipped` names what was left out and why; `seconds` is the time from its first start to its end, pauses
    included; `adopted` counts effects that were found on the server instead of being sent twice, and
    `perhaps_charged` the calls whose answers were lost and that nothing on the server shows.
    """

    run: str
    folder: Path
    model_id: Id
    dataset_id: Id
    project_id: Id | None
    images: int
    samples: tuple[Sample, ...]
    skipped: Mapping[str, str]
    adopted: int
    perhaps_charged: int
    seconds: float

    def _repr_html_(self) -> str:
        """Its ids and numbers, and its samples, for notebooks."""
        rows = {
            "model": self.model_id,
            "dataset": self.dataset_id,
            "project": self.project_id,
            "images": self.images,
            "left out": ", ".join(self.skipped),
            "found on the server": self.adopted or None,
            "perhaps charged": self.perhaps_charged or None,
            "folder": self.folder,
        }
        samples = wall(map(picture_of, self.samples[:MOST]), len(self.samples))
        return table(f"{self.run}: trained", rows, samples)


async def result_of(engine: LocalEngine, row: RunRow) -> Trained:
    """Read the result of a run from its ledger."""
    ledger, results = engine.ledger, Results(engine.graph, engine.ledger.rows)
    skipped = {
        f"{found.name} {found.key}": found.reason or ""
        for name in ledger.rows
        for found in ledger.of(name, State.SKIPPED)
    }
    made, held = results.one("project"), None if engine.graph.by_name["upload"].over else results.one("upload")
    over = await ledger.journal.latest(row.id, Happened.COMPLETED)
    return Trained(
        run=row.name,
        folder=engine.run.folder,
        model_id=results.one("trained").id,
        dataset_id=results.one("complete").id,
        project_id=made.id if made is not None else None,
        images=len(held) if held is not None else len(ledger.of("upload", State.DONE)),
        samples=tuple(results.of("sample").values()),
        skipped=skipped,
        adopted=sum(found.via == "adopted" for name in ledger.rows for found in ledger.of(name)),
        perhaps_charged=await ledger.journal.count(row.id, Happened.CHARGED),
        seconds=over[0] - row.created if over else 0.0,
    )
