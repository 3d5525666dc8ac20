"""Comparing a run's journal with the server and the disk; nothing is changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.postgres.database import Database
from bria_async.errors import NotFound, RunError
from bria_async.graph import feed
from bria_async.graph.records import RunRow
from bria_async.session import Session
from bria_async.types.models import ModelStatus

from .changes import plan_of, refuse_other_server
from .lifecycle import shape
from .place import Place
from .reconcile import Stored, compare
from .result import Results
from .several import several
from .shared import existing
from .waiting import has_caption


@attrs.frozen(kw_only=True)
class Verification:
    """What journal, server and disk say of a run; `differences` is empty where all three agree."""

    run: str
    state: str
    planned: int
    uploaded: int
    """By the journal."""
    on_server: int
    without_caption: int
    model_status: str | None
    samples: int
    """Files on disk."""
    differences: tuple[str, ...]


async def verify(
    session: Session, run: str, *, state: Path | None = None, database: Database | None = None
) -> Verification:
    """Compare a run's journal with what the server and the disk hold; works while the run goes on.

    Raises:
        RunError: there is no such run, or it began on another server.
        RequestError: the server cannot be asked.
    """
    return await _verify(session, existing(run, state, database))


async def _verify(session: Session, place: Place) -> Verification:
    journal, run = place.source, place.name
    view = feed.view(journal, run)
    if view is None:
        raise RunError(f"The journal {journal} holds no run {run!r}.", run)
    refuse_other_server(session, view.run)
    planned = feed.inputs(journal, run, "image")
    plan = plan_of(view.run)
    results = Results.of_rows(shape(plan, len(planned)), feed.rows(journal, run))
    uploads = results.uploaded
    differences: list[str] = []
    listing: tuple[Any, ...] = ()
    if dataset := results.one("dataset"):
        try:
            listing = await session.images.list(dataset.id)
        except NotFound:
            differences.append(f"dataset {dataset.id} is gone from the server")
        differences += _compared(listing, uploads, str(dataset.id))
    status = await _model_status(session, results, view.run, differences)
    samples = [sample.path for sample in results.of("sample").values()]
    differences += [f"the sample {path} is gone from the disk" for path in samples if not path.is_file()]
    return Verification(
        run=run,
        state=view.state,
        planned=len(planned),
        uploaded=len(uploads),
        on_server=len(listing),
        without_caption=sum(not has_caption(image) for image in listing),
        model_status=status,
        samples=sum(path.is_file() for path in samples),
        differences=tuple(differences),
    )


async def verify_many(
    session: Session, batch: str, *, state: Path | None = None, database: Database | None = None
) -> tuple[Verification, ...]:
    """The same for all runs of a batch that have begun, several at once.

    Raises:
        RunError: there is no such batch, or it began on another server.
        RequestError: the server cannot be asked.
    """
    place = existing(batch, state, database)
    names = [view.run.name for view in feed.views(place.source)]
    return tuple(await several(names, lambda name: _verify(session, place.run(name))))


def _compared(listing: Any, uploads: dict[str, Stored], dataset: str) -> Iterator[str]:
    result = compare(listing, uploads)
    yield from (f"{key} is uploaded by the journal and not in dataset {dataset}" for key in result.missing)
    yield from (f"image {image.id} ({image.image_name}) is in dataset {dataset} twice" for image in result.copies)
    yield from (
        f"image {image.id} ({image.image_name}) is in dataset {dataset} and not in the journal"
        for image in result.strangers
    )


async def _model_status(session: Session, results: Results, run: RunRow, differences: list[str]) -> str | None:
    model = results.one("model")
    if model is None:
        return None
    try:
        current = await session.models.get(model.id)
    except NotFound:
        differences.append(f"model {model.id} is gone from the server")
        return None
    if results.one("training") and current.status == ModelStatus.CREATED:
        differences.append(f"the training of model {model.id} is started by the journal and not on the server")
    if run.state == "done" and current.status != ModelStatus.COMPLETED:
        differences.append(f"the run is done and model {model.id} is {current.status}")
    return current.status
