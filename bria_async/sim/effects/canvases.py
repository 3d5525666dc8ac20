"""Effects that put pictures on a canvas: larger, elsewhere, before another scene."""

import random
from collections.abc import Sequence

from bria_async.sim.effects.cutouts import cropped, cutout
from bria_async.sim.effects.invented import scene
from bria_async.sim.effects.mattes import filled
from bria_async.sim.effects.pixels import Box, Params, Picture, Size, alpha, contained, masked, with_alpha_of
from bria_async.sim.pillow import Image, ImageChops, ImageFilter, ImageOps

_AXES = Image.Transpose.TRANSPOSE
_EDGE = 12
"""What continues an expanded picture far from it is made of this part of its shorter side."""
_BLURS = ((0.0, 0.08, 0.005), (0.06, 0.3, 0.02), (0.2, 0.8, 0.06))
"""From and up to which distance it becomes how much blurred, in shares of the shorter side."""


def increase_resolution(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with `increase` times as many pixels a side."""
    picture, times = pictures[0], params["increase"]
    larger = picture.resize((picture.width * times, picture.height * times), Image.Resampling.LANCZOS)
    return larger if params.get("preserve_alpha", True) else larger.convert("RGB")


def resize(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in `size`."""
    return pictures[0].resize(tuple(params["size"]), Image.Resampling.LANCZOS)


def expand(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture on a canvas of `size`, at `box` (left, top, width, height), continued beyond its edges.

    What continues it is its mirror image, farther away only its edges, more and more blurred. Where it is, its pixels
    are exact.
    """
    left, top, width, height = params["box"]
    size, at = tuple(params["size"]), (left, top)
    picture = pictures[0]
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    transparency = alpha(picture)
    seen = picture.convert("RGB")
    whole = seen if transparency is None else filled(picture, ImageChops.invert(transparency))
    side = min(width, height)
    result = _fading(_continued(whole, size, at, side), _far(whole, size, at), (left, top, width, height))
    result.paste(seen, at)
    if transparency is None:
        return result
    opaque = Image.new("L", size, 255)
    opaque.paste(transparency, at)
    return with_alpha_of(masked(result, opaque), result, params)


def _far(picture: Picture, size: Size, at: tuple[int, int]) -> Picture:
    """The canvas continued by no more than the picture's edges, as small as its least blur lets it be."""
    side = min(picture.size)
    times = max(1, int(side * _BLURS[0][2] / 3))
    small = max(1, size[0] // times), max(1, size[1] // times)
    return _continued(picture.reduce(times), small, (at[0] // times, at[1] // times), max(1, side // times // _EDGE))


def _continued(picture: Picture, size: Size, at: tuple[int, int], depth: int) -> Picture:
    """A canvas with the picture at a place, and its outer `depth` pixels, mirrored and stretched, all around it."""
    wide = _widened(picture, size[0], at[0], depth)
    return _widened(wide.transpose(_AXES), size[1], at[1], depth).transpose(_AXES)


def _widened(picture: Picture, width: int, left: int, depth: int) -> Picture:
    canvas = Image.new("RGB", (width, picture.height))
    canvas.paste(picture, (left, 0))
    right = width - left - picture.width
    for gap, mirrored, begin in ((left, False, 0), (right, True, width - right)):
        strip = min(depth, gap, picture.width)
        if strip > 0:
            source = picture.width - strip if mirrored else 0
            edge = ImageOps.mirror(picture.crop((source, 0, source + strip, picture.height)))
            canvas.paste(edge.resize((gap, picture.height), Image.Resampling.BICUBIC), (begin, 0))
    return canvas


def _fading(result: Picture, far: Picture, box: Box) -> Picture:
    """A canvas that away from a box becomes another one of any size, the more blurred the farther."""
    side = min(box[2:])
    distance = _distance(result.size, box)
    for begin, end, share in _BLURS:
        radius = share * side * far.width / result.width
        coarser = max(1, int(radius / 3))
        blurred = far.reduce(coarser).filter(ImageFilter.GaussianBlur(radius / coarser))
        shares = distance.point([min(255, max(0, int((at - 255 * begin) / (end - begin)))) for at in range(256)])
        result = Image.composite(blurred.resize(result.size, Image.Resampling.BICUBIC), result, shares)
    return result


def _distance(size: Size, box: Box) -> Picture:
    """How far each pixel is from a box: 255 is its shorter side or more."""
    left, top, width, height = box
    across = Image.frombytes("L", (size[0], 1), _distances(size[0], left, width, min(width, height)))
    down = Image.frombytes("L", (1, size[1]), _distances(size[1], top, height, min(width, height)))
    return ImageChops.lighter(across.resize(size), down.resize(size))


def _distances(length: int, begin: int, extent: int, side: int) -> bytes:
    """How far each place of a line is from an extent of it: 255 is `side` or more."""
    outside = (max(begin - at, at - begin - extent + 1, 0) for at in range(length))
    return bytes(min(255, 255 * far // side) for far in outside)


def scenery(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """A scene of `size` from the prompt, or the second picture out of focus."""
    return scene(tuple(params["size"]), params["prompt"], chance, pictures[1:])


def behind(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The same, of the first picture's size."""
    return scenery(pictures, {**params, "size": pictures[0].size}, chance)


def placed(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The subject on nothing of `size`, within `box`; `whole` keeps it at its place in the picture."""
    subject = cutout(pictures[:1], params, chance)
    return laid(subject if params.get("whole") else cropped(subject), tuple(params["size"]), params["box"])


def ground(pictures: Sequence[Picture], _: Params, _chance: random.Random) -> Picture:
    """The first picture, without transparency."""
    return pictures[0].convert("RGB")


def integrated(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """Cutouts of all pictures but the first on nothing of its size, each within its box of `boxes`."""
    result = Image.new("RGBA", pictures[0].size)
    for picture, box in zip(pictures[1:], params["boxes"], strict=True):
        subject = cropped(cutout([picture], params, chance))
        result = Image.alpha_composite(result, laid(subject, result.size, box))
    return result


def laid(subject: Picture, size: Size, box: Sequence[int]) -> Picture:
    """A cutout on nothing of a size, as large as it fits in the middle of a box (left, top, width, height)."""
    left, top, width, height = box
    fitted = subject.resize(contained(subject.size, (width, height)), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", size)
    layer.paste(fitted, (left + (width - fitted.width) // 2, top + (height - fitted.height) // 2))
    return layer
