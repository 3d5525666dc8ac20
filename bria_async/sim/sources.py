"""Images that requests bring: as a file part, as base64, or by URL."""

import asyncio
import base64
import binascii
import re
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from bria_async.sim.answers import Refusal
from bria_async.sim.pictures import Picture, inspect
from bria_async.sim.routes import Call, Upload
from bria_async.sim.store import Blob, Blobs

_CHUNK = 1 << 20
_DATA_URI = re.compile(r"data:[^;,]*;base64,")


@attrs.frozen
class Source:
    """An image that came with a request."""

    name: str
    blob: Blob
    picture: Picture
    url: str | None = None


async def image(call: Call, given: Upload | str, *, name: str | None = None) -> Source:
    """An image given as a file part or as base64, with or without a data-URI header (NOTES C32).

    A file part has its own name (SEED 003); base64 takes `name`.

    Raises:
        Refusal: 413 too large, 415 another type, 422 unreadable.
    """
    if isinstance(given, Upload):
        return await _source(call, given.name, given.blob)
    text = given[match.end() :] if (match := _DATA_URI.match(given)) else given
    if len(text) * 3 // 4 > call.options.max_bytes + 3:
        raise too_large(call.options.max_bytes)
    blob = await asyncio.to_thread(_decoded, call.world.blobs, text)
    return await _source(call, name or "image", blob)


async def image_at(call: Call, url: str, *, name: str | None = None) -> Source:
    """An image given by URL; only the simulator's own URLs and the fixtures of its options exist.

    Raises:
        Refusal: 404 one of its own that it does not have, 460 any other, and those of `image`.
    """
    path = file_at(call, url)
    if path.stat().st_size > call.options.max_bytes:
        raise too_large(call.options.max_bytes)
    blob = await asyncio.to_thread(_copied, call.world.blobs, path)
    return await _source(call, name or urlsplit(url).path.rpartition("/")[2] or "image", blob, url)


async def images(call: Call, given: list[str]) -> list[Source]:
    """Several images as base64, in order."""
    return [await image(call, each) for each in given]


def file_at(call: Call, url: str) -> Path:
    """The file that stands for a URL; 404 or 460 when there is none. Nothing is ever fetched."""
    world = call.world
    if url in call.options.fixtures:
        return call.options.fixtures[url]
    own, _, name = urlsplit(url).path.rpartition("/")
    if not url.startswith(call.origin + "/"):
        raise Refusal(460, "The URL cannot be downloaded")
    if own == "/_sim/files" and name in world.files:
        return world.blobs.path(world.files[name])
    if own == "/_sim/images" and name.isdecimal() and int(name) in world.images:
        return world.blobs.path(world.images[int(name)].sha256)
    raise Refusal(404, "The URL does not exist")


def too_large(limit: int) -> Refusal:
    """The answer to a file above the limit."""
    return Refusal(413, f"The file is too large: at most {limit} bytes are accepted")


async def _source(call: Call, name: str, blob: Blob, url: str | None = None) -> Source:
    options = call.options
    if blob.size > options.max_bytes:
        raise too_large(options.max_bytes)
    picture = await asyncio.to_thread(inspect, blob.path, max_pixels=options.max_pixels, decode=options.decode)
    return Source(name, blob, picture, url)


def _decoded(blobs: Blobs, text: str) -> Blob:
    try:
        return blobs.put(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise Refusal(422, "The file is not valid base64") from None


def _copied(blobs: Blobs, path: Path) -> Blob:
    with path.open("rb") as file, blobs.spool() as spool:
        while chunk := file.read(_CHUNK):
            spool.write(chunk)
        return spool.keep()


def moderated(call: Call, source: Source) -> bool:
    """Whether moderation blocks an uploaded file, by its name or the start of its sha256."""
    return any(
        word.lower() in source.name.lower() or source.blob.sha256.startswith(word.lower())
        for word in call.options.moderation.inputs
    )
