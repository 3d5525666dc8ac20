"""Waiting for the server: unpacked zips, captions, trainings; each bounded, resumable, and told about as it moves."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import attrs

from bria_async.api.jobs import poll
from bria_async.engines.local import Run
from bria_async.errors import NotFound, Outcome, RequestError, RunFailed, RunPaused, Untrusted
from bria_async.graph.events import Happened
from bria_async.graph.runner import Reopen
from bria_async.session import Session
from bria_async.types.common import Id
from bria_async.types.datasets import CaptionsUpdateStatus, Dataset
from bria_async.types.images import BulkStatus, BulkUpload, CaptionSource, DatasetImage
from bria_async.types.models import Model, ModelStatus

from .plan import Settings
from .reconcile import Stored, compare, gone, match_zip

T = TypeVar("T")


def patiently(run: Run, look: Callable[[], Awaitable[T | None]]) -> Callable[[], Awaitable[T | None]]:
    """A look that takes a server which cannot be reached, or fails, for one that has not answered yet.

    Waiting goes on for hours and is bounded by its own deadline, so it outlives an outage of minutes.
    """

    async def attempt() -> T | None:
        try:
            return await look()
        except Untrusted:
            raise
        except RequestError as error:
            if error.outcome is Outcome.REJECTED:
                raise
            run.ledger.note(Happened.WAITED, reason=str(error))
            return None

    return attempt


async def until_unpacked(session: Session, settings: Settings, run: Run, dataset: Id) -> BulkUpload:
    """Wait until the server is through with a zip.

    Raises:
        RunFailed: the zip was not accepted; a dataset takes no second one.
        RunPaused: the server still works on it at the deadline.
    """

    async def look() -> BulkUpload | None:
        status = await session.images.bulk_upload_status(dataset)
        return status if status.status in (BulkStatus.COMPLETED, BulkStatus.FAILED) else None

    result = await poll(session.host, patiently(run, look), settings.waiting)
    if result is None:
        raise RunPaused(f"Dataset {dataset} still unpacks its zip.", run.name)
    if result.status == BulkStatus.FAILED:
        reasons = {f"{failed.filename}: {failed.error_message}" for failed in result.failed_images}
        raise RunFailed(
            f"The zip was not accepted, and dataset {dataset} takes no second one. {'; '.join(sorted(reasons)[:3])}",
            run.name,
        )
    return result


def has_caption(image: DatasetImage) -> bool:
    """Whether an image's caption is there: neither missing nor pending."""
    return bool(image.caption) and image.caption_source != CaptionSource.PENDING


async def until_captioned(
    session: Session, settings: Settings, run: Run, dataset: Id, planned: Mapping[str, Stored]
) -> Dataset:
    """Wait until every planned image is listed with its caption, and no caption is being made anew.

    Raises:
        Reopen: images are not listed even after the settle delay, so they are gone.
        RunPaused: captions are still missing at the deadline.
    """
    missing = -1
    began = session.host.monotonic()

    async def look() -> Dataset | None:
        nonlocal missing
        current = await session.datasets.get(dataset, max_images=1)
        images = await session.images.list(dataset)
        absent = compare(images, planned).missing
        if absent and session.host.monotonic() - began > run.settle:
            raise gone(run, dataset, absent)
        before, missing = missing, len(absent) + sum(not has_caption(image) for image in images)
        if missing != before:
            run.progressed(f"{len(planned) - missing} of {len(planned)} captions are there")
        regenerating = current.captions_update_status == CaptionsUpdateStatus.IN_PROGRESS
        return None if missing or regenerating else current

    ready = await poll(session.host, patiently(run, look), settings.waiting)
    if ready is None:
        raise RunPaused(f"{missing} images of dataset {dataset} still have no caption.", run.name)
    return ready


async def until_listed(session: Session, settings: Settings, run: Run, dataset: Id, refused: int) -> dict[str, Stored]:
    """Wait until a dataset lists all images of its zip but those that were refused, at most for the settle delay.

    Raises:
        RunFailed: some are neither there nor refused; a dataset takes no second zip.
    """
    images = run.items["image"]
    expected = len(images) - refused
    found: dict[str, Stored] = {}

    async def look() -> bool | None:
        nonlocal found
        listing = await session.images.list(dataset)
        if len(listing) < expected:
            return None
        found = await match_zip(session, listing, images)
        return True

    await poll(session.host, patiently(run, look), attrs.evolve(settings.waiting, timeout=run.settle))
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
    seen: str | None = None
    began = session.host.monotonic()

    async def look() -> Model | None:
        nonlocal seen
        try:
            current = await session.models.get(model)
        except NotFound:
            raise RunFailed(f"Model {model} is gone from the server.", run.name) from None
        if current.status != seen:
            seen = current.status
            run.progressed(f"the training is {seen}")
        if current.status == ModelStatus.CREATED and session.host.monotonic() - began > run.settle:
            raise Reopen(f"the training of model {model} was never started", "training", ("",))
        if current.status in (ModelStatus.FAILED, ModelStatus.STOPPED):
            raise RunFailed(f"The training of model {model} ended: {current.status}.", run.name)
        return current if current.status == ModelStatus.COMPLETED else None

    result = await poll(session.host, patiently(run, look), settings.training)
    if result is None:
        hours = (settings.training.timeout or 0) / 3600
        raise RunPaused(f"Model {model} is still {seen} after {hours:g} hours of waiting.", run.name)
    return result
