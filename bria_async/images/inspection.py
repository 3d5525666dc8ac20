"""Looking at a folder of images before anything is paid for."""

from collections.abc import Mapping
from pathlib import Path

import attrs

from bria_async.errors import ConfigurationError
from bria_async.host import Host
from bria_async.paths import expanded
from bria_async.types.notebook import table
from bria_async.types.trainings import Family

from .captions import Caption, captions_of
from .findings import Finding, Level, by_kind, findings_of
from .folder import DECODED_AT_ONCE, Progress, Scan, scan
from .probe import ImageFile
from .terms import Terms


@attrs.frozen
class Inspection:
    """What a folder of images holds, and what there is to say about it.

    `images` can be used, each content once, in the order of their names, with the measures of their pixels; `findings`
    are sorted, errors first. `scan` is all that was seen: files that cannot be used, and copies, too. `captions` are
    what is kept of the texts beside the images, by their paths.
    """

    folder: Path
    family: Family
    scan: Scan = attrs.field(repr=False)
    findings: tuple[Finding, ...] = ()
    captions: dict[Path, Caption] = attrs.field(factory=dict, repr=False)

    @property
    def images(self) -> tuple[ImageFile, ...]:
        """The images that can be used."""
        return self.scan.images

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are images or claim to be, in the order of their names."""
        named = {Path(problem.path) for problem in self.scan.problems} | {image.path for image in self.images}
        named |= {image.path for group in self.scan.duplicates for image in group}
        return tuple(sorted(named, key=lambda path: path.as_posix()))

    def of(self, level: Level) -> tuple[Finding, ...]:
        """The findings of a level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    def _repr_html_(self) -> str:
        """How many can be used, and a row for each kind of finding, for notebooks."""
        rows: dict[str, object] = {"images": f"{len(self.images):,}", "family": self.family}
        for one in by_kind(self.findings):
            name = f"{one.level}: {one.code}"
            rows[name] = f"{rows[name]}; {one}" if name in rows else one
        return table(f"{self.folder}: inspected", rows)


async def inspect(
    folder: str | Path,
    *,
    host: Host | None = None,
    family: Family = "fibo",
    increase_resolution: bool | None = None,
    recursive: bool = False,
    requests_per_minute: float | None = None,
    at_once: int = DECODED_AT_ONCE,
    progress: Progress | None = None,
    known: Mapping[Path, ImageFile] | None = None,
) -> Inspection:
    """Look at all images of a folder as `train` does; nothing is sent, and no file is changed.

    Each file is read once: hashed, decoded to its last pixel, and measured. What is kept of an image are about two
    kilobytes, so that thousands fit.

    Args:
        folder: where the images lie (jpeg, png, webp), with their captions beside them, if there are any: `cat.txt` or
            `cat.TXT` for `cat.png`.
        host: whose threads to use.
        family: the training they are for; see `Plan`.
        increase_resolution: as in `Plan`: when false, images with a side below 1024 pixels cannot be used.
        recursive: look into the folders below, too.
        requests_per_minute: of the account, for the expected time of the uploads; by default those of usual accounts
            are told.
        at_once: files decoded at a time, by default one more than there are processors.
        progress: called after each file with how many are done, and of how many.
        known: what an earlier run began with (`bria_async.training.earlier.images_of_last_run`): what is new, edited or
            gone since is told.

    Raises:
        ConfigurationError: the requests per minute are not above 0, or the folder is in a home folder that nobody has.
        ImageError: the folder is not there, is no folder, or cannot be listed.
        MissingExtra: Pillow is not installed.
    """
    return await inspect_for(
        Terms(family=family, increase_resolution=increase_resolution),
        folder,
        host=host,
        recursive=recursive,
        requests_per_minute=requests_per_minute,
        at_once=at_once,
        progress=progress,
        known=known,
    )


async def inspect_for(
    terms: Terms,
    folder: str | Path,
    *,
    host: Host | None = None,
    recursive: bool = False,
    requests_per_minute: float | None = None,
    at_once: int = DECODED_AT_ONCE,
    progress: Progress | None = None,
    known: Mapping[Path, ImageFile] | None = None,
) -> Inspection:
    """The same for all that a plan says of its images; text files are read unless the server writes the captions."""
    if requests_per_minute is not None and not requests_per_minute > 0:
        raise ConfigurationError(f"Requests per minute must be above 0, not {requests_per_minute}.")
    host, where = host or Host(), expanded(folder).absolute()
    found = await scan(where, host, terms.limits, recursive=recursive, at_once=at_once, progress=progress)
    texts = None if terms.captions == "automatic" else await host.in_thread(captions_of, found.images)
    findings = await host.in_thread(findings_of, found, terms, texts, requests_per_minute, known)
    said = {path: text for path, text in (texts or {}).items() if isinstance(text, Caption)}
    return Inspection(where, terms.family, found, findings, said)
