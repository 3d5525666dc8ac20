"""Copies of images without what is wrong with them; the files themselves are never changed."""

import hashlib
import itertools
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import attrs

from bria_async.errors import ConfigurationError, ImageChanged, ImageError
from bria_async.host import Host
from bria_async.partfile import PartFile
from bria_async.paths import expanded
from bria_async.types.trainings import WANTED_SIDE

from .captions import LARGEST_TEXT
from .folder import DECODED_AT_ONCE, Progress, in_threads
from .formats import EXTENSIONS, Format, extension_of
from .inspection import Inspection
from .probe import CAPTION, LIMITS, ImageFile, format_of, probe
from .source import read_whole

LARGEST = 256 * 2**20
"""Bytes of a file that is too large to be sent and is made smaller: those of 64 megapixels of 32 bits, uncompressed."""

DONE: Mapping[str, str] = {
    "turned": "turned upright",
    "transparent": "flattened",
    "cmyk": "CMYK to RGB",
    "palette": "palette to RGB",
    "16-bit": "16 bits to 8",
    "animated": "first frame kept",
    "small": f"sized up to {WANTED_SIDE} pixels",
    "too-large": "encoded anew below 12 MB",
    "extension": "named by what it is",
}
"""What is done about a finding, by its code; nothing is done about others."""

_MENDABLE = ("too-large", "too-small")
"""Of files that are refused for their bytes, or for sides that the server would enlarge if it might."""
_ENCODED_ANEW = frozenset(DONE) - {"extension"}
Colour = tuple[int, int, int]


@attrs.frozen
class Mended:
    """What became of the files of an inspection.

    `copies` are the new files by their sources; `changes` say what was done, for those that are not as they were;
    `problems` are the files that have no copy: images that nothing mends, and texts that are too large for captions or
    cannot be read, whose images are copied without them.
    """

    folder: Path
    copies: Mapping[Path, Path]
    changes: Mapping[Path, tuple[str, ...]]
    problems: tuple[ImageError, ...] = ()


async def mend(
    inspection: Inspection,
    folder: str | Path,
    *,
    background: str = "white",
    host: Host | None = None,
    at_once: int = DECODED_AT_ONCE,
    progress: Progress | None = None,
) -> Mended:
    """Write copies of the images of an inspection into another folder, mended where that is possible.

    Turned upright, flattened, greys or RGB of 8 bits, the first frame of an animation, the shorter side at least 1024
    pixels, and below 12 MB; named by what they are. An image that needs none of it is copied byte for byte; captions go
    with their images; of files with the same bytes the first one is copied. Each file appears whole or not at all.

    Args:
        inspection: what was found.
        folder: where the copies go, made if it is not there; it must be empty, and not inside the inspected one.
        background: what transparent pixels are laid on: a colour name, or `#rrggbb`.
        host: whose threads to use.
        at_once: images at a time, by default one more than there are processors.
        progress: called after each file with how many are done, and of how many.

    Raises:
        ConfigurationError: the folder cannot be used, or there is no such colour.
        MissingExtra: Pillow is not installed.
    """
    host = host or Host()
    to, ground = await host.in_thread(target_of, folder, inspection.folder, background)
    await host.in_thread(_make, to)
    found = inspection.scan
    hopeless = (problem for problem in found.problems if problem.code not in _MENDABLE)
    sources: dict[Path, ImageFile | ImageError] = {image.path: image for image in found.images}
    sources |= {Path(problem.path): problem for problem in found.problems if problem.code in _MENDABLE}
    names = _Names(inspection.folder, to, sources)
    work = partial(_outcome, names=names, ground=ground)
    outcomes = dict(zip(sources, await in_threads(tuple(sources.values()), work, host, at_once, progress), strict=True))
    made = {path: outcome for path, outcome in outcomes.items() if isinstance(outcome, _Copy)}
    left = (outcome.without if isinstance(outcome, _Copy) else outcome for outcome in outcomes.values())
    return Mended(
        to,
        copies={path: copy.path for path, copy in made.items()},
        changes={path: copy.changes for path, copy in made.items() if copy.changes},
        problems=(*hopeless, *(problem for problem in left if problem is not None)),
    )


@attrs.frozen
class _Source:
    """A file to copy, and what was seen of it: its hash, its caption, and the codes of what is unusual about it."""

    path: Path
    sha256: str
    caption: Path | None
    codes: tuple[str, ...]


def _refused(problem: ImageError) -> _Source:
    """A file that was refused for its size."""
    return _source(probe(Path(problem.path), attrs.evolve(LIMITS, max_bytes=LARGEST)), problem.code)


def _source(image: ImageFile, *more: str) -> _Source:
    small = ("small",) if min(image.width, image.height) < WANTED_SIDE else ()
    codes = (*(oddity.code for oddity in image.oddities), *small, *more)
    return _Source(image.path, image.sha256, image.caption_path, codes)


class _Names:
    """The names of copies: those of their sources, unless their format says otherwise or another copy has it."""

    def __init__(self, source: Path, to: Path, paths: Iterable[Path]) -> None:
        self._source = source
        self._to = to
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._stems = {self._stem(path.relative_to(source)) for path in paths}

    def take(self, path: Path, form: Format) -> Path:
        """A name that no other copy has, on file systems that do not tell upper from lower case either.

        One that is made up has a stem that no other file has, so that captions stay with their images.
        """
        inside = path.relative_to(self._source)
        if extension_of(inside.name) not in EXTENSIONS[form]:
            inside = inside.with_name(f"{inside.stem}.{EXTENSIONS[form][0]}")
        others = (inside.with_stem(f"{inside.stem}-{number}") for number in itertools.count(2))
        with self._lock:
            if str(inside).casefold() in self._taken:
                inside = next(other for other in others if self._stem(other) not in self._stems)
                self._stems.add(self._stem(inside))
            self._taken.add(str(inside).casefold())
        return self._to / inside

    @staticmethod
    def _stem(inside: Path) -> str:
        return str(inside.with_suffix("")).casefold()


@attrs.frozen
class _Copy:
    """A new image, what was done, and why it is without its caption, if it is."""

    path: Path
    changes: tuple[str, ...]
    without: ImageError | None


def _outcome(found: ImageFile | ImageError, names: _Names, ground: Colour) -> _Copy | ImageError:
    try:
        source = _refused(found) if isinstance(found, ImageError) else _source(found)
        return _copied(source, names, ground)
    except ImageError as error:
        return attrs.evolve(error)  # a copy without traceback, whose frames would keep the file's bytes


def _copied(source: _Source, names: _Names, ground: Colour) -> _Copy:
    from .anew import encoded_anew  # noqa: PLC0415  (needs Pillow)

    data = read_whole(source.path, LARGEST).data
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise ImageChanged("changed since it was looked at", str(source.path))
    text = None if source.caption is None else _caption(source.caption)
    form = format_of(data, source.path)
    if _ENCODED_ANEW.intersection(source.codes):
        data, form = encoded_anew(data, form, ground, str(source.path))
    copy = names.take(source.path, form)
    _write(copy, data)
    if isinstance(text, bytes):
        _write(copy.with_suffix(CAPTION), text)
    changes = tuple(DONE[code] for code in source.codes if code in DONE)
    return _Copy(copy, changes, without=text if isinstance(text, ImageError) else None)


def _caption(path: Path) -> bytes | ImageError | None:
    """What a text file holds, or why it is no caption; an empty one is none."""
    try:
        return read_whole(path, LARGEST_TEXT).data
    except ImageError as error:
        return None if error.code == "empty" else attrs.evolve(error)  # a copy without traceback, as above


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with PartFile(path) as part:
            part.write(data)
            part.commit()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}.") from None


def target_of(folder: str | Path, source: Path, background: str) -> tuple[Path, Colour]:
    """Where copies of the images of a folder go, and the colour below them, refused before any work; blocks.

    Raises:
        ConfigurationError: the folder is not empty, no folder, in a home folder that nobody has, or inside the other
            one; or there is no such colour.
        MissingExtra: Pillow is not installed.
    """
    from .pillow import ImageColor  # noqa: PLC0415  (as above)

    to = expanded(folder).absolute()
    if to.resolve().is_relative_to(expanded(source).resolve()):
        raise ConfigurationError(f"Copies cannot go to {to}: it is inside the folder of the images.")
    try:
        if to.exists() and any(to.iterdir()):
            raise ConfigurationError(f"Copies cannot go to {to}: it is not empty.")
        red, green, blue, *_ = ImageColor.getrgb(background)
    except OSError as error:
        raise _unusable(to, error) from None
    except ValueError:
        raise ConfigurationError(f"There is no colour {background!r}: give a name, or #rrggbb.") from None
    return to, (red, green, blue)


def _make(to: Path) -> None:
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(to, error) from None


def _unusable(to: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"Copies cannot go to {to}: {error.strerror or error}.")
