"""What is found on pictures of vehicles, and what is put on it."""

import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from bria_async.sim.effects import EFFECTS
from bria_async.sim.effects.cars import PANES, PARTS
from tests.sim.helpers import disc, loaded, pixel

BLUE, GLASS, TIRE, RIM = (40, 80, 160), (210, 220, 230), (20, 20, 22), (180, 180, 185)
WHEELS = ((200, 300), (450, 300))


def car() -> Image.Image:
    """A blue car of 600 pixels from the side: wheels of radius 50 and 32, two panes."""
    image = Image.new("RGB", (640, 400), (245, 245, 245))
    pen = ImageDraw.Draw(image)
    pen.polygon(((20, 300), (20, 180), (120, 160), (200, 50), (420, 50), (500, 160), (610, 190), (620, 300)), fill=BLUE)
    pen.polygon(((150, 150), (215, 65), (305, 65), (305, 150)), fill=GLASS)
    pen.polygon(((320, 150), (320, 65), (410, 65), (470, 150)), fill=GLASS)
    for middle in WHEELS:
        pen.circle(middle, 50, fill=TIRE)
        pen.circle(middle, 32, fill=RIM)
    return image


def made(effect: str, image: Image.Image, seed: int = 1, **told: Any) -> Image.Image:
    """The picture that an effect makes of a picture."""
    return EFFECTS[effect].draw([image], {"masks": [], **told}, random.Random(seed))


@pytest.mark.parametrize("image", [car(), loaded(disc())], ids=["car", "disc"])
def test_parts_are_masks_within_the_outline(image: Image.Image) -> None:
    """Black and white, none empty, none outside the vehicle; tires are wheels without their hubcaps."""
    masks = {part: made("segment", image, part=part) for part in PARTS}
    for part, mask in masks.items():
        assert (mask.mode, mask.size) == ("L", image.size)
        assert {value for _, value in mask.getcolors() or []} == {0, 255}, part
        assert ImageChops.subtract(mask, masks["body"]).getbbox() is None, part
    assert ImageChops.add(masks["tires"], masks["hubcap"]).tobytes() == masks["wheels"].tobytes()
    assert ImageChops.multiply(masks["tires"], masks["hubcap"]).getbbox() is None


def test_wheels_are_found_where_they_are() -> None:
    """Rings of tires and discs of hubcaps lie on those of the picture, not at the usual places."""
    tires, hubcap = made("segment", car(), part="tires"), made("segment", car(), part="hubcap")
    for x, y in WHEELS:
        assert (pixel(tires, (x, y)), pixel(hubcap, (x, y))) == ((0,), (255,))
        for at in ((x - 42, y), (x + 42, y), (x, y + 42), (x, y - 42)):
            assert (pixel(tires, at), pixel(hubcap, at)) == ((255,), (0,)), at
        assert pixel(tires, (x - 56, y)) == pixel(tires, (x, y - 56)) == (0,)


def test_panes_are_glass_and_not_paint() -> None:
    """Of the places of panes only what is not of the car's colour is one, and no two share a pixel."""
    panes = {part: made("segment", car(), part=part) for part in PANES}
    for part, mask in panes.items():
        seen = Image.composite(car(), Image.new("RGB", (640, 400), GLASS), mask)
        blue = sum(count for count, colour in seen.getcolors() or [] if colour == BLUE)
        assert blue < 0.1 * mask.histogram()[255], part
    assert pixel(panes["side_windows"], (290, 100)) == pixel(panes["side_windows"], (340, 100)) == (255,)
    assert pixel(panes["side_windows"], (312, 100)) == (0,), "the pillar"
    assert ImageChops.multiply(panes["side_windows"], panes["windshield"]).getbbox() is None


def test_reflections_are_their_layers_over_the_picture() -> None:
    """Each pane's layer is light on that pane alone; all of them over the car are the whole result."""
    image = car()
    layers = {part: made("reflections", image, part=part, layer=True) for part in PANES}
    over = image.convert("RGBA")
    for part, layer in layers.items():
        light = layer.getchannel("A")
        assert light.getbbox() is not None, part
        assert ImageChops.subtract(light, made("segment", image, part=part)).getbbox() is None, part
        over = Image.alpha_composite(over, layer)
    assert made("reflections", image).tobytes() == over.convert("RGB").tobytes()
    assert made("reflections", image, seed=2).tobytes() != over.convert("RGB").tobytes()


def test_the_sky_shines_from_above() -> None:
    """The light of a pane has steps of brightness, and more of it at the top than at the bottom."""
    light = made("reflections", car(), part="side_windows", layer=True).getchannel("A")
    assert len(light.getcolors() or []) > 30
    left, top, right, bottom = light.getbbox() or (0, 0, 0, 0)
    upper, lower = (
        pixel(light.crop((left, at, right, at + 10)).resize((1, 1), Image.Resampling.BOX), (0, 0))
        for at in (top + 5, bottom - 15)
    )
    assert upper > lower


def test_a_car_without_a_background_is_found_by_its_transparency(tmp_path: Path) -> None:
    """Its wheels are where they are, and layers are transparent where it is."""
    cut = EFFECTS["cutout"].draw([car()], {}, random.Random(1))
    assert pixel(made("segment", cut, part="hubcap"), WHEELS[1]) == (255,)
    assert pixel(made("refine_tires", cut, layer=True), (5, 5))[3] == 0
    assert pixel(made("reflections", cut), (5, 5))[3] == 0
