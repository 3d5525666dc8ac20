"""Product shots over HTTP: real cutouts, placements, older names, statuses and their bodies."""

from typing import Any

import aiohttp
import pytest
from PIL import Image

from bria_async.sim import Moderation
from tests.sim.helpers import Api, base64_of, disc, flat, is_marked, loaded, png, running, sha256

BY_TEXT = "/v1/product/lifestyle_shot_by_text"
BY_IMAGE = "/v1/product/lifestyle_shot_by_image"
SHOT: dict[str, Any] = {"file": base64_of(disc()), "scene_description": "a blue room", "sync": True, "num_results": 1}


async def made(api: Api, name: str, **fields: Any) -> Image.Image:
    """What a v1 operation makes of a disc at once."""
    body = {"file": base64_of(disc())} | fields
    answer = await api.call("POST", f"/v1/product/{name}", json=body)
    return loaded(await api.raw(answer["result_url"]))


async def test_a_cutout_is_there_at_once(api: Api) -> None:
    """Transparent corners, an opaque centre."""
    image = await made(api, "cutout")
    assert (image.getpixel((0, 0)), image.getpixel((100, 80))) == ((255, 255, 255, 0), (255, 0, 0, 255))


async def test_a_packshot_is_2000_pixels_of_the_colour_asked_for(api: Api) -> None:
    """White unless told otherwise, or transparent."""
    image = await made(api, "packshot")
    assert (image.size, image.getpixel((0, 0)), image.getpixel((1000, 1000))) == (
        (2000, 2000),
        (255, 255, 255),
        (255, 0, 0),
    )
    assert (await made(api, "packshot", background_color="#0f0")).getpixel((0, 0)) == (0, 255, 0)
    assert (await made(api, "packshot", background_color="transparent")).mode == "RGBA"


async def test_a_shadow_is_below_the_product(api: Api) -> None:
    """On nothing by default, 15 pixels further down."""
    image = await made(api, "shadow", shadow_blur=1, shadow_intensity=100)
    assert image.getpixel((100, 130)) == (0, 0, 0, 255)
    assert (await made(api, "shadow", type="float", background_color="#fff")).mode == "RGB"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("packshot", {"background_color": "#GG"}),
        ("packshot", {"background_color": ""}),
        ("shadow", {"type": "round"}),
        ("shadow", {"shadow_color": "transparent"}),
        ("shadow", {"shadow_offset": [1]}),
        ("shadow", {"shadow_offset": [10**9, 0]}),
        ("shadow", {"shadow_blur": -1}),
        ("shadow", {"shadow_height": 0}),
        ("shadow", {"shadow_intensity": 101}),
        ("lifestyle_shot_by_text", {}),
        ("lifestyle_shot_by_text", {"scene_description": "x", "num_results": 0}),
        ("lifestyle_shot_by_text", {"scene_description": "x", "num_results": 11}),
        ("lifestyle_shot_by_text", {"scene_description": "x", "placement_type": "automatic", "sync": True}),
        (
            "lifestyle_shot_by_text",
            {"scene_description": "x", "placement_type": "manual_padding", "padding_values": [1]},
        ),
        ("lifestyle_shot_by_text", {"scene_description": "x", "manual_placement_selection": ["nowhere"]}),
        ("lifestyle_shot_by_image", {}),
    ],
)
async def test_what_cannot_be_is_refused(api: Api, name: str, fields: dict[str, Any]) -> None:
    """Colours, numbers and combinations out of bounds are a 400."""
    await api.call("POST", f"/v1/product/{name}", 400, json={"file": base64_of(disc())} | fields)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, [(200, 160)]),
        ({"num_results": 3}, [(200, 160)] * 3),
        ({"placement_type": "manual_placement", "shot_size": [300, 200]}, [(300, 200)]),
        (
            {"placement_type": "manual_placement", "manual_placement_selection": ["upper_left", "bottom_right"]},
            [(1000, 1000)] * 2,
        ),
        ({"placement_type": "manual_padding", "padding_values": [10, 20, 30, 40]}, [(270, 190)]),
        ({"placement_type": "automatic_aspect_ratio", "aspect_ratio": "16:9"}, [(1333, 749)]),
        (
            {
                "placement_type": "custom_coordinates",
                "shot_size": [400, 300],
                "foreground_image_size": [100, 100],
                "foreground_image_location": [300, 200],
            },
            [(400, 300)],
        ),
    ],
)
async def test_placements_decide_sizes_and_numbers(api: Api, fields: dict[str, Any], names: list[Any]) -> None:
    """Each result is [url, seed, name], with consecutive seeds, in the size that the placement asks for."""
    rows = (await api.call("POST", BY_TEXT, json=SHOT | fields))["result"]
    images = [loaded(await api.raw(url)) for url, _, _ in rows]
    assert [image.size for image in images] == names
    assert all(is_marked(image) for image in images)
    assert [seed - rows[0][1] for _, seed, _ in rows] == list(range(len(names)))
    assert len({name for _, _, name in rows}) == len(names)


async def test_a_product_stands_where_it_was_placed(api: Api) -> None:
    """The middle of the box is the product, outside it is the scene."""
    fields = {
        "placement_type": "custom_coordinates",
        "shot_size": [400, 300],
        "foreground_image_size": [100, 100],
        "foreground_image_location": [20, 40],
    }
    ((url, _, _),) = (await api.call("POST", BY_TEXT, json=SHOT | fields))["result"]
    image = loaded(await api.raw(url))
    assert image.getpixel((70, 90)) == (255, 0, 0)
    assert image.getpixel((300, 100)) != (255, 0, 0)


async def test_automatic_placements_are_ten_and_come_later(api: Api) -> None:
    """Ten of each result asked for, which fill in later."""
    body = SHOT | {"placement_type": "automatic", "sync": False}
    rows = (await api.call("POST", BY_TEXT, json=body))["result"]
    assert len(rows) == 10
    await api.raw(rows[0][0], 404)
    api.sim.clock.push(60)
    assert len({await api.raw(url) for url, _, _ in rows}) == 10


@pytest.mark.parametrize(
    "reference",
    [
        {"ref_image_urls": ["{url}"]},
        {"ref_image_file": [base64_of(flat((0, 0, 255)))]},
        {"reference_image_url": "{url}"},
        {"reference_image_file": base64_of(flat((0, 0, 255)))},
        {"reference_image_url": "{url}", "reference_image_file": "broken"},
    ],
)
async def test_older_and_newer_names_of_a_reference_do_the_same(api: Api, reference: dict[str, Any]) -> None:
    """The scene has the colour of the reference; a URL wins over a file (NOTES C31, SEED 004)."""
    await api.call("PUT", "/_sim/files/blue.png", 201, data=flat((0, 0, 255)))
    url = f"{api.sim.base_url}/_sim/files/blue.png"
    put = {
        name: [each.format(url=url) for each in value] if isinstance(value, list) else value.format(url=url)
        for name, value in reference.items()
    }
    body = {"file": base64_of(disc()), "sync": True, "num_results": 1} | put
    ((found, _, _),) = (await api.call("POST", BY_IMAGE, json=body))["result"]
    assert loaded(await api.raw(found)).getpixel((5, 5)) == (0, 0, 255)


async def test_a_url_wins_over_a_file_and_one_is_needed(api: Api) -> None:
    """As the documents say; a multipart file is taken too."""
    await api.call("PUT", "/_sim/files/disc.png", 201, data=disc())
    url = f"{api.sim.base_url}/_sim/files/disc.png"
    assert (await made(api, "cutout", image_url=url, file="broken")).size == (200, 160)
    await api.call("POST", "/v1/product/cutout", 400, json={"sku": "1"})
    form = aiohttp.FormData()
    form.add_field("file", disc(), filename="disc.png")
    form.add_field("force_rmbg", "true")
    answer = await api.call("POST", "/v1/product/cutout", data=form)
    assert answer["result_url"]


async def test_statuses_and_their_bodies_are_the_documented_ones() -> None:
    """404, 413, 415, 460 as objects, 422 as a JSON string, 451 for words by option."""
    async with running(max_bytes=5000, legal=("secret",), moderation=Moderation(inputs=(sha256(disc())[:9],))) as api:
        await api.call("PUT", "/_sim/files/secret-disc.png", 201, data=disc())
        base, path = f"{api.sim.base_url}/_sim/files", "/v1/product/packshot"
        for fields, status in (
            ({"image_url": f"{base}/none"}, 404),
            ({"image_url": "https://example.com"}, 460),
            ({"image_url": f"{base}/secret-disc.png"}, 451),
            ({"file": base64_of(b"x" * 6000)}, 413),
            ({"file": base64_of(b"GIF89a")}, 415),
        ):
            assert "error" in await api.call("POST", path, status, json=fields)
        body = {"file": base64_of(disc()), "content_moderation": True}
        assert isinstance(await api.call("POST", path, 422, json=body), str)
        await api.call("POST", "/v1/product/shadow", 200, json={"image_url": f"{base}/secret-disc.png"})


async def test_blocked_shots_are_texts_in_arrays() -> None:
    """A text in an array in the place of [url, seed, name]; nothing left is a 422; later they are empty (C13)."""
    async with running(moderation=Moderation(first_output=("edgy",), outputs=("nude",))) as api:
        body = SHOT | {"content_moderation": True, "num_results": 2, "scene_description": "edgy"}
        blocked, fine = (await api.call("POST", BY_TEXT, json=body))["result"]
        assert len(blocked) == 1 and "moderation" in blocked[0]
        assert fine[0].startswith("http")
        assert isinstance(await api.call("POST", BY_TEXT, 422, json=body | {"scene_description": "nude"}), str)
        later = await api.call("POST", BY_TEXT, json=body | {"sync": False})
        api.sim.clock.push(60)
        assert [bool(await api.raw(url)) for url, _, _ in later["result"]] == [False, True]


async def test_scarce_operations_answer_512() -> None:
    """Nothing was done, and nothing is counted."""
    async with running(scarce=("products.cutout",)) as api:
        await api.call("POST", "/v1/product/cutout", 512, json={"file": base64_of(disc())})
        assert api.sim.counts["products.cutout"] == 0


async def test_the_newer_cutout_is_a_job(api: Api) -> None:
    """202 and a result, or at once; on white as JPEG."""
    path = "/v2/image/edit/product/cutout"
    await api.call("POST", path, 202, json={"image": base64_of(disc())})
    body = {"image": base64_of(disc(ground="blue")), "sync": True, "output_type": "jpeg"}
    image = loaded(await api.raw((await api.call("POST", path, json=body))["result"]["image_url"]))
    assert image.format == "JPEG"
    assert image.convert("L").getpixel((2, 2)) == 255


@pytest.mark.parametrize("coordinates", [[50, 40, 30, 30], {"x": 50, "y": 40, "width": 30, "height": 30}])
async def test_products_are_integrated_into_a_scene(api: Api, coordinates: Any) -> None:
    """Each lies within its box."""
    scene = png(Image.new("RGB", (200, 160), "blue"))
    body = {"scene": base64_of(scene), "products": [{"image": base64_of(disc()), "coordinates": coordinates}]}
    job = await api.call("POST", "/v2/image/edit/product/integrate", 202, json=body)
    api.sim.clock.push(60)
    image = loaded(await api.raw((await api.call("GET", job["status_url"]))["result"]["image_url"]))
    assert (image.getpixel((65, 55)), image.getpixel((10, 10))) == ((255, 0, 0), (0, 0, 255))


@pytest.mark.parametrize(
    ("products", "status"),
    [
        ([], 422),
        ([{}], 422),
        ([1], 422),
        ([{"image": "x", "coordinates": "x"}], 422),
        ([{"image": base64_of(disc()), "coordinates": [1, 2, 3]}], 400),
        ([{"image": base64_of(disc()), "coordinates": {"x": True}}], 400),
        ([{"image": base64_of(disc()), "coordinates": [0, 0, 10**9, 1]}], 400),
    ],
)
async def test_products_that_do_not_fit_are_refused(api: Api, products: Any, status: int) -> None:
    """Too few, of another kind, or nowhere."""
    body = {"scene": base64_of(disc()), "products": products}
    await api.call("POST", "/v2/image/edit/product/integrate", status, json=body)


@pytest.mark.parametrize("path", ["/v1/products/consistent_shots", "/v1/product/contextual_keyword_extraction"])
async def test_what_has_no_contract_takes_any_object(path: str) -> None:
    """Nothing is known of it, so nothing is refused, strict or not."""
    async with running(strict=True) as api:
        for body in ({}, {"anything": [1, {"deep": None}]}):
            assert await api.call("POST", path, json=body) == {"result": []}
        await api.call("POST", path, 400, json=[])
