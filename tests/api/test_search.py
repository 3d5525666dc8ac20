"""Search: pages that are turned one by one, and captions of images of any kind."""

import base64
from collections.abc import AsyncIterator
from itertools import islice

import pytest
from aiohttp import web

from bria_async.errors import InvalidParameter
from bria_async.session import Session
from bria_async.types.search import SearchResult
from tests.support import TOKEN, Recorder, Request, picture, reply

ADDRESS = "https://example.com/vase.jpg"


def gallery(server: Recorder, images: int) -> None:
    """A server that finds so many images, numbered from 0."""

    def answer(seen: Request) -> web.Response:
        page, size = int(seen.query["page"]), int(seen.query["num_results_per_page"])
        found = islice(range(images), (page - 1) * size, page * size)
        return web.json_response({"results": [{"visual_id": f"v{number}"} for number in found]})

    server.answer = answer


async def ids(results: AsyncIterator[SearchResult]) -> list[str | None]:
    """The visual ids of all results."""
    return [result.visual_id async for result in results]


@pytest.mark.parametrize(
    ("images", "size", "pages"),
    [(0, 100, 1), (7, 10, 1), (10, 10, 2), (25, 10, 3), (800, 400, 2), (5000, 500, 2), (5000, 300, 3)],
)
async def test_all_pages_are_turned_up_to_the_last_result(server: Recorder, images: int, size: int, pages: int) -> None:
    """Every result comes once and in order, up to the 800 that a query has, with no page too many."""
    gallery(server, images)
    async with Session(TOKEN, server.base_url) as bria:
        found = await ids(bria.search.all_by_text(query="a vase", num_results_per_page=size))
    assert found == [f"v{number}" for number in range(min(images, 800))]
    assert [request.query["page"] for request in server.requests] == [str(page + 1) for page in range(pages)]


async def test_a_page_is_turned_when_it_is_used_up(server: Recorder) -> None:
    """Who stops early pays for no page that he did not see."""
    gallery(server, 1000)
    async with Session(TOKEN, server.base_url) as bria:
        results = bria.search.all_by_text(query="a vase", num_results_per_page=3)
        for _ in range(3):
            await anext(results)
        assert len(server.requests) == 1
        assert (await anext(results)).visual_id == "v3"
        assert len(server.requests) == 2


async def test_the_question_is_the_same_on_every_page(server: Recorder) -> None:
    """All filters go along, by words and by likeness."""
    gallery(server, 3)
    async with Session(TOKEN, server.base_url) as bria:
        await ids(bria.search.all_by_text(query="a vase", gallery_id="425", style="retro", num_results_per_page=2))
        await ids(bria.search.all_by_image(vhash="e01592ef1188df76", gallery_id="425", num_results_per_page=2))
    asked = [{name: value for name, value in seen.query.items() if name != "page"} for seen in server.requests]
    text = {"query": "a vase", "gallery_id": "425", "style": "retro", "num_results_per_page": "2"}
    image = {"vhash": "e01592ef1188df76", "gallery_id": "425", "num_results_per_page": "2"}
    assert asked == [text, text, image, image]
    assert [seen.path for seen in server.requests] == ["/v1/search"] * 2 + ["/v1/search_similar_images"] * 2


async def test_a_page_beyond_the_documented_size_is_refused(server: Recorder) -> None:
    """A page has 500 results at most."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match="num_results_per_page must be at most 500"):
            await ids(bria.search.all_by_image(vhash="e01592ef1188df76", num_results_per_page=501))
    assert server.requests == []


async def test_an_image_is_put_into_words(server: Recorder) -> None:
    """As bytes or as an address, each under the name that the API has for it."""
    server.answers(reply("search.caption")["body"])
    image = picture(32, 32)
    async with Session(TOKEN, server.base_url) as bria:
        captions = await bria.search.caption(file=image)
        await bria.search.caption(file=ADDRESS)
    assert captions.results[0].caption == "A white vase on a wooden table"
    assert [seen.json for seen in server.requests] == [
        {"file": base64.b64encode(image).decode()},
        {"image_url": ADDRESS},
    ]


async def test_the_two_captions_are_two_operations(server: Recorder) -> None:
    """By visual id it is a GET of 2024, by image a POST of today, and both answer alike."""
    server.answers(reply("visuals.caption")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        assert await bria.visuals.caption("92bf8ce17584de82") == await bria.search.caption(image_url=ADDRESS)
    assert [(seen.method, seen.path) for seen in server.requests] == [
        ("GET", "/v1/92bf8ce17584de82/caption"),
        ("POST", "/v1/caption"),
    ]
