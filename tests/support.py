"""What several tests need: a host on a pushed clock, a server that remembers, recorded replies, pictures."""

import contextlib
import functools
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import anyio
import attrs
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload
from multidict import CIMultiDict
from PIL import Image

from bria_async.host import Host
from bria_async.session import FAMILIES, Session
from bria_async.transport.files import image_at
from bria_async.transport.payload import JsonPayload, encoded
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

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a body of whatever type, a file as its bytes."""
        match self.headers.get("content-type", "").partition(";")[0]:
            case "multipart/form-data":
                return {_name(part): _content(part) for part in parts(self)}
            case "application/x-www-form-urlencoded":
                return dict(parse_qsl(self.body.decode()))
            case kind:
                assert kind == "application/json" or not self.body, f"the body is {kind}"
                return self.json or {}


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
    """All operations of the API by name, as data that knows nothing of this library."""
    rows = json.loads((HERE / "contract" / "operations.json").read_text())
    return {row["operation"]: row for row in rows}


OLDER = {
    "products.lifestyle_shot_by_image": {
        "reference_image_url": "ref_image_urls",
        "reference_image_file": "ref_image_file",
    },
    "products.lifestyle_shot_by_text": {"fast": "mode"},
}
"""Older names of parameters, by operation, and the newer name of each (C31 of the contract)."""


def endpoint(operation: str) -> Endpoint:
    """The declared endpoint of an operation."""
    family, name = operation.split(".")
    return FAMILIES[family].endpoints[name]


def sample(row: Mapping[str, Any]) -> Any:
    """A value that the contract allows for this parameter, other than its default."""
    kind = str(row["type"]).split(":")[0]
    if kind == "object":
        return _object(row)
    if kind.startswith("["):
        return [_item(row)] * row.get("min_items", min(2, row.get("max_items", 2)))
    if "enum" in row:
        return next((value for value in reversed(row["enum"]) if value != row.get("default")), row["enum"][0])
    return {
        "integer": int(row.get("min", 7)),
        "number": row.get("max", 0.5),
        "boolean": not row.get("default", False),
        "string": _text(row["name"]),
        "string|number": 1.5,
        "binary": picture(8, 8),
    }[kind]


def _item(row: Mapping[str, Any]) -> Any:
    """An item of an array, such as `[integer]`, `[string (base64)]` or `[{x, y, type}]`."""
    if "enum" in row:
        return row["enum"][-1]
    kind = str(row["type"]).strip("[]").split()[0]
    if kind.startswith(("{", "object")):
        return _object(row)
    return {"integer": 7, "string": _text(row["name"])}[kind]


def _text(name: str) -> str:
    """A text: an address where the name says so, base64 elsewhere, which goes for an image too."""
    return "https://a/1.png" if name.endswith(("url", "urls")) else "QUJD"


UNPUBLISHED = {"masks": ["body", "wheels"], "changes": ["id"]}
"""Some keys of objects whose keys the contract does not tell (SEED 004, public pages)."""


def _object(row: Mapping[str, Any]) -> dict[str, Any]:
    """An object with all keys of the contract, which tells names alone; their values are as public pages show them."""
    found = re.search(r"{(\w[^{}]+)}", row["as_published"])
    place = {"x": 1, "y": 2, "width": 30, "height": 40}
    values: dict[str, Any] = {**place, "type": "positive", "coordinates": place, "scene": {"operation": "expand"}}
    return {key: values.get(key, _text(key)) for key in (found[1].split(", ") if found else UNPUBLISHED[row["name"]])}


def samples(operation: str, *, required_only: bool = False) -> dict[str, Any]:
    """Values for the parameters of an operation; of two names for the same thing, the newer."""
    rows = contract()[operation]["params"]
    older = OLDER.get(operation, {})
    return {row["name"]: sample(row) for row in rows if row["required"] or not (required_only or row["name"] in older)}


async def perform(session: Session, operation: str, values: Mapping[str, Any]) -> Any:
    """Call the method of the session that stands for the operation."""
    family, name = operation.split(".")
    in_path = [row["name"] for row in contract()[operation]["params"] if row["in"] == "path"]
    rest = {name: value for name, value in values.items() if name not in in_path}
    return await getattr(getattr(session, family), name)(*(values[name] for name in in_path), **rest)


def _name(part: Message) -> str:
    return str(part.get_param("name", header="content-disposition"))


def _content(part: Message) -> Any:
    return part.get_payload(decode=True) if part.get_filename() else part.get_payload()


def parts(seen: Request) -> list[Message]:
    """The parts of a multipart request, by a parser that is not ours."""
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    found = BytesParser().parsebytes(head + seen.body).get_payload()
    assert isinstance(found, list)
    return [part for part in found if isinstance(part, Message)]


class Collected(AbstractStreamWriter):
    """A writer that keeps what is written, one item per write."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.blocks.append(bytes(chunk))

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Nothing comes after the end."""

    async def drain(self) -> None:
        """There is always room."""

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Kept as it comes."""

    def enable_chunking(self) -> None:
        """Kept as it comes."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """A body has none."""


async def json_body(value: object, host: Host) -> JsonPayload:
    """The body that JSON of a value is."""
    look = functools.partial(image_at, operation="tests", strict=False)
    return JsonPayload(await encoded(value, host, look), host)


async def written(body: Payload) -> bytes:
    """What a body writes."""
    writer = Collected()
    await body.write(writer)
    return b"".join(writer.blocks)


def reply(name: str) -> dict[str, Any]:
    """A recorded reply: its source, status, body and content type."""
    found: dict[str, Any] = json.loads((HERE / "replies" / f"{name}.json").read_text())
    return found


def picture(
    width: int = 1024, height: int = 1024, kind: str = "PNG", colour: str | tuple[int, int, int] = "teal"
) -> bytes:
    """A small real image file."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()
