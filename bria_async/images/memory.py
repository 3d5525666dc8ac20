"""Memory for pixels: all that is decoded at a time, whoever decodes it, has so much of it together.

What opening an image takes beforehand is not counted: of a WebP four bytes for each pixel (measured).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .pillow import Decoder, JpegImageFile, PngImageFile, WebPImageFile

DECODED = {WebPImageFile: 16, PngImageFile: 4}
"""Bytes that decoding takes for each pixel (measured)."""
TRANSPARENT = 8
"""The same of a PNG, which is looked at for pixels that are."""
PROGRESSIVE = 4
"""The same of a JPEG whose scans have to be kept until the last one is there; an ordinary one takes next to nothing."""
ANEW = 18
"""Bytes for each pixel that is decoded and encoded again, at most (measured)."""


class Memory:
    """So many bytes for all threads together; whoever wants more than there are has them alone."""

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._line = threading.Lock()
        """Before whoever waits nobody takes less: else what is large would wait until nothing is left."""
        self._given_back = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Wait until there are so many, and have them; blocks, so not on an event loop."""
        size = min(size, self._size)
        with self._line, self._given_back:
            self._given_back.wait_for(lambda: self._left >= size)
            self._left -= size
        try:
            yield
        finally:
            with self._given_back:
                self._left += size
                self._given_back.notify()


PIXELS = Memory(2**30)
"""That of this process: a WebP of 64 megapixels takes nearly all of it, five photographs of 12 megapixels fit in."""


def needed(image: Decoder) -> int:
    """Bytes that decoding an image for a look or a thumbnail takes, by its header."""
    if isinstance(image, JpegImageFile):
        each = PROGRESSIVE if "progressive" in image.info else 0
    elif isinstance(image, PngImageFile) and ("A" in image.getbands() or "transparency" in image.info):
        each = TRANSPARENT
    else:
        each = DECODED[type(image)]
    return image.width * image.height * each
