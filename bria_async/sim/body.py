"""Bodies of requests: JSON, forms, and multipart whose files go to disk as they come."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bria_async.sim import sources
from bria_async.sim.answers import Refusal
from bria_async.sim.parsing import parsed
from bria_async.sim.routes import Upload
from bria_async.sim.world import World

_CHUNK = 1 << 16
_MAX_FIELD = 1 << 20
_MAX_FORM = 1 << 20
_MOST_FIELDS = 100
_QUICK = 1 << 20
"""Characters of JSON that are read without a thread."""
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
    text = await _text(request, MAX_JSON)
    try:
        given = await _parsed(text)
    except ValueError:
        raise Refusal(400, "The body is not valid JSON") from None
    if given is None:
        return {}, False
    if not isinstance(given, dict):
        raise Refusal(400, "The body must be a JSON object")
    return given, False


async def _text(request: web.Request, limit: int, errors: str = "strict") -> str:
    """The body; its bytes are let go, so that a large one is held once."""
    raw = bytearray()
    try:
        async for chunk in request.content.iter_any():
            raw += chunk
            if len(raw) > limit:
                raise Refusal(413, f"The body is too large: at most {limit} bytes are accepted")
        return raw.decode(errors=errors)
    except UnicodeDecodeError:
        raise Refusal(400, "The body is not valid JSON: it is not UTF-8") from None
    except BROKEN:
        raise Refusal(400, "The body cannot be read") from None


async def _parsed(text: str) -> Any:
    if not text.strip():
        return None
    return parsed(text) if len(text) <= _QUICK else await asyncio.to_thread(parsed, text)


async def _form(request: web.Request) -> Mapping[str, Any]:
    text = await _text(request, _MAX_FORM, "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Refusal(400, f"A form holds at most {_MOST_FIELDS} fields") from None


async def _multipart(request: web.Request, world: World) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    count = 0
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise Refusal(400, "The multipart body has a part without a name")
            count += 1
            if count > _MOST_FIELDS:
                raise Refusal(400, f"The multipart body has more than {_MOST_FIELDS} parts")
            found[part.name] = await (_upload(part, world) if part.filename is not None else part_text(part))
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


async def part_text(part: BodyPartReader) -> str:
    """A part that is no file, as text."""
    text = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        text += chunk
        if len(text) > _MAX_FIELD:
            raise sources.too_large(_MAX_FIELD)
    return text.decode(errors="replace")
