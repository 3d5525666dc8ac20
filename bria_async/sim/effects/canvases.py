"""Effects that put pictures on a canvas: larger, elsewhere, before another scene."""

import random
from collections.abc import Sequence

from bria_async.sim.effects.cutouts import cropped, cutout
from bria_async.sim.effects.invented import scene
from bria_async.sim.effects.pixels import Params, Picture, alpha, filled, masked, with_alpha_of
from bria_async.sim.pillow import Image, ImageOps


def increase_resolution(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with `increase` times as many pixels a side."""
    picture, times = pictures[0], params["increase"]
    larger = picture.resize((picture.width * times, picture.height * times), Image.Resampling.LANCZOS)
    return larger if params.get("preserve_alpha", True) else larger.convert("RGB")


def resize(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in `size`."""
    return pictures[0].resize(tuple(params["size"]), Image.Resampling.LANCZOS)


def expand(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture on a canvas of `size`, at `box` (left, top, width, height), its edges drawn out over the rest."""
    left, top, width, height = params["box"]
    size = tuple(params["size"])
    picture = pictures[0]
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    canvas, gap = Image.new("RGB", size), Image.new("L", size, 255)
    canvas.paste(picture.convert("RGB"), (left, top))
    gap.paste(0, (left, top, left + width, top + height))
    result = filled(canvas, gap)
    transparency = alpha(picture)
    if transparency is None:
        return result
    seen = Image.new("L", size, 255)
    seen.paste(transparency, (left, top))
    return with_alpha_of(masked(canvas, seen), result, params)


def replace_background(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The subject where it is, before a scene, or before the second picture out of focus."""
    subject = cutout(pictures[:1], params, chance)
    return _before(scene(subject.size, params["prompt"], chance, pictures[1:]), subject, (0, 0))


def placed(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The subject within `box` of a scene of `size`; `whole` keeps it at its place in the picture."""
    left, top, width, height = params["box"]
    subject = cutout(pictures[:1], params, chance)
    fitted = subject if params.get("whole") else cropped(subject)
    fitted = ImageOps.contain(fitted, (width, height), Image.Resampling.LANCZOS)
    at = (left + (width - fitted.width) // 2, top + (height - fitted.height) // 2)
    return _before(scene(tuple(params["size"]), params["prompt"], chance, pictures[1:]), fitted, at)


def integrate(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The first picture with cutouts of the others, each within its box of `boxes`."""
    result = pictures[0].convert("RGB")
    for picture, (left, top, width, height) in zip(pictures[1:], params["boxes"], strict=True):
        fitted = cropped(cutout([picture], params, chance)).resize((width, height), Image.Resampling.LANCZOS)
        result = _before(result, fitted, (left, top))
    return result


def _before(ground: Picture, subject: Picture, at: tuple[int, int]) -> Picture:
    ground.paste(subject.convert("RGB"), at, subject.getchannel("A"))
    return ground
