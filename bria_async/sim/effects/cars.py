"""Effects on pictures of vehicles: where their parts are taken to be, and what is done to some of them.

Unknown: how the service finds parts. Chosen: fixed shapes within the bounds of the subject, cut by its outline.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bria_async.sim.effects.cutouts import layer
from bria_async.sim.effects.pixels import Params, Picture, hole, matte, with_alpha_of
from bria_async.sim.pillow import Image, ImageChops, ImageDraw, ImageEnhance

_Shape = tuple[float, float, float, float]
SHAPES: Mapping[str, Sequence[_Shape]] = {
    "windshield": [(0.55, 0.08, 0.72, 0.4)],
    "rear_window": [(0.1, 0.08, 0.22, 0.4)],
    "side_windows": [(0.25, 0.1, 0.52, 0.38)],
    "body": [(0.0, 0.0, 1.0, 1.0)],
    "wheels": [(0.1, 0.6, 0.32, 1.0), (0.68, 0.6, 0.9, 1.0)],
    "hubcap": [(0.16, 0.7, 0.26, 0.9), (0.74, 0.7, 0.84, 0.9)],
    "tires": [(0.1, 0.6, 0.32, 1.0), (0.68, 0.6, 0.9, 1.0)],
}
"""Part of a vehicle -> ellipses in shares of its bounds: left, top, right, bottom."""
PANES = ("windshield", "rear_window", "side_windows")


def segment(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The mask of one `part`, white on black."""
    return _mask(pictures[0], params["part"])


def _mask(picture: Picture, part: str) -> Picture:
    outline = matte(picture).point([0] * 128 + [255] * 128)
    drawn = _drawn(outline, SHAPES[part])
    if part == "tires":
        drawn = ImageChops.subtract(drawn, _drawn(outline, SHAPES["hubcap"]))
    return ImageChops.multiply(drawn, outline)


def _drawn(outline: Picture, shapes: Sequence[_Shape]) -> Picture:
    left, top, right, bottom = outline.getbbox() or (0, 0, *outline.size)
    width, height = right - left, bottom - top
    mask = Image.new("L", outline.size)
    pen = ImageDraw.Draw(mask)
    for x0, y0, x1, y1 in shapes:
        box = (left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height)
        draw = pen.rectangle if (x0, x1) == (0, 1) else pen.ellipse
        draw(box, fill=255)
    return mask


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
    return _result(pictures[0], dark, mask, params)


def reflections(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """The picture with a sheen on its windows, or as `layer` only that on one `part`."""
    parts = [params["part"]] if params.get("part") else PANES
    mask = Image.new("L", pictures[0].size)
    for part in parts:
        mask = ImageChops.lighter(mask, _given(pictures, params, part))
    sheen = Image.linear_gradient("L").rotate(chance.randrange(360)).resize(pictures[0].size).convert("RGB")
    seen = pictures[0].convert("RGB")
    return _result(pictures[0], ImageChops.screen(seen, ImageEnhance.Brightness(sheen).enhance(0.6)), mask, params)


def _result(picture: Picture, changed: Picture, mask: Picture, params: Params) -> Picture:
    if params.get("layer"):
        return layer(changed, mask)
    return with_alpha_of(picture, Image.composite(changed, picture.convert("RGB"), mask), params)
