"""Uploads, 16 in flight: what files of 1 MiB cost a client, as multipart and as base64, over TLS and without."""

import asyncio
import base64
import concurrent.futures
import contextlib
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from .contender import Meter, Round, figures
from .contest import Bar, Contender, Question
from .floor import SLICE, Connections, form, request, sliced
from .server import IMAGE
from .small import HEADERS, TOKEN, Call, Work, check

PATH = f"/v1/tailored-gen/datasets/{IMAGE['dataset_id']}/images"


@attrs.frozen
class Sent:
    """A file that is sent, and what the server must say of it."""

    path: str
    size: int
    sha256: str

    def arrived(self, said: object) -> None:
        """Exactly these bytes did."""
        check(said, self.sha256)


@contextlib.contextmanager
def prepared(work: Work) -> Iterator[Work]:
    """Files of random bytes, `files` of each of the `sizes`: what was read once is read from memory by all."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for size in work["sizes"]:
            for number in range(work["files"]):
                path, content = Path(folder, f"{size}-{number:04}.jpg"), os.urandom(size)
                path.write_bytes(content)
                found.append([str(path), size, hashlib.sha256(content).hexdigest()])
        yield {"files": found}


def files(work: Work) -> list[Sent]:
    """Those of the size that this contender sends."""
    found = (Sent(*each) for each in work["files"])
    return [each for each in found if each.size == work["size"]]


def trust(work: Work) -> None:
    """Make every client trust the server's authority like one of the system; before it is imported."""
    if authority := work["authority"]:
        os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = authority


# --- multipart -------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def bria(work: Work) -> AsyncIterator[Call]:
    """This library; `as_json` sends base64."""
    trust(work)
    from bria_async import Session  # nobody else's process has it

    sent, as_json = files(work), work.get("as_json", False)
    async with Session(TOKEN, work["url"]) as session:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            image = await session.images.upload_file(77, file.path, as_json=as_json)
            file.arrived(image.caption)

        yield call


@contextlib.asynccontextmanager
async def aiohttp(work: Work) -> AsyncIterator[Call]:
    """The recipe of aiohttp's documentation: an open file in a `FormData`."""
    trust(work)
    import aiohttp as library

    sent, url = files(work), work["url"] + PATH
    async with library.ClientSession(headers=HEADERS) as http:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            with open(file.path, "rb") as opened:  # noqa: ASYNC230, PTH123  # as the recipe does
                form = library.FormData({"image_name": "image.jpg"})
                form.add_field("file", opened, filename="image.jpg", content_type="image/jpeg")
                async with http.post(url, data=form) as response:
                    file.arrived(json.loads(await response.read())["caption"])

        yield call


@contextlib.asynccontextmanager
async def floor(work: Work) -> AsyncIterator[Call]:
    """The protocol by hand: one head, the file in slices as the loop itself reads them, one tail."""
    sent, (head, tail) = files(work), form(PATH, HEADERS, "image.jpg", work["size"])
    async with Connections(work["url"], work["authority"]) as connections:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            file.arrived(json.loads(await connections.stream(sliced(head, file.path, tail)))["caption"])

        yield call


@contextlib.asynccontextmanager
async def httpx(work: Work) -> AsyncIterator[Call]:
    """httpx, as it is."""
    trust(work)
    import httpx as library

    sent, url = files(work), work["url"] + PATH
    async with library.AsyncClient(headers=HEADERS) as http:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            with open(file.path, "rb") as opened:  # noqa: ASYNC230, PTH123  # as its documentation does
                found = await http.post(url, files={"file": ("image.jpg", opened, "image/jpeg")})
            file.arrived(found.json()["caption"])

        yield call


@contextlib.asynccontextmanager
async def openai(work: Work) -> AsyncIterator[Call]:
    """The client of OpenAI."""
    trust(work)
    from openai import AsyncOpenAI

    sent = files(work)
    async with AsyncOpenAI(api_key=TOKEN, base_url=work["url"]) as client:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            found = await client.files.create(file=Path(file.path), purpose="vision")
            file.arrived((found.model_extra or {})["caption"])

        yield call


@contextlib.contextmanager
def requests(work: Work) -> Iterator[Round]:
    """requests, in as many threads as others have requests in flight."""
    trust(work)
    import requests as library

    sent, url, calls, in_flight = files(work), work["url"] + PATH, work["calls"], work["in_flight"]
    with concurrent.futures.ThreadPoolExecutor(in_flight) as threads, library.Session() as http:
        http.headers.update(HEADERS)
        http.mount(url, library.adapters.HTTPAdapter(pool_maxsize=in_flight))

        def call(number: int) -> None:
            file = sent[number % len(sent)]
            with open(file.path, "rb") as opened:  # noqa: PTH123  # as its documentation does
                found = http.post(url, files={"file": ("image.jpg", opened, "image/jpeg")})
            file.arrived(found.json()["caption"])

        def everything() -> None:
            for _ in threads.map(call, range(calls)):
                pass

        async def measure() -> dict[str, float]:
            with Meter() as meter:
                await asyncio.to_thread(everything)
            return figures(meter, calls, work["size"])

        yield Round(measure)


# --- base64 ----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def aiohttp_base64(work: Work) -> AsyncIterator[Call]:
    """What one would write by hand with aiohttp: the whole file as base64 in a string."""
    trust(work)
    import aiohttp as library

    sent, url = files(work), work["url"] + PATH
    async with library.ClientSession(headers=HEADERS) as http:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            content = base64.b64encode(Path(file.path).read_bytes()).decode()  # noqa: ASYNC240  # as one would
            async with http.post(url, json={"image_name": "image.jpg", "file": content}) as response:
                file.arrived(json.loads(await response.read())["caption"])

        yield call


@contextlib.asynccontextmanager
async def floor_base64(work: Work) -> AsyncIterator[Call]:
    """The protocol by hand: one head, slices that become base64 as they are sent, one tail; `fast` has pybase64."""
    coded: Callable[..., bytes] = base64.b64encode
    with contextlib.suppress(ImportError):
        from pybase64 import b64encode as coded
    sent, begin, tail = files(work), b'{"image_name": "image.jpg", "file": "', b'"}'
    size = len(begin) + -(-work["size"] // 3) * 4 + len(tail)
    head = request("POST", PATH, {**HEADERS, "Content-Type": "application/json"}, size=size) + begin
    async with Connections(work["url"], work["authority"]) as connections:

        async def call(number: int) -> None:
            file = sent[number % len(sent)]
            body = sliced(head, file.path, tail, SLICE // 3 * 3, coded)
            file.arrived(json.loads(await connections.stream(body))["caption"])

        yield call


# --- the questions ---------------------------------------------------------------------------------------------------


def both(name: str, run: Callable[..., Any], **options: Any) -> tuple[Contender, Contender]:
    """Somebody on either loop."""
    where = f"{run.__module__}:{run.__name__}"
    return (
        Contender(name, where, options=options),
        Contender(f"{name}, uvloop", where, fast=True, options=options),
    )


WORK: Mapping[str, Any] = {"calls": 2000, "in_flight": 16, "files": 64, "size": 2**20, "sizes": [2**20]}
QUICK: Mapping[str, Any] = {"calls": 32, "files": 4, "size": 2**16, "sizes": [2**16]}

_question = functools.partial(
    Question, figure="cpu_gib", unit="CPU seconds per GiB", work=WORK, quick=QUICK, prepared=prepared, also=("wall",)
)
_drain = ("benchmarks.server", "drain")
_bars = tuple(
    Bar(f"bria_async{loop}", most, f"{reference}{loop}")
    for reference, most in (("by hand", 1.30), ("aiohttp FormData", 0.60))
    for loop in ("", ", uvloop")
)
_uploaders = (
    *both("by hand", floor),
    *both("bria_async", bria),
    *both("aiohttp FormData", aiohttp),
    Contender("httpx", f"{__name__}:httpx", needs=("httpx",)),
    Contender("requests, 16 threads", f"{__name__}:requests", needs=("requests",)),
    Contender("openai", f"{__name__}:openai", needs=("openai",)),
)

UPLOAD = _question(
    name="upload",
    asks="2,000 files of 1 MiB as multipart over TLS, 16 in flight",
    contenders=_uploaders,
    bars=_bars,
    server=(*_drain, "--tls"),
)

UPLOAD_PLAIN = _question(
    name="upload_plain",
    asks="The same over plain HTTP",
    contenders=_uploaders,
    bars=_bars,
    server=_drain,
)

UPLOAD_BASE64 = _question(
    name="upload_base64",
    asks="2,000 files of 1 MiB as base64 in JSON over TLS, 16 in flight, against our own multipart",
    contenders=(
        *both("multipart", bria),
        *both("base64", bria, as_json=True),
        *both("base64 by hand", floor_base64),
        *both("aiohttp, base64 in json=", aiohttp_base64),
    ),
    bars=(Bar("base64", 1.8, "multipart"), Bar("base64, uvloop", 1.8, "multipart, uvloop")),
    server=(*_drain, "--tls"),
)

QUESTIONS = (UPLOAD, UPLOAD_PLAIN, UPLOAD_BASE64)
