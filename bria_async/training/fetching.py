"""Images that a plan names by their addresses: fetched when the run begins, and again wherever their files are not.

Theory. A list of addresses stands for a folder. Whoever begins the run fetches each of them once, into the run's own
folder, and looks at the files as at any others. From then on an image is its sha256: its file is a copy, which may be
lost or lie on another machine. Whoever needs its bytes asks `at_hand`, which fetches them again and takes no others for
them.

Of a large set only the first images are decoded before the run begins. The others wait for it in `at_hand` too, so that
none is sent that did not decode to its last pixel, and uploads do not wait until all have.
"""

import hashlib
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import attrs

from bria_async.engines.run import Run
from bria_async.engines.turns import Turns
from bria_async.errors import DownloadFailed, ImageChanged, ImageError
from bria_async.images.folder import Scan, scan
from bria_async.images.formats import EXTENSIONS, HEAD, accepted
from bria_async.images.probe import LIMITS, ImageFile, check, recheck
from bria_async.images.source import read_head, read_whole
from bria_async.session import Session
from bria_async.wire.redaction import shown

from .plan import Plan
from .samples import make_way
from .several import several

IMAGES = "images"
"""The folder of fetched images, in that of the run."""
LARGEST_LIST = 16 * 2**20
"""Bytes of a list: as many presigned addresses as a zip holds images, and as many again."""

_ADDRESS = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)


@attrs.frozen
class Fetched:
    """What the addresses of a list gave: each its file, or why there is none."""

    listed: Mapping[str, int]
    """The line of each."""
    got: Mapping[str, Path | DownloadFailed]


def addresses_in(path: Path) -> dict[str, int] | None:
    """The addresses that a text file lists, and the line of each; None where there is no file. Blocks.

    Raises:
        ImageError: it cannot be read, or holds something else than addresses and comments.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no folder has such a name"
        raise ImageError(f"cannot be opened: {reason}", str(path)) from None
    try:
        text = read_whole(path, LARGEST_LIST).data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ImageError("is neither a folder of images nor a text file of their addresses", str(path)) from None
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not (address := line.strip()) or address.startswith("#"):
            continue
        if not _ADDRESS.fullmatch(address):
            raise ImageError(f"holds in line {number} something else than one http or https address", str(path))
        found.setdefault(address, number)
    return found


async def fetch_all(session: Session, plan: Plan, folder: Path, turns: Turns | None = None) -> Fetched | None:
    """Fetch the images of a plan that lists addresses, for a run that lies in this folder; None for one of a folder.

    `turns` are those of many runs, whose servers may all be slow.

    Raises:
        PlanInvalid: the plan cannot work whatever its images are, or an address could not be asked.
        ImageError: there is no such list.
    """
    listed = await session.host.in_thread(addresses_in, plan.images)
    if listed is None:
        return None
    texts = ["captions=files needs a folder: there are no text files beside addresses"]
    plan.refuse([*plan.problems, *(texts if plan.captions == "files" else ())])

    async def fetch(url: str) -> Path | DownloadFailed:
        path = folder / IMAGES / _name(url, listed[url])
        try:
            await _fetch(session, url, path)
        except DownloadFailed as error:
            return attrs.evolve(error)  # a copy without traceback: there may be thousands
        return await session.host.in_thread(_named_by_content, path)

    async with (turns or Turns()).turn(plan.run):
        got = dict(zip(listed, await several(tuple(listed), fetch), strict=True))
    plan.refuse(  # even where bad images are left out: nobody knows whether these are
        [
            f"{_told(listed, url)}: {_why(error)} (take it out of the list, or try again)"
            for url, error in got.items()
            if isinstance(error, DownloadFailed) and not error.gone
        ]
    )
    return Fetched(listed, got)


async def look_at(
    session: Session, plan: Plan, folder: Path, fetched: Fetched | None = None
) -> tuple[Scan, tuple[str, ...]]:
    """Look at the images of a plan whose run lies in this folder, and fetch them first unless they are `fetched`.

    Returns:
        What was found, and the addresses that gave no image of their own.

    Raises:
        PlanInvalid: the plan cannot work whatever its images are, or an address could not be asked.
        ImageError: there is neither a folder nor a list.
    """
    if (fetched := fetched or await fetch_all(session, plan, folder)) is None:
        return await scan(plan.images, session.host, plan.limits, most_decoded=plan.most_decoded), ()
    files = {str(path): url for url, path in fetched.got.items() if isinstance(path, Path)}
    found = await scan(map(Path, files), session.host, plan.limits, most_decoded=plan.most_decoded)
    problems = {url: ImageError(_why(error)) for url, error in fetched.got.items() if isinstance(error, DownloadFailed)}
    problems |= {files[problem.path]: problem for problem in found.problems}
    listed = fetched.listed
    told = (attrs.evolve(problems[url], path=_told(listed, url)) for url in listed if url in problems)
    images = tuple(attrs.evolve(image, url=files[str(image.path)]) for image in found.images)
    came = {image.url for image in images}
    return attrs.evolve(found, images=images, problems=tuple(told)), tuple(url for url in listed if url not in came)


async def at_hand(session: Session, run: Run, image: ImageFile) -> ImageFile:
    """An image as a file of this machine that decoded to its last pixel.

    What has an address is fetched again where it is not there.

    Raises:
        ImageChanged: its address gives other bytes than when the run began, or its file was written to.
        ImageError: its address gives none any more, or they are damaged.
        DownloadFailed: its address gives none just now.
    """
    here = image if image.url is None else await _fetched_again(session, run, image, image.url)
    return here if here.decoded else await _decoded(session, run, here)


async def all_at_hand(session: Session, run: Run, images: Iterable[ImageFile]) -> list[ImageFile]:
    """The same for many, several at once."""
    return await several(tuple(images), lambda image: at_hand(session, run, image))


async def _decoded(session: Session, run: Run, image: ImageFile) -> ImageFile:
    """The image, decoded when it is its turn: `DECODED_BESIDE_UPLOADS`, in the order of the uploads."""
    async with run.processors.turn(run.name):
        try:
            return await session.host.in_thread(check, image)
        except ImageError as error:
            path = error.path if image.url is None else shown(image.url)
            raise attrs.evolve(error, message=f"{error.message}; nothing was sent", path=path) from None


async def _fetched_again(session: Session, run: Run, image: ImageFile, url: str) -> ImageFile:
    here = attrs.evolve(image, path=run.folder / IMAGES / image.path.name)
    if (same := await session.host.in_thread(_same, here)) is not None:
        return same
    try:
        await _fetch(session, url, here.path)
    except DownloadFailed as error:
        if error.gone:
            raise ImageError(f"cannot be fetched any more: {_why(error)}", error.url) from None
        raise
    if (same := await session.host.in_thread(_same, here)) is None:
        raise ImageChanged("has changed since the run began", shown(url))
    return same


def _same(image: ImageFile) -> ImageFile | None:
    """The image with the time of its file as it is now, if that has its bytes; blocks."""
    if recheck(image):
        return image
    try:
        content = read_whole(image.path, image.size)
    except ImageError:
        return None
    if hashlib.sha256(content.data).hexdigest() != image.sha256:
        return None
    return attrs.evolve(image, mtime_ns=content.mtime_ns)


async def _fetch(session: Session, url: str, path: Path) -> None:
    try:
        await session.host.in_thread(make_way, path)
    except OSError as error:
        raise DownloadFailed(f"the folder {path.parent} cannot be used: {error.strerror}", shown(url)) from None
    await session.download(url, path, limit=LIMITS.max_bytes)


def _name(url: str, line: int) -> str:
    """A file name of our own: the line in the list, and words of the address for people."""
    stem = PurePosixPath(unquote(shown(url).rpartition("/")[2])).stem
    words = re.sub(r"[^\w]+", "-", stem, flags=re.ASCII)[:40].strip("-")
    return f"{line:04d}-{words or 'image'}"


def _named_by_content(path: Path) -> Path:
    """Give a file the extension of what it is, whatever its address says."""
    form = accepted(read_head(path, HEAD))
    return path if form is None else path.replace(path.with_suffix(f".{EXTENSIONS[form][0]}"))


def _told(listed: Mapping[str, int], url: str) -> str:
    """An address as people find it: by what may be shown of it, and by its line."""
    return f"{shown(url)} (line {listed[url]})"


def _why(error: DownloadFailed) -> str:
    """Why there is no file; only of results does an empty one mean that moderation stopped it."""
    return error.message.partition(": it was stopped by moderation")[0]
