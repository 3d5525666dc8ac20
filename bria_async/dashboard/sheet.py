"""The contact sheet of an inspection: one HTML file that shows what is wrong with which image.

Nothing in it comes from elsewhere, and of a file nothing is in it but pixels, encoded anew, its name and its caption.
Both are texts of strangers: the template escapes them, and its policy runs no script but our own.
"""

import base64
import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import resources
from pathlib import Path

import attrs

from bria_async.errors import ImageError
from bria_async.host import Host
from bria_async.images.findings import LEVELS, Finding, Level, name_below, sorted_by_level
from bria_async.images.folder import DECODED_AT_ONCE, Progress, in_threads
from bria_async.images.inspection import Inspection
from bria_async.images.target import target_of
from bria_async.images.thumbnail import thumbnail

from .templating import SUFFIX, size, write_page
from .thumbnails import side_for

TOGETHER = ("near-duplicate", "duplicate", "caption-twice")
"""Findings whose files are shown side by side."""

_SIGNS: Mapping[Level, str] = {"error": "✖", "warning": "▲", "info": "●"}


@attrs.frozen
class Tile:
    """An image on the sheet."""

    number: int
    name: str
    picture: str
    """Its thumbnail as a `data:` address; empty where there is none."""
    facts: tuple[str, ...]
    caption: str
    findings: tuple[Finding, ...]
    sharpness: float | None
    brightness: float | None

    @property
    def level(self) -> str:
        """The worst of its findings; `fine` without one."""
        return self.findings[0].level if self.findings else "fine"

    @property
    def rank(self) -> int:
        """Its place among others by the worst of its findings."""
        return (*LEVELS, "fine").index(self.level)

    @property
    def codes(self) -> str:
        """What it is found by."""
        return " ".join(sorted({finding.code for finding in self.findings}))


async def write_sheet(
    inspection: Inspection,
    to: str | Path,
    *,
    host: Host | None = None,
    at_once: int = DECODED_AT_ONCE,
    progress: Progress | None = None,
    again: str = "",
    back: str = "",
) -> Path:
    """Write the contact sheet of an inspection as one HTML file, which appears whole or not at all.

    Args:
        inspection: what was found; its files are read once more for their thumbnails.
        to: the file; one of this name is replaced, unless it is an image or a caption.
        host: whose threads to use.
        at_once: images at a time, by default one more than there are processors.
        progress: called after each image with how many are done, and of how many.
        again: an address that looks at the images again, which the sheet then leads to.
        back: the address of the run whose images they are, as above.

    Returns:
        The file.

    Raises:
        ConfigurationError: it cannot be written, or is an image or a caption; nothing was read for it.
        MissingExtra: jinja2 or Pillow is not installed.
    """
    host = host or Host()
    to = await host.in_thread(target_of, to, SUFFIX)
    files = inspection.files
    side = side_for(len(files))
    pictures = await in_threads(files, partial(_picture, side=side), host, at_once, progress)
    tiles = await host.in_thread(tiles_of, inspection, dict(zip(files, pictures, strict=True)))
    facts = {**_facts(inspection, tiles), "again": again, "back": back, "at": host.now()}
    await host.in_thread(partial(write_page, to, "sheet.html", **facts))
    return to


def tiles_of(inspection: Inspection, pictures: Mapping[Path, bytes | None]) -> dict[Path, Tile]:
    """A tile for each file, in the order of their names, with its thumbnail if there is one."""
    about: dict[Path, list[Finding]] = defaultdict(list)
    for finding in inspection.findings:
        for path in finding.files:
            about[path].append(finding)
    images = {image.path: image for image in itertools.chain(inspection.images, *inspection.scan.duplicates)}
    found: dict[Path, Tile] = {}
    for number, (path, picture) in enumerate(pictures.items()):
        image = images.get(path)
        measures = None if image is None else image.measures
        found[path] = Tile(
            number=number,
            name=name_below(inspection.folder, path),
            picture="" if picture is None else f"data:image/webp;base64,{base64.b64encode(picture).decode()}",
            facts=() if image is None else (f"{image.width} x {image.height}", size(image.size)),
            caption=str(inspection.captions.get(path, "")),
            findings=sorted_by_level(about[path]),
            sharpness=None if measures is None else measures.sharpness,
            brightness=None if measures is None else measures.brightness,
        )
    return found


def _picture(path: Path, side: int) -> bytes | None:
    try:
        return thumbnail(path, side)
    except ImageError:
        return None  # its tile says what is wrong with it


def _facts(inspection: Inspection, tiles: Mapping[Path, Tile]) -> dict[str, object]:
    """What the template shows."""
    style, script = (_source(name) for name in ("sheet.css", "sheet.js"))
    count = Counter((finding.level, finding.code) for tile in tiles.values() for finding in tile.findings)
    return {
        "title": inspection.folder.name,
        "family": inspection.family,
        "levels": {level: len(inspection.of(level)) for level in LEVELS},
        "signs": _SIGNS,
        "whole": [finding for finding in inspection.findings if tiles.keys().isdisjoint(finding.files)],
        "groups": list(_groups(inspection.findings, tiles)),
        "filters": sorted(count.items(), key=lambda item: (LEVELS.index(item[0][0]), -item[1])),
        "tiles": sorted(tiles.values(), key=lambda tile: tile.rank),
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
    }


def _groups(findings: Sequence[Finding], tiles: Mapping[Path, Tile]) -> Iterator[tuple[Finding, list[Tile]]]:
    for finding in findings:
        if finding.code in TOGETHER:
            yield finding, [tiles[path] for path in finding.files]


def _source(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """How a content security policy names what it lets run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
