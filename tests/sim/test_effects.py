"""What is drawn: real pixels where one can tell what they should be, a mark where they are invented."""

import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from bria_async.sim import drawing
from bria_async.sim.effects import EFFECTS
from bria_async.sim.effects.pixels import LARGEST, colour, is_colour, opened
from tests.sim.drawn import TOLD, drawn, made, mask
from tests.sim.helpers import disc, is_marked, loaded, pixel, png

RED, WHITE = (255, 0, 0), (255, 255, 255)
INVENTED = {
    *("generate", "collage", "edit", "lettering", "coloured_sketch", "replace_background", "placed", "integrate"),
    *("relight", "reseason", "restyle"),
}
MARKED = {*INVENTED, "gen_fill", "reflections", "refine_tires"}
TWO_PICTURES = {"erase", "gen_fill", "integrate"}
MINE = sorted({*TOLD, *INVENTED, *TWO_PICTURES, "cutout", "crop", "blur_background", "erase_foreground", "enhance"})


@pytest.mark.parametrize("effect", MINE)
def test_every_effect_draws_the_same_twice_and_is_marked_if_invented(tmp_path: Path, effect: str) -> None:
    """Bytes repeat for one seed; the mark is on inventions and on nothing else; files of masks say it in a text."""
    pictures = [disc(), mask((80, 60, 120, 100))] if effect in TWO_PICTURES else [disc()]
    first = drawn(tmp_path, effect, *pictures)
    assert first == drawn(tmp_path, effect, *pictures)
    assert is_marked(loaded(first)) == (effect in MARKED)
    told = "SIMULATED: a red fox (seed 7)" if effect in {*MARKED, "segment"} else None
    assert loaded(first).info.get("Comment") == told


@pytest.mark.parametrize("effect", MINE)
@pytest.mark.parametrize("image", [Image.new("RGB", (1, 1)), Image.new("RGBA", (3, 2)), Image.new("L", (1, 40), 9)])
def test_every_effect_takes_the_oddest_pictures(tmp_path: Path, effect: str, image: Image.Image) -> None:
    """One pixel, nothing but transparency, a line: each gives a picture."""
    pictures = [png(image)] * (2 if effect in TWO_PICTURES else 1)
    for extension in ("png", "jpeg"):
        assert made(tmp_path, effect, *pictures, extension=extension).width


@pytest.mark.parametrize("effect", sorted(INVENTED - {"lettering", "relight", "reseason", "restyle"}))
def test_inventions_differ_with_the_seed(tmp_path: Path, effect: str) -> None:
    """Another seed is another picture."""
    pictures = [disc()] * (2 if effect in TWO_PICTURES else 1)
    assert drawn(tmp_path, effect, *pictures, seed=1) != drawn(tmp_path, effect, *pictures, seed=2)


def test_a_cutout_has_transparent_corners_and_an_opaque_centre(tmp_path: Path) -> None:
    """The ground is gone, the subject's pixels are as they were."""
    image = made(tmp_path, "cutout", disc())
    assert (image.mode, image.size) == ("RGBA", (200, 160))
    assert {pixel(image, corner)[3] for corner in ((0, 0), (199, 0), (0, 159), (199, 159))} == {0}
    assert pixel(image, (100, 80)) == (*RED, 255)


def test_a_transparent_picture_is_its_own_cutout_unless_forced(tmp_path: Path) -> None:
    """Its alpha counts; forced, colours do too; hard edges when alpha is not to be kept."""
    image = loaded(disc()).convert("RGBA")
    image.putalpha(100)
    faint = png(image)
    assert pixel(made(tmp_path, "cutout", faint), (0, 0)) == (*WHITE, 100)
    assert pixel(made(tmp_path, "cutout", faint, force=True), (0, 0))[3] == 0
    assert pixel(made(tmp_path, "cutout", faint, preserve_alpha=False), (0, 0))[3] == 0


def test_a_crop_is_the_subject_and_its_padding(tmp_path: Path) -> None:
    """A disc of 81 pixels across, with transparent room around it when asked."""
    assert made(tmp_path, "crop", disc()).size == (81, 81)
    padded = made(tmp_path, "crop", disc(), padding=100)
    assert padded.size == (281, 281)
    assert (pixel(padded, (0, 0))[3], pixel(padded, (140, 140))) == (0, (*RED, 255))


def test_a_blurred_background_leaves_the_subject_alone(tmp_path: Path) -> None:
    """A line on the ground fades, the more the higher the scale; the subject's pixels stay."""
    image = loaded(disc(ground="white"))
    image.paste((235, 235, 235), (0, 20, 200, 24))
    source = png(image)
    weak, strong = (made(tmp_path, "blur_background", source, scale=scale) for scale in (1, 5))
    assert weak.crop((85, 65, 115, 95)).tobytes() == image.crop((85, 65, 115, 95)).tobytes()
    assert pixel(image, (5, 22))[0] < pixel(weak, (5, 22))[0] < pixel(strong, (5, 22))[0]


def test_a_blurred_background_has_nothing_of_the_subject(tmp_path: Path) -> None:
    """No red runs out of a red disc into a white background."""
    image = made(tmp_path, "blur_background", disc(), scale=5)
    edge = 100 + 40 + 3
    assert min(min(pixel(image, (x, 80))) for x in range(edge, 200)) > 250


def test_a_subject_has_no_pinholes(tmp_path: Path) -> None:
    """A spot of the ground's colour within it belongs to it, and so does a label in nearly that colour."""
    source = loaded(disc())
    source.paste(WHITE, (100, 80, 102, 82))
    source.paste((215, 215, 215), (85, 90, 115, 105))
    image = made(tmp_path, "cutout", png(source))
    assert (pixel(image, (100, 80)), pixel(image, (100, 98))) == ((*WHITE, 255), (215, 215, 215, 255))
    assert pixel(image, (100, 130))[3] == 0


def test_an_erased_part_looks_like_what_is_around_it(tmp_path: Path) -> None:
    """Under the mask is the ground, outside it every pixel is as it was."""
    source = disc()
    image = made(tmp_path, "erase", source, mask((50, 30, 150, 130)))
    assert min(pixel(image, (100, 80))) > 200
    assert image.crop((0, 0, 50, 160)).tobytes() == loaded(source).crop((0, 0, 50, 160)).tobytes()
    assert min(pixel(made(tmp_path, "erase_foreground", source), (100, 80))) > 200


def test_later_sources_are_opened_no_larger_than_the_canvas(tmp_path: Path) -> None:
    """The first source keeps its pixels; another has as many at most."""
    for at, size in enumerate(((40, 30), (900, 700))):
        (tmp_path / f"{at}").write_bytes(disc(size))
    assert opened(tmp_path / "0", 40 * 30).size == (40, 30)
    assert opened(tmp_path / "1", 40 * 30).width <= 40
    first, second = drawing.opened_within([tmp_path / "0", tmp_path / "1"], 200 * 160)
    assert first.size == (40, 30)
    assert 190 * 150 < second.width * second.height <= 200 * 160


def test_a_jpeg_is_decoded_no_larger_than_needed(tmp_path: Path) -> None:
    """Its pixels are those of a decoder that was asked for a smaller picture; the size is that of any other file."""
    path = tmp_path / "noise.jpeg"
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(path, "JPEG")
    with Image.open(path) as image:
        image.draft(None, (200, 150))
        expected = image.resize((200, 150), Image.Resampling.LANCZOS).tobytes()
    small = opened(path, 200 * 150)
    assert small.size == (200, 150)
    assert small.tobytes() == expected


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "I;16", "CMYK"])
def test_every_kind_of_file_is_made_smaller(tmp_path: Path, mode: str) -> None:
    """Bitmaps, palettes and deep ones too: a white picture stays white."""
    path = tmp_path / ("a.jpeg" if mode == "CMYK" else "a.png")
    white: Any = {"1": 1, "P": 0, "L": 255, "LA": (255, 255), "I;16": 255, "CMYK": (0, 0, 0, 0)}[mode]
    picture = Image.new(mode, (400, 300), white)
    if mode == "P":
        picture.putpalette([255, 255, 255])
    picture.save(path)
    small = opened(path, 1200)
    assert (small.size, small.mode) == ((40, 30), "RGBA" if mode == "LA" else "RGB")
    assert pixel(small, (20, 15))[:3] == WHITE


def test_an_expanded_picture_lies_where_it_was_put(tmp_path: Path) -> None:
    """Its pixels are exact in the box, and its edge goes on around it."""
    source = disc()
    image = made(tmp_path, "expand", source)
    assert image.size == (300, 240)
    assert image.crop((20, 10, 220, 170)).tobytes() == loaded(source).tobytes()
    assert min(pixel(image, (290, 230))) > 200


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_expanded_picture_has_no_seams(tmp_path: Path, mode: str) -> None:
    """Over its old edges colours go on smoothly, on every side, and farther out there is less detail."""
    across, down = (
        Image.linear_gradient("L").rotate(90).resize((200, 160)),
        Image.linear_gradient("L").resize((200, 160)),
    )
    stripes = Image.new("L", (200, 160), 90)
    for x in range(0, 200, 4):
        stripes.paste(160, (x, 0, x + 2, 160))
    source = Image.merge("RGB", (across, down, stripes)).convert(mode)
    image = made(tmp_path, "expand", png(source), box=(100, 80, 200, 160), size=(400, 320)).convert("RGB")
    for inner, outer in (
        ((100, 160), (99, 160)),
        ((299, 160), (300, 160)),
        ((200, 80), (200, 79)),
        ((200, 239), (200, 240)),
    ):
        steps = [abs(one - other) for one, other in zip(pixel(image, inner), pixel(image, outer), strict=True)]
        assert max(steps) <= 6, f"{inner} to {outer}: {steps}"
    detail = [image.crop((200, y, 220, y + 1)).getchannel("B").getextrema() for y in (82, 78, 10)]
    inside, near, far = (int(high) - int(low) for low, high in detail)  # type: ignore[arg-type]  # a band has numbers
    assert inside == 70 and inside > near > far


def test_what_is_transparent_is_not_drawn_out_over_an_expansion(tmp_path: Path) -> None:
    """Around a red picture with a hidden black rim is red, not black; the rim stays transparent."""
    source = Image.new("RGBA", (200, 160))
    source.paste((*RED, 255), (20, 20, 180, 140))
    image = made(tmp_path, "expand", png(source))
    assert pixel(image, (10, 120)) == (*RED, 255)
    assert pixel(image, (30, 20))[3] == 0


def test_an_expanded_picture_may_lie_partly_outside(tmp_path: Path) -> None:
    """What of it is on the canvas is exact, and the rest of the canvas is what lies at its edge."""
    image = made(tmp_path, "expand", disc(), box=(-50, 120, 200, 160), size=(300, 240))
    assert image.crop((0, 120, 150, 240)).tobytes() == loaded(disc()).crop((50, 0, 200, 120)).tobytes()
    assert min(pixel(image, (290, 10))) > 250


def test_more_resolution_is_more_pixels_of_the_same_picture(tmp_path: Path) -> None:
    """Twice the sides; made small again it is the picture it was."""
    image = made(tmp_path, "increase_resolution", disc())
    assert image.size == (400, 320)
    assert pixel(image, (200, 160)) == RED
    assert pixel(image, (2, 2)) == WHITE


def test_a_packshot_is_the_product_in_the_middle_of_a_colour(tmp_path: Path) -> None:
    """2000 pixels a side, the colour in the corners, the product in the middle; or nothing around it."""
    image = made(tmp_path, "packshot", disc())
    assert (image.size, pixel(image, (0, 0)), pixel(image, (1000, 1000))) == ((2000, 2000), (0, 255, 0), RED)
    clear = made(tmp_path, "packshot", disc(), background_color="transparent")
    assert pixel(clear, (0, 0))[3] == 0


def test_a_shadow_falls_where_it_is_told(tmp_path: Path) -> None:
    """Dark below and right of the product, which covers it; a floating one lies under the product."""
    image = made(tmp_path, "shadow", disc())
    assert pixel(image, (100, 80)) == (*RED, 255)
    red, green, blue, seen = pixel(image, (145, 100))
    assert (red, green, blue) == (0, 0, 0)
    assert seen > 200
    floating = made(tmp_path, "shadow", disc(), type="float", shadow_offset=(0, 15), background_color="#FFFFFF")
    assert floating.mode == "RGB"
    assert pixel(floating, (100, 135)) < (100, 100, 100)


def test_colours_are_those_asked_for(tmp_path: Path) -> None:
    """Black and white has no colour, sepia is warm, vivid is more of what was there."""
    grey = pixel(made(tmp_path, "colorize", disc(colour="#804040"), color="black_and_white"), (100, 80))
    assert len(set(grey)) == 1
    red, _, blue = pixel(made(tmp_path, "colorize", disc(colour="#808080"), color="sepia_vintage"), (100, 80))
    assert red > blue
    red, green, _ = pixel(made(tmp_path, "colorize", disc(colour="#804040"), color="color_vivid"), (100, 80))
    assert red - green > 0x40


def test_a_product_stands_in_its_box_of_the_scene(tmp_path: Path) -> None:
    """The product's colour in the middle of the box; behind it what a reference shows."""
    image = made(tmp_path, "placed", disc(), png(Image.new("RGB", (10, 10), (0, 0, 255))))
    assert pixel(image, (150, 100)) == RED
    assert pixel(image, (10, 10)) == (0, 0, 255)
    scene = made(tmp_path, "integrate", png(Image.new("RGB", (200, 160), (0, 0, 255))), disc())
    assert (pixel(scene, (25, 25)), pixel(scene, (100, 80))) == (RED, (0, 0, 255))


def test_a_prompt_colours_the_scene(tmp_path: Path) -> None:
    """The colours that it names are found in the picture."""
    image = made(tmp_path, "generate")
    red, _, blue = image.convert("RGB").resize((20, 20)).split()
    assert max(ImageChops.subtract(red, blue).tobytes()) > 50


def test_a_mask_that_came_along_decides_where_tires_are(tmp_path: Path) -> None:
    """Only under it does the picture change; the layer holds only that."""
    source, tires = disc(), mask((90, 70, 110, 90))
    image = made(tmp_path, "refine_tires", source, tires, masks=["tires"])
    assert pixel(image, (100, 80)) != RED
    assert pixel(image, (100, 60)) == RED
    layer = made(tmp_path, "refine_tires", source, tires, masks=["tires"], layer=True)
    assert (pixel(layer, (100, 80))[3], pixel(layer, (100, 60))[3]) == (255, 0)


def test_an_edit_with_a_mask_changes_nothing_else(tmp_path: Path) -> None:
    """Outside the mask, and above the mark, every pixel is as it was."""
    image = made(tmp_path, "edit", disc(), mask((80, 60, 120, 100)), masked=True)
    assert image.crop((0, 0, 80, 100)).tobytes() == loaded(disc()).crop((0, 0, 80, 100)).tobytes()
    assert pixel(image, (100, 80)) != RED


def test_transparency_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    """What was transparent stays so, or the result is opaque."""
    image = loaded(disc()).convert("RGBA")
    image.putpixel((0, 0), (1, 2, 3, 50))
    for effect in ("blur_background", "enhance", "increase_resolution"):
        kept = made(tmp_path, effect, png(image))
        assert pixel(kept, (0, 0))[3] < 255, effect
        assert made(tmp_path, effect, png(image), preserve_alpha=False).mode == "RGB", effect


def test_a_jpeg_has_white_where_nothing_is(tmp_path: Path) -> None:
    """JPEG knows no transparency."""
    image = made(tmp_path, "cutout", disc(ground="blue"), extension="jpeg")
    assert image.format == "JPEG"
    assert min(pixel(image, (2, 2))) > 250


def test_large_sources_are_worked_on_smaller(tmp_path: Path) -> None:
    """No picture of more than 5000x5000 pixels is held; what cannot be read is grey."""
    path = tmp_path / "large.png"
    Image.new("1", (10_000, 3_000)).save(path)
    width, height = opened(path).size
    assert width * height <= LARGEST
    assert abs(width / height - 10 / 3) < 0.01
    path.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    assert pixel(opened(path), (0, 0)) == (128, 128, 128)


def test_colours_are_hex() -> None:
    """Three or six digits after the sign."""
    assert (colour("#0F0"), colour("#00ff80")) == ((0, 255, 0), (0, 255, 128))
    assert not any(map(is_colour, ("#GG", "#12345", "red", "", "#1234567", "#12\n")))


def test_effects_get_no_chance_but_their_own() -> None:
    """Drawing leaves the shared generator alone."""
    before = random.getstate()
    EFFECTS["generate"].draw([], {"prompt": "x", "seed": 1, "size": (8, 8)}, random.Random(1))
    assert random.getstate() == before
