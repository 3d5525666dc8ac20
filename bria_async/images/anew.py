"""Encoding an image anew, without what is wrong with it."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from bria_async.errors import ImageError
from bria_async.types.common import MAX_IMAGE_BYTES
from bria_async.types.trainings import WANTED_SIDE

from .decode import opened
from .formats import Format
from .memory import ANEW, PIXELS
from .pillow import Image
from .probe import LIMITS
from .raster import flat, orientation, plain, upright

_QUALITIES = (95, 90, 85, 80, 75)
"""The first that stays below the limit is taken; below the last one artefacts would be learned."""


def encoded_anew(data: bytes, form: Format, ground: tuple[int, int, int], path: str) -> tuple[bytes, Format]:
    """The first frame, upright, flat on this colour, with 8 bits a channel, the shorter side at least 1024; blocks.

    In the same format, unless that is too large for one that loses nothing: then as JPEG.

    Raises:
        ImageError: it cannot be decoded, or stays too large; `path` is the file to name.
    """
    with ExitStack() as until_encoded:
        picture, profile = _as_meant(data, form, ground, path, until_encoded)
        for made, options in _ways(form):
            buffer = io.BytesIO()
            picture.save(buffer, made.upper(), icc_profile=profile, **options)
            if len(encoded := buffer.getvalue()) <= MAX_IMAGE_BYTES:
                return encoded, made
    raise ImageError(f"stays larger than {MAX_IMAGE_BYTES:,} bytes however it is encoded", path, "too-large")


def _as_meant(
    data: bytes, form: Format, ground: tuple[int, int, int], path: str, until_encoded: ExitStack
) -> tuple[Image.Image, bytes | None]:
    """The picture and its colour profile; the memory that it takes is held until it is encoded."""
    try:
        with opened(data, form, LIMITS.max_pixels, path) as image:
            until_encoded.enter_context(PIXELS.taken(ANEW * image.width * image.height))
            image.load()  # what is as it is meant to be is not copied, and its file is closed below
            profile = image.info.get("icc_profile") if image.mode in ("L", "RGB", "RGBA") else None  # others are gone
            return _sized_up(flat(upright(plain(image), orientation(image)), ground), path), profile
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        # Damaged bytes make decoders raise whatever they stumble over.
        raise ImageError(f"cannot be decoded: {error}", path, "damaged") from error


def _sized_up(picture: Image.Image, path: str) -> Image.Image:
    """The picture with a shorter side that training wants; larger ones stay as they are."""
    scale = WANTED_SIDE / min(picture.size)
    if scale <= 1:
        return picture
    width, height = (round(side * scale) for side in picture.size)
    if width * height > LIMITS.max_pixels:
        raise ImageError(f"would have {width} x {height} pixels when it is sized up", path, "too-many-pixels")
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _ways(form: Format) -> Iterator[tuple[Format, dict[str, Any]]]:
    if form == "png":
        yield "png", {}
    lossy: Format = "jpeg" if form == "png" else form
    yield from ((lossy, {"quality": quality}) for quality in _QUALITIES)
