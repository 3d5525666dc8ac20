"""Products: parameters under two names, addresses given as files, and shots that come as arrays."""

import base64
from typing import Any

import pytest

from bria_async.errors import InvalidParameter
from bria_async.session import Session
from bria_async.types.common import MAX_IMAGE_BYTES
from bria_async.types.jobs import Blocked, GeneratedImage
from tests.support import TOKEN, Recorder, picture, reply

ADDRESS = "https://example.com/vase.png"
IMAGE = picture(64, 64)
ENCODED = base64.b64encode(IMAGE).decode()
PLACE = {"x": 10, "y": 20, "width": 300, "height": 400}

OLDER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("lifestyle_shot_by_text", {"fast": True}, {"mode": "base"}),
    ("lifestyle_shot_by_text", {"fast": False}, {"mode": "fast"}),
    ("lifestyle_shot_by_image", {"reference_image_url": ADDRESS}, {"ref_image_urls": [ADDRESS]}),
    ("lifestyle_shot_by_image", {"reference_image_file": ENCODED}, {"ref_image_file": [ENCODED]}),
    ("lifestyle_shot_by_image", {"reference_image_file": ADDRESS}, {"ref_image_urls": [ADDRESS]}),
]


@pytest.mark.parametrize(("name", "older", "newer"), OLDER)
async def test_a_parameter_is_not_given_under_both_its_names(
    server: Recorder, name: str, older: dict[str, Any], newer: dict[str, Any]
) -> None:
    """Older and newer name together are a local error; whatever the values are."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match="give one of them"):
            await getattr(bria.products, name)(**older, **newer)
    assert server.requests == []


@pytest.mark.parametrize(("name", "older"), [(name, older) for name, older, _ in OLDER[:4]])
async def test_an_older_name_is_sent_as_it_is(server: Recorder, name: str, older: dict[str, Any]) -> None:
    """The older name alone reaches the server, which may be of that age."""
    server.answers(reply(f"products.{name}")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        await getattr(bria.products, name)(**older)
    assert server.requests[0].json == {**older, "sync": False}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"file": ADDRESS}, {"image_url": ADDRESS}),
        ({"file": IMAGE}, {"file": ENCODED}),
        ({"file": f"data:image/png;base64,{ENCODED}"}, {"file": ENCODED}),
        ({"ref_image_file": [ADDRESS]}, {"ref_image_urls": [ADDRESS]}),
        ({"reference_image_file": ADDRESS}, {"reference_image_url": ADDRESS}),
        ({"reference_image_file": IMAGE}, {"reference_image_file": ENCODED}),
    ],
)
async def test_an_address_given_as_a_file_goes_where_addresses_go(
    server: Recorder, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    """What takes base64 has a twin for addresses, and each image finds its own."""
    server.answers(reply("products.lifestyle_shot_by_image")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        await bria.products.lifestyle_shot_by_image(**given)
    assert server.requests[0].json == {**sent, "sync": False}


async def test_files_and_addresses_are_not_mixed(server: Recorder) -> None:
    """Addresses win over files in this operation, so that some of the images would be paid for and not be used."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match=r"ref_image_file holds files and addresses.*Nothing was sent"):
            await bria.products.lifestyle_shot_by_image(ref_image_file=[IMAGE, ADDRESS])
    assert server.requests == []


async def test_shots_are_read_from_arrays(server: Recorder) -> None:
    """`[url, seed, name]` is one image, and a bare text among the results a blocked one."""
    server.answers(reply("products.lifestyle_shot_by_text.blocked")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        shots = await bria.products.lifestyle_shot_by_text(file=IMAGE, scene_description="a table", sync=True)
    first, second = shots.result
    assert isinstance(first, GeneratedImage)
    assert (first.urls, first.seed, first.name) == (("https://api.example.com/files/1.png",), 111111, "1.png")
    assert isinstance(second, Blocked)
    assert second.description == "The output image was blocked by content moderation"


async def test_each_place_is_checked(server: Recorder) -> None:
    """A place that is none of the ten is refused, also as one of several."""
    places: Any = ["upper_left", "nowhere"]
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match="nowhere"):
            await bria.products.lifestyle_shot_by_text(file=IMAGE, manual_placement_selection=places)
    assert server.requests == []


async def test_images_inside_objects_travel_as_base64(server: Recorder) -> None:
    """Each product of `integrate` brings its own image, as bytes, as base64 or as an address."""
    server.answers(reply("products.integrate")["body"], 202)
    images = [IMAGE, f"data:image/png;base64,{ENCODED}", ADDRESS]
    async with Session(TOKEN, server.base_url) as bria:
        products: Any = [{"image": image, "coordinates": PLACE} for image in images]
        await bria.products.integrate(scene=ADDRESS, products=products)
        with pytest.raises(InvalidParameter, match="products must hold"):
            await bria.products.integrate(scene=ADDRESS, products=[])
    (seen,) = server.requests
    assert seen.json == {
        "scene": ADDRESS,
        "products": [{"image": image, "coordinates": PLACE} for image in (ENCODED, ENCODED, ADDRESS)],
    }


@pytest.mark.parametrize(
    ("product", "words"),
    [
        ({"image": "vase.png", "coordinates": PLACE}, ".image is not base64 nor an address; give a file as pathlib"),
        ({"image": bytes(MAX_IMAGE_BYTES + 1), "coordinates": PLACE}, ".image has 12,582,913 bytes, more than"),
        ({"image": IMAGE}, " lacks 'coordinates'"),
        ({"image": IMAGE, "coordinates": PLACE, "scale": 2}, " takes no 'scale'; it takes image, coordinates"),
        ({"image": IMAGE, "coordinates": {"x": 1, "y": 2}}, ".coordinates lacks 'width'"),
        ({"image": IMAGE, "coordinates": PLACE | {"x": "10"}}, ".coordinates.x must be int, got str"),
    ],
)
async def test_a_product_that_is_none_is_told_before_it_is_paid(server: Recorder, product: Any, words: str) -> None:
    """With its number and the way to what is wrong."""
    products: Any = [{"image": ADDRESS, "coordinates": PLACE}, product]
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter) as caught:
            await bria.products.integrate(scene=ADDRESS, products=products)
    assert str(caught.value).startswith(f"products.integrate: products[1]{words}")
    assert server.requests == []


@pytest.mark.parametrize("name", ["consistent_shots", "contextual_keyword_extraction"])
async def test_operations_without_a_contract_take_any_fields(server: Recorder, name: str) -> None:
    """Fields go out as they are given, and the answer is the JSON that came."""
    server.answers({"keywords": ["vase"], "more": {"deep": [1]}})
    fields: dict[str, Any] = {"scene": "a table", "images": [IMAGE, ADDRESS], "depth": {"of": [1, None]}}
    async with Session(TOKEN, server.base_url) as bria:
        answer = await getattr(bria.products, name)(**fields)
    assert server.requests[0].json == {**fields, "images": [ENCODED, ADDRESS]}
    assert answer == {"keywords": ["vase"], "more": {"deep": [1]}}
