"""Measuring a decoded image: how it would hash, how sharp it is, how bright, and how much there is to see."""

import itertools

from .look import Measures
from .pillow import Image, ImageFilter, ImageStat
from .raster import flat, plain, upright

SIDE = 512
"""Pixels of the shorter side that images are measured at, so that sharpness is comparable: half of what training wants,
where a blur of three pixels is still seen; a JPEG of 1024 pixels is decoded at just this size."""

_FIELDS = 8
"""Bits along a side of a hash."""
_WHITE = 255
_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
_EDGE = 3
"""Pixels of a side below which the kernel fits nowhere."""


def measure(image: Image.Image, stored: int | None) -> Measures:
    """Measure a decoded image that is stored in this EXIF orientation."""
    small = plain(image)
    small = small.reduce(max(1, min(small.size) // SIDE))
    grey = upright(flat(small), stored).convert("L")
    if (scale := SIDE / min(grey.size)) < 1:
        grey = grey.resize((round(grey.width * scale), round(grey.height * scale)), Image.Resampling.BILINEAR)
    found = ImageStat.Stat(grey)
    return Measures(
        hash=(_hash(grey), _hash(grey.transpose(Image.Transpose.TRANSPOSE))),
        sharpness=_edges(grey) / found.var[0] if found.var[0] else 0.0,
        brightness=found.mean[0] / _WHITE,
        contrast=found.stddev[0] / _WHITE,
        entropy=grey.entropy(),
    )


def _hash(grey: Image.Image) -> int:
    """A bit for each two fields side by side: whether the right one is brighter."""
    fields = grey.resize((_FIELDS + 1, _FIELDS), Image.Resampling.BOX).tobytes()
    rows = (fields[start : start + _FIELDS + 1] for start in range(0, len(fields), _FIELDS + 1))
    return int("".join(str(int(left < right)) for row in rows for left, right in itertools.pairwise(row)), 2)


def _edges(grey: Image.Image) -> float:
    """The variance of the Laplacian: divided by that of the picture it is the same for a darker copy."""
    if min(grey.size) < _EDGE:
        return 0.0
    inner = (1, 1, grey.width - 1, grey.height - 1)  # the kernel leaves the outermost pixels as they are
    return ImageStat.Stat(grey.filter(_LAPLACIAN).crop(inner)).var[0]
