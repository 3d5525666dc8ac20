"""Images inside a JSON body: base64, and the few that stand for all."""

import base64
import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from bria_async.errors import ImageChanged

from .probe import LIMITS, ImageFile
from .source import read_whole

T = TypeVar("T")


def base64_of(image: ImageFile | Path) -> str:
    """A file's bytes as base64, unchanged and without a `data:` header; blocks, so run it in a worker thread.

    Raises:
        ImageError: it cannot be read, is empty or larger than 12 MB.
        ImageChanged: it is not the file that was probed.
    """
    path = image if isinstance(image, Path) else image.path
    data = read_whole(path, LIMITS.max_bytes).data
    if isinstance(image, ImageFile) and hashlib.sha256(data).hexdigest() != image.sha256:
        raise ImageChanged("changed since it was checked", str(path))
    return base64.b64encode(data).decode("ascii")


def sample(images: Sequence[T], count: int, seed: int = 0) -> tuple[T, ...]:
    """A few images that stand for all: spread evenly over their order, from a start that the seed chooses.

    The same images and seed give the same sample; all of them when there are no more than `count`.
    """
    if len(images) <= count:
        return tuple(images)
    start = random.Random(seed).random()
    return tuple(images[int((index + start) * len(images) / count)] for index in range(count))
