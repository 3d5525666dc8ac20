"""Masks of visuals: all of them in a zip, and the one of what a request wants changed (SEED 004).

Unknown: the keys of a change, chosen from the seed's prose: `{"id": ...}` from the information, `{"mask_id": ...}` from
the generated masks, `{"mask_url": ...}`, or `{"positive_points": [{"x": ..., "y": ...}]}` in pixels of the original. A
point takes the region under it, or a small disc where there is none.
"""

import asyncio
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bria_async.sim import drawing, scenes, sources
from bria_async.sim.answers import Refusal
from bria_async.sim.effects.mattes import hole
from bria_async.sim.effects.pixels import opened
from bria_async.sim.entities import Look
from bria_async.sim.pictures import Picture
from bria_async.sim.pillow import Image, ImageChops, ImageDraw
from bria_async.sim.routes import Call
from bria_async.sim.sources import Source
from bria_async.sim.visual_entities import Region, Visual
from bria_async.sim.visuals_info import region_id

_KINDS = {"id": "ids", "positive_points": "points", "mask_id": "masks", "mask_url": "masks"}
_MOST_CHANGES = 20
_SIDE = 512
_DISC = 20

_Point = tuple[float, float]


def zipped(visual: Visual) -> bytes:
    """Every mask as a PNG of the picture's size, and the panoptic map of mask ids; blocking."""
    size, labels = (visual.width, visual.height), visual.scene.labels
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for region in visual.scene.regions:
            mask = scenes.mask(labels, {region.number}).resize(size, Image.Resampling.NEAREST)
            archive.writestr(f"{visual.id}_{region.number}.png", drawing.encoded(mask))
        panoptic = scenes.panoptic(labels).resize(size, Image.Resampling.NEAREST)
        archive.writestr(f"{visual.id}_panoptic.png", drawing.encoded(panoptic))
    return buffer.getvalue()


async def mask(call: Call, visual: Visual, changes: Sequence[dict[str, Any]] | None) -> Source:
    """White where something is to go.

    Raises:
        Refusal: 400 without changes, with more than 20, of several kinds, or of what is not in the picture.
    """
    if not changes or len(changes) > _MOST_CHANGES:
        raise Refusal(400, f"changes should name 1 to {_MOST_CHANGES} objects, points or masks")
    if len({kind for change in changes for name, kind in _KINDS.items() if name in change}) != 1:
        raise Refusal(400, "Objects, points and masks cannot be combined in one request")
    numbers: set[int] = set()
    points: list[_Point] = []
    drawn: list[Path] = []
    for change in changes:
        if "positive_points" in change:
            points += _points(visual, change["positive_points"])
        elif "mask_url" in change:
            drawn.append((await _by_url(call, change["mask_url"])).blob.path)
        else:
            numbers.add(named(visual, change).number)
    if not (numbers or points or drawn):
        raise Refusal(400, "changes name nothing to remove")
    return await kept(call, visual, numbers, points, drawn)


async def kept(
    call: Call, visual: Visual, numbers: set[int], points: Sequence[_Point] = (), drawn: Sequence[Path] = ()
) -> Source:
    """Regions, points and mask files together as one mask."""
    data = await asyncio.to_thread(_united, visual, numbers, points, drawn)
    return Source("mask.png", call.world.blobs.put(data), Picture("PNG", visual.width, visual.height, Look()))


def named(visual: Visual, change: dict[str, Any]) -> Region:
    """The region that a change names by `id` or `mask_id`; 400 when there is none."""
    for region in visual.scene.regions:
        if change.get("id") == region_id(visual, region) or change.get("mask_id") in (
            region.number,
            str(region.number),
        ):
            return region
    raise Refusal(400, "A change names an object that is not in the image")


def _points(visual: Visual, given: Any) -> list[_Point]:
    """The points of a change, each within the picture."""
    found = []
    for point in given if isinstance(given, list) else [None]:
        x, y = (point.get("x"), point.get("y")) if isinstance(point, dict) else (None, None)
        if not isinstance(x, int | float) or not isinstance(y, int | float):
            raise Refusal(400, "positive_points should be a list of objects with the numbers x and y")
        if not (0 <= x < visual.width and 0 <= y < visual.height):
            raise Refusal(400, "A point lies outside the image")
        found.append((x / visual.width, y / visual.height))
    return found


async def _by_url(call: Call, url: Any) -> Source:
    if not isinstance(url, str):
        raise Refusal(400, "mask_url should be a URL")
    return await sources.image_at(call, url, missing=400)


def _united(visual: Visual, numbers: set[int], points: Sequence[_Point], drawn: Sequence[Path]) -> bytes:
    longer = max(visual.width, visual.height, _SIDE)
    size = max(1, visual.width * _SIDE // longer), max(1, visual.height * _SIDE // longer)
    labels = visual.scene.labels
    discs = Image.new("L", size)
    pen = ImageDraw.Draw(discs)
    for x, y in points:
        found = scenes.number_at(labels, x, y)
        if found:
            numbers = numbers | {found}
        else:
            middle, radius = (x * size[0], y * size[1]), max(1, max(size) // _DISC)
            pen.circle(middle, radius, fill=255)
    united = ImageChops.lighter(discs, scenes.mask(labels, numbers).resize(size, Image.Resampling.NEAREST))
    for path in drawn:
        united = ImageChops.lighter(united, hole(opened(path, size[0] * size[1]), size))
    return drawing.encoded(united)
