"""Vehicle shots over HTTP: masks, layers, light, scenes."""

from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.sim.helpers import Api, base64_of, disc, is_marked, loaded, pixel

CAR: dict[str, Any] = {"file": base64_of(disc())}
BLACK_AND_WHITE = disc(colour="white", ground="black")


def path(name: str) -> str:
    """Where an operation is."""
    return f"/v1/product/vehicle/{name}"


def laid_over_the_picture(*layers: Image.Image) -> bytes:
    """The pixels of the picture under all layers."""
    over = loaded(disc()).convert("RGBA")
    for layer in layers:
        over = Image.alpha_composite(over, layer)
    return over.convert("RGB").tobytes()


async def test_parts_are_masks_that_refine_what_they_cover(api: Api) -> None:
    """Seven masks by name; given back as URLs they decide where tires are."""
    masks = await api.call("POST", path("segment"), json=CAR)
    assert masks.keys() == {"windshield", "rear_window", "side_windows", "body", "wheels", "hubcap", "tires"}
    images = {part: loaded(await api.raw(url)) for part, url in masks.items()}
    assert {image.size for image in images.values()} == {(200, 160)}
    assert all({value for _, value in image.getcolors() or []} <= {0, 255} for image in images.values())
    assert all(image.info["Comment"].startswith("SIMULATED") for image in images.values())
    body = CAR | {"masks": {"tires": masks["body"]}, "layers": True}
    answer = await api.call("POST", path("refine_tires"), json=body)
    image, layer = [loaded(await api.raw(answer[name])) for name in ("url", "layer_url")]
    assert image.getpixel((100, 80)) != (255, 0, 0)
    assert image.getpixel((5, 5)) == (255, 255, 255)
    assert is_marked(image)
    above = (0, 0, 200, 136)
    assert layer.getchannel("A").crop(above).tobytes() == images["body"].crop(above).tobytes()
    assert laid_over_the_picture(layer) == image.tobytes()
    assert isinstance(answer["seed"], int)


async def test_effects_lie_over_the_picture_and_alone_in_a_layer(api: Api) -> None:
    """Two URLs with `layers`, one without; the seed given is the seed told."""
    body = CAR | {"effect": "snow", "seed": 4}
    answer = await api.call("POST", path("apply_effect"), json=body | {"layers": True})
    assert answer["seed"] == 4
    image, layer = [loaded(await api.raw(answer[name])) for name in ("url", "layer_url")]
    assert (image.mode, layer.mode) == ("RGB", "RGBA")
    assert (is_marked(image), layer.info["Comment"]) == (True, "SIMULATED: snow (seed 4)")
    assert laid_over_the_picture(layer) == image.tobytes()
    assert "layer_url" not in await api.call("POST", path("apply_effect"), json=body)


async def test_reflections_lie_on_the_panes(api: Api) -> None:
    """A layer for each pane when asked for, together what was put over the picture; a mask that came decides where."""
    body = CAR | {"masks": {"windshield": base64_of(BLACK_AND_WHITE)}, "layers": True, "seed": 1}
    answer = await api.call("POST", path("generate_reflections"), json=body)
    assert answer["layers"].keys() == {"windshield", "rear_window", "side_windows"}
    layers = {pane: loaded(await api.raw(url)) for pane, url in answer["layers"].items()}
    assert all(is_marked(layer) and layer.info["Comment"].startswith("SIMULATED") for layer in layers.values())
    windshield, where = (
        each.crop((0, 0, 200, 136)) for each in (layers["windshield"].getchannel("A"), loaded(BLACK_AND_WHITE))
    )
    assert windshield.getbbox(), "no light"
    assert ImageChops.subtract(windshield, where.convert("L")).getbbox() is None, "light beside the mask"
    image = loaded(await api.raw(answer["url"]))
    assert is_marked(image)
    assert laid_over_the_picture(*layers.values()) == image.tobytes()
    assert "layers" not in await api.call("POST", path("generate_reflections"), json=CAR)


@pytest.mark.parametrize("masks", [{"roof": base64_of(disc())}, {"tires": 5}, {"tires": None}])
async def test_masks_have_names_and_are_images(api: Api, masks: dict[str, Any]) -> None:
    """Another name, or what is no text, is a 400."""
    await api.call("POST", path("refine_tires"), 400, json=CAR | {"masks": masks})


async def test_light_follows_the_preset(api: Api) -> None:
    """Night is darker than day; unknown words do little, and no word too."""
    light = []
    for preset in ("warm-day", "cold-night", "disco", None):
        answer = await api.call("POST", path("harmonize"), json=CAR | {"preset": preset})
        image = loaded(await api.raw(answer["url"]))
        assert not is_marked(image)
        light.append(pixel(image.convert("L"), (5, 5)))
    day, night, other, none = light
    assert night < day
    assert other == none


async def test_shots_are_rows(api: Api) -> None:
    """[url, seed, name] as for products, later unless waited for."""
    body = CAR | {"scene_description": "a street", "num_results": 2}
    rows = (await api.call("POST", path("shot_by_text"), json=body))["result"]
    await api.raw(rows[0][0], 404)
    rows = (await api.call("POST", path("shot_by_text"), json=body | {"sync": True}))["result"]
    assert is_marked(loaded(await api.raw(rows[1][0])))
    await api.call("POST", path("shot_by_text"), 400, json=CAR)


async def test_an_image_is_needed(api: Api) -> None:
    """By URL or as a file, for every operation with a contract."""
    for name in ("segment", "apply_effect", "generate_reflections", "refine_tires", "harmonize"):
        await api.call("POST", path(name), 400, json={})
    assert await api.call("POST", path("shot_by_image"), json={"any": "thing"}) == {"result": []}
