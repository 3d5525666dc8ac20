"""Effects on pictures of vehicles: where their parts are taken to be, and what is done to some of them.

Unknown: how the service finds parts. Chosen: a vehicle is taken to face right. Its wheels are what is round and dark at
its lower corners, its glass what is not of its paint in the usual places; where nothing of the kind is seen, the usual
places themselves.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bria_async.sim.effects.cutouts import layer
from bria_async.sim.effects.mattes import far_from, hard, hole, matte, median
from bria_async.sim.effects.pixels import Params, Picture, masked, with_alpha_of, within
from bria_async.sim.pillow import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageStat

PARTS = ("windshield", "rear_window", "side_windows", "body", "wheels", "hubcap", "tires")
"""Published names; `body` is the whole vehicle."""
PANES: Mapping[str, Sequence[tuple[float, float]]] = {
    "windshield": ((0.61, 0.05), (0.68, 0.05), (0.84, 0.32), (0.71, 0.32)),
    "rear_window": ((0.33, 0.05), (0.4, 0.05), (0.33, 0.32), (0.18, 0.32)),
    "side_windows": ((0.42, 0.05), (0.59, 0.05), (0.69, 0.32), (0.35, 0.32)),
}
"""Panes -> their corners, in shares of the vehicle's bounds."""
_SURVEY, _SMOOTH = 512 * 512, 600
_OFF_PAINT, _ENOUGH = 40, 0.3
_DARK, _LOWER = 60, 0.5
_RADII, _ROUND = (0.06, 0.15), (0.7, 1.5)
_RADIUS, _TALLEST, _CENTRES = 0.1, 0.3, (0.2, 0.8)
_HUBCAP = 0.65
_SHEEN, _SKY = 128, (232, 241, 255)


def segment(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The mask of one `part`, white on black."""
    return _mask(pictures[0], params["part"])


def _mask(picture: Picture, part: str) -> Picture:
    outline = hard(matte(picture).filter(ImageFilter.GaussianBlur(max(picture.size) / _SMOOTH)))
    if part == "body":
        return outline
    bounds = outline.getbbox() or (0, 0, *outline.size)
    form = outline.crop(bounds)
    car = picture.convert("RGB").crop(bounds).resize(within(form.size, _SURVEY), Image.Resampling.BOX)
    small = form.resize(car.size, Image.Resampling.NEAREST)
    drawn = _pane(car, small, part) if part in PANES else _wheels(car, small, part)
    mask = Image.new("L", outline.size)
    mask.paste(ImageChops.multiply(hard(drawn.resize(form.size, Image.Resampling.BICUBIC)), form), bounds)
    return mask


def _pane(car: Picture, form: Picture, part: str) -> Picture:
    """Glass where a pane is expected within the outline, or all of that place where little of it is seen."""
    place = Image.new("L", car.size)
    ImageDraw.Draw(place).polygon([(x * car.width, y * car.height) for x, y in PANES[part]], fill=255)
    place = ImageChops.multiply(place, form.filter(ImageFilter.MinFilter(5)))
    unlike = far_from(car.filter(ImageFilter.GaussianBlur(1.5)), median(car, form))
    glass = ImageChops.multiply(place, unlike.point(lambda distance: 255 * (distance > _OFF_PAINT)))
    glass = glass.filter(ImageFilter.MinFilter(5)).filter(ImageFilter.MaxFilter(5))  # no slivers along trims
    enough = ImageStat.Stat(glass).sum[0] >= _ENOUGH * ImageStat.Stat(place).sum[0]
    return glass if enough else place


def _wheels(car: Picture, form: Picture, part: str) -> Picture:
    """Discs for wheels, smaller ones for hubcaps, and rings for tires."""
    red, green, blue = car.split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), ImageChops.lighter(blue, ImageChops.invert(form)))
    dark = brightest.point(lambda light: 255 * (light < _DARK)).filter(ImageFilter.MedianFilter(5))
    mask = Image.new("L", car.size)
    pen = ImageDraw.Draw(mask)
    for x, y, radius in (_wheel(dark, side) for side in (0, 1)):
        pen.circle((x, y), radius * (_HUBCAP if part == "hubcap" else 1), fill=255)
        if part == "tires":
            pen.circle((x, y), radius * _HUBCAP, fill=0)
    return mask


def _wheel(dark: Picture, side: int) -> tuple[float, float, float]:
    """Middle and radius of the wheel at the left (0) or at the right (1)."""
    begin, lower = dark.width * side // 2, int(dark.height * _LOWER)
    found = dark.crop((begin, lower, begin + dark.width // 2, dark.height)).getbbox()
    if found:
        left, top, right, bottom = found
        radius = (right - left) / 2
        round_enough = _ROUND[0] < (right - left) / (bottom - top) < _ROUND[1]
        if round_enough and _RADII[0] < radius / dark.width < _RADII[1]:
            return begin + left + radius, lower + bottom - radius, radius
    radius = min(dark.width * _RADIUS, dark.height * _TALLEST)
    return dark.width * _CENTRES[side], dark.height - radius, radius


def _given(pictures: Sequence[Picture], params: Params, part: str) -> Picture:
    """The mask that came with the request for a part, or the one taken to be right."""
    names: Sequence[Any] = params["masks"]
    if part in names:
        return hole(pictures[1 + names.index(part)], pictures[0].size)
    return _mask(pictures[0], part)


def refine_tires(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with dark, even tires, or as `layer` only those."""
    mask = _given(pictures, params, "tires")
    seen = pictures[0].convert("RGB")
    dark = ImageEnhance.Brightness(ImageEnhance.Color(seen).enhance(0.2)).enhance(0.5)
    if params.get("layer"):
        return layer(with_alpha_of(pictures[0], dark, {}), mask)
    return with_alpha_of(pictures[0], Image.composite(dark, seen, mask), params)


def reflections(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The picture under light on its panes, or as `layer` only the light on one `part`.

    The layers of all panes over the original are the result without `layer`.
    """
    picture = pictures[0]
    sheen = _sheen(chance)
    lit = Image.new("RGBA", picture.size) if params.get("layer") else picture.convert("RGBA")
    for part in [params["part"]] if params.get("part") else PANES:
        mask = _given(pictures, params, part)
        box = mask.getbbox()
        if box:
            shares = ImageChops.multiply(sheen.resize((box[2] - box[0], box[3] - box[1])), mask.crop(box))
            lit.alpha_composite(masked(Image.new("RGB", shares.size, _SKY), shares), box[:2])
    return lit if params.get("layer") else with_alpha_of(picture, lit, params)


def _sheen(chance: random.Random) -> Picture:
    """How the sky shines on a pane: most at the top, and in two slanting streaks that chance places."""
    sheen = Image.linear_gradient("L").resize((_SHEEN, _SHEEN)).point(lambda down: (255 - down) * 2 // 5)
    pen = ImageDraw.Draw(sheen)
    at, slant = chance.randrange(_SHEEN // 6, _SHEEN // 2), chance.randrange(_SHEEN // 4, _SHEEN // 2)
    for left, across, light in ((at, _SHEEN // 6, 150), (at + _SHEEN // 4, _SHEEN // 20, 120)):
        pen.polygon(
            ((left + slant, 0), (left + slant + across, 0), (left + across, _SHEEN), (left, _SHEEN)), fill=light
        )
    return sheen.filter(ImageFilter.GaussianBlur(2))
