"""The mark of what a model would have invented: in the picture, in the file, and never over the product."""

from pathlib import Path

import pytest
from PIL import Image

from bria_async.sim.effects.marks import marked
from tests.sim.drawn import made, mask
from tests.sim.helpers import disc, is_marked, loaded, pixel, png

RED = (255, 0, 0)
SQUARE = mask((50, 30, 150, 130))
ROUND = disc(colour="white", ground="black")


def test_a_fill_is_marked_inside_and_exact_outside(tmp_path: Path) -> None:
    """The picture says that something is invented; the rest is untouched, and all of it where nothing is."""
    source = disc()
    image = made(tmp_path, "gen_fill", source, mask((40, 40, 160, 120)))
    assert is_marked(image)
    assert pixel(image, (100, 80)) != pixel(loaded(source), (100, 80))
    assert image.crop((0, 0, 200, 40)).tobytes() == loaded(source).crop((0, 0, 200, 40)).tobytes()
    assert made(tmp_path, "gen_fill", source, mask((0, 0, 0, 0))).tobytes() == loaded(source).tobytes()


def test_the_mark_of_a_fill_has_no_shape(tmp_path: Path) -> None:
    """The bar over a round mask is whole: what lies in it is the same as over a square one."""
    bars = [made(tmp_path, "gen_fill", disc(), each).crop((0, 136, 200, 160)) for each in (ROUND, SQUARE)]
    assert bars[0].tobytes() == bars[1].tobytes()
    assert {pixel(bars[0], (x, y)) for x, y in ((0, 0), (199, 0), (0, 23), (199, 23))} == {(16, 16, 16)}


@pytest.mark.parametrize("size", [(728, 90), (90, 728), (300, 250)])
def test_the_mark_of_a_small_picture_can_be_read(size: tuple[int, int]) -> None:
    """Its bar has 24 pixels at least, and its letters are whole and eight pixels high at least."""
    image = marked(Image.new("RGB", size), "", 1)
    top = size[1] - max(24, min(size) // 9)
    assert (pixel(image, (0, top - 1)), pixel(image, (0, top))) == ((0, 0, 0), (16, 16, 16))
    red = image.crop((0, top, size[0], top + 14)).getchannel("R")
    left, upper, right, lower = red.point([0] * 200 + [255] * 56).getbbox() or (0, 0, 0, 0)
    assert right < size[0], "cut off"
    assert right - left > 50
    assert lower - upper >= 8


@pytest.mark.parametrize(
    ("box", "top", "words"),
    [
        ((600, 300, 300, 300), 534, 12),
        ((0, 300, 600, 300), 534, 888),
        ((0, 200, 900, 400), 0, 12),
        ((100, 0, 300, 600), 534, 888),
    ],
)
def test_a_mark_hides_nothing_of_the_product(
    tmp_path: Path, box: tuple[int, int, int, int], top: int, words: int
) -> None:
    """The words stand where the product is not, left or right, below or above; the product is before the bar."""
    left, upper, width, height = box
    product = png(Image.new("RGBA", (width, height), (*RED, 255)))
    image = made(tmp_path, "placed", product, box=box, size=(900, 600))
    assert image.crop((left, upper, left + width, upper + height)).getcolors() == [(width * height, RED)]
    yellow = image.getchannel("G").point(lambda green: 255 * (green == 208)).crop((0, top, 900, top + 33)).getbbox()
    assert yellow is not None, "no words"
    assert abs((yellow[0] if words < 450 else yellow[2]) - words) < 12


def test_a_product_that_is_everywhere_is_marked_all_the_same(tmp_path: Path) -> None:
    """Where nothing of the scene is left, the bar lies over the product."""
    assert is_marked(made(tmp_path, "placed", png(Image.new("RGBA", (30, 24), (*RED, 255))), box=(0, 0, 300, 240)))


def test_a_photograph_says_that_it_is_simulated(tmp_path: Path) -> None:
    """JPEG files have the comment too, cut to what their format holds; real transformations have none."""
    assert made(tmp_path, "generate", extension="jpeg").info["comment"] == b"SIMULATED: a red fox (seed 7)"
    assert "comment" not in made(tmp_path, "cutout", disc(), extension="jpeg").info
    long = made(tmp_path, "generate", extension="jpeg", prompt="x" * 100_000)
    assert long.info["comment"].startswith(b"SIMULATED")


@pytest.mark.parametrize(
    ("effect", "told"),
    [("weather", {"prompt": "snow"}), ("reflections", {"part": "windshield"}), ("refine_tires", {})],
)
def test_what_is_put_on_a_vehicle_is_marked(tmp_path: Path, effect: str, told: dict[str, str]) -> None:
    """The picture says so, and so does a layer by itself."""
    assert is_marked(made(tmp_path, effect, disc(), **told))
    layer = made(tmp_path, effect, disc(), **told, layer=True)
    assert (layer.mode, is_marked(layer)) == ("RGBA", True)
