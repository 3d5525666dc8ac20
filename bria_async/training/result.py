"""What came of a run that is done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.local import LocalEngine
from bria_async.graph.events import Happened
from bria_async.graph.records import RunRow
from bria_async.graph.states import State
from bria_async.types.common import Id

from .samples import Sample


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


async def result_of(engine: LocalEngine, row: RunRow) -> Trained:
    """Read the result of a run from its ledger."""
    ledger, graph, runner = engine.ledger, engine.graph, engine.runner

    def result(name: str) -> Any:
        done = ledger.of(name, State.DONE) if name in graph.by_name else []
        return runner.load(graph.by_name[name], done[0]) if done else None

    samples = [runner.load(graph.by_name["sample"], found) for found in ledger.of("sample", State.DONE)]
    skipped = {
        f"{found.name} {found.key}": found.reason or ""
        for name in ledger.rows
        for found in ledger.of(name, State.SKIPPED)
    }
    made, held = result("project"), result("upload") if not graph.by_name["upload"].over else None
    over = await ledger.journal.latest(row.id, Happened.COMPLETED)
    return Trained(
        run=row.name,
        folder=engine.run.folder,
        model_id=result("trained").id,
        dataset_id=result("complete").id,
        project_id=made.id if made is not None else None,
        images=len(held) if held is not None else len(ledger.of("upload", State.DONE)),
        samples=tuple(samples),
        skipped=skipped,
        adopted=sum(found.via == "adopted" for name in ledger.rows for found in ledger.of(name)),
        perhaps_charged=await ledger.journal.count(row.id, Happened.CHARGED),
        seconds=over[0] - row.created if over else 0.0,
    )
