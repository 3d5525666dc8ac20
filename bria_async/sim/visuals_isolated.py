"""Edits of images that are not onboarded (SEED 004): one request, one result, no `sid`."""

from typing import Annotated, Literal

import attrs

from bria_async.sim import sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.routes import Call, Routes, Upload
from bria_async.sim.schema import InQuery
from bria_async.sim.sources import Source
from bria_async.sim.studio import Order
from bria_async.sim.visuals import MOST_RESULTS, check_increase
from bria_async.sim.visuals_info import sufficient

routes = Routes()

_SMALLEST_SIDE = 216
_NO_FILE = 206


@attrs.frozen(kw_only=True)
class FileOrUrl:
    """An image as a file part, or by URL; the URL wins."""

    file: Upload | str | None = None
    image_url: str | None = None


@attrs.frozen(kw_only=True)
class IncreaseResolution(FileOrUrl):
    """How many times as many pixels a side."""

    desired_increase: Annotated[Literal[2, 4], InQuery()] = 2


@attrs.frozen(kw_only=True)
class ReplaceBackground:
    """An image by URL, or in base64, and words for another background; the URL wins."""

    sync: bool = False
    fast: bool = False
    image_url: str | None = None
    file: str | None = None
    bg_prompt: str | None = None
    refine_prompt: bool = False
    num_results: int = 1
    negative_prompt: str | None = None
    seed: int | None = None


@routes.post("/v1/background/remove", "visuals.remove_background_isolated", answers="200 206 400 405 415 460 500 506")
async def remove_background(call: Call, body: FileOrUrl) -> Answer:
    """The subject on nothing. A file field without a value is a 206: an error in the success class."""
    source = await _given(call, body, no_file=_NO_FILE)
    return studio.as_url(call, Order(effect="cutout", sources=[source]))


@routes.post(
    "/v1/image/increase_resolution",
    "visuals.increase_resolution_isolated",
    answers="200 400 405 415 460 500 506",
)
async def increase_resolution(call: Call, body: IncreaseResolution) -> Answer:
    """More pixels: sides of at least 216 to begin with, at most 8192 x 8192 in the end."""
    source = await _given(call, body, no_file=400)
    if min(source.size) < _SMALLEST_SIDE:
        raise Refusal(506, f"Insufficient data. Both sides should have at least {_SMALLEST_SIDE} pixels")
    check_increase(source, body.desired_increase)
    params = {"increase": body.desired_increase}
    return studio.as_url(call, Order(effect="increase_resolution", sources=[source], params=params))


@routes.post(
    "/v1/background/replace",
    "visuals.replace_background_isolated",
    answers="200 400 401 404 413 415 451 460 500",
)
async def replace_background(call: Call, body: ReplaceBackground) -> Answer:
    """The subject before other backgrounds."""
    if not 1 <= body.num_results <= MOST_RESULTS:
        raise Refusal(400, f"num_results is between 1 and {MOST_RESULTS}")
    order = Order(
        effect="replace_background",
        sources=[await sources.one_of(call, body.image_url, body.file)],
        parts=[{}] * body.num_results,
        prompt=body.bg_prompt or "",
        seed=body.seed,
        sync=body.sync,
    )
    return studio.as_rows(call, order)


async def _given(call: Call, body: FileOrUrl, *, no_file: int) -> Source:
    """The image of a form: 400 without any, `no_file` when its file field is empty, 506 when it is of one colour."""
    if body.image_url is None and body.file is None:
        raise Refusal(400, "Request doesn't contain file part")
    empty = body.file.blob.size == 0 if isinstance(body.file, Upload) else not body.file
    if body.image_url is None and empty:
        raise Refusal(no_file, "File value was not provided")
    source = await sources.one_of(call, body.image_url, body.file, missing=460)
    await sufficient(source)
    return source
