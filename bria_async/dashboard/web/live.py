"""What is new on a page while it is looked at: parts of it as HTML, by server-sent events.

A part that arrives takes the place of the element with its id; an empty one takes it away. An event's id is the version
of the page, which for a run is the newest event of its journal, and its state: whoever comes back with one gets what
changed behind it, and nothing twice.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping

import anyio
from aiohttp import web

from bria_async.errors import BriaError
from bria_async.host import Host

from .views import Drawing, Look, Part

SHORTEST = 0.25
"""Seconds between two looks while things happen."""
LONGEST = 2.0
"""The same while nothing does."""
BUSY = 0.2
"""The share of a processor that the looks of one page take at most."""
HEARTBEAT = 15.0
"""Seconds of silence after which something is written: else nobody notices that the other end is gone."""
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing", asyncio.Event)
"""Set when the application is about to end."""


async def follow(
    request: web.Request, host: Host, drawing: Drawing, look: Callable[[], Awaitable[Look]]
) -> web.StreamResponse:
    """Send what changes on a page until its reader leaves; what cannot be read is told once, and looked at again."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    known = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    with contextlib.suppress(ConnectionResetError):  # the reader has left
        await _send(response, request.app[CLOSING], known, host, drawing, look)
    return response


async def _send(
    response: web.StreamResponse,
    closing: asyncio.Event,
    known: str,
    host: Host,
    drawing: Drawing,
    look: Callable[[], Awaitable[Look]],
) -> None:
    shown: dict[str, Part] | None = None
    problem = ""
    wait, written = SHORTEST, host.monotonic()
    while not closing.is_set():
        began, data = host.monotonic(), b""
        try:
            now = await look()
        except BriaError as error:
            if error.message != problem:
                problem = error.message
                data = _event("problem", "", {"words": problem})
        else:
            if shown is None:
                shown = dict(now.parts if known == now.version else await host.in_thread(now.untouched, known))
            changed = {name: part for name, part in now.parts.items() if shown.get(name) != part}
            gone = dict.fromkeys(shown.keys() - now.parts.keys(), "")
            if changed or gone or problem:
                data = _event("parts", now.version, await host.in_thread(_drawn, drawing, changed) | gone)
            shown, problem = dict(now.parts), ""
        wait = SHORTEST if data else min(2 * wait, LONGEST)
        if not data and began - written > HEARTBEAT:
            data = b":\n\n"
        if data:
            await response.write(data)
            written = began
        with anyio.move_on_after(max(wait, (host.monotonic() - began) / BUSY)):
            await closing.wait()


def _drawn(drawing: Drawing, parts: Mapping[str, Part]) -> dict[str, str]:
    return {name: drawing.part(part) for name, part in parts.items()}


def _event(kind: str, version: str, data: Mapping[str, str]) -> bytes:
    named = f"id: {version}\n" if version else ""
    return f"event: {kind}\n{named}data: {json.dumps(data)}\n\n".encode()
