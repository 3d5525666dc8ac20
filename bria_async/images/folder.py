"""A folder of images: what can be uploaded, what cannot and why, and what is there twice."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from bria_async.errors import ImageError
from bria_async.host import Host

from .formats import HEAD, is_image_head, is_image_name
from .probe import CAPTION, LIMITS, ImageFile, Limits, check, load_decoder, probe, recheck
from .source import read_head

Progress = Callable[[int, int], None]
"""Called after each file with how many are done, and of how many."""

PROCESSORS = getattr(os, "process_cpu_count", os.cpu_count)() or 1
DECODED_AT_ONCE = PROCESSORS + 1
"""Images: with one more than there are processors, none of those waits while the loop hands out the next."""
DECODED_BESIDE_UPLOADS = min(31, PROCESSORS + 3)
"""The same where a loop hands it out that is busy with uploads: with two less a training takes 1.03 x the time. The
loop has one thread more by itself, which is left to others."""

T = TypeVar("T")
R = TypeVar("R")
_Verdict = ImageFile | ImageError
_REASONS: dict[type[OSError], str] = {
    FileNotFoundError: "is not there",
    NotADirectoryError: "is not a folder",
}


@attrs.frozen
class Scan:
    """What a folder holds.

    `images` can be uploaded, each content once, in the order of their names; `problems` are the files that
    cannot, and folders below that cannot be listed; `duplicates` are groups of files with the same bytes, the one in
    `images` first; `orphans` are text files (`.txt`) whose stem no image has; `ignored` counts files that are neither
    images nor texts, hidden ones not counted; `folder` is None of files that were given one by one.
    """

    images: tuple[ImageFile, ...]
    problems: tuple[ImageError, ...] = ()
    duplicates: tuple[tuple[ImageFile, ...], ...] = ()
    orphans: tuple[Path, ...] = ()
    ignored: int = 0
    folder: Path | None = None


async def scan(
    where: Path | Iterable[Path],
    host: Host,
    limits: Limits = LIMITS,
    *,
    recursive: bool = False,
    most_decoded: int | None = None,
    at_once: int = DECODED_AT_ONCE,
    progress: Progress | None = None,
    known: Mapping[Path, ImageFile] | None = None,
) -> Scan:
    """Look at all images of a folder, or at files, in worker threads; nothing is changed.

    Files of a folder count as images by their extension, or by their first bytes. Hidden files, folders and links to
    folders are passed over. A folder below that cannot be listed is a problem, and the others are looked at. An empty
    folder gives an empty scan.

    Args:
        where: the folder where the images lie; or files in their order, each of which is meant to be an image.
        host: whose threads to use.
        limits: what an image may be.
        recursive: look into the folders below, too.
        most_decoded: where there are more files than that, only the first so many images are decoded and measured;
            whether the others are damaged, and what their pixels tell, is left to `probe.check`.
        at_once: files decoded at a time, by default one more than there are processors; each takes memory for its
            file and, unless it is an ordinary JPEG, four to sixteen bytes per pixel (`memory`), 1 GiB in all.
        progress: called after each file with how many are done, and of how many.
        known: what an earlier look found; a file of the same size and modification time is not read again.

    Raises:
        ImageError: the folder is not there, is no folder, or cannot be listed.
        MissingExtra: Pillow is not installed.
    """
    listing = await host.in_thread(_list, where, recursive) if isinstance(where, Path) else _Listing(tuple(where))
    distinct = tuple(dict.fromkeys(listing.candidates))
    await host.in_thread(load_decoder)
    whole = most_decoded is None or len(distinct) <= most_decoded
    look = partial(_look, limits=limits, known=known or {}, whole=whole)
    verdicts = await in_threads(distinct, look, host, at_once, progress)
    if not whole:
        first = {group[0].sha256 for group in _by_content(verdicts)[:most_decoded]}
        left = {image.path: image for image in _images(verdicts) if image.sha256 in first and not image.decoded}
        checked = await in_threads(tuple(left.values()), partial(_verdict, check), host, at_once)
        told = dict(zip(distinct, verdicts, strict=True)) | dict(zip(left, checked, strict=True))
        verdicts = list(told.values())
    groups = _by_content(verdicts)
    return Scan(
        images=tuple(group[0] for group in groups),
        problems=(*listing.problems, *(verdict for verdict in verdicts if isinstance(verdict, ImageError))),
        duplicates=tuple(group for group in groups if len(group) > 1),
        orphans=listing.orphans,
        ignored=listing.ignored,
        folder=where if isinstance(where, Path) else None,
    )


async def in_threads(
    files: Sequence[T],
    work: Callable[[T], R],
    host: Host,
    at_once: int = DECODED_AT_ONCE,
    progress: Progress | None = None,
) -> list[R]:
    """Do some blocking work on each of these files, so many at a time; what came of it, in their order.

    The first error ends it all.
    """
    done: dict[int, R] = {}
    waiting = iter(enumerate(files))

    async def worker() -> None:
        for index, file in waiting:
            done[index] = await host.in_thread(work, file)
            if progress is not None:
                progress(len(done), len(files))

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(at_once, len(files))):
                workers.create_task(worker())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # callers know it by its class
    return [done[index] for index in range(len(files))]


def _look(path: Path, limits: Limits, known: Mapping[Path, ImageFile], whole: bool) -> _Verdict:
    earlier = known.get(path)
    return earlier if earlier is not None and recheck(earlier) else _verdict(probe, path, limits, whole)


def _verdict(look: Callable[..., ImageFile], *args: object) -> _Verdict:
    try:
        return look(*args)
    except ImageError as error:
        return attrs.evolve(error)  # a copy without traceback, whose frames would keep the file's bytes


def _images(verdicts: Iterable[_Verdict]) -> Iterator[ImageFile]:
    return (verdict for verdict in verdicts if isinstance(verdict, ImageFile))


def _by_content(verdicts: Iterable[_Verdict]) -> list[tuple[ImageFile, ...]]:
    groups: dict[str, list[ImageFile]] = {}
    for image in _images(verdicts):
        groups.setdefault(image.sha256, []).append(image)
    return [tuple(group) for group in groups.values()]


@attrs.frozen
class _Listing:
    candidates: tuple[Path, ...]
    problems: tuple[ImageError, ...] = ()
    orphans: tuple[Path, ...] = ()
    ignored: int = 0


def _list(folder: Path, recursive: bool) -> _Listing:
    candidates: list[Path] = []
    texts: list[Path] = []
    problems: list[ImageError] = []
    ignored = 0
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = _entries(here)
        except ImageError as error:
            if here == folder:
                raise
            problems.append(attrs.evolve(error))  # a copy without traceback: there may be thousands
            continue
        for entry in entries:
            path = here / entry.name
            if _is_folder(entry):
                waiting += [path] if recursive and not entry.is_symlink() else []
            elif path.suffix.lower() == CAPTION:
                texts.append(path)
            elif is_image_name(path.name) or is_image_head(read_head(path, HEAD)):
                candidates.append(path)
            else:
                ignored += 1
    candidates.sort(key=lambda path: path.relative_to(folder).as_posix())
    problems.sort(key=lambda problem: problem.path)
    captioned = {path.with_suffix("") for path in candidates}
    orphans = sorted(path for path in texts if path.with_suffix("") not in captioned)
    return _Listing(tuple(candidates), tuple(problems), tuple(orphans), ignored)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, but for what is hidden.

    Raises:
        ImageError: it cannot be listed to its end.
    """
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        reason = _REASONS.get(type(error), f"cannot be listed: {error.strerror}")
        raise ImageError(reason, str(folder), "unlisted") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        return False
