"""Small pictures of images, for pages."""

import io
from pathlib import Path

from bria_async.errors import ImageError

from .decode import opened
from .memory import PIXELS, needed
from .pillow import Image
from .probe import LIMITS, format_of
from .raster import orientation, plain, upright
from .source import read_whole

LARGEST_FILE = 64 * 2**20
"""Bytes of a file that is looked at: samples may be larger than what may be uploaded."""
_QUALITY = 78
"""Of WebP: artefacts are not seen at these sizes."""


def thumbnail(source: Path | bytes, side: int) -> bytes:
    """A small copy of an image as WebP, upright, no side longer than `side` pixels; blocks.

    It is encoded anew, so nothing of the file but its pixels is in it; transparent pixels stay transparent, and nothing
    is enlarged.

    Raises:
        ImageError: it cannot be read or decoded.
    """
    path = str(source) if isinstance(source, Path) else "image"
    data = read_whole(source, LARGEST_FILE).data if isinstance(source, Path) else source
    form = format_of(data, Path(path))
    try:
        with opened(data, form, LIMITS.max_pixels, path) as image, PIXELS.taken(needed(image)):
            image.draft(None, (side, side))
            small = plain(image)
            small = small.convert("RGB") if small.mode == "CMYK" else small
            small = upright(small, orientation(image))
            small.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
            buffer = io.BytesIO()
            small.save(buffer, "WEBP", quality=_QUALITY)
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        # Damaged bytes make decoders raise whatever they stumble over.
        raise ImageError(f"cannot be decoded: {error}", path, "damaged") from error
    return buffer.getvalue()
