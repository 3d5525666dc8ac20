"""Pixels as they are meant to be seen: with 8 bits per channel, on a ground, upright."""

import struct
from collections.abc import Mapping

from .pillow import ExifTags, Image

BLACK = (0, 0, 0)
"""What transparent pixels become in a training."""

_TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the picture upright; 1 is upright already."""
_DEEP = ("I", "F")
_PLAIN = ("L", "LA", "RGB", "RGBA", "CMYK")


def orientation(image: Image.Image) -> int | None:
    """The EXIF orientation of an image that is stored turned, 2 to 8; None for an upright one."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return None  # broken metadata beside sound pixels
    return value if isinstance(value, int) and value in _TURNS else None


def upright(image: Image.Image, stored: int | None) -> Image.Image:
    """A picture that is stored in this EXIF orientation, as it is seen."""
    return image if stored is None else image.transpose(_TURNS[stored])


def plain(image: Image.Image) -> Image.Image:
    """The same pixels as greys, RGB or CMYK of 8 bits per channel, and with alpha where any of them is transparent."""
    if image.mode.startswith(_DEEP):
        return image.point(lambda value: value * (1 / 256) + 0).convert("L")  # convert() alone makes white of most
    if "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in _PLAIN:
        return image
    return image.convert("RGBA" if "A" in image.getbands() else "RGB")


def flat(image: Image.Image, ground: tuple[int, int, int] = BLACK) -> Image.Image:
    """A plain picture without alpha, laid on a ground of this colour where it is transparent, as greys or RGB."""
    if "A" in image.getbands():
        base = Image.new("RGBA", image.size, (*ground, 255))
        base.alpha_composite(image.convert("RGBA"))
        return base.convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")
