"""What there is to say of a run's images, as its events: the words are those of `inspect`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from bria_async.engines.run import Run
from bria_async.errors import DownloadFailed, ImageError
from bria_async.graph.events import Happened, Told
from bria_async.graph.records import Keeper, RunRow
from bria_async.images.findings import Finding, by_kind, named, of_image, of_likeness, of_pixels
from bria_async.images.look import Measures
from bria_async.images.probe import ImageFile
from bria_async.session import Session

from .fetching import at_hand
from .reconcile import Stored
from .several import several

FINDINGS = "findings"
"""The input of a run that nothing fans out over: what there is to say of its images, told when somebody begins."""


def told(findings: Iterable[Finding]) -> list[Told]:
    """Each warning, and of infos about single images one for each kind."""
    infos: list[Finding] = []
    happened: list[Told] = []
    for finding in findings:
        if finding.level == "info":
            infos.append(finding)
        else:
            happened.append((Happened.WARNED, {"reason": str(finding)}))
    return [*happened, *((Happened.NOTED, {"reason": str(info)}) for info in by_kind(infos))]


async def untold(journal: Keeper, row: RunRow) -> list[Told]:
    """What there is to say of a run's images, as long as nobody has begun to work on it."""
    begins = (Happened.STARTED, Happened.RESUMED)
    if any([await journal.count(row.id, what) for what in begins]):
        return []
    return [(Happened(what), data) for what, data in (await journal.items(row.id, FINDINGS)).values()]


def tell_decoded(run: Run, image: ImageFile, decoded: ImageFile) -> Measures | None:
    """Tell what an image that is uploaded shows by itself, if only its upload decoded it; its measures, if it is told.

    Of one that was sent more than once nobody knows here whether it was told: `tell_likeness` does. Whoever calls this
    returns at once, so that it is written with his outcome.
    """
    if image.decoded or run.ledger.rows["upload"][image.key].attempt > 1:
        return None
    for what, data in told(_of_itself(image, decoded)):
        run.ledger.note(what, **data)
    return decoded.measures


async def tell_likeness(session: Session, run: Run, upload: Mapping[str, Stored]) -> None:
    """Tell what pixels show beside those of the others, where not all were decoded before the run began: once in a run.

    An image of which its upload told nothing, because its answer was lost or it was sent again, is decoded again, and
    what it shows by itself is told now.
    """
    ledger, images = run.ledger, run.items["image"]
    if await ledger.journal.count(ledger.run.id, Happened.COMPARED):
        return
    late = await session.host.in_thread(_late, images, upload)
    if not late:
        return
    unseen = [key for key, measures in late.items() if measures is None and key in upload]
    again = await several(unseen, lambda key: _again(session, run, images[key]))
    await ledger.record_all(await session.host.in_thread(_compared, images, upload, late, again))


def _of_itself(image: ImageFile, decoded: ImageFile) -> Iterator[Finding]:
    """What an image shows by itself that its header did not; infos wait for those of the others."""
    before = set(of_image(attrs.evolve(image, path=decoded.path)))  # fetched again, it may lie elsewhere
    yield from (finding for finding in of_image(decoded) if finding not in before)
    if decoded.measures is not None:
        yield from (finding for finding in of_pixels(decoded.path, decoded.measures) if finding.level != "info")


def _late(images: Mapping[str, ImageFile], upload: Mapping[str, Stored]) -> dict[str, Measures | None]:
    """The images that were not decoded before the run began, with their measures as far as uploads kept them."""
    late = (key for key, image in images.items() if not image.decoded)
    return {key: upload[key].measures if key in upload else None for key in late}


async def _again(session: Session, run: Run, image: ImageFile) -> ImageFile | None:
    try:
        return await at_hand(session, run, image)
    except (ImageError, DownloadFailed):
        return None


def _compared(
    images: Mapping[str, ImageFile],
    upload: Iterable[str],
    late: Mapping[str, Measures | None],
    again: Iterable[ImageFile | None],
) -> list[Told]:
    """What there is to tell of all that were uploaded, and that it was."""
    decoded = {image.key: image for image in again if image is not None}
    seen = {**late, **{key: image.measures for key, image in decoded.items()}}
    measured: dict[Path, Measures] = {}
    infos: list[Finding] = []
    gone: list[Path] = []
    for key in upload:
        image = images[key]
        if (measures := seen.get(key, image.measures)) is None:
            gone.append(image.path)
            continue
        measured[image.path] = measures
        if key in late:
            infos += (finding for finding in of_pixels(image.path, measures) if finding.level == "info")
    alone = (finding for key, image in decoded.items() for finding in _of_itself(images[key], image))
    words = f"{named(gone, None)}: could not be looked at again, so nobody compared it with the others"
    return [
        *told([*alone, *of_likeness(measured), *infos]),
        *([(Happened.WARNED, {"reason": words})] if gone else []),
        (Happened.COMPARED, {"reason": f"{len(measured):,} images were compared with each other"}),
    ]
