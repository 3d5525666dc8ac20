"""Captions in text files beside images."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from bria_async.errors import ImageError

from .probe import ImageFile
from .source import read_whole

LARGEST_TEXT = 2**20
"""Bytes of a text file beside an image that is taken for its caption; a larger one is not read."""

Texts = Mapping[Path, str | ImageError | None]
"""For each image its caption, why that cannot be used, or None where there is no file."""


def read_caption(path: Path) -> str:
    """The caption that a text file holds; blocks, so run it in a worker thread.

    Raises:
        ImageError: it cannot be read, has more than `LARGEST_TEXT` bytes, is not UTF-8, or is empty.
    """
    try:
        text = read_whole(path, LARGEST_TEXT).data.decode("utf-8-sig").strip()
    except ImageError as error:
        if error.code != "empty":
            raise ImageError(error.message, str(path), "caption-unreadable") from None
        text = ""
    except UnicodeDecodeError:
        raise ImageError("is not UTF-8 text", str(path), "caption-unreadable") from None
    if not text:
        raise ImageError("is an empty caption", str(path), "caption-empty")
    return text


def captions_of(images: Iterable[ImageFile]) -> dict[Path, str | ImageError | None]:
    """The captions beside these images, by the images' paths: a text, why it cannot be used, or None; blocks."""
    return {image.path: _caption(image.caption_path) for image in images}


def _caption(path: Path | None) -> str | ImageError | None:
    if path is None:
        return None
    try:
        return read_caption(path)
    except ImageError as error:
        return attrs.evolve(error)  # a copy without traceback: there may be thousands
