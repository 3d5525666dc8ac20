"""Looking at uploaded bytes: what kind of image they are, and what is seen in it."""

import colorsys
import struct
import zlib
from pathlib import Path

import attrs

from bria_async.sim.answers import Refusal
from bria_async.sim.entities import Look
from bria_async.sim.pillow import Image

_SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))
_SAMPLE = 24
_HUES = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
_GREY, _DARK, _BRIGHT, _LONG = 0.18, 0.3, 0.7, 1.15
_NAMED_COLOURS = 3
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What decoding a broken file raises."""


@attrs.frozen
class Picture:
    """What an image file holds; `format` is JPEG, PNG or WEBP."""

    format: str
    width: int
    height: int
    look: Look


def _format(head: bytes) -> str:
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    raise Refusal(415, "Unsupported media type. Supported file types are jpeg, jpg, png, webp.")


def inspect(path: Path, *, max_pixels: int, decode: bool = True) -> Picture:
    """Read an image file; blocking, so call it in a thread.

    `decode=False` trusts the header and sees no colours.

    Raises:
        Refusal: 415 for another type (by content, whatever the name says), 422 for what cannot be read.
    """
    with path.open("rb") as file:
        kind = _format(file.read(12))
    try:
        with Image.open(path, formats=(kind,)) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise Refusal(422, f"The image is too large to process ({width}x{height})")
            if not decode:
                return Picture(kind, width, height, Look(shape=_shape(width, height)))
            # A reduced JPEG is quicker to decode, and a truncated one is still found out.
            image.draft("RGB", (_SAMPLE, _SAMPLE))
            image.load()
            return Picture(kind, width, height, _look(image, _shape(width, height)))
    except UNREADABLE as failure:
        raise unreadable() from failure


def header(path: Path) -> tuple[str, tuple[int, int]]:
    """The colour mode, in Pillow's words, and the size of a readable image file; blocking."""
    with Image.open(path) as image:
        return image.mode, image.size


def unreadable() -> Refusal:
    """The answer to an image that cannot be decoded."""
    return Refusal(422, "The image cannot be read or is truncated")


def _look(image: Image.Image, shape: str) -> Look:
    sample = image.convert("RGB").resize((_SAMPLE, _SAMPLE), Image.Resampling.BOX, reducing_gap=2.0)
    seen: dict[str, int] = {}
    light = 0.0
    for count, (red, green, blue) in sample.getcolors(_SAMPLE * _SAMPLE) or []:  # type: ignore[misc]  # RGB gives tuples
        name, value = colour_word(red / 255, green / 255, blue / 255)
        seen[name] = seen.get(name, 0) + count
        light += value * count / _SAMPLE**2
    colours = sorted(seen, key=lambda name: (-seen[name], name))[:_NAMED_COLOURS]
    word = "dark" if light < _DARK else "bright" if light > _BRIGHT else "evenly lit"
    return Look(tuple(colours), word, shape)


def colour_word(red: float, green: float, blue: float) -> tuple[str, float]:
    """The word for a colour of 0 to 1 a channel, and its lightness."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < _GREY or not _GREY / 2 < lightness < 1 - _GREY / 2:
        return ("black" if lightness < _DARK else "white" if lightness > _BRIGHT else "grey"), lightness
    return _HUES[round(hue * len(_HUES)) % len(_HUES)], lightness


def _shape(width: int, height: int) -> str:
    if width > height * _LONG:
        return "wide"
    return "tall" if height > width * _LONG else "square"
