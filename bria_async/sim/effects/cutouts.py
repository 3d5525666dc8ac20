"""Effects that part the subject from its background; their pixels are real."""

import random
from collections.abc import Sequence

from bria_async.sim.effects.mattes import around, filled, hard, hole, matte
from bria_async.sim.effects.pixels import Params, Picture, alpha, colour, flattened, masked, with_alpha_of
from bria_async.sim.pillow import Image, ImageChops, ImageDraw, ImageFilter

PACKSHOT = 2000
_PRODUCT_SHARE = 0.8


def cutout(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The subject on nothing; with `preserve_alpha` false a transparent picture's edges become hard."""
    found = matte(pictures[0], force=params.get("force", False))
    if alpha(pictures[0]) is not None and not params.get("preserve_alpha", True):
        found = hard(found)
    return masked(pictures[0], found)


def crop(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The cutout within its bounds and `padding` pixels; all of it when no subject is seen."""
    subject = cutout(pictures, params, chance)
    left, top, right, bottom = _bounds(subject)
    room = params.get("padding", 0)
    return subject.crop((left - room, top - room, right + room, bottom + room))


def _bounds(subject: Picture) -> tuple[int, int, int, int]:
    return subject.getchannel("A").getbbox() or (0, 0, *subject.size)


def cropped(subject: Picture) -> Picture:
    """A cutout within its bounds."""
    return subject.crop(_bounds(subject))


def blur_background(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with everything but its subject blurred, the more the higher `scale` (1 to 5).

    What is blurred is the picture without its subject, so that nothing of it runs into the background.
    """
    picture = pictures[0]
    radius = params.get("scale", 5) * max(picture.size) / 200
    found = matte(picture, force=True)
    blurred = filled(picture, around(found)).filter(ImageFilter.GaussianBlur(radius))
    return with_alpha_of(picture, Image.composite(picture.convert("RGB"), blurred, found), params)


def erase_foreground(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with its subject filled from around it."""
    found = matte(pictures[0], force=True)
    return with_alpha_of(pictures[0], filled(pictures[0], around(found)), params)


def erase(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The first picture with the white part of the second filled from around it."""
    picture, mask = pictures[:2]
    return with_alpha_of(picture, filled(picture, hole(mask, picture.size)), params)


def packshot(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The subject in the middle of 2000x2000 pixels of a colour, or of nothing (`transparent`)."""
    subject = cropped(cutout(pictures, params, chance))
    room = int(PACKSHOT * _PRODUCT_SHARE)
    scale = room / max(subject.size)
    fitted = subject.resize((max(1, int(subject.width * scale)), max(1, int(subject.height * scale))))
    canvas = Image.new("RGBA", (PACKSHOT, PACKSHOT))
    canvas.paste(fitted, ((PACKSHOT - fitted.width) // 2, (PACKSHOT - fitted.height) // 2))
    return _on(canvas, params.get("background_color"))


def shadow(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The cutout with a shadow: its own outline moved by `shadow_offset`, or (`float`) an ellipse below it."""
    subject = cutout(pictures, params, chance)
    shape = _below(subject, params) if params["type"] == "float" else subject.getchannel("A")
    right, down = params["shadow_offset"]
    moved = Image.new("L", subject.size)
    moved.paste(shape, (right, down))
    strength = params["shadow_intensity"] / 100
    blurred = moved.filter(ImageFilter.GaussianBlur(params["shadow_blur"]))
    cast = masked(
        Image.new("RGB", subject.size, colour(params["shadow_color"])), blurred.point(lambda at: at * strength)
    )
    return _on(Image.alpha_composite(cast, subject), params.get("background_color"))


def _below(subject: Picture, params: Params) -> Picture:
    left, _, right, bottom = _bounds(subject)
    width, height = params.get("shadow_width") or right - left, params["shadow_height"]
    middle = (left + right) // 2
    shape = Image.new("L", subject.size)
    ImageDraw.Draw(shape).ellipse(
        (middle - width // 2, bottom - height // 2, middle + width // 2, bottom + height // 2), fill=255
    )
    return shape


def _on(picture: Picture, ground: str | None) -> Picture:
    return picture if ground in {None, "transparent"} else flattened(picture, colour(str(ground)))


def layer(picture: Picture, mask: Picture) -> Picture:
    """What of a picture lies under a mask, its own transparency kept."""
    transparency = alpha(picture)
    return masked(picture, mask if transparency is None else ImageChops.multiply(mask, transparency))
