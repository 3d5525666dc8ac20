"""Stopping a training that nobody waits for."""

import json
from pathlib import Path

from bria_async.errors import RunError
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.states import State
from bria_async.session import Session
from bria_async.types.common import Id
from bria_async.types.models import Model
from bria_async.wire.convert import structure

from .place import Place
from .run import refuse_other_server


async def stop_training(session: Session, run: str, *, state: Path | None = None) -> Id:
    """Stop the training of a run that no process works on, and return its model; the run then ends as failed.

    Raises:
        RunError: there is no such run, or it has no model yet.
        JournalLocked: a process works on it; ask that one.
        Conflict: the model is not in training.
    """
    place = Place.existing(run, state)
    async with Journal(place.journal, session.host) as journal:
        row = await journal.find_run(run)
        if row is None:
            raise RunError(f"The journal {place.journal} holds no run {run!r}.", run)
        refuse_other_server(session, row)
        ledger = await Ledger.load(journal, row, session.host)
        made = ledger.of("model", State.DONE)
        if not made:
            raise RunError(f"The run {run!r} has no model yet, so nothing is in training.", run)
        model: Model = structure(json.loads(made[0].result or "null"), Model)
        await session.models.stop_training(model.id)
        await ledger.record(Happened.PROGRESSED, reason=f"the training of model {model.id} was asked to stop")
        return model.id
