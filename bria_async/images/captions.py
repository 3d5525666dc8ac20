"""Captions in text files beside images."""

from collections.abc import Sequence
from pathlib import Path

from bria_async.errors import ImageError

from .probe import ImageFile


def read_caption(path: Path) -> str:
    """The caption that a text file holds; blocks, so run it in a worker thread.

    Raises:
        ImageError: it cannot be read, is not UTF-8, or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", str(path)) from None
    except UnicodeDecodeError:
        raise ImageError("is not UTF-8 text", str(path)) from None
    if not text:
        raise ImageError("is an empty caption", str(path))
    return text


def unusable_captions(images: Sequence[ImageFile]) -> tuple[str, ...]:
    """What is wrong with the captions beside these images, one sentence each; blocks."""
    found = []
    for image in images:
        if image.caption_path is None:
            found.append(f"{image.path} has no text file beside it")
            continue
        try:
            read_caption(image.caption_path)
        except ImageError as error:
            found.append(str(error))
    return tuple(found)
