"""What decoding an image tells of it, as values: no Pillow here."""

import attrs


@attrs.frozen
class Oddity:
    """Something of an image that the training may not take as it looks here: a short code, and a sentence."""

    code: str
    words: str


@attrs.frozen
class Measures:
    """What the pixels of an image come to, as the training sees them: transparent ones are black.

    `hash` tells pictures that look alike (dHash): each bit of its two 64 says whether the picture grows brighter from
    one of 9 x 8 fields to the next, first along its rows, then along its columns. `sharpness` is the variance of the
    Laplacian of its greys at 512 pixels over that of the greys themselves: it ranks pictures of one set and means
    nothing by itself. `brightness` is the mean of its greys and `contrast` their standard deviation, both of 0 to 1;
    `entropy` is the information in a pixel's grey, 0 to 8 bits.
    """

    hash: tuple[int, int]
    sharpness: float
    brightness: float
    contrast: float
    entropy: float


@attrs.frozen
class Look:
    """An image: its sides in pixels as stored; what is unusual about it and its measures, if it was decoded."""

    width: int
    height: int
    oddities: tuple[Oddity, ...] = ()
    measures: Measures | None = None
