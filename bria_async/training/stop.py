"""Stopping the training that a run has started."""

import json
from pathlib import Path

from bria_async.errors import BriaError, RunError
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.states import State
from bria_async.session import Session
from bria_async.types.models import Model, ModelStatus
from bria_async.wire.convert import structure

from .changes import refuse_other_server
from .place import Place


async def stop_training(session: Session, run: str, *, state: Path | None = None) -> str:
    """Stop the training of a run that no process works on; the run then ends as failed.

    Returns:
        What became of it, in one sentence.

    Raises:
        RunError: there is no such run.
        JournalLocked: a process works on it; ask that one.
    """
    place = Place.existing(run, state)
    async with Journal(place.journal, session.host) as journal:
        row = await journal.find_run(run)
        if row is None:
            raise RunError(f"The journal {place.journal} holds no run {run!r}.", run)
        refuse_other_server(session, row)
        return await stop_if_training(session, await Ledger.load(journal, row, session.host))


async def stop_if_training(session: Session, ledger: Ledger) -> str:
    """Stop what the server says is in training; what its answer holds is documented nowhere, so the status tells."""
    made = ledger.of("model", State.DONE)
    if not made:
        return "The run has no model yet, so nothing is in training."
    model: Model = structure(json.loads(made[0].result or "null"), Model)
    again = f"Try again: bria-async stop {ledger.run.name} --training"
    try:
        current = await session.models.get(model.id)
        if current.status == ModelStatus.CREATED:
            left = ledger.of("training", State.INTENT, State.IN_DOUBT)
            doubt = f", but its start is on its way. {again}" if left else "."
            said = f"The server shows no training of model {model.id}{doubt}"
        elif current.status == ModelStatus.STOPPING or (current.status is not None and current.status.is_over):
            said = f"The training of model {model.id} is {current.status}."
        else:
            await session.models.stop_training(model.id)
            said = f"The training of model {model.id} was asked to stop."
    except BriaError as error:
        said = f"The training of model {model.id} could not be stopped: {error.message}. {again}"
    await ledger.record(Happened.PROGRESSED, reason=said)
    return said
