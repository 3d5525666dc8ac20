"""Small calls, 64 in flight: what a typed GET and a typed POST with 15 parameters cost a client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from .contest import Bar, Contender, Question
from .floor import Connections, request
from .server import ACCEPTED, IMAGE

Call = Callable[[int], Awaitable[None]]
Work = Mapping[str, Any]

TOKEN = "no-token-of-anybody"  # noqa: S105  # as it says
PATH = f"/v1/tailored-gen/datasets/{IMAGE['dataset_id']}/images/{IMAGE['id']}"
HEADERS = {"api_token": TOKEN, "Accept": "application/json"}

PARAMETERS: dict[str, Any] = {
    "prompt": "a tabby cat on a mat, in the light of the morning",
    "structured_prompt": json.dumps({"short_description": "a tabby cat", "objects": [{"description": "a mat"}]}),
    "resolution": "1MP",
    "negative_prompt": "dogs, rain",
    "model_version": "FIBO",
    "aspect_ratio": "4:3",
    "steps_num": 50,
    "seed": 42,
    "webhook_url": "https://example.com/hook",
    "output_type": "png",
    "ip_signal": True,
    "prompt_content_moderation": True,
    "visual_input_content_moderation": True,
    "visual_output_content_moderation": True,
    "sync": False,
}


def check(found: object, expected: object) -> None:
    """The answer is what the server has said."""
    if found != expected:
        raise AssertionError(f"answered {found!r}, not {expected!r}")


# --- a typed small GET -----------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def bria_get(work: Work) -> AsyncIterator[Call]:
    """This library."""
    from bria_async import Session  # nobody else's process has it

    async with Session(TOKEN, work["url"]) as bria:

        async def call(_: int) -> None:
            image = await bria.images.get(77, 1000)
            check(image.id, IMAGE["id"])

        yield call


@contextlib.asynccontextmanager
async def aiohttp_get(work: Work) -> AsyncIterator[Call]:
    """What one would write by hand with aiohttp: no types, no repeats, no limits."""
    import aiohttp

    url = work["url"] + PATH
    async with aiohttp.ClientSession(headers=HEADERS) as http:

        async def call(_: int) -> None:
            async with http.get(url) as response:
                check(json.loads(await response.read())["id"], IMAGE["id"])

        yield call


@contextlib.asynccontextmanager
async def floor_get(work: Work) -> AsyncIterator[Call]:
    """The protocol by hand, and nothing around it."""
    content = request("GET", PATH, HEADERS)
    async with Connections(work["url"]) as connections:

        async def call(_: int) -> None:
            check(json.loads(await connections.ask(content))["id"], IMAGE["id"])

        yield call


@contextlib.asynccontextmanager
async def httpx_get(work: Work) -> AsyncIterator[Call]:
    """httpx, as it is."""
    import httpx

    url = work["url"] + PATH
    async with httpx.AsyncClient(headers=HEADERS, limits=httpx.Limits(max_connections=100)) as http:

        async def call(_: int) -> None:
            check((await http.get(url)).json()["id"], IMAGE["id"])

        yield call


@contextlib.asynccontextmanager
async def bria_client_get(work: Work) -> AsyncIterator[Call]:
    """Bria's own client; it reaches no other paths than those of v2."""
    from bria_client import BriaAsyncClient  # type: ignore[import-not-found]

    async with BriaAsyncClient(base_url=work["url"], api_token=TOKEN) as bria:

        async def call(_: int) -> None:
            answer = await bria.get("status/1000")
            check(answer.status, "UNKNOWN")  # all that it keeps of an image

        yield call


@contextlib.asynccontextmanager
async def openai_get(work: Work) -> AsyncIterator[Call]:
    """The client of OpenAI, whose types are made by a generator."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key=TOKEN, base_url=work["url"]) as openai:

        async def call(_: int) -> None:
            check((await openai.models.retrieve("1000")).id, IMAGE["id"])

        yield call


@contextlib.asynccontextmanager
async def elasticsearch_get(work: Work) -> AsyncIterator[Call]:
    """The client of Elasticsearch, which stands on aiohttp like ours."""
    from elasticsearch import AsyncElasticsearch

    async with AsyncElasticsearch(work["url"], connections_per_node=100) as elasticsearch:

        async def call(_: int) -> None:
            check((await elasticsearch.get(index="images", id="1000"))["id"], IMAGE["id"])

        yield call


# --- a typed POST with 15 parameters ---------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def bria_submit(work: Work) -> AsyncIterator[Call]:
    """This library."""
    from bria_async import Session

    async with Session(TOKEN, work["url"]) as bria:

        async def call(_: int) -> None:
            submission = await bria.generation.generate(**PARAMETERS)
            check(submission.request_id, ACCEPTED["request_id"])

        yield call


@contextlib.asynccontextmanager
async def aiohttp_submit(work: Work) -> AsyncIterator[Call]:
    """aiohttp, with the bytes of the body made beforehand."""
    import aiohttp

    url, body = work["url"] + "/v2/image/generate", json.dumps(PARAMETERS).encode()
    async with aiohttp.ClientSession(headers={**HEADERS, "Content-Type": "application/json"}) as http:

        async def call(_: int) -> None:
            async with http.post(url, data=body) as response:
                check(json.loads(await response.read())["request_id"], ACCEPTED["request_id"])

        yield call


@contextlib.asynccontextmanager
async def floor_submit(work: Work) -> AsyncIterator[Call]:
    """The protocol by hand."""
    body = json.dumps(PARAMETERS).encode()
    content = request("POST", "/v2/image/generate", {**HEADERS, "Content-Type": "application/json"}, body)
    async with Connections(work["url"]) as connections:

        async def call(_: int) -> None:
            check(json.loads(await connections.ask(content))["request_id"], ACCEPTED["request_id"])

        yield call


@contextlib.asynccontextmanager
async def httpx_submit(work: Work) -> AsyncIterator[Call]:
    """httpx, as it is."""
    import httpx

    async with httpx.AsyncClient(headers=HEADERS, limits=httpx.Limits(max_connections=100)) as http:

        async def call(_: int) -> None:
            answer = await http.post(work["url"] + "/v2/image/generate", json=PARAMETERS)
            check(answer.json()["request_id"], ACCEPTED["request_id"])

        yield call


@contextlib.asynccontextmanager
async def bria_client_submit(work: Work) -> AsyncIterator[Call]:
    """Bria's own client."""
    from bria_client import BriaAsyncClient

    parameters = {name: value for name, value in PARAMETERS.items() if name != "sync"}  # which it sends by itself
    async with BriaAsyncClient(base_url=work["url"], api_token=TOKEN) as bria:

        async def call(_: int) -> None:
            answer = await bria.submit("image/generate", parameters)
            check(answer.request_id, ACCEPTED["request_id"])

        yield call


async def on_uvloop() -> bool:
    """Whether this is the loop that `fast` brings."""
    return type(asyncio.get_running_loop()).__module__.startswith("uvloop")


def _contenders(kind: str, peers: Mapping[str, str]) -> tuple[Contender, ...]:
    own = [
        Contender(f"{words}{', uvloop' if fast else ''}", f"{__name__}:{name}_{kind}", fast=fast)
        for words, name in (("aiohttp", "aiohttp"), ("bria_async", "bria"), ("by hand", "floor"))
        for fast in (False, True)
    ]
    others = [Contender(name, f"{__name__}:{name}_{kind}", needs=(package,)) for name, package in peers.items()]
    return (*own, *others)


GET = Question(
    name="get",
    asks="A typed small GET, 64 in flight",
    figure="cpu_us",
    unit="µs of CPU per call",
    contenders=_contenders(
        "get",
        {"elasticsearch": "elasticsearch", "openai": "openai", "httpx": "httpx", "bria_client": "bria_client"},
    ),
    bars=(Bar("bria_async", 1.20, "aiohttp"), Bar("bria_async, uvloop", 1.20, "aiohttp, uvloop")),
    server=("benchmarks.server", "small"),
    work={"calls": 5000, "in_flight": 64},
    quick={"calls": 100},
)

SUBMIT = Question(
    name="submit",
    asks="A typed POST with 15 parameters in JSON, 64 in flight",
    figure="cpu_us",
    unit="µs of CPU per call",
    contenders=_contenders("submit", {"httpx": "httpx", "bria_client": "bria_client"}),
    bars=(Bar("bria_async", 1.25, "aiohttp"), Bar("bria_async, uvloop", 1.25, "aiohttp, uvloop")),
    server=("benchmarks.server", "small"),
    work={"calls": 5000, "in_flight": 64},
    quick={"calls": 100},
)
