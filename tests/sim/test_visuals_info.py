"""Onboarding: registering once, waiting, and what is told about a picture's real content."""

from pathlib import Path
from typing import Any

import pytest

from tests.sim.helpers import Api, flat, picture, running
from tests.sim.scenery import hosted, registered, still_life

INFO = ("info", "objects/info", "person/info", "background/info")


async def test_an_image_is_registered_once(api: Api) -> None:
    """A second registration of the same bytes is a 208 with the same id, whatever they are called."""
    first = await hosted(api, still_life(), "a.png")
    second = await hosted(api, still_life(), "b.png")
    made = await api.call("POST", "/v1/register", json={"image_url": first})
    again = await api.call("POST", "/v1/register", 208, json={"image_url": second})
    assert again == made
    other = await api.call("POST", "/v1/register", json={"image_url": await hosted(api, picture(), "c.png")})
    assert other != made


async def test_a_lone_key_names_a_hosted_file_or_a_fixture(tmp_path: Path) -> None:
    """It is known afterwards even when the file is gone, and privacy and address are kept."""
    file = tmp_path / "shelf.png"
    file.write_bytes(still_life())
    async with running(fixtures={"shelf/7": file}) as api:
        made = await api.call("POST", "/v1/register", json={"org_image_key": "shelf/7", "is_private": "False"})
        file.unlink()
        assert await api.call("POST", "/v1/register", 208, json={"org_image_key": "shelf/7"}) == made
        visual = api.sim.world.visuals[made["visual_id"]]
        assert (visual.org_image_key, visual.source_url, visual.is_private) == ("shelf/7", "", False)
        await hosted(api, picture(), "key.png")
        await api.call("POST", "/v1/register", json={"org_image_key": "key.png"})


async def test_with_both_the_url_is_used_and_the_key_saved(api: Api) -> None:
    """SEED 004: `org_image_key` is saved but not used."""
    url = await hosted(api, still_life())
    made = await api.call("POST", "/v1/register", json={"image_url": url, "org_image_key": "mine"})
    visual = api.sim.world.visuals[made["visual_id"]]
    assert (visual.org_image_key, visual.source_url) == ("mine", url)
    assert await api.call("POST", "/v1/register", 208, json={"org_image_key": "mine"}) == made


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (picture(kind="WEBP"), 415),
        (picture(mode="L"), 415),
        (b"no image at all", 415),
        (picture(kind="JPEG", mode="CMYK"), 200),
        (picture(mode="RGBA"), 200),
        (flat((9, 9, 9)), 506),
        (bytes(12_000_001), 413),
    ],
    ids=["webp", "grey", "text", "cmyk", "rgba", "plain", "large"],
)
async def test_what_can_be_registered(api: Api, data: bytes, status: int) -> None:
    """JPEG and PNG in RGB, RGBA or CMYK, at most 12 MB, of more than one colour (SEED 004; the last is chosen)."""
    await api.call("POST", "/v1/register", status, json={"image_url": await hosted(api, data)})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"image_url": "https://example.com/a.png"}, 460),
        ({"image_url": "/_sim/files/none"}, 460),
        ({"org_image_key": "none"}, 460),
        ({"org_image_key": "x", "is_private": "maybe"}, 400),
    ],
)
async def test_registrations_are_refused(api: Api, body: dict[str, str], status: int) -> None:
    """Without an image, or when it cannot be downloaded: 404 is not documented for it."""
    if body.get("image_url", "").startswith("/"):
        body = {"image_url": api.sim.base_url + body["image_url"]}
    await api.call("POST", "/v1/register", status, json=body)


@pytest.mark.parametrize("path", INFO)
async def test_information_is_a_205_until_onboarding_is_over(api: Api, path: str) -> None:
    """An empty answer in the success class, then the information."""
    made = await api.call("POST", "/v1/register", json={"image_url": await hosted(api, still_life())})
    url = f"/v1/{made['visual_id']}/{path}"
    assert await api.call("GET", url, 205) is None
    api.sim.clock.push(api.sim.options.onboarding_time - 1)
    assert await api.call("GET", url, 205) is None
    api.sim.clock.push(1)
    assert await api.call("GET", url)


async def test_objects_are_where_they_are(api: Api) -> None:
    """Colour, rectangle and oracle come from the pixels; people have a list of their own."""
    visual_id = await registered(api)
    objects = await api.call("GET", f"/v1/{visual_id}/objects/info")
    assert [each["labels"] for each in objects] == [["red shape"], ["blue shape"]]
    red, blue = (each["rect"] for each in objects)
    assert _close(red, {"left": 100, "top": 100, "width": 101, "height": 201}), red
    assert _close(blue, {"left": 350, "top": 80, "width": 151, "height": 151}), blue
    assert objects[0]["oracle"] == {"remove": True}
    (person,) = await api.call("GET", f"/v1/{visual_id}/person/info")
    assert _close(person["rect"], {"left": 300, "top": 300, "width": 61, "height": 81}), person
    assert set(person["oracle"].values()) == {"low"}
    assert len({each["id"] for each in (*objects, person)}) == 3


def _close(found: dict[str, int], expected: dict[str, int]) -> bool:
    """Whether two rectangles are the same within a cell of the grid."""
    return found.keys() == expected.keys() and all(abs(found[name] - expected[name]) <= 14 for name in expected)


async def test_the_scene_is_all_of_it_and_lean_is_little(api: Api) -> None:
    """Objects, people and background with the size; `lean` without a scene."""
    visual_id = await registered(api)
    full = await api.call("GET", f"/v1/{visual_id}/info")
    assert [each["type"] for each in full["scene"]] == ["object", "object", "person", "background"]
    lean = await api.call("GET", f"/v1/{visual_id}/info?lean=true")
    assert (lean["org_width"], lean["org_height"]) == (600, 400)
    assert full == lean | {"scene": full["scene"]}
    assert "red shape" in lean["description"]
    background = await api.call("GET", f"/v1/{visual_id}/background/info")
    assert background == full["scene"][-1]
    assert (background["type"], background["labels"], background["rect"]) == ("background", None, None)
    assert background["oracle"] == {"remove": True, "blur": True, "replace": True}


async def test_the_caption_is_there_at_once(api: Api) -> None:
    """No 205 is documented for it."""
    made = await api.call("POST", "/v1/register", json={"image_url": await hosted(api, still_life())})
    (result,) = (await api.call("GET", f"/v1/{made['visual_id']}/caption"))["results"]
    assert result["caption"].startswith("A wide picture in white")


async def test_a_removed_visual_is_unknown(api: Api) -> None:
    """Asking is a 404, removing again the documented 400; the same image gets its id back."""
    visual_id = await registered(api)
    assert await api.call("POST", f"/v1/{visual_id}/remove_image") is None
    await api.call("GET", f"/v1/{visual_id}/info", 404)
    await api.call("POST", f"/v1/{visual_id}/background/remove", 404)
    await api.call("POST", f"/v1/{visual_id}/remove_image", 400)
    assert await registered(api) == visual_id


async def test_visuals_survive_a_restart(tmp_path: Path) -> None:
    """Information is the same afterwards."""
    async with running(state=tmp_path) as api:
        visual_id = await registered(api)
        before: Any = await api.call("GET", f"/v1/{visual_id}/info")
    async with running(state=tmp_path) as api:
        assert await api.call("GET", f"/v1/{visual_id}/info") == before
