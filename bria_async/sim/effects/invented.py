"""Effects that stand in for what a model would invent: scenes from words, and pictures worked over."""

import random
import re
from collections.abc import Sequence

from bria_async.sim.effects.marks import marked
from bria_async.sim.effects.mattes import hole
from bria_async.sim.effects.pixels import Params, Picture, with_alpha_of
from bria_async.sim.pillow import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

_SKETCH = 256
_SHAPES = 9
_WORD = re.compile(r"[a-z]+")
_NAMED = {
    "red": (200, 40, 40),
    "orange": (235, 140, 40),
    "yellow": (240, 215, 70),
    "gold": (212, 175, 55),
    "green": (60, 150, 70),
    "teal": (40, 140, 140),
    "blue": (50, 90, 200),
    "purple": (130, 70, 180),
    "pink": (235, 130, 170),
    "brown": (120, 80, 50),
    "black": (25, 25, 25),
    "white": (240, 240, 240),
    "grey": (130, 130, 130),
    "gray": (130, 130, 130),
}


def scene(size: tuple[int, int], prompt: str, chance: random.Random, references: Sequence[Picture] = ()) -> Picture:
    """An abstract in the colours that the prompt names, or a reference out of focus; chance decides the rest."""
    if references:
        blurred = ImageOps.fit(references[0].convert("RGB"), (_SKETCH, _SKETCH))
        return blurred.filter(ImageFilter.GaussianBlur(chance.randrange(2, 6))).resize(size, Image.Resampling.BICUBIC)
    colours = [_NAMED[word] for word in _WORD.findall(prompt.lower()) if word in _NAMED] or [_any(chance)]
    down = Image.linear_gradient("L").resize((_SKETCH, _SKETCH))
    picture = ImageOps.colorize(down, chance.choice(colours), _any(chance))
    for _ in range(_SHAPES):
        picture = _shape(picture, chance.choice([*colours, _any(chance)]), chance)
    return picture.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)


def _shape(picture: Picture, fill: tuple[int, int, int], chance: random.Random) -> Picture:
    """The picture under a translucent ellipse."""
    x, y, across = chance.randrange(_SKETCH), chance.randrange(_SKETCH), chance.randrange(20, 110)
    drawn = picture.copy()
    ImageDraw.Draw(drawn).ellipse((x - across, y - across // 2, x + across, y + across // 2), fill=fill)
    return Image.blend(picture, drawn, chance.uniform(0.3, 0.9))


def _any(chance: random.Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def generate(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """A scene in `size` from the prompt, or from the first picture."""
    return scene(tuple(params["size"]), params["prompt"], chance, pictures)


def collage(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The first picture fills the frame, bands of the others lie over it, and a colour grades them all."""
    size = tuple(params["size"])
    grade = Image.new("RGB", size, _any(chance))
    if not pictures:
        return grade
    order = [ImageOps.fit(each.convert("RGB"), size, Image.Resampling.BILINEAR) for each in pictures]
    chance.shuffle(order)
    picture = order[0].copy()
    for at, other in enumerate(order[1:], 1):
        left, right = size[0] * at // len(order), size[0] * (at + 1) // len(order)
        area = (left, 0, right, size[1])
        picture.paste(Image.blend(other.crop(area), picture.crop(area), 0.25), (left, 0))
    return Image.blend(picture, grade, 0.15)


def gen_fill(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The first picture with a scene in the white part of the second, marked as a whole unless nothing is white."""
    picture, mask = pictures[:2]
    gap = hole(mask, picture.size)
    left, top, right, bottom = gap.getbbox() or (0, 0, 0, 0)
    result = picture.convert("RGB")
    if right == left:
        return with_alpha_of(picture, result, params)
    area = (left, top, right, bottom)
    result.paste(scene((right - left, bottom - top), params["prompt"], chance), area, gap.crop(area))
    return marked(with_alpha_of(picture, result, params), params["prompt"], params["seed"])


def edit(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The first picture toned by what is asked, and the others faintly over it; only within a mask, if there is one."""
    seen = pictures[:-1] if params.get("masked") else pictures
    picture = seen[0].convert("RGB")
    result = Image.blend(picture, scene(picture.size, params["prompt"], chance), 0.3)
    for other in seen[1:]:
        result = Image.blend(result, ImageOps.fit(other.convert("RGB"), picture.size), 0.3)
    if not params.get("masked"):
        return result
    return Image.composite(result, picture, hole(pictures[-1], picture.size))


def lettering(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with the prompt written across its middle."""
    picture = pictures[0].convert("RGB")
    size = max(1, picture.height // 10)
    text = params["prompt"][:80].encode("latin-1", "replace").decode("latin-1")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, picture.height // 2 - size, picture.width, picture.height // 2 + size), fill="white")
    pen.text((size // 2, picture.height // 2 - size // 2), text, fill="black", font=ImageFont.load_default(size))
    return picture


def coloured_sketch(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The lines of the picture over the colours of a scene."""
    lines = pictures[0].convert("L").convert("RGB")
    return ImageChops.multiply(lines, scene(lines.size, params["prompt"] + " white", chance))
