"""Ads: addresses that fill in later, under names of their own."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import InvalidParameter, JobTimedOut
from bria_async.session import Session
from bria_async.types.ads import Ad
from bria_async.wire import Polling
from tests.support import TOKEN, PushedHost, Recorder, Request, reply


def filling(server: Recorder, looks: int) -> None:
    """A server whose ads are there after so many requests."""
    ads = [{"id": str(n), "url": f"{server.base_url}/{n}.png", "resolution": {"width": 1080}} for n in (1, 2)]

    def answer(seen: Request) -> web.Response:
        if seen.path == "/v1/ads/generate":
            return web.json_response({"result": ads})
        return web.Response(body=b"png") if len(server.requests) > looks else web.Response(status=404)

    server.answer = answer


async def test_ads_are_told_at_once(server: Recorder) -> None:
    """The answer has names, sizes and addresses, and nobody waited."""
    server.answers(reply("ads.generate")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        ads = await bria.ads.generate(
            template_id="1062",
            brand_id="167",
            smart_image={"input_image_url": "https://example.com/vase.png", "scene": {"operation": "expand_image"}},
            elements=[{"layer_type": "text", "content_type": "Heading #1", "content": "Sale", "id": "7"}],
        )
    assert [ad.url for ad in ads.result if isinstance(ad, Ad)] == list(ads.urls)
    assert ads.result[1].raw["resolution"] == {"width": 1080, "height": 1920}
    (seen,) = server.requests
    assert seen.json["smart_image"]["scene"] == {"operation": "expand_image"}
    assert seen.json["elements"][0]["content_type"] == "Heading #1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"smart_image": {"input_image_url": Path("vase.png")}}, "smart_image.input_image_url must be str, got "),
        ({"smart_image": {"image_url": "https://a/1.png"}}, "smart_image takes no 'image_url'; it takes input_image"),
        ({"elements": [{}, {"text": "Sale"}]}, "elements[1] takes no 'text'; it takes layer_type, content_type"),
    ],
)
async def test_what_a_template_does_not_take_is_told(server: Recorder, given: Any, words: str) -> None:
    """The image of an ad is an address and nothing else, and layers have four fields."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter) as caught:
            await bria.ads.generate(template_id="1062", **given)
    assert str(caught.value).startswith(f"ads.generate: {words}")
    assert server.requests == []


async def test_ads_are_waited_for(server: Recorder) -> None:
    """With `wait` the answer comes when every address holds something, and they are ads still."""
    filling(server, looks=5)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        ads = await bria.ads.generate(template_id="1062", wait=True)
    assert [(ad.id, ad.resolution) for ad in ads.images] == [
        ("1", {"width": 1080}),
        ("2", {"width": 1080}),
    ]
    assert [seen.path for seen in server.requests].count("/v1/ads/generate") == 1


async def test_ads_that_never_come_are_told(server: Recorder) -> None:
    """The wait ends at its deadline."""
    filling(server, looks=1000)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        with pytest.raises(JobTimedOut, match="not ready after 20 s"):
            await bria.ads.generate(template_id="1062", wait=Polling(timeout=20))
