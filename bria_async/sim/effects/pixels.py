"""What all effects share: pictures of one kind, colours, transparency, and where the subject is."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bria_async.sim.pictures import UNREADABLE
from bria_async.sim.pillow import Image, ImageChops, ImageStat

Picture = Image.Image
Params = Mapping[str, Any]
Draw = Callable[[Sequence[Picture], Params, random.Random], Picture]
"""Sources, what it is told (`prompt`, `seed` and `size` among it), and its source of chance -> the picture."""

LARGEST = 5000 * 5000
"""Pixels of the largest result; larger sources are worked on at this size."""
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_UNSEEN = (128, 128, 128)
_SURVEY = 64
_NEAR, _FAR = 24, 72


def opened(path: Path, pixels: int = LARGEST) -> Picture:
    """An image file of so many pixels at most, as RGB or RGBA; grey when it cannot be read after all."""
    try:
        with Image.open(path) as image:
            mode = "RGBA" if image.has_transparency_data else "RGB"
            return within(image.convert(mode), min(pixels, LARGEST))
    except UNREADABLE:
        return Image.new("RGB", (_SURVEY, _SURVEY), _UNSEEN)


def within(picture: Picture, pixels: int) -> Picture:
    """The picture, made smaller when it has more than so many pixels."""
    width, height = picture.size
    if width * height <= pixels:
        return picture
    scale = (pixels / (width * height)) ** 0.5
    return picture.resize((max(1, int(width * scale)), max(1, int(height * scale))), Image.Resampling.LANCZOS)


def contained(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same shape that fits in a room, at least a pixel a side."""
    scale = min(room[0] / size[0], room[1] / size[1])
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def is_colour(text: str) -> bool:
    """Whether a text is a hex colour."""
    return _HEX.fullmatch(text) is not None


def colour(text: str) -> tuple[int, int, int]:
    """A hex colour as red, green and blue."""
    digits = text[1:] if len(text) > len("#RGB") else "".join(digit * 2 for digit in text[1:])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def alpha(picture: Picture) -> Picture | None:
    """The transparency of a picture that has any."""
    return picture.getchannel("A") if picture.mode == "RGBA" else None


def flattened(picture: Picture, ground: tuple[int, int, int] = (255, 255, 255)) -> Picture:
    """The picture on a ground of one colour."""
    flat = Image.new("RGB", picture.size, ground)
    flat.paste(picture, mask=alpha(picture))
    return flat


def with_alpha_of(original: Picture, result: Picture, params: Params) -> Picture:
    """The result, transparent where the original was, unless `preserve_alpha` is false."""
    transparency = alpha(original)
    if transparency is None or not params.get("preserve_alpha", True):
        return result.convert("RGB")
    return masked(result, transparency)


def masked(picture: Picture, transparency: Picture) -> Picture:
    """The picture with this transparency."""
    seen = picture.convert("RGBA")
    seen.putalpha(transparency)
    return seen


def matte(picture: Picture, *, force: bool = False) -> Picture:
    """Where the subject is: its transparency, else how far each pixel's colour is from the border's.

    `force` looks at the colours of a transparent picture too.
    """
    transparency = alpha(picture)
    if transparency is not None and not force:
        return transparency
    seen = picture.convert("RGB")
    ground = Image.new("RGB", seen.size, _border_colour(seen))
    red, green, blue = ImageChops.difference(seen, ground).split()
    distance = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    found = distance.point([_ramp(step) for step in range(256)])
    return found if transparency is None else ImageChops.multiply(found, transparency)


def _ramp(distance: int) -> int:
    return min(255, max(0, (distance - _NEAR) * 255 // (_FAR - _NEAR)))


def _border_colour(picture: Picture) -> tuple[int, ...]:
    """The median colour of the outermost pixels of a small copy."""
    last = _SURVEY - 1
    small = picture.resize((_SURVEY, _SURVEY), Image.Resampling.NEAREST)
    border = Image.new("RGB", (_SURVEY, 4))
    border.paste(small.crop((0, 0, _SURVEY, 1)), (0, 0))
    border.paste(small.crop((0, last, _SURVEY, _SURVEY)), (0, 1))
    border.paste(small.crop((0, 0, 1, _SURVEY)).transpose(Image.Transpose.ROTATE_90), (0, 2))
    border.paste(small.crop((last, 0, _SURVEY, _SURVEY)).transpose(Image.Transpose.ROTATE_90), (0, 3))
    return tuple(int(channel) for channel in ImageStat.Stat(border).median)


def hole(mask: Picture, size: tuple[int, int]) -> Picture:
    """A mask image as black and white of this size: white is where something is to happen."""
    seen = flattened(mask, (0, 0, 0)).convert("L").resize(size, Image.Resampling.NEAREST)
    return seen.point([0] * 128 + [255] * 128)


def filled(picture: Picture, gap: Picture) -> Picture:
    """The picture with the white part of `gap` filled from what lies around it, near before far."""
    known = masked(within(picture.convert("RGB"), _FILL), within(ImageChops.invert(gap), _FILL))
    ground = known.resize((1, 1), Image.Resampling.BOX).convert("RGB").resize(known.size)
    side = 2
    while side < max(known.size):
        coarse = known.resize((min(side, known.width), min(side, known.height)), Image.Resampling.BOX)
        layer = coarse.resize(known.size, Image.Resampling.BILINEAR)
        ground.paste(layer, mask=layer.getchannel("A"))
        side *= 2
    return Image.composite(ground.resize(picture.size, Image.Resampling.BICUBIC), picture.convert("RGB"), gap)


_FILL = 512 * 512
