"""Decoding to the last pixel, or of a header alone."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from bria_async.errors import ImageError

from .formats import HEAD, Format, accepted
from .look import Look, Oddity
from .measure import SIDE, measure
from .memory import PIXELS, needed
from .pillow import Decoder, JpegImageFile, PngImageFile, WebPImageFile
from .raster import orientation

_DECODERS: Mapping[Format, type[Decoder]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "webp": WebPImageFile,
}
_PNG_DEPTH = 24
"""Where a PNG says how many bits a channel has; Pillow hides it for colour images."""
_DEEP = 16
_OPAQUE = 255


def sides(source: Path | io.BytesIO) -> tuple[int, int]:
    """Width and height in pixels as stored, from the header alone.

    Raises:
        ImageError: it is no jpeg, png or webp, or cannot be read.
    """
    name = str(source) if isinstance(source, Path) else "image"
    try:
        with source.open("rb") if isinstance(source, Path) else source as file:
            form = accepted(file.read(HEAD))
            file.seek(0)
            if form is not None:
                with _DECODERS[form](file) as image:
                    return image.size
    except Exception as error:  # noqa: BLE001  # damaged headers make decoders raise whatever they stumble over
        raise ImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}", name) from None
    raise ImageError("cannot be read: it is no jpeg, png or webp", name)


def decode(data: bytes, form: Format, max_pixels: int, path: str, whole: bool = True) -> Look:
    """Decode an image to its last pixel and measure it, or read its header alone unless `whole`.

    Raises:
        ImageError: too many pixels, or the bytes are damaged or cut off; `path` is the file to name.
    """
    try:
        if not whole:
            with opened(data, form, max_pixels, path) as image:
                return Look(image.width, image.height)
        memory = _verified(data, form, max_pixels, path)
        with PIXELS.taken(memory), opened(data, form, max_pixels, path) as image:  # a WebP takes much when it is opened
            width, height = image.size
            # A JPEG is loaded at an eighth of its sides, or as many pixels as are measured: each of its bits is decoded
            # as for all pixels, only the transform to pixels, which finds no fault, is left out. That takes half the
            # time (52 and 110 ms for 12 megapixels) and a 64th of the memory.
            image.draft(None, (SIDE, SIDE))
            image.load()
            return Look(width, height, tuple(_oddities(image, data)), measure(image, orientation(image)))
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        # Damaged bytes make decoders raise whatever they stumble over.
        raise ImageError(f"cannot be decoded: {error}", path, "damaged") from error


def _verified(data: bytes, form: Format, max_pixels: int, path: str) -> int:
    """The bytes of memory that decoding takes.

    verify() compares the checksums of a PNG, which load() skips; load() finds a cut JPEG, which verify() does not.
    """
    with opened(data, form, max_pixels, path) as image:
        image.verify()
        return needed(image)


def opened(data: bytes, form: Format, max_pixels: int, path: str) -> Decoder:
    """The decoder of an image, which has read its header.

    The decoders are called directly: `PIL.Image.open` guards against decompression bombs with a process-wide
    limit and a warning, which belong to the program around this library. Here the header is compared with
    `max_pixels` before anything is decoded.

    Raises:
        ImageError: too many pixels; whatever else a decoder stumbles over is of any class.
    """
    image = _DECODERS[form](io.BytesIO(data))
    _require_pixels(image, max_pixels, path)
    return image


def _require_pixels(image: Decoder, max_pixels: int, path: str) -> None:
    if image.width * image.height > max_pixels:
        words = f"has {image.width} x {image.height} pixels, more than the {max_pixels:,} allowed"
        raise ImageError(words, path, "too-many-pixels")


def _oddities(image: Decoder, data: bytes) -> Iterator[Oddity]:
    if (stored := orientation(image)) is not None:
        yield Oddity("turned", f"stored turned (EXIF orientation {stored}); whether the API turns it back is unknown")
    if image.mode == "CMYK":
        yield Oddity("cmyk", "CMYK colours, which may shift")
    if image.mode == "P":
        yield Oddity("palette", "a palette of at most 256 colours")
    if isinstance(image, PngImageFile) and data[_PNG_DEPTH] == _DEEP:
        yield Oddity("16-bit", "16 bits per channel, of which 8 may be kept")
    if _is_transparent(image):
        yield Oddity("transparent", "transparent pixels, which the API turns black")
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        yield Oddity("animated", f"an animation of {frames} frames, of which only one can count")


def _is_transparent(image: Decoder) -> bool:
    """Whether any pixel is: an alpha channel that is opaque everywhere changes nothing."""
    if "A" in image.getbands():
        lowest = image.getchannel("A").getextrema()[0]
        return lowest != _OPAQUE
    return "transparency" in image.info
