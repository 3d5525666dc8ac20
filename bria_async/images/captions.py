"""Captions in text files beside images."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from bria_async.errors import ImageError

from .probe import ImageFile
from .source import read_whole

LARGEST_TEXT = 2**20
"""Bytes of a text file beside an image that is taken for its caption; a larger one is not read."""
KEPT = 1000
"""Characters that are kept of a caption that was looked at: there may be thousands, of `LARGEST_TEXT` each."""


@attrs.frozen
class Caption:
    """What is kept of a caption that was looked at.

    `text` are its first 1,000 characters, or all of a shorter one; `length` is how many it has; `digest` is a hash that
    captions have in common which differ in nothing but spaces and capitals.
    """

    text: str
    length: int
    digest: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Caption":
        """What is kept of this one."""
        words = " ".join(text.split()).casefold()
        return cls(text[:KEPT], len(text), hashlib.sha256(words.encode()).digest())

    def __str__(self) -> str:
        return self.text if len(self.text) == self.length else f"{self.text}…"


Texts = Mapping[Path, Caption | ImageError | None]
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


def captions_of(images: Iterable[ImageFile]) -> dict[Path, Caption | ImageError | None]:
    """What is kept of the captions beside these images, by the images' paths: each is read by itself; blocks."""
    return {image.path: _caption(image.caption_path) for image in images}


def _caption(path: Path | None) -> Caption | ImageError | None:
    if path is None:
        return None
    try:
        return Caption.of(read_caption(path))
    except ImageError as error:
        return attrs.evolve(error)  # a copy without traceback: there may be thousands
