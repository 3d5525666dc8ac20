"""Edits of visuals: real pixels, chains of sids, sizes, masks."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageStat

from tests.sim.helpers import Api, JsonObject, flat, running
from tests.sim.scenery import (
    BLUE,
    GROUND,
    IN_BLUE,
    IN_GROUND,
    IN_RED,
    IN_SKIN,
    RED,
    SKIN,
    edited,
    fetched,
    hosted,
    registered,
    still_life,
)


def pixel(picture: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """A pixel as red, green and blue."""
    found = picture.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return found


def alike(one: tuple[int, ...], other: tuple[int, ...], within: int = 12) -> bool:
    """Whether two colours are nearly the same."""
    return all(abs(here - there) <= within for here, there in zip(one, other, strict=True))


async def test_a_removed_background_is_transparent_and_the_subject_is_not(api: Api) -> None:
    """The subject's pixels are untouched."""
    visual_id = await registered(api)
    _, picture = await edited(api, visual_id, "background/remove")
    assert (picture.mode, picture.size) == ("RGBA", (600, 400))
    assert [picture.getpixel(at)[3] for at in (IN_GROUND, IN_RED)] == [0, 255]  # type: ignore[index]  # RGBA
    assert pixel(picture, IN_RED) == RED


async def test_edits_compose_along_their_sids(api: Api) -> None:
    """Remove the background, crop what remains, make it twice as large: each works on the last result."""
    visual_id = await registered(api)
    cutout, _ = await edited(api, visual_id, "background/remove")
    cropped, small = await edited(api, visual_id, "crop", query={"sid": cutout}, padding=5)
    left, top, right, bottom = 100, 80, 501, 381
    assert small.size == (right - left + 10, bottom - top + 10)
    assert pixel(small, (IN_BLUE[0] - left + 5, IN_BLUE[1] - top + 5)) == BLUE
    _, large = await edited(api, visual_id, "increase_resolution", query={"sid": cropped, "desired_increase": "2"})
    assert large.size == (small.width * 2, small.height * 2)
    assert alike(pixel(large, ((IN_BLUE[0] - left + 5) * 2, (IN_BLUE[1] - top + 5) * 2)), BLUE)
    first, second = await edited(api, visual_id, "background/remove"), await edited(api, visual_id, "crop")
    assert first[0] != second[0], "sids are of one result each"
    assert second[1].size == (600, 400), "without a sid the original is worked on, which has no transparency"


async def test_chains_survive_a_restart(tmp_path: Path) -> None:
    """A result that nobody looked at is drawn afterwards, and its sid goes on."""
    async with running(state=tmp_path) as api:
        visual_id = await registered(api)
        body = {"canvas_size": [900, 600], "original_image_size": [600, 400], "original_image_location": [100, 50]}
        expanded = await api.call("POST", f"/v1/{visual_id}/image_expansion", json=body)
    async with running(state=tmp_path) as api:
        _, picture = await edited(api, visual_id, "background/blur", query={"sid": expanded["sid"]})
        assert (picture.size, pixel(picture, (100 + IN_RED[0], 50 + IN_RED[1]))) == ((900, 600), RED)


async def test_a_sid_belongs_to_its_visual(api: Api) -> None:
    """Another visual's sid, and one of nothing, are a 400."""
    one, other = await registered(api), await registered(api, still_life((500, 500)), "b.png")
    sid, _ = await edited(api, one, "background/remove")
    for wrong in (sid, "nothing", ""):
        await api.call("POST", f"/v1/{other}/background/blur", 400, params={"sid": wrong})


async def test_a_blurred_background_leaves_the_subject(api: Api) -> None:
    """The inside of the subject is exact; how much is blurred follows `scale`."""
    noisy = Image.effect_noise((600, 400), 4).convert("RGB")
    noisy.paste(Image.open(io.BytesIO(still_life())).crop((90, 90, 210, 310)), (90, 90))
    buffer = io.BytesIO()
    noisy.save(buffer, "PNG")
    visual_id = await registered(api, buffer.getvalue())
    spreads: list[float] = []
    for scale in ("1", "5"):
        _, picture = await edited(api, visual_id, "background/blur", query={"scale": scale})
        assert pixel(picture, IN_RED) == RED
        spreads += ImageStat.Stat(picture.convert("L").crop((300, 0, 600, 400))).stddev
    assert spreads[0] > spreads[1] > 0
    await api.call("POST", f"/v1/{visual_id}/background/blur?scale=6", 400)


@pytest.mark.parametrize(
    ("size", "query", "expected"),
    [
        ((600, 400), {}, (600, 400)),
        ((600, 400), {"desired_resolution": "nhd"}, (540, 360)),
        ((400, 600), {"desired_resolution": "nhd"}, (360, 540)),
        ((600, 400), {"desired_resolution": "uhd"}, (3240, 2160)),
        ((2400, 1200), {}, (2048, 1024)),
        ((2400, 1200), {"desired_resolution": "original"}, (2400, 1200)),
        ((2400, 1200), {"original_quality": "true"}, (2400, 1200)),
        ((2400, 1200), {"original_quality": "true", "desired_resolution": "xga"}, (1024, 512)),
    ],
)
async def test_results_have_the_resolution_asked_for(
    api: Api, size: tuple[int, int], query: dict[str, str], expected: tuple[int, int]
) -> None:
    """Within the named size, turned to the picture; by default at most 2048 a side."""
    visual_id = await registered(api, still_life(size))
    _, picture = await edited(api, visual_id, "background/remove", query=query)
    assert picture.size == expected


async def test_the_older_word_for_hd_is_known_where_it_was_written(api: Api) -> None:
    """`had` in some operations (NOTES C31), and nowhere else."""
    visual_id = await registered(api)
    change = {"changes": [{"mask_id": 1}]}
    _, picture = await edited(api, visual_id, "objects/remove", query={"desired_resolution": "had"}, **change)
    assert picture.size == (1080, 720)
    await api.call("POST", f"/v1/{visual_id}/background/remove?desired_resolution=had", 400)


async def test_a_psd_holds_the_picture(api: Api) -> None:
    """A real file of the format, pixel for pixel, of a chained result too, transparency included."""
    visual_id = await registered(api)
    _, picture = await edited(api, visual_id, "image_to_psd")
    assert (picture.format, picture.size, pixel(picture, IN_BLUE)) == ("PSD", (600, 400), BLUE)
    cutout, _ = await edited(api, visual_id, "background/remove")
    _, layered = await edited(api, visual_id, "image_to_psd", query={"sid": cutout})
    assert layered.mode == "RGBA"
    assert [layered.getpixel(at)[3] for at in (IN_GROUND, IN_RED)] == [0, 255]  # type: ignore[index]  # RGBA


async def test_an_expanded_image_lies_where_it_was_asked(api: Api) -> None:
    """Exact pixels at the place, the canvas around it, the seed given back."""
    visual_id = await registered(api)
    body: JsonObject = {
        "canvas_size": [1000, 800],
        "original_image_size": [600, 400],
        "original_image_location": [50, 70],
        "seed": 9,
    }
    answer = await api.call("POST", f"/v1/{visual_id}/image_expansion", json=body)
    assert answer["seed"] == 9
    picture = await fetched(api, answer["result_url"])
    assert picture.size == (1000, 800)
    assert pixel(picture, (50 + IN_RED[0], 70 + IN_RED[1])) == RED
    assert pixel(picture, (50 + IN_BLUE[0], 70 + IN_BLUE[1])) == BLUE
    _, usual = await edited(api, visual_id, "image_expansion")
    assert usual.size == (1000, 1000)
    _, again = await edited(api, visual_id, "background/blur", query={"sid": answer["sid"]})
    assert again.size == (1000, 800)


@pytest.mark.parametrize(
    "body",
    [
        {"canvas_size": [5001, 5000]},
        {"canvas_size": [0, 10]},
        {"canvas_size": [1000]},
        {"canvas_size": [10**9, 10**9]},
        {"original_image_size": [300, 300], "canvas_size": [1000, 1000]},
        {"original_image_location": [1000, 0], "canvas_size": [1000, 1000]},
        {"original_image_location": [10**12, 0]},
        {"canvas_size": ["a", "b"]},
        {"seed": 2**70},
    ],
)
async def test_impossible_canvases_are_a_400(api: Api, body: dict[str, Any]) -> None:
    """At most 5000 x 5000, the image over 15% of it and on it."""
    await api.call("POST", f"/v1/{await registered(api)}/image_expansion", 400, json=body)


async def test_scarce_operations_are_a_512() -> None:
    """By option, and nothing is done."""
    async with running(scarce=("visuals.expand",)) as api:
        visual_id = await registered(api)
        await api.call("POST", f"/v1/{visual_id}/image_expansion", 512, json={})
        assert not api.sim.world.jobs


async def test_replaced_backgrounds_come_as_rows_and_later(api: Api) -> None:
    """Four by default, 404 until their time; the third of a row is a sid once its result is there."""
    visual_id = await registered(api)
    rows = (await api.call("POST", f"/v1/{visual_id}/replace_bg", json={"bg_prompt": "blue", "seed": 5}))["result"]
    assert [row[1] for row in rows] == [5, 6, 7, 8]
    url, _, sid = rows[0]
    await api.raw(url, 404)
    await api.call("POST", f"/v1/{visual_id}/background/remove", 400, params={"sid": sid})
    api.sim.clock.push(api.sim.options.job_time)
    picture = await fetched(api, url)
    assert pixel(picture, IN_RED) == RED
    assert not alike(pixel(picture, IN_GROUND), GROUND)
    _, small = await edited(api, visual_id, "background/blur", query={"sid": sid, "desired_resolution": "nhd"})
    assert alike(pixel(small, (150 * 9 // 10, 200 * 9 // 10)), RED)
    ready = await api.call("POST", f"/v1/{visual_id}/replace_bg", json={"num_results": 1, "sync": True})
    assert len(ready["result"]) == 1
    assert await api.raw(ready["result"][0][0])
    for number in (0, 11):
        await api.call("POST", f"/v1/{visual_id}/replace_bg", 400, json={"num_results": number})


async def test_masks_are_a_zip_that_agrees_with_the_information(api: Api) -> None:
    """A white mask for each region, and a panoptic map whose grey values are the mask ids."""
    visual_id = await registered(api)
    async with api.http.post(f"{api.sim.base_url}/v1/{visual_id}/objects/mask_generator") as response:
        assert (response.status, response.content_type) == (200, "application/zip")
        data = await response.read()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pictures = {name: Image.open(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    assert set(pictures) == {f"{visual_id}_{each}.png" for each in (1, 2, 3, "panoptic")}
    assert {picture.size for picture in pictures.values()} == {(600, 400)}
    panoptic = pictures[f"{visual_id}_panoptic.png"]
    assert [panoptic.getpixel(at) for at in (IN_GROUND, IN_RED, IN_BLUE, IN_SKIN)] == [0, 1, 2, 3]
    assert [pictures[f"{visual_id}_1.png"].getpixel(at) for at in (IN_GROUND, IN_RED, IN_BLUE)] == [0, 255, 0]
    objects = await api.call("GET", f"/v1/{visual_id}/objects/info")
    assert [each["mask_id"] for each in objects] == [1, 2]


async def test_masks_are_a_url_by_option() -> None:
    """The same zip, one request later."""
    async with running(masks_as_url=True) as api:
        visual_id = await registered(api)
        answer = await api.call("POST", f"/v1/{visual_id}/objects/mask_generator")
        with zipfile.ZipFile(io.BytesIO(await api.raw(answer["result_url"]))) as archive:
            assert f"{visual_id}_panoptic.png" in archive.namelist()


async def changes(api: Api, visual_id: str, kind: str) -> list[JsonObject]:
    """What to remove of the still life so that the red rectangle goes and the disc stays."""
    if kind == "id":
        objects = await api.call("GET", f"/v1/{visual_id}/objects/info")
        return [{"id": objects[0]["id"]}]
    if kind == "mask_url":
        mask = Image.new("L", (600, 400))
        mask.paste(255, (90, 90, 215, 315))
        buffer = io.BytesIO()
        mask.save(buffer, "PNG")
        return [{"mask_url": await hosted(api, buffer.getvalue(), "mask.png"), "mask_source": "manual"}]
    if kind == "positive_points":
        return [{"positive_points": [{"x": IN_RED[0], "y": IN_RED[1]}]}]
    return [{"mask_id": 1, "mask_source": "generated"}]


@pytest.mark.parametrize("kind", ["id", "mask_id", "mask_url", "positive_points"])
async def test_objects_are_removed_however_they_are_named(api: Api, kind: str) -> None:
    """Their place is filled from around it, and everything else is as it was."""
    visual_id = await registered(api)
    _, picture = await edited(api, visual_id, "objects/remove", changes=await changes(api, visual_id, kind))
    assert not alike(pixel(picture, IN_RED), RED, 60), pixel(picture, IN_RED)
    assert [pixel(picture, at) for at in (IN_BLUE, IN_SKIN, IN_GROUND)] == [BLUE, SKIN, GROUND]


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        [{}],
        [{"id": "nobody"}],
        [{"mask_id": 99}],
        [{"mask_id": 1}, {"positive_points": [{"x": 1, "y": 1}]}],
        [{"positive_points": [{"x": 600, "y": 0}]}],
        [{"positive_points": [{"x": "1", "y": 0}]}],
        [{"positive_points": 7}],
        [{"positive_points": []}],
        [{"mask_url": 7}],
        [{"mask_url": "https://example.com/mask.png"}],
        [{"mask_id": 1}] * 21,
        ["mask"],
    ],
)
async def test_other_removals_are_a_400(api: Api, wrong: Any) -> None:
    """Nothing, too much, several kinds at once, or what is not in the image."""
    await api.call("POST", f"/v1/{await registered(api)}/objects/remove", 400, json={"changes": wrong})


async def test_a_point_on_nothing_takes_a_little_around_it(api: Api) -> None:
    """A disc, whatever is there; regions elsewhere stay."""
    visual_id = await registered(api, still_life((1200, 800)))
    points = [{"positive_points": [{"x": 40, "y": 40}]}]
    _, picture = await edited(api, visual_id, "objects/remove", changes=points)
    assert pixel(picture, (2 * IN_RED[0], 2 * IN_RED[1])) == RED


async def test_people_change_and_nobody_else(api: Api) -> None:
    """The person's tint is another; the marked result is chained for other people only."""
    visual_id = await registered(api, still_life((600, 600)))
    (person,) = await api.call("GET", f"/v1/{visual_id}/person/info")
    change = [{"id": person["id"], "expression": "smile"}]
    sid, picture = await edited(api, visual_id, "create", changes=change)
    assert not alike(pixel(picture, (IN_SKIN[0], IN_SKIN[1] * 3 // 2 - 10)), SKIN)
    assert pixel(picture, (IN_RED[0], IN_RED[1] * 3 // 2)) == RED
    await api.call("POST", f"/v1/{visual_id}/create", 400, json={"changes": change, "sid": sid})
    blurred, _ = await edited(api, visual_id, "background/blur", query={"sid": sid})
    assert blurred
    for wrong in ([], [{"mask_id": 1}], [{"id": "nobody"}]):
        await api.call("POST", f"/v1/{visual_id}/create", 400, json={"changes": wrong})


async def test_results_cannot_grow_without_end(api: Api) -> None:
    """8192 x 8192 is the limit, over a chain too, and only 2 and 4 are steps."""
    visual_id = await registered(api, still_life((1100, 1000)))
    sid, _ = await edited(api, visual_id, "increase_resolution", query={"desired_increase": "4"})
    path = f"/v1/{visual_id}/increase_resolution"
    await api.call("POST", path, 400, params={"sid": sid, "desired_increase": "2"})
    await api.call("POST", path, 400, params={"desired_increase": "3"})


@pytest.mark.parametrize(("padding", "status"), [(-1, 400), (0, 200), (2100, 200), (2300, 400), (10**12, 400)])
async def test_a_crop_has_bounds(api: Api, padding: int, status: int) -> None:
    """No padding below 0, and no result above 5000 x 5000."""
    path = f"/v1/{await registered(api)}/crop"
    await api.call("POST", path, status, json={"padding": padding})


async def test_campaigns_have_an_ad_for_each_layout(api: Api) -> None:
    """By template or by layouts, in their sizes, before a colour, a scene or the original."""
    visual_id = await registered(api)
    path = f"/v1/{visual_id}/campaign_generator"
    ads = (await api.call("POST", path, json={"template_id": "1", "header1_text": "Hello", "header1_size": 90}))["ads"]
    assert [ad["name"] for ad in ads] == ["square", "portrait", "story"]
    for ad in ads:
        picture = await fetched(api, ad["url"])
        assert picture.size == (ad["resolution"]["width"], ad["resolution"]["height"])
    body = {"layout_ids": ["landscape"], "background_type": "solid", "bg_color": "#00ff00"}
    (ad,) = (await api.call("POST", path, json=body))["ads"]
    assert pixel(await fetched(api, ad["url"]), (5, 5)) == (0, 255, 0)
    body = {"layout_ids": ["square"], "background_type": "generated", "bg_prompt": "red"}
    assert len((await api.call("POST", path, json=body))["ads"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"template_id": "99"},
        {"layout_ids": []},
        {"layout_ids": ["cube"]},
        {"layout_ids": ["square"] * 21},
        {"template_id": "1", "background_type": "generated"},
        {"template_id": "1", "background_type": "solid"},
        {"template_id": "1", "background_type": "solid", "bg_color": "#GG"},
        {"template_id": "1", "header1_color": [1, 2]},
        {"template_id": "1", "header1_color": [1, 2, 256]},
        {"template_id": "1", "header2_size": 0},
    ],
)
async def test_impossible_campaigns_are_a_400(api: Api, body: dict[str, Any]) -> None:
    """Unknown layouts, backgrounds without what they need, letters that cannot be drawn."""
    await api.call("POST", f"/v1/{await registered(api)}/campaign_generator", 400, json=body)


async def test_a_picture_of_one_colour_cannot_come_back_as_a_visual(api: Api) -> None:
    """506 at the door, so nothing behind it has to give it."""
    await api.call("POST", "/v1/register", 506, json={"image_url": await hosted(api, flat((1, 2, 3)))})
    assert not api.sim.world.visuals
