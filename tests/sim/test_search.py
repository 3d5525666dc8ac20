"""Searching among visuals by words and by likeness, and captions of any image."""

from typing import Any

import pytest

from tests.sim.helpers import Api, JsonObject, base64_of, picture
from tests.sim.scenery import hosted, registered, still_life


async def found(api: Api, path: str, **query: Any) -> list[str]:
    """The ids that a search finds."""
    answer = await api.call("GET", path, params=query)
    return [each["visual_id"] for each in answer["results"]]


async def test_words_find_what_is_seen_and_said(api: Api) -> None:
    """By description, key and address; most words first; without words everything."""
    red = await registered(api, still_life(), "shelf.png", org_image_key="kitchen")
    other = await registered(api, picture(3), "noise.png")
    assert await found(api, "/v1/search", query="a noise in the kitchen, wide") == [red, other]
    assert await found(api, "/v1/search", query="kitchen") == [red]
    assert await found(api, "/v1/search", query="noise") == [other]
    assert await found(api, "/v1/search", query="unicorn") == []
    assert await found(api, "/v1/search") == [red, other]
    (result,) = (await api.call("GET", "/v1/search?query=kitchen"))["results"]
    assert result == {
        "visual_id": red,
        "org_image_key": "kitchen",
        "source_url": f"{api.sim.base_url}/_sim/files/shelf.png",
    }


async def test_camera_and_mood_are_seen_in_the_pixels(api: Api) -> None:
    """A tall picture is a portrait, a red one is warm; style and medium narrow nothing."""
    wide = await registered(api, still_life(), "wide.png")
    tall = await registered(api, still_life((400, 600)), "tall.png")
    assert await found(api, "/v1/search", camera="portrait") == [tall]
    assert await found(api, "/v1/search", camera="landscape", medium="art", style="retro") == [wide]
    assert await found(api, "/v1/search", atmosphere="dramatic") == []
    await api.call("GET", "/v1/search", 400, params={"style": "cubism"})


async def test_pages_are_counted_from_one_and_end_at_800_results(api: Api) -> None:
    """At most 500 a page."""
    first = await registered(api)
    visual = api.sim.world.visuals[first]
    for number in range(900):
        api.sim.world.visuals[f"{number:04}"] = visual
    pages = [await found(api, "/v1/search", num_results_per_page=500, page=page) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [500, 300, 0]
    assert len(await found(api, "/v1/search")) == 50
    wrong: list[JsonObject] = [{"num_results_per_page": 501}, {"num_results_per_page": 0}, {"page": 0}, {"page": "x"}]
    for query in wrong:
        await api.call("GET", "/v1/search", 400, params=query)
    assert await found(api, "/v1/search", page=2**60) == []


async def test_likeness_finds_the_nearest_first_and_not_itself(api: Api) -> None:
    """By visual id, or by the URL of an image that need not be onboarded."""
    asked = await registered(api, still_life(), "a.png")
    near = await registered(api, still_life((300, 200)), "near.png")
    far = await registered(api, picture(8), "far.png")
    path = "/v1/search_similar_images"
    assert await found(api, path, vhash=asked) == [near, far]
    url = await hosted(api, still_life((900, 600)), "unknown.png")
    assert await found(api, path, url=url) == [asked, near, far]
    await api.call("GET", path, 404, params={"vhash": "nobody"})
    await api.call("GET", path, 404, params={"url": "https://example.com/a.png"})
    await api.call("GET", path, 400)


@pytest.mark.parametrize("by", ["image_url", "file"])
async def test_a_caption_of_any_image(api: Api, by: str) -> None:
    """By URL or base64, WebP and pictures of one colour too."""
    data = still_life(kind="WEBP")
    value = await hosted(api, data) if by == "image_url" else base64_of(data)
    (result,) = (await api.call("POST", "/v1/caption", json={by: value}))["results"]
    assert result["caption"].startswith("A wide picture")
    assert "red shape" in result["caption"]


async def test_captions_are_refused(api: Api) -> None:
    """Without an image, with a wrong address, with no image behind it."""
    await api.call("POST", "/v1/caption", 400, json={})
    await api.call("POST", "/v1/caption", 460, json={"image_url": "https://example.com/a.png"})
    await api.call("POST", "/v1/caption", 404, json={"image_url": f"{api.sim.base_url}/_sim/files/none"})
    await api.call("POST", "/v1/caption", 415, json={"file": base64_of(b"text")})
