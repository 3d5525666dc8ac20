"""The shape of single requests, at the edge between the session and aiohttp."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from bria_async.session import Session
from tests.support import TOKEN, reply, written

BASE = "https://engine.prod.bria-api.com"


class Response(aiohttp.ClientResponse):
    """A response as aioresponses makes it: aiohttp 3.14 wants a writer that it does not know of.

    Upstream: pnuckowski/aioresponses#289.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": SimpleNamespace(output_size=0), **kwargs})


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """aioresponses, made to work with aiohttp 3.14."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", Response)
    with aioresponses() as mocked:
        yield mocked


async def test_the_production_host_is_the_default(wire: aioresponses, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a base URL the documented host is asked."""
    monkeypatch.delenv("BRIA_BASE_URL", raising=False)
    wire.get(f"{BASE}/v1/tailored-gen/projects", payload=reply("projects.list")["body"])
    async with Session(TOKEN) as bria:
        assert len(await bria.projects.list()) == 2


async def test_a_request_follows_no_redirect_and_has_a_deadline(wire: aioresponses) -> None:
    """The pool is told not to follow redirects, and how long the whole exchange may take."""
    wire.post(f"{BASE}/v2/image/generate/tailored", status=202, payload=reply("tailored.generate")["body"])
    async with Session(TOKEN, BASE, timeout=77) as bria:
        await bria.tailored.generate(tailored_model_id="12", prompt="a vase")
    (call,) = wire.requests[("POST", URL(f"{BASE}/v2/image/generate/tailored"))]
    assert call.kwargs["allow_redirects"] is False
    assert call.kwargs["timeout"].connect == pytest.approx(0.8 * 77)
    assert await written(call.kwargs["data"]) == b'{"tailored_model_id": "12", "prompt": "a vase", "sync": false}'


async def test_ids_are_one_segment_of_the_path(wire: aioresponses) -> None:
    """An id with a slash or a question mark in it cannot reach another resource."""
    path = "/v1/tailored-gen/models/a%2F..%3Fb"
    wire.get(URL(BASE + path, encoded=True), payload={"id": "a/..?b"})
    async with Session(TOKEN, BASE) as bria:
        assert (await bria.models.get("a/..?b")).id == "a/..?b"


async def test_an_older_path_is_tried_where_the_newer_is_not_found(wire: aioresponses) -> None:
    """A bulk upload falls back from the published path to the one of the seeds."""
    path = f"{BASE}/v1/tailored-gen/datasets/a%2Fb/images"
    wire.post(URL(f"{path}/bulk-upload", encoded=True), status=404)
    wire.post(URL(f"{path}/bulk", encoded=True), status=202)
    async with Session(TOKEN, BASE) as bria:
        await bria.images.bulk_upload("a/b", zip_url="https://example.com/images.zip")
    assert [url.raw_path[-11:] for _, url in wire.requests] == ["bulk-upload", "images/bulk"]
