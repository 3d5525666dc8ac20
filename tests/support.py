"""What several tests need: a host on a pushed clock, a server that remembers, recorded replies, pictures."""

import contextlib
import functools
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import attrs
from aiohttp import web
from PIL import Image

from bria_async.host import Host
from bria_async.session import FAMILIES
from bria_async.wire import Endpoint

TOKEN = "canary-3f1c9a77"
"""The token of all tests; it must not turn up where it does not belong."""
HERE = Path(__file__).parent


@attrs.define
class PushedHost(Host):
    """A host whose sleeping takes no time: it pushes its own clock, and with it whatever else has one."""

    push: Callable[[float], None] = lambda _: None
    time: float = 1000.0
    slept: list[float] = attrs.field(factory=list)

    def monotonic(self) -> float:
        """Its own clock."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Push the clocks and let others run."""
        self.slept.append(seconds)
        self.time += max(0.0, seconds)
        self.push(max(0.0, seconds))
        await anyio.lowlevel.checkpoint()


@attrs.frozen
class Request:
    """A request as it reached a socket."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None when there is none."""
        return json.loads(self.body) if self.body else None


@attrs.define
class Recorder:
    """A server that remembers every request, and answers all alike or by a function of the request."""

    base_url: str = ""
    requests: list[Request] = attrs.field(factory=list)
    answer: Callable[[Request], web.Response] = lambda _: web.json_response({})

    async def handle(self, request: web.Request) -> web.Response:
        """Remember and answer one request."""
        seen = Request(
            request.method,
            request.rel_url.raw_path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.requests.append(seen)
        return self.answer(seen)

    def answers(self, body: Any = None, status: int = 200, **headers: str) -> None:
        """Answer like this from now on; header names take `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        text = "" if body is None else json.dumps(body)
        self.answer = lambda _: web.Response(text=text, status=status, headers=named, content_type="application/json")


@contextlib.asynccontextmanager
async def recorder() -> AsyncIterator[Recorder]:
    """A recorder on a free port of this machine."""
    recording = Recorder()
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{path:.*}", recording.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        recording.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield recording
    finally:
        await runner.cleanup()


@functools.cache
def contract() -> dict[str, dict[str, Any]]:
    """The operations of the API by name, for the families that the session serves."""
    rows = json.loads((HERE / "contract" / "operations.json").read_text())
    return {row["operation"]: row for row in rows if row["operation"].split(".")[0] in FAMILIES}


def endpoint(operation: str) -> Endpoint:
    """The declared endpoint of an operation."""
    family, name = operation.split(".")
    return FAMILIES[family].endpoints[name]


def reply(name: str) -> dict[str, Any]:
    """A recorded reply: its source, status, body and content type."""
    found: dict[str, Any] = json.loads((HERE / "replies" / f"{name}.json").read_text())
    return found


def picture(width: int = 1024, height: int = 1024, kind: str = "PNG", colour: str = "teal") -> bytes:
    """A small real image file."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()
