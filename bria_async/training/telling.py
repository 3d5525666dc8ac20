"""What there is to say of a run's images, as its events: the words are those of `inspect`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bria_async.engines.run import Run
from bria_async.graph.events import Happened, Told
from bria_async.graph.records import Keeper, RunRow
from bria_async.images.findings import Finding, by_kind, of_image, of_likeness, of_pixels
from bria_async.images.look import Measures
from bria_async.images.probe import ImageFile
from bria_async.session import Session

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


def tell(run: Run, findings: Iterable[Finding]) -> None:
    """Tell it at once."""
    for what, data in told(findings):
        run.ledger.note(what, **data)


def tell_decoded(run: Run, image: ImageFile, decoded: ImageFile) -> None:
    """Tell once what an image shows by itself that its header did not; infos wait for those of the others."""
    if decoded.measures is None or decoded.key in run.seen:
        return
    run.seen[decoded.key] = decoded.measures
    before = set(of_image(image))
    new = [finding for finding in of_image(decoded) if finding not in before]
    pixels = of_pixels(decoded.path, decoded.measures)
    tell(run, [*new, *(finding for finding in pixels if finding.level != "info")])


async def tell_likeness(session: Session, run: Run) -> None:
    """Tell what pixels show beside those of the others, once the last image was decoded after the run began.

    What another process has decoded since then is not among them.
    """
    seen, run.seen = run.seen, {}
    if seen:
        tell(run, await session.host.in_thread(_together, run.items["image"], seen))


def _together(images: Mapping[str, ImageFile], seen: Mapping[str, Measures]) -> list[Finding]:
    measured: dict[Path, Measures] = {}
    infos: list[Finding] = []
    for key, image in images.items():
        if (measures := seen.get(key, image.measures)) is not None:
            measured[image.path] = measures
        if key in seen:
            infos += (finding for finding in of_pixels(image.path, seen[key]) if finding.level == "info")
    return [*of_likeness(measured), *infos]
