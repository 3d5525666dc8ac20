"""Ads from templates: what is listed, what is drawn, what is refused."""

from typing import Any

import pytest

from bria_async.sim import Moderation
from tests.sim.helpers import Api, running
from tests.sim.scenery import fetched, hosted, still_life

GENERATE = "/v1/ads/generate"


async def test_templates_and_brands_are_listed(api: Api) -> None:
    """Each with an id, a name and a date; a template's preview can be seen, and its sizes asked for."""
    brands = await api.call("GET", "/v1/ads/brands")
    templates = await api.call("GET", "/v1/ads/templates")
    assert [brand["id"] for brand in brands] == [1, 2]
    assert all({"name", "description", "created_at"} <= set(each) for each in (*brands, *templates))
    for template in templates:
        sizes = (await api.call("GET", f"/v1/ads/templates/{template['id']}"))["scene_resolutions"]
        assert len(sizes) == template["number_of_ads"]
        preview = await fetched(api, template["preview"])
        assert preview.size == tuple(next(iter(sizes.values())).values())
    await api.call("GET", "/v1/ads/templates/99", 404)


async def test_an_ad_is_drawn_for_each_layout_and_later(api: Api) -> None:
    """In its size, from the picture given, under the words given; 404 until its time."""
    url = await hosted(api, still_life((600, 600)))
    body = {
        "template_id": "1",
        "brand_id": "2",
        "smart_image": {"input_image_url": url},
        "elements": [{"layer_type": "text", "content_type": "heading", "content": "Löve <3 \u4f60", "id": 1}],
    }
    ads = (await api.call("POST", GENERATE, json=body))["result"]
    assert [ad["name"] for ad in ads] == ["square", "portrait", "story"]
    await api.raw(ads[0]["url"], 404)
    api.sim.clock.push(api.sim.options.job_time)
    for ad in ads:
        picture = await fetched(api, ad["url"])
        assert picture.size == (ad["resolution"]["width"], ad["resolution"]["height"])
    square = await fetched(api, ads[0]["url"])
    assert square.getpixel((150 * 1080 // 600, 300 * 1080 // 600)) == (200, 30, 30)
    wordless = (await api.call("POST", GENERATE, json=body | {"elements": []}))["result"]
    api.sim.clock.push(api.sim.options.job_time)
    assert (await fetched(api, wordless[0]["url"])).crop((0, 0, 500, 300)) != square.crop((0, 0, 500, 300))


@pytest.mark.parametrize("scene", ["a red beach", {"operation": "lifestyle_shot", "input": "a red beach"}, {}, None])
async def test_a_scene_is_words_or_holds_them(api: Api, scene: Any) -> None:
    """Unknown in the documents, so both are taken."""
    body = {"template_id": "2", "smart_image": {"scene": scene}}
    assert len((await api.call("POST", GENERATE, json=body))["result"]) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"template_id": "99"}, 400),
        ({"template_id": "1", "brand_id": "99"}, 400),
        ({"template_id": "1", "elements": [{}] * 51}, 400),
        ({"template_id": "1", "elements": ["text"]}, 400),
        ({"template_id": "1", "smart_image": {"input_image_url": "https://example.com/a.png"}}, 422),
    ],
)
async def test_ads_are_refused(api: Api, body: dict[str, Any], status: int) -> None:
    """Unknown templates and brands, too many layers, addresses that lead nowhere."""
    await api.call("POST", GENERATE, status, json=body)


async def test_moderation_answers_with_a_bare_string() -> None:
    """A 422 that is a JSON string, where moderation is asked for."""
    async with running(moderation=Moderation(inputs=("evil",))) as api:
        body = {"template_id": "1", "elements": [{"content": "evil words"}]}
        refused = await api.call("POST", GENERATE, 422, json=body | {"content_moderation": True})
        assert refused == "The elements did not pass content moderation"
        await api.call("POST", GENERATE, json=body)
