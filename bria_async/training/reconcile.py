"""Looking at the server: what a lost answer may have made, and whether a dataset holds what was planned.

Projects, datasets and models carry the run's tag in a text that listings show. Images carry their content key as
file name; where the server changes names, what remains is elimination and, if need be, the bytes themselves.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from bria_async.engines.run import Run
from bria_async.errors import DownloadFailed, NotFound, RunFailed, RunPaused
from bria_async.graph.events import Happened
from bria_async.graph.records import Row
from bria_async.graph.runner import Reopen
from bria_async.images.content_key import find_token
from bria_async.images.look import Measures
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.types.common import Id
from bria_async.types.datasets import Dataset
from bria_async.types.images import DatasetImage
from bria_async.types.models import Model, ModelStatus
from bria_async.types.projects import Project

from .captions import keep_captions
from .listings import listed

T = TypeVar("T")

ONCE = ""
"""The key of a task that runs once."""


@attrs.frozen
class Stored:
    """An image on the server: its id, the name that the server gave it, and its measures if its upload told of them."""

    id: Id
    name: str | None = None
    measures: Measures | None = None


# --- projects, datasets, models -----------------------------------------------------------------------------------


def tagged(found: Iterable[T], run: Run, *texts: str) -> dict[str, T]:
    """The one thing that carries the run's tag in one of these texts, as an adoption.

    Raises:
        RunPaused: there are several, or a listing shows none of the texts: only the user can sort that out.
    """
    ours, silent = [], []
    for item in found:
        shown = [text for text in (getattr(item, name) for name in texts) if text is not None]
        if any(run.tag in text for text in shown):
            ours.append(item)
        elif not shown:
            silent.append(item)
    if silent and not ours:
        raise RunPaused(
            f"The server lists {_named(silent[0])} without {' and '.join(texts)}: nobody can tell whose it is.",
            run.name,
        )
    if len(ours) > 1:
        kind, ids = type(ours[0]).__name__.lower(), ", ".join(str(getattr(item, "id", "?")) for item in ours)
        raise RunPaused(
            f"There are {len(ours)} {kind}s of this run on the server ({ids}): delete all but one.", run.name
        )
    return {ONCE: ours[0]} if ours else {}


def _named(item: object) -> str:
    return f"{type(item).__name__.lower()} {getattr(item, 'id', '?')}"


async def find_project(session: Session, run: Run) -> dict[str, Project]:
    """Look for the project that this run may have created."""
    return await _found(session, run, "project", session.projects.list, "project_name", "project_description")


async def find_dataset(session: Session, run: Run, project: Project) -> dict[str, Dataset]:
    """Look for the dataset that this run may have created in its project."""
    return tagged(await session.projects.list_datasets(project.id), run, "name")


async def find_lone_dataset(session: Session, run: Run) -> dict[str, Dataset]:
    """Look for the organisation-level dataset that this run may have created."""
    return await _found(session, run, "dataset", session.datasets.list, "name")


async def find_model(session: Session, run: Run) -> dict[str, Model]:
    """Look for the model that this run may have created."""
    return await _found(session, run, "model", session.models.list, "name", "description")


async def _found(
    session: Session, run: Run, step: str, listing: Callable[[], Awaitable[Iterable[T]]], *texts: str
) -> dict[str, T]:
    """The one thing that this step made, by a listing that began a settle delay after the step can have been sent.

    That nothing is there is as true as it was then; what is there is looked at as it is now.
    """
    ledger = run.ledger
    age = min(ledger.idle, ledger.age(ledger.rows[step][ONCE])) - run.settle
    if age > 0 and not tagged(await listed(session, step, listing, age), run, *texts):
        return {}
    return tagged(await listed(session, step, listing), run, *texts)


STARTED = frozenset(
    {ModelStatus.IN_PROGRESS, ModelStatus.COMPLETED, ModelStatus.FAILED, ModelStatus.STOPPING, ModelStatus.STOPPED}
)
"""Statuses that only a started training has (published spec)."""


async def find_training(session: Session, run: Run, model: Model) -> dict[str, Model]:
    """Look whether the training was started.

    Raises:
        RunPaused: the model's status says neither yes nor no.
    """
    current = await session.models.get(model.id)
    if current.status in STARTED:
        return {ONCE: current}
    if current.status != ModelStatus.CREATED:
        raise RunPaused(f"Model {model.id} has the status {current.status}: was its training started?", run.name)
    return {}


async def find_bulk(session: Session, identity: Dataset) -> dict[str, None]:
    """Look whether the one bulk upload was accepted: it was, unless nobody knows of it and the dataset is empty."""
    try:
        await session.images.bulk_upload_status(identity.id)
    except NotFound:
        current = await session.datasets.get(identity.id, max_images=1)
        return {} if current.images_count == 0 else {ONCE: None}
    return {ONCE: None}


# --- images ---------------------------------------------------------------------------------------------------------


async def find_uploaded(
    session: Session,
    run: Run,
    identity: Dataset,
    doubts: Mapping[str, ImageFile],
    known: Mapping[str, Stored],
) -> dict[str, Stored]:
    """Look which of the images in doubt are on the server: by name, by content, by elimination; and which known ones.

    Raises:
        RunPaused: an image is there that may be one of several, and nothing tells which.
    """
    listing = await session.images.list(identity.id)
    found, strangers = by_name(listing, doubts, known)
    there = {image.id for image in listing}
    found |= {key: stored for key, stored in known.items() if stored.id in there}
    missing = {key: image for key, image in doubts.items() if key not in found}
    if not strangers or not missing or names_are_kept([*known.items(), *found.items()]):
        return found
    by_bytes, strangers = await by_content(session, run, strangers, missing)
    found |= by_bytes
    missing = {key: image for key, image in missing.items() if key not in found}
    if not strangers or not missing:
        return found
    others = [row for row in sent_again(run) if row.key not in missing]
    if len(strangers) == len(missing) == 1 and not others:
        return found | {next(iter(missing)): _stored(strangers[0])}
    ids = ", ".join(str(image.id) for image in strangers)
    raise RunPaused(
        f"The server renames images and changes their bytes, so nobody can tell which of {len(missing)} images in "
        f"doubt are those with the ids {ids} in dataset {identity.id}. Delete these ids; the images are then "
        f"uploaded again.",
        run.name,
    )


def by_name(
    listing: Sequence[DatasetImage], doubts: Mapping[str, ImageFile], known: Mapping[str, Stored]
) -> tuple[dict[str, Stored], list[DatasetImage]]:
    """Split a listing into images in doubt that their names give away, and strangers; the known are neither."""
    tokens = {image.sha256[:12]: key for key, image in doubts.items()}
    ids = {stored.id for stored in known.values()}
    found: dict[str, Stored] = {}
    strangers: list[DatasetImage] = []
    for image in sorted(listing, key=lambda image: str(image.created_at or "")):
        if image.id in ids:
            continue
        key = tokens.get(find_token(image.image_name or "") or "")
        if key is None:
            strangers.append(image)
        else:
            found.setdefault(key, _stored(image))
    return found, strangers


def sent_again(run: Run) -> list[Row]:
    """The images that were sent more than once: what was taken for absent may still arrive, as a copy."""
    return [row for row in run.ledger.of("upload") if row.attempt > 1]


async def match_zip(
    session: Session, run: Run, listing: Sequence[DatasetImage], expected: Mapping[str, ImageFile]
) -> dict[str, Stored]:
    """Which images a zip brought: by name, by content, and where both were changed by their number.

    The dataset was empty and takes nothing else, so strangers are images of the zip, whichever.
    """
    found, strangers = by_name(listing, expected, {})
    missing = {key: image for key, image in expected.items() if key not in found}
    if strangers and missing:
        by_bytes, strangers = await by_content(session, run, strangers, missing)
        found |= by_bytes
        missing = {key: image for key, image in missing.items() if key not in found}
    return found | {key: _stored(image) for key, image in zip(missing, strangers, strict=False)}


def names_are_kept(stored: Iterable[tuple[str, Stored]]) -> bool:
    """Whether the server shows the keys it was given: one upload that kept its key is proof."""
    return any(find_token(image.name or "") == find_token(key) for key, image in stored)


async def by_content(
    session: Session, run: Run, strangers: Sequence[DatasetImage], missing: Mapping[str, ImageFile]
) -> tuple[dict[str, Stored], list[DatasetImage]]:
    """Download strangers and compare their bytes; those that hold none of the run's images remain strangers."""
    keys = {image.sha256: key for key, image in missing.items()}
    planned = {image.sha256 for image in run.items["image"].values()}
    found: dict[str, Stored] = {}
    left: list[DatasetImage] = []
    for image in strangers:
        sha256 = await _sha256(session, run, image)
        if sha256 in keys:
            found.setdefault(keys[sha256], _stored(image))
        elif sha256 not in planned:
            left.append(image)
    return found, left


async def _sha256(session: Session, run: Run, image: DatasetImage) -> str | None:
    """The hash of an image's bytes, None where the server does not give them.

    Raises:
        RunPaused: they cannot be had now: what could not be looked at is not taken for something else.
    """
    if not image.image_url:
        return None
    try:
        content = await session.fetch(image.image_url)
    except DownloadFailed as error:
        if error.gone:
            return None
        raise RunPaused(
            f"Nobody could look at image {image.id}, which may be one of this run's: {error}.", run.name
        ) from None
    return await session.host.in_thread(_hash, content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _stored(image: DatasetImage) -> Stored:
    return Stored(image.id, image.image_name)


# --- audits -----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Comparison:
    """What a dataset holds against what was planned: keys that are missing, copies too many, and strangers."""

    missing: tuple[str, ...] = ()
    copies: tuple[DatasetImage, ...] = ()
    strangers: tuple[DatasetImage, ...] = ()


def compare(listing: Sequence[DatasetImage], planned: Mapping[str, Stored]) -> Comparison:
    """Compare a listing with the planned images by id, and by name for copies."""
    known = ids_of(planned)
    ids, tokens = set(known.values()), {find_token(key) for key in known}
    others = [image for image in listing if image.id not in ids]
    copies = tuple(image for image in others if find_token(image.image_name or "") in tokens)
    return Comparison(
        missing=absent(listing, known),
        copies=copies,
        strangers=tuple(image for image in others if image not in copies),
    )


def ids_of(planned: Mapping[str, Stored]) -> dict[str, Id]:
    """The ids of the planned images; each is read from the journal for it."""
    return {key: stored.id for key, stored in planned.items()}


def absent(listing: Iterable[DatasetImage], ids: Mapping[str, Id]) -> tuple[str, ...]:
    """The keys of the images that a listing does not show."""
    present = {image.id for image in listing}
    return tuple(key for key, number in ids.items() if number not in present)


def came_by_zip(run: Run) -> bool:
    """Whether the run's images came by the one zip that a dataset takes: they cannot be sent again one by one."""
    return ONCE in run.ledger.rows["upload"]


def gone(run: Run, dataset: Id, keys: tuple[str, ...]) -> Reopen | RunFailed:
    """What images that are gone from a dataset mean: they are uploaded again, unless they came by zip."""
    text = f"{len(keys)} images are gone from dataset {dataset}"
    if came_by_zip(run):
        return RunFailed(f"{text}, which takes no second zip. The training was not started.", run.name)
    return Reopen(text, "upload", keys)


async def audit(
    session: Session, run: Run, dataset: Dataset, planned: Mapping[str, Stored], *, mend: bool
) -> tuple[DatasetImage, ...]:
    """Before a step that cannot be undone: the dataset must hold every planned image once; returns what it lists.

    With `mend`, copies are deleted (the one in the journal stays) and missing images are uploaded again, unless they
    came by zip; strangers are somebody else's and are reported. Without, the dataset is frozen and any difference
    pauses the run.

    Raises:
        Reopen: images are gone and must be uploaded again.
        RunPaused: it cannot be mended.
    """
    if mend:
        await _late_arrivals(session, run)
    listing = await session.images.list(dataset.id)
    result = compare(listing, planned)
    if result.strangers and not names_are_kept(planned.items()) and not came_by_zip(run):
        result = await _copies_by_content(session, run, result, planned)
    for image in result.strangers:
        run.warned(f"image {image.id} ({image.image_name}) in dataset {dataset.id} is none of this run's")
    if mend:
        for image in result.copies if not came_by_zip(run) else ():
            run.warned(f"image {image.id} ({image.image_name}) was there twice; the copy is deleted")
            await session.images.delete(dataset.id, image.id)
        if result.missing:
            raise gone(run, dataset.id, result.missing)
    elif result.missing or result.copies:
        raise RunPaused(
            f"Dataset {dataset.id} is completed and differs from the plan: {len(result.missing)} images missing, "
            f"{len(result.copies)} twice. The training was not started.",
            run.name,
        )
    await keep_captions(run, listing)
    return listing


async def _late_arrivals(session: Session, run: Run) -> None:
    """Give each request that was taken for lost, and sent again, two settle delays in which it may arrive after all.

    Where the last one was answered, those before it had one already; where an effect was found, it is unknown whose.
    """
    age = run.ledger.age
    left = [run.settle * (2 if row.via == "adopted" else 1) - age(row) for row in sent_again(run)]
    if (wait := max(left, default=0.0)) > 0:
        run.ledger.note(Happened.WAITED, reason=f"{wait:.0f} s for images that were sent twice", wait=round(wait, 1))
        await session.host.sleep(wait)


async def _copies_by_content(
    session: Session, run: Run, result: Comparison, planned: Mapping[str, Stored]
) -> Comparison:
    """Where names say nothing, strangers are copies if their bytes are those of an image that is there already."""
    there = planned.keys() - set(result.missing)
    images: Mapping[str, Any] = run.items["image"]
    hashes = {image.sha256 for key, image in images.items() if key in there}
    copies = [image for image in result.strangers if await _sha256(session, run, image) in hashes]
    others = tuple(image for image in result.strangers if image not in copies)
    return attrs.evolve(result, copies=(*result.copies, *copies), strangers=others)
