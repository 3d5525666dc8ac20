"""Bodies of requests: JSON, forms, and multipart whose files go to disk as they come."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bria_async.sim import sources
from bria_async.sim.answers import Refusal
from bria_async.sim.parsing import TooLong, parsed
from bria_async.sim.routes import Upload
from bria_async.sim.world import World

_CHUNK = 1 << 16
_MAX_FORM = 1 << 16
_MAX_TEXTS = 1 << 20
"""Characters of all the parts of a multipart body that are no files."""
_MOST_FIELDS = 100
_QUICK = 1 << 20
"""Bytes of JSON that are read without a thread."""
BROKEN = (
    ValueError,
    LookupError,
    RuntimeError,
    AssertionError,
    EOFError,
    HttpProcessingError,
    web.RequestPayloadError,
)
"""What reading a body raises that is not what its headers say."""
MAX_JSON = 160 << 20
"""Ten 12 MB images in base64 are the largest documented body, with room to spare."""


async def read(request: web.Request, world: World) -> tuple[Mapping[str, Any], bool]:
    """The fields of a body, and whether their values are text that numbers have to be read from.

    An absent body, `{}` and `null` are the same. File parts become `Upload` values.

    Raises:
        Refusal: 413 too large or compressed, 400 for what cannot be read; at most 100 fields of a form or parts.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refusal(413, "Compressed bodies are not accepted")
    if request.content_type == "multipart/form-data":
        return await _multipart(request, world), True
    if request.content_type == "application/x-www-form-urlencoded":
        return await _form(request), True
    raw, longest = await _raw(request, MAX_JSON), 2 * world.options.max_bytes
    given = _json(raw, longest) if len(raw) <= _QUICK else await asyncio.to_thread(_json, raw, longest)
    if given is None:
        return {}, False
    if not isinstance(given, dict):
        raise Refusal(400, "The body must be a JSON object")
    return given, False


async def _raw(request: web.Request, limit: int) -> bytearray:
    raw = bytearray()
    try:
        async for chunk in request.content.iter_any():
            raw += chunk
            if len(raw) > limit:
                raise Refusal(413, f"The body is too large: at most {limit} bytes are accepted")
    except BROKEN:
        raise Refusal(400, "The body cannot be read") from None
    return raw


def _json(raw: bytearray, longest: int) -> Any:
    """What a body says; its bytes are let go before that, so that a large one is held twice and not three times."""
    width = _width(raw)
    if len(raw) * width > MAX_JSON:
        limit = f"at most {MAX_JSON // width} bytes are accepted with characters that take {width} each"
        raise Refusal(413, f"The body is too large: {limit}")
    try:
        text = raw.decode()
        raw.clear()
        return parsed(text, longest) if text and not text.isspace() else None
    except TooLong as failure:
        raise Refusal(413, f"The body is too large: {failure}") from None
    except ValueError as failure:
        raise Refusal(400, f"The body is not valid JSON: {failure}") from None


def _width(raw: bytearray) -> int:
    """Bytes that each character takes in memory: 1 while all are below U+0100, 2 below U+10000, else 4.

    Told from the bytes that only such characters begin with, and from escapes, without decoding anything.
    """
    if b"\\ud" in raw or b"\\uD" in raw or _reaches(raw, 0xF0):
        return 4
    return 2 if raw.count(b"\\u") > raw.count(b"\\u00") or _reaches(raw, 0xC4) else 1


def _reaches(raw: bytearray, lowest: int) -> bool:
    return not raw.isascii() and bool(raw.translate(None, bytes(range(lowest))))


async def _form(request: web.Request) -> Mapping[str, Any]:
    text = (await _raw(request, _MAX_FORM)).decode(errors="replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Refusal(400, f"A form holds at most {_MOST_FIELDS} fields") from None


async def _multipart(request: web.Request, world: World) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    count, room = 0, _MAX_TEXTS
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise Refusal(400, "The multipart body has a part without a name")
            count += 1
            if count > _MOST_FIELDS:
                raise Refusal(400, f"The multipart body has more than {_MOST_FIELDS} parts")
            if part.filename is not None:
                found[part.name] = await _upload(part, world)
            else:
                found[part.name] = text = await part_text(part, room)
                room -= len(text)
    except BROKEN:
        raise Refusal(400, "The multipart body cannot be read") from None
    return found


async def _upload(part: BodyPartReader, world: World) -> Upload:
    limit = world.options.max_bytes
    with world.blobs.spool() as spool:
        while chunk := await part.read_chunk(_CHUNK):
            spool.write(chunk)
            if spool.size > limit:
                raise sources.too_large(limit)
        return Upload(part.filename or "image", spool.keep())


async def part_text(part: BodyPartReader, room: int = _MAX_TEXTS) -> str:
    """A part that is no file, as text of at most `room` bytes."""
    text = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        text += chunk
        if len(text) > room:
            raise Refusal(413, f"The fields are too large: at most {_MAX_TEXTS} bytes beside files are accepted")
    return text.decode(errors="replace")
