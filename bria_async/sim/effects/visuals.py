"""Effects of onboarded images: sizes by name, trimmed cutouts, people, advertisements."""

import random
from collections.abc import Mapping, Sequence

from bria_async.sim.effects.canvases import expand, laid, placed, scenery
from bria_async.sim.effects.cutouts import crop, cutout
from bria_async.sim.effects.mattes import hole
from bria_async.sim.effects.pixels import Box, Params, Picture, Size, alpha, colour, contained, flattened
from bria_async.sim.effects.tones import tinted
from bria_async.sim.pillow import Image, ImageDraw, ImageFont

RESOLUTIONS: Mapping[str, tuple[int, int]] = {
    "nhd": (640, 360),
    "svga": (800, 600),
    "xga": (1024, 768),
    "hd": (1280, 720),
    "had": (1280, 720),
    "wuxga": (1920, 1200),
    "uwfhd": (2560, 1080),
    "wqxga": (2560, 1600),
    "uwqhd": (3440, 1440),
    "uhd": (3840, 2160),
}
"""Pixels of the names for wide pictures (usual meanings; the seeds give none). `had` is a slip for `hd` (NOTES C31)."""
_USUAL = (2048, 2048)


def resolved(picture: Picture, resolution: str) -> Picture:
    """The picture within a named size, turned to its side; `original` is as it is, `usual` at most 2048 a side."""
    if resolution == "original" or (resolution == "usual" and max(picture.size) <= max(_USUAL)):
        return picture
    wide = RESOLUTIONS.get(resolution, _USUAL)
    return picture.resize(contained(picture.size, wide if picture.width >= picture.height else wide[::-1]))


def trim(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """A cutout within its bounds and `padding` pixels; a picture without transparency as it is."""
    return pictures[0] if alpha(pictures[0]) is None else crop(pictures, params, chance)


def before_colour(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The subject where it is, on a `ground` of one colour."""
    return flattened(cutout(pictures[:1], params, chance), colour(params["ground"]))


def presenter(pictures: Sequence[Picture], _: Params, chance: random.Random) -> Picture:
    """The picture with the people in the second picture's white in another tint."""
    seen = pictures[0].convert("RGB")
    tint = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
    return Image.composite(tinted(seen, tint, 0.4), seen, hole(pictures[1], seen.size))


def ad(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """What an advertisement of `size` has behind its product: a scene, one colour, or the original expanded."""
    size, background = tuple(params["size"]), params["background"]
    if not pictures or background == "generated":
        return scenery((), params, chance)
    if background == "original":
        return flattened(expand(pictures[:1], {**params, "box": _middle(pictures[0], size)}, chance))
    return Image.new("RGB", size, colour(background))


def ad_layer(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """What an advertisement has in front: the product, unless the original is behind it, and its `texts`."""
    size, background = tuple(params["size"]), params["background"]
    if not pictures or background == "original":
        drawn = Image.new("RGBA", size)
    elif background == "generated":
        drawn = placed(pictures[:1], {**params, "box": (0, 0, *size)}, chance)
    else:
        drawn = laid(cutout(pictures[:1], params, chance), size, (0, 0, *size))
    pen = ImageDraw.Draw(drawn)
    top = margin = max(1, min(drawn.size) // 20)
    for text, rgb, height in params["texts"]:
        shown = text.encode("latin-1", "replace").decode("latin-1").replace("\n", " ")
        pen.text((margin, top), shown, fill=tuple(rgb), font=ImageFont.load_default(height))
        top += height * 5 // 4
    return drawn


def _middle(picture: Picture, size: Size) -> Box:
    """The box of a picture that is as large as it fits in the middle of a size."""
    width, height = contained(picture.size, size)
    return (size[0] - width) // 2, (size[1] - height) // 2, width, height
