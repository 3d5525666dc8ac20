"""Whatever a server answers can be followed up: its addresses fetched, its jobs waited for, its pages turned.

What comes of it is a value or an error of this library: never anything else.
"""

import contextlib
import copy
import functools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import BriaError
from bria_async.session import Session
from bria_async.types.jobs import GeneratedImage, GeneratedImages
from bria_async.wire import Polling
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, Request, picture, reply
from tests.test_surprises import ODD, encoded, spots

ONCE = RetryPolicy(attempts=1, patience=0)
SOON = Polling(timeout=5, grace=0)
ADDRESSES = [
    *(
        "",
        " ",
        "x",
        "http://",
        "https://",
        "http:///a",
        "//127.0.0.1:1/a",
        "file:///etc/hostname",
        "data:,a",
        "ftp://a",
    ),
    *(
        "http://[",
        "http://[::1",
        "http://127.0.0.1:b/",
        "http://127.0.0.1:99999999/",
        "http://127.0.0.1:0/",
        "http://.",
    ),
    *(
        "http://a b/c",
        "http://a\x00b/",
        "http://a\r\nX: y/",
        "http://\ud800/",
        "http://127.0.0.1:1/\ud800",
        "http://a..b/",
    ),
    *(
        f"http://{'a' * 70}/",
        f"http://127.0.0.1:1/{'a' * 70_000}",
        "http://u:p@127.0.0.1:1/",
        "http://127.0.0.1:1/%zz#?&",
    ),
    *("HTTP://127.0.0.1:1/a", "http://%31%32%37.0.0.1:1/", "http://xn--a/", "http://127.0.0.1:1"),
]
"""What an answer may call an address; port 1 is closed."""

Follow = Callable[[Session, str, Path], Awaitable[Any]]
FOLLOWED: dict[str, Follow] = {
    "download": lambda bria, url, folder: bria.download(url, folder / "result"),
    "fetch": lambda bria, url, _: bria.fetch(url),
    "probe": lambda bria, url, _: bria.probe(url),
    "wait": lambda bria, url, _: bria.jobs.wait(GeneratedImages(result=(GeneratedImage(urls=(url,)),)), polling=SOON),
    "put": lambda bria, url, folder: bria.put_file(url, folder / "file", content_type="image/png"),
    "post": lambda bria, url, folder: bria.post_file(url, folder / "file", fields={"a": "b"}, content_type="image/png"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file in it."""
    (tmp_path / "file").write_bytes(picture(8, 8))
    return tmp_path


@pytest.mark.parametrize("name", sorted(FOLLOWED))
async def test_an_address_that_is_none_is_an_error_of_ours(name: str, server: Recorder, folder: Path) -> None:
    """Malformed, of another scheme, without a host, with a port that nobody listens on."""
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1), retry=ONCE) as bria:
        for url in ADDRESSES:
            with contextlib.suppress(BriaError):
                found = await FOLLOWED[name](bria, url, folder)
                assert name == "probe" and found is None, f"{url!r} gave {found!r}"
    assert server.requests == []


async def found_by_search(bria: Session) -> list[Any]:
    """All results of a search."""
    return [result async for result in bria.search.all_by_text(query="a")]


Convenience = Callable[[Session, Path], Awaitable[Any]]
CONVENIENCES: dict[str, tuple[str, Convenience]] = {
    "wait": ("jobs.status", lambda bria, _: bria.jobs.wait("r1", polling=SOON)),
    "generate": (
        "tailored.generate",
        lambda bria, _: bria.tailored.generate(tailored_model_id=1, prompt="a", wait=SOON),
    ),
    "shots": (
        "products.lifestyle_shot_by_text",
        lambda bria, _: bria.products.lifestyle_shot_by_text(image_url="https://127.0.0.1:1/", wait=SOON),
    ),
    "onboard": (
        "visuals.register",
        lambda bria, _: bria.visuals.onboard(image_url="https://127.0.0.1:1/", polling=SOON),
    ),
    "info": ("visuals.info", lambda bria, _: bria.visuals.info("v", wait=SOON)),
    "masks": ("visuals.generate_masks", lambda bria, folder: bria.visuals.masks("v", to=folder / "masks")),
    "search": ("search.by_text", lambda bria, _: found_by_search(bria)),
    "video": ("video.upload", lambda bria, folder: bria.video.upload_file(folder / "file")),
    "upload": ("images.upload", lambda bria, folder: bria.images.upload_file(5, folder / "file")),
}
BODIES = [
    b"",
    b"null",
    b'"x"',
    b"[]",
    b"{}",
    b"\xff",
    b"PK\x03\x04 and no more",
    b"[[[[[",
    b'"http://127.0.0.1:1/a.zip"',
]


def answers_to(operation: str) -> list[bytes]:
    """Bodies of all sorts: the recorded one with one place after the other odd, and bytes that are no JSON."""
    body = json.loads(json.dumps(reply(operation)["body"]).replace("https://", "https://127.0.0.1:1/"))
    found = []
    for number in range(len(list(spots([body])))):
        for value in [*ODD[number % 3 :: 3], *ADDRESSES[number % 3 :: 3]]:
            holder = [copy.deepcopy(body)]
            container, key = list(spots(holder))[number]
            container[key] = copy.deepcopy(value)
            found.append(encoded(holder[0]))
    return [*BODIES, *found]


def answer(status: int, body: bytes, _: Request) -> web.Response:
    """The same to every request."""
    return web.Response(status=status, body=body)


@pytest.mark.parametrize("name", sorted(CONVENIENCES))
async def test_conveniences_take_any_answer(name: str, server: Recorder, folder: Path) -> None:
    """Each of the steps of a convenience meets the same odd answers, and ends in a value or an error of ours."""
    operation, call = CONVENIENCES[name]
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1), retry=ONCE) as bria:
        for status in (200, 205, 404, 500):
            for body in answers_to(operation) if status == 200 else BODIES:
                server.answer = functools.partial(answer, status, body)
                with contextlib.suppress(BriaError):
                    await call(bria, folder)
    assert server.requests
