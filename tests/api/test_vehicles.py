"""Vehicles: masks from one operation to the next, and layers."""

import base64
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import InvalidParameter
from bria_async.session import Session
from tests.support import TOKEN, Recorder, picture, reply

ADDRESS = "https://example.com/car.png"


async def test_masks_of_the_parts_that_were_found_make_reflections(server: Recorder) -> None:
    """Parts that were not found, and parts without reflections, are no masks of `generate_reflections`."""
    server.answers(reply("vehicles.segment")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        parts = await bria.vehicles.segment(file=ADDRESS)
        server.answers(reply("vehicles.generate_reflections")["body"])
        image = await bria.vehicles.generate_reflections(image_url=ADDRESS, masks=parts.reflective, layers=True)
    assert parts.rear_window == ""
    assert server.requests[0].json == {"image_url": ADDRESS}
    masks = {
        part: f"https://api.example.com/files/{part}.png" for part in ("windshield", "side_windows", "body", "wheels")
    }
    assert server.requests[1].json == {"image_url": ADDRESS, "masks": masks, "layers": True}
    assert image.layers is not None
    assert image.layers["windshield"] == "https://api.example.com/files/windshield.png"


async def test_masks_of_the_parts_that_were_found_are_addresses(server: Recorder) -> None:
    """By part, without those that were not found: each is ready for an operation that takes a mask."""
    server.answers(reply("vehicles.segment")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        parts = await bria.vehicles.segment(file=ADDRESS)
        await bria.vehicles.refine_tires(image_url=ADDRESS, masks={"tires": parts.found["tires"]})
    assert set(parts.found) == {"windshield", "side_windows", "body", "wheels", "hubcap", "tires"}
    assert server.requests[1].json["masks"] == {"tires": parts.tires}


async def test_a_mask_may_be_a_file(server: Recorder, tmp_path: Path) -> None:
    """A path inside the masks travels as base64, like any image."""
    file = tmp_path / "tires.png"
    file.write_bytes(picture(64, 64))
    server.answers(reply("vehicles.refine_tires")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        image = await bria.vehicles.refine_tires(image_url=ADDRESS, masks={"tires": file}, layers=True)
    encoded = base64.b64encode(file.read_bytes()).decode()
    assert server.requests[0].json == {"image_url": ADDRESS, "masks": {"tires": encoded}, "layers": True}
    assert (image.layer_url, image.seed) == ("https://api.example.com/files/layer.png", 42)


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ({"tires": "tires.png"}, "masks.tires is not base64 nor an address; give a file as pathlib.Path"),
        ({"wheels": ADDRESS}, "masks takes no 'wheels'; it takes tires"),
        ({}, "masks lacks 'tires'"),
    ],
)
async def test_a_mask_that_is_none_is_told_before_it_is_paid(server: Recorder, masks: Any, words: str) -> None:
    """The name of a file as a text, and a part that this operation does not know."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter) as caught:
            await bria.vehicles.refine_tires(image_url=ADDRESS, masks=masks)
    assert str(caught.value).startswith(f"vehicles.refine_tires: {words}")
    assert server.requests == []


async def test_shots_by_image_take_any_fields(server: Recorder) -> None:
    """The operation has no contract: fields go out as they are given, and the answer is the JSON that came."""
    server.answers({"result": [[ADDRESS, 7, "car.png"]]})
    async with Session(TOKEN, server.base_url) as bria:
        answer = await bria.vehicles.shot_by_image(ref_image_urls=[ADDRESS], file=picture(64, 64))
    encoded = base64.b64encode(picture(64, 64)).decode()
    assert server.requests[0].json == {"ref_image_urls": [ADDRESS], "file": encoded}
    assert answer == {"result": [[ADDRESS, 7, "car.png"]]}
