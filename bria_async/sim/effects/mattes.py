"""Black and white: where the subject is, where something is to happen, and what belongs there instead."""

import math

from bria_async.sim.effects.pixels import Picture, alpha, contained, flattened, masked
from bria_async.sim.pillow import Image, ImageChops, ImageFilter, ImageStat

_HARD = [0] * 128 + [255] * 128
_SURVEY = 64
_NEAR, _FAR = 24, 52
_CELLS = 128
_FAINT, _PARTLY = 8, 64
_FILL = 512 * 512


def hard(mask: Picture) -> Picture:
    """The mask in nothing but black and white."""
    return mask.point(_HARD)


def hole(mask: Picture, size: tuple[int, int]) -> Picture:
    """A mask image as black and white of this size: white is where something is to happen."""
    return hard(flattened(mask, (0, 0, 0)).convert("L").resize(size, Image.Resampling.NEAREST))


def matte(picture: Picture, *, force: bool = False) -> Picture:
    """Where the subject is: its transparency, else how far each pixel's colour is from the border's.

    `force` looks at the colours of a transparent picture too.
    """
    transparency = alpha(picture)
    if transparency is not None and not force:
        return transparency
    seen = picture.convert("RGB")
    distance = far_from(seen, _border_colour(seen))
    found = _solid(distance.point([_ramp(step) for step in range(256)]))
    return found if transparency is None else ImageChops.multiply(found, transparency)


def far_from(picture: Picture, colour: tuple[int, ...]) -> Picture:
    """How far each pixel is from a colour, in the channel where it is farthest."""
    red, green, blue = ImageChops.difference(picture, Image.new("RGB", picture.size, colour)).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _ramp(distance: int) -> int:
    return min(255, max(0, (distance - _NEAR) * 255 // (_FAR - _NEAR)))


def _border_colour(picture: Picture) -> tuple[int, ...]:
    """The median colour of the outermost pixels of a small copy."""
    last = _SURVEY - 1
    small = picture.resize((_SURVEY, _SURVEY), Image.Resampling.NEAREST)
    border = Image.new("RGB", (_SURVEY, 4))
    border.paste(small.crop((0, 0, _SURVEY, 1)), (0, 0))
    border.paste(small.crop((0, last, _SURVEY, _SURVEY)), (0, 1))
    border.paste(small.crop((0, 0, 1, _SURVEY)).transpose(Image.Transpose.ROTATE_90), (0, 2))
    border.paste(small.crop((last, 0, _SURVEY, _SURVEY)).transpose(Image.Transpose.ROTATE_90), (0, 3))
    return median(border)


def median(picture: Picture, mask: Picture | None = None) -> tuple[int, ...]:
    """The median colour of a picture, or of what lies under the white of a mask that has any."""
    return tuple(int(channel) for channel in ImageStat.Stat(picture, mask).median)


def _cells(mask: Picture) -> Picture:
    """The mask as some hundred cells a side: what looks at neighbours does so here, in time that does not grow."""
    size = contained(mask.size, (_CELLS, _CELLS)) if max(mask.size) > _CELLS else mask.size
    return mask.resize(size, Image.Resampling.BOX)


def _solid(found: Picture) -> Picture:
    """The subject without pinholes, opaque inside: a label in nearly the ground's colour, a gap between spokes."""
    cells = _cells(found).point(lambda share: 255 * (share >= _PARTLY))
    inside = cells.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MinFilter(5))
    return ImageChops.lighter(found, inside.resize(found.size, Image.Resampling.NEAREST))


def around(found: Picture) -> Picture:
    """Where the subject is, its faint edges too, and a cell more."""
    grown = _cells(found).point(lambda share: 255 * (share >= _FAINT)).filter(ImageFilter.MaxFilter(3))
    return grown.resize(found.size, Image.Resampling.BILINEAR)


def filled(picture: Picture, gap: Picture) -> Picture:
    """The picture with the white part of `gap` filled from what lies around it, near before far."""
    known = masked(picture, ImageChops.invert(gap))
    known = known.reduce(max(1, math.ceil(math.sqrt(picture.width * picture.height / _FILL))))
    ground = known.resize((1, 1), Image.Resampling.BOX).convert("RGB").resize(known.size)
    side = 2
    while side < max(known.size):
        coarse = known.resize((min(side, known.width), min(side, known.height)), Image.Resampling.BOX)
        layer = coarse.resize(known.size, Image.Resampling.BILINEAR)
        ground.paste(layer, mask=layer.getchannel("A"))
        side *= 2
    return Image.composite(ground.resize(picture.size, Image.Resampling.BICUBIC), picture.convert("RGB"), gap)
