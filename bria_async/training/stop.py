"""Stopping the training that a run has started."""

import json
from pathlib import Path

from bria_async.engines.postgres.database import Database
from bria_async.errors import BriaError, RunError
from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.graph.ledger import Ledger
from bria_async.graph.states import State
from bria_async.session import Session
from bria_async.types.models import Model, ModelStatus
from bria_async.wire.convert import structure

from .changes import refuse_other_server
from .shared import existing

AGAIN = "Ask once more for it to be stopped."


async def stop_training(
    session: Session, run: str, *, state: Path | None = None, database: Database | None = None
) -> list[str]:
    """Stop the training of a run that no process works on, or those of a batch; the runs then end as failed.

    Returns:
        What became of each, in one sentence.

    Raises:
        RunError: there is no such run.
        JournalLocked: a process works on it; ask that one.
    """
    place = existing(run, state, database)
    names = [place.name]
    if place.is_batch:
        names = [view.run.name for view in feed.views(place.source) if view.run.state not in ("done", "failed")]
    said = []
    async with place.writing(session.host) as journal:
        for name in names:
            row = await journal.find_run(name)
            if row is None:
                raise RunError(f"The journal {place.source} holds no run {name!r}.", run)
            refuse_other_server(session, row)
            words = await stop_if_training(session, await Ledger.load(journal, row, session.host))
            said.append(f"{name}: {words}" if place.is_batch else words)
    return said


async def stop_if_training(session: Session, ledger: Ledger) -> str:
    """Stop what the server says is in training; what its answer holds is documented nowhere, so the status tells."""
    made = ledger.of("model", State.DONE)
    if not made:
        return "The run has no model yet, so nothing is in training."
    model: Model = structure(json.loads(made[0].result or "null"), Model)
    try:
        current = await session.models.get(model.id)
        if current.status == ModelStatus.CREATED:
            left = ledger.of("training", State.INTENT, State.IN_DOUBT)
            doubt = f", but its start is on its way. {AGAIN}" if left else "."
            said = f"The server shows no training of model {model.id}{doubt}"
        elif current.status == ModelStatus.STOPPING or (current.status is not None and current.status.is_over):
            said = f"The training of model {model.id} is {current.status}."
        else:
            await session.models.stop_training(model.id)
            said = f"The training of model {model.id} was asked to stop."
    except BriaError as error:
        said = f"The training of model {model.id} could not be stopped: {error.message}. {AGAIN}"
    await ledger.record(Happened.PROGRESSED, reason=said)
    return said
