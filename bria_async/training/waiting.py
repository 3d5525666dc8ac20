"""Waiting for the server: unpacked zips, captions, trainings; each bounded, resumable, and told about as it moves."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from bria_async.api.jobs import poll
from bria_async.engines.run import Run
from bria_async.errors import NotFound, Outcome, RequestError, RunFailed, RunPaused, TlsFailed, Unreadable, Untrusted
from bria_async.graph.events import Happened
from bria_async.graph.runner import Reopen
from bria_async.session import Session
from bria_async.transport.limit import polls
from bria_async.types.common import Id
from bria_async.types.datasets import CaptionsUpdateStatus, Dataset
from bria_async.types.images import BulkStatus, BulkUpload, CaptionSource, DatasetImage
from bria_async.types.models import Model, ModelStatus

from .captions import keep_captions
from .plan import Settings
from .reconcile import Stored, absent, find_bulk, gone, ids_of, match_zip
from .telling import tell_likeness
from .watch import ModelWatch

T = TypeVar("T")
TOLERATED = 5
"""Answers in a row that cannot be read before waiting gives up."""


def patiently(run: Run, look: Callable[[], Awaitable[T | None]]) -> Callable[[], Awaitable[T | None]]:
    """A look that takes a server which cannot be reached, or fails, for one that has not answered yet.

    Waiting goes on for hours and is bounded by its own deadline, so it outlives an outage of minutes. Answers that
    nobody can read, several in a row, are no outage.
    """
    unreadable = 0

    async def attempt() -> T | None:
        nonlocal unreadable
        try:
            with polls():
                found = await look()
        except (Untrusted, TlsFailed):
            raise
        except RequestError as error:
            unreadable = unreadable + 1 if isinstance(error, Unreadable) else 0
            if error.outcome is Outcome.REJECTED or unreadable > TOLERATED:
                raise
            run.ledger.note(Happened.WAITED, reason=str(error))
            return None
        unreadable = 0
        return found

    return attempt


async def until_unpacked(session: Session, settings: Settings, run: Run, identity: Dataset) -> BulkUpload:
    """Wait until the server is through with a zip.

    Raises:
        RunFailed: the zip was not accepted; a dataset takes no second one.
        Reopen: the server knows of no zip after all, even after the settle delay.
        RunPaused: the server still works on it at the deadline.
    """
    since: float | None = None

    async def look() -> BulkUpload | None:
        nonlocal since
        since = session.host.monotonic() if since is None else since
        try:
            status = await session.images.bulk_upload_status(identity.id)
        except NotFound:
            if session.host.monotonic() - since > run.settle and not await find_bulk(session, identity):
                raise Reopen(f"the zip of dataset {identity.id} never arrived", "bulk", ("",)) from None
            return None
        return status if status.status in (BulkStatus.COMPLETED, BulkStatus.FAILED) else None

    result = await poll(session.host, patiently(run, look), settings.waiting)
    if result is None:
        raise RunPaused(f"Dataset {identity.id} still unpacks its zip.", run.name)
    if result.status == BulkStatus.FAILED:
        reasons = sorted({f"{failed.filename}: {failed.error_message}" for failed in result.failed_images})
        raise RunFailed(
            f"The zip was not accepted, and dataset {identity.id} takes no second one. {'; '.join(reasons[:3])}",
            run.name,
        )
    return result


def has_caption(image: DatasetImage) -> bool:
    """Whether an image's caption is there: neither missing nor pending."""
    return bool(image.caption) and image.caption_source != CaptionSource.PENDING


async def until_captioned(
    session: Session, settings: Settings, run: Run, dataset: Id, planned: Mapping[str, Stored]
) -> Dataset:
    """Wait until every planned image is listed with its caption, and none is being made anew; tell what is there.

    What images show beside each other is told then, too: after the first look at the server.

    Raises:
        Reopen: images are not listed even after the settle delay, so they are gone.
        RunPaused: captions are still missing at the deadline.
    """
    missing, made_anew = -1, False
    ids: dict[str, Id] = {}
    since: float | None = None

    async def look() -> Dataset | None:
        nonlocal missing, made_anew, since
        images = await session.images.list(dataset)
        if since is None:  # reads all images, of 100,000 for a second: not before the server was asked
            since = session.host.monotonic()
            ids.update(ids_of(planned))
            await tell_likeness(session, run, planned)
        away = absent(images, ids)
        if away and session.host.monotonic() - since > run.settle:
            raise gone(run, dataset, away)
        before, missing = missing, len(away) + sum(not has_caption(image) for image in images)
        if missing != before:
            await keep_captions(run, images)
            run.progressed(f"{len(planned) - missing} of {len(planned)} captions are there")
        if missing:
            return None
        current = await session.datasets.get(dataset, max_images=1)
        if current.captions_update_status == CaptionsUpdateStatus.IN_PROGRESS:
            made_anew = True
            return None
        if made_anew:  # the listing may be older than the last of them
            await keep_captions(run, await session.images.list(dataset))
        return current

    ready = await poll(session.host, patiently(run, look), settings.waiting)
    if ready is None:
        raise RunPaused(f"{missing} images of dataset {dataset} still have no caption.", run.name)
    return ready


async def until_listed(
    session: Session, settings: Settings, run: Run, dataset: Id, refused: Collection[str | None]
) -> dict[str, Stored]:
    """Wait until a dataset lists all images of its zip but those that were refused (their names in the zip).

    Raises:
        RunFailed: some are neither there nor refused, even after the settle delay; a dataset takes no second zip.
        RunPaused: the server did not show the dataset until the deadline.
    """
    images = run.items["image"]
    expected = len(images) - len(refused)
    since: float | None = None

    async def look() -> dict[str, Stored] | None:
        nonlocal since
        listing = await session.images.list(dataset)
        since = session.host.monotonic() if since is None else since
        if len(listing) < expected and session.host.monotonic() - since <= run.settle:
            return None
        return await match_zip(
            session, run, listing, {key: image for key, image in images.items() if key not in refused}
        )

    found = await poll(session.host, patiently(run, look), settings.waiting)
    if found is None:
        raise RunPaused(f"The server does not show the images of dataset {dataset}.", run.name)
    if len(found) < expected:
        raise RunFailed(
            f"{expected - len(found)} images of the zip are neither in dataset {dataset} nor refused, and it takes no "
            "second zip. The training was not started.",
            run.name,
        )
    return found


async def until_trained(session: Session, settings: Settings, run: Run, model: Id) -> Model:
    """Wait until a training is over; words that nobody knows yet do not end the wait.

    Raises:
        RunFailed: it failed, was stopped, or the model is gone.
        Reopen: it was never started after all.
        RunPaused: it still goes on at the deadline.
    """
    watch = ModelWatch.of(session)
    seen: str | None = None
    since: float | None = None

    async def look() -> Model | None:
        nonlocal seen, since
        try:
            current = await watch.look(session, model, settings.training.cap / 2)
        except NotFound:
            raise RunFailed(f"Model {model} is gone from the server.", run.name) from None
        if current.status != seen:
            seen = current.status
            tell = run.progressed if seen in tuple(ModelStatus) else run.warned
            tell(f"the training is {seen}")
        since = session.host.monotonic() if since is None else since
        if current.status == ModelStatus.CREATED and session.host.monotonic() - since > run.settle:
            raise Reopen(f"the training of model {model} was never started", "training", ("",))
        if current.status in (ModelStatus.FAILED, ModelStatus.STOPPED):
            raise RunFailed(f"The training of model {model} ended: {current.status}.", run.name)
        return current if current.status == ModelStatus.COMPLETED else None

    with watch.waiting_for(model):
        result = await poll(session.host, patiently(run, look), settings.training)
    if result is None:
        hours = (settings.training.timeout or 0) / 3600
        raise RunPaused(f"Model {model} is still {seen} after {hours:g} hours of waiting.", run.name)
    return result
