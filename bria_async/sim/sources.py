"""Images that requests bring: as a file part, as base64, or by URL."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from bria_async.sim import results
from bria_async.sim.answers import Refusal
from bria_async.sim.parsing import number
from bria_async.sim.pictures import Picture, inspect
from bria_async.sim.routes import Call, Upload
from bria_async.sim.store import Blob, Blobs

_CHUNK = 1 << 20
_MOST = 10
_HEADER = ";base64,"
_LONGEST_HEADER = 200


@attrs.frozen
class Source:
    """An image that came with a request."""

    name: str
    blob: Blob
    picture: Picture
    url: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.width, self.picture.height

    def says(self, words: Sequence[str]) -> bool:
        """Whether its name holds any of the words, or its sha256 starts with one, in any case."""
        name = self.name.lower()
        return any(word.lower() in name or self.blob.sha256.startswith(word.lower()) for word in words)


async def image(call: Call, given: Upload | str, *, name: str | None = None) -> Source:
    """An image given as a file part or as base64, with or without a data-URI header (NOTES C32).

    A file part has its own name (SEED 003); base64 takes `name`.

    Raises:
        Refusal: 413 too large, 415 another type, 422 unreadable, 451 by option where documented.
    """
    if isinstance(given, Upload):
        return await _source(call, given.name, given.blob)
    head, header, tail = given[:_LONGEST_HEADER].partition(_HEADER)
    text = tail + given[_LONGEST_HEADER:] if header and head.startswith("data:") else given
    if len(text) * 3 // 4 > call.options.max_bytes + 3:
        raise too_large(call.options.max_bytes)
    blob = await asyncio.to_thread(_decoded, call.world.blobs, text)
    return await _source(call, name or "image", blob)


async def image_at(call: Call, url: str, *, name: str | None = None, missing: int | None = None) -> Source:
    """An image given by URL; only the simulator's own URLs and the fixtures of its options exist.

    Raises:
        Refusal: 404 one of its own that it does not have, 460 any other, and those of `image`. With `missing` both
            are that status: for operations that document only one of them, or neither.
    """
    path = await path_at(call, url, missing=missing)
    if path.stat().st_size > call.options.max_bytes:
        raise too_large(call.options.max_bytes)
    blob = await copied(call, path)
    return await _source(call, name or _last_part(url) or "image", blob, url)


async def any_image(call: Call, given: str, *, missing: int | None = None) -> Source:
    """An image in a field that takes base64 or a URL, as those of v2 do."""
    by_url = given[:8].lower().startswith(("http://", "https://"))
    return await (image_at(call, given, missing=missing) if by_url else image(call, given))


async def one_of(
    call: Call, url: str | None, file: Upload | str | None, name: str = "image", *, missing: int | None = None
) -> Source:
    """An image in one of two fields, `name` naming them together; the URL wins (SEED 000, 004). 400 without either."""
    if url is not None:
        return await image_at(call, url, missing=missing)
    if file is not None:
        return await image(call, file)
    raise Refusal(400, f"One of {name}_url and {name}_file must be provided")


async def images(call: Call, given: Sequence[str]) -> list[Source]:
    """Several images as base64 or by URL, in order. Unknown: how many; chosen: 10, more are a 400."""
    if len(given) > _MOST:
        raise Refusal(400, f"At most {_MOST} images are accepted")
    return [await any_image(call, each) for each in given]


def moderate(call: Call, named: Mapping[str, Source], *, asked: bool = True) -> None:
    """Refuse with 422 the first image that moderation blocks, by its parameter's name, where it is asked for."""
    for parameter, source in named.items():
        if asked and source.says(call.options.moderation.inputs):
            raise Refusal(422, f"The parameter {parameter} did not pass content moderation")


async def path_at(call: Call, url: str, *, missing: int | None = None) -> Path:
    """The file that stands for a URL, results and uploaded media among them; 404, 460 or `missing` without one."""
    try:
        return await _result_at(call, url) or file_at(call, url)
    except Refusal as refusal:
        raise Refusal(missing or refusal.status, refusal.text) from None


async def copied(call: Call, path: Path) -> Blob:
    """A file among the bytes at rest, so that it is still there when a result is drawn from it."""
    return await asyncio.to_thread(_copied, call.world.blobs, path)


def file_at(call: Call, url: str) -> Path:
    """The file that stands for a URL; 404 or 460 when there is none. Nothing is ever fetched."""
    world = call.world
    if url in call.options.fixtures:
        return call.options.fixtures[url]
    if not url.startswith(call.origin + "/"):
        raise Refusal(460, "The URL cannot be downloaded")
    own, _, name = _path(call, url).rpartition("/")
    if own == "/_sim/files" and name in world.files:
        return world.blobs.path(world.files[name])
    if own == "/_sim/images" and (found := world.images.get(number(name))):
        return world.blobs.path(found.sha256)
    if own == "/_sim/media" and (upload := world.uploads.get(name.partition(".")[0])) and upload.there(call.now):
        return world.blobs.path(upload.sha256 or "")
    raise _missing()


async def _result_at(call: Call, url: str) -> Path | None:
    """The file of a result, when the URL is one."""
    if not url.startswith(f"{call.origin}{results.PATH}/"):
        return None
    job_id, _, name = _path(call, url).removeprefix(results.PATH + "/").partition("/")
    found = results.find(call.world, job_id, name)
    if found is None or found[1].blocked:
        raise _missing()
    return await results.drawn(call.world, *found)


def too_large(limit: int) -> Refusal:
    """The answer to a file above the limit."""
    return Refusal(413, f"The file is too large: at most {limit} bytes are accepted")


def _missing() -> Refusal:
    return Refusal(404, "The URL does not exist")


def _path(call: Call, url: str) -> str:
    return url.removeprefix(call.origin).partition("?")[0]


def _last_part(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


async def _source(call: Call, name: str, blob: Blob, url: str | None = None) -> Source:
    options = call.options
    if blob.size > options.max_bytes:
        raise too_large(options.max_bytes)
    text = f"{name} {url or ''}".lower()
    if call.operation.documented(451) and any(word.lower() in text for word in options.legal):
        raise Refusal(451, "The image is unavailable for legal reasons")
    picture = await asyncio.to_thread(inspect, blob.path, max_pixels=options.max_pixels, decode=options.decode)
    return Source(name, blob, picture, url)


def _decoded(blobs: Blobs, text: str) -> Blob:
    try:
        return blobs.put(base64.b64decode(text, validate=True))
    except ValueError:
        raise Refusal(422, "The file is not valid base64") from None


def _copied(blobs: Blobs, path: Path) -> Blob:
    with path.open("rb") as file, blobs.spool() as spool:
        while chunk := file.read(_CHUNK):
            spool.write(chunk)
        return spool.keep()
