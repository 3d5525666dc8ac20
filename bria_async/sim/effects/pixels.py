"""What all effects share: pictures of one kind, their sizes, colours and transparency."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bria_async.sim.pictures import UNREADABLE
from bria_async.sim.pillow import Image

Picture = Image.Image
Size = tuple[int, int]
Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""
Params = Mapping[str, Any]
Draw = Callable[[Sequence[Picture], Params, random.Random], Picture]
"""Sources, what it is told (`prompt`, `seed` and `size` among it), and its source of chance -> the picture."""

LARGEST = 5000 * 5000
"""Pixels of the largest result; larger sources are worked on at this size."""
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NOTHING, _UNSEEN = (64, 64), (128, 128, 128)


def opened(path: Path, pixels: int = LARGEST) -> Picture:
    """An image file with so many pixels at most, as RGB or RGBA; grey when it cannot be read after all.

    A JPEG is not decoded larger than needed, others are made smaller before they take more room as RGB.
    """
    try:
        with Image.open(path) as image:
            mode = "RGBA" if image.has_transparency_data else "RGB"
            size = within(image.size, min(pixels, LARGEST))
            image.draft(None, size)
            seen = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
            return seen.convert(mode)
    except UNREADABLE:
        return Image.new("RGB", _NOTHING, _UNSEEN)


def within(size: Size, pixels: int) -> Size:
    """A size of the same shape with at most so many pixels."""
    scale = min(1.0, (pixels / (size[0] * size[1])) ** 0.5)
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def contained(size: Size, room: Size) -> Size:
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
