"""Edits of onboarded images (SEED 004): each gives a URL and a `sid`, and a later edit may go on from there.

An edit is there at once, except a replaced background without `sync`. Unknown, chosen: a `sid` that is not of this
visual, or not ready, is a 400; without a resolution asked for, results are at most 2048 pixels a side.
"""

import asyncio
from typing import Annotated, Any, Literal

import attrs

from bria_async.sim import layout, removal, results, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Job, Look
from bria_async.sim.pictures import Picture, header
from bria_async.sim.psd import LONGEST_SIDE
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import InQuery, Range
from bria_async.sim.sources import Source
from bria_async.sim.store import Blob
from bria_async.sim.studio import Order
from bria_async.sim.visual_entities import Visual

routes = Routes()

Resolution = Literal["original", "nhd", "svga", "xga", "hd", "wuxga", "uwfhd", "wqxga", "uwqhd", "uhd"]
ResolutionOrHad = Literal["original", "nhd", "svga", "xga", "hd", "had", "wuxga", "uwfhd", "wqxga", "uwqhd", "uhd"]
"""`had` is the word of some operations for `hd` (NOTES C31)."""
_Sid = Annotated[str | None, InQuery()]
LARGEST_RESULT = 8192 * 8192
MOST_RESULTS = 10
_ANSWERS = "200 400 404 405 500 506"


@attrs.frozen(kw_only=True)
class Sid:
    """Only where to go on from."""

    sid: _Sid = None


@attrs.frozen(kw_only=True)
class RemoveBackground(Sid):
    """How large the cutout is."""

    desired_resolution: Annotated[Resolution | None, InQuery()] = None
    original_quality: Annotated[bool, InQuery()] = False


@attrs.frozen(kw_only=True)
class BlurBackground(Sid):
    """How much, and how large the result is."""

    scale: Annotated[int, Range(1, 5), InQuery()] = 5
    desired_resolution: Annotated[Resolution | None, InQuery()] = None


@attrs.frozen(kw_only=True)
class IncreaseResolution(Sid):
    """How many times as many pixels a side."""

    desired_increase: Annotated[Literal[2, 4], InQuery()] = 2


@attrs.frozen(kw_only=True)
class Crop(Sid):
    """Room around what remains, in pixels."""

    padding: int = 0


@attrs.frozen(kw_only=True)
class Expand:
    """A canvas, and where on it the original goes: [width, height] and [left, top] in pixels."""

    canvas_size: list[int] = attrs.field(factory=lambda: [1000, 1000])
    original_image_size: list[int] | None = None
    original_image_location: list[int] | None = None
    prompt: str | None = None
    seed: int | None = None
    sid: str | None = None
    negative_prompt: str | None = None


@attrs.frozen(kw_only=True)
class ReplaceBackground:
    """Words for another background."""

    sync: bool = False
    fast: bool = False
    sid: str | None = None
    desired_resolution: ResolutionOrHad | None = None
    bg_prompt: str | None = None
    refine_prompt: bool = False
    num_results: int = 4
    seed: int | None = None
    negative_prompt: str | None = None


@attrs.frozen(kw_only=True)
class RemoveObjects:
    """What to remove: ids, points or masks; `changes` is a name chosen for a key that SEED 004 does not give."""

    desired_resolution: Annotated[ResolutionOrHad | None, InQuery()] = None
    original_quality: Annotated[bool, InQuery()] = False
    sid: str | None = None
    enhance: bool = False
    changes: list[dict[str, Any]] | None = None


@attrs.frozen(kw_only=True)
class ModifyPresenter:
    """Changes by the id of a person; `changes` is a name chosen for a key that SEED 004 does not give."""

    sid: str | None = None
    desired_resolution: ResolutionOrHad | None = None
    changes: list[dict[str, Any]] | None = None


@routes.post("/v1/{visual_id}/background/remove", "visuals.remove_background", answers=_ANSWERS)
async def remove_background(call: Call, body: RemoveBackground) -> Answer:
    """The subject on nothing."""
    visual = call.visual()
    resolution = _resolution(body.desired_resolution, original_quality=body.original_quality)
    return _edited(call, visual, await source_of(call, visual, body.sid), "cutout", resolution=resolution)


@routes.post("/v1/{visual_id}/background/blur", "visuals.blur_background", answers=_ANSWERS)
async def blur_background(call: Call, body: BlurBackground) -> Answer:
    """The subject before a blurred background."""
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    resolution = _resolution(body.desired_resolution)
    return _edited(call, visual, source, "blur_background", scale=body.scale, resolution=resolution)


@routes.post("/v1/{visual_id}/crop", "visuals.crop", answers=_ANSWERS)
async def crop(call: Call, body: Crop) -> Answer:
    """What remains of a picture without background; a picture without transparency as it is."""
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    if room := 2 * layout.side("padding", body.padding, low=0):
        layout.checked(source.size[0] + room, source.size[1] + room)
    return _edited(call, visual, source, "trim", padding=body.padding)


@routes.post("/v1/{visual_id}/increase_resolution", "visuals.increase_resolution", answers=_ANSWERS)
async def increase_resolution(call: Call, body: IncreaseResolution) -> Answer:
    """More pixels; the limit of the isolated route is taken to hold here too."""
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    check_increase(source, body.desired_increase)
    return _edited(call, visual, source, "increase_resolution", increase=body.desired_increase)


@routes.post("/v1/{visual_id}/image_to_psd", "visuals.to_psd", answers=_ANSWERS)
async def to_psd(call: Call, body: Sid) -> Answer:
    """A Photoshop file with one flat layer, where the service has one for each object."""
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    if max(source.size) > LONGEST_SIDE:
        raise Refusal(400, f"A PSD file has at most {LONGEST_SIDE} pixels a side")
    return _edited(call, visual, source, "resize", extension="psd", size=source.size)


@routes.post("/v1/{visual_id}/image_expansion", "visuals.expand", answers=f"{_ANSWERS} 512")
async def expand(call: Call, body: Expand) -> Answer:
    """The original on a larger canvas, its surroundings drawn out."""
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    size, box = layout.expansion(
        source.size,
        canvas_size=body.canvas_size,
        image_size=body.original_image_size,
        location=body.original_image_location,
    )
    job = _start(call, visual, source, "expand", prompt=body.prompt or "", seed=body.seed, size=size, box=box)
    return Answer(200, _told(call, job) | {"seed": job.results[0].seed})


@routes.post("/v1/{visual_id}/replace_bg", "visuals.replace_background", answers=f"{_ANSWERS} 512")
async def replace_background(call: Call, body: ReplaceBackground) -> Answer:
    """The subject before other backgrounds. Unknown: what the third of a row is; chosen: the result's `sid`."""
    visual = call.visual()
    if not 1 <= body.num_results <= MOST_RESULTS:
        raise Refusal(400, f"num_results is between 1 and {MOST_RESULTS}")
    source = await source_of(call, visual, body.sid)
    first = studio.seed(call, body.seed)
    studio.seed(call, first + body.num_results)
    jobs = [
        _start(
            call,
            visual,
            source,
            "replace_background",
            prompt=body.bg_prompt or "",
            seed=first + at,
            sync=body.sync,
            resolution=_resolution(body.desired_resolution),
        )
        for at in range(body.num_results)
    ]
    return Answer(200, {"result": [[_url(call, job), job.results[0].seed, job.id] for job in jobs]})


@routes.post("/v1/{visual_id}/objects/remove", "visuals.remove_objects", answers=_ANSWERS)
async def remove_objects(call: Call, body: RemoveObjects) -> Answer:
    """The picture without some objects, their place filled from around it."""
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    mask = await removal.mask(call, visual, body.changes)
    resolution = _resolution(body.desired_resolution, original_quality=body.original_quality)
    return _edited(call, visual, source, "erase", mask, resolution=resolution)


@routes.post("/v1/{visual_id}/create", "visuals.modify_presenter", answers=_ANSWERS)
async def modify_presenter(call: Call, body: ModifyPresenter) -> Answer:
    """People in another tint: a stand-in, since no face is drawn here.

    All changes of one person go in one request (SEED 004): a `sid` that changed them already is a 400.
    """
    visual = call.visual()
    source = await source_of(call, visual, body.sid)
    regions = [removal.named(visual, change) for change in body.changes or []]
    numbers = {region.number for region in regions}
    if not regions or not all(region.person for region in regions):
        raise Refusal(400, "changes should name people of the image")
    before = set(call.world.jobs[body.sid].params.get("people", ()) if body.sid else ())
    if before & numbers:
        raise Refusal(400, "All changes of one person go in one request")
    mask = await removal.kept(call, visual, numbers)
    people = sorted(before | numbers)
    resolution = _resolution(body.desired_resolution)
    return _edited(call, visual, source, "presenter", mask, people=people, resolution=resolution)


@routes.post("/v1/{visual_id}/objects/mask_generator", "visuals.generate_masks", answers=_ANSWERS)
async def generate_masks(call: Call) -> Answer:
    """A zip of all masks, or by option the URL of one. Unknown: the key of that URL, chosen `result_url`."""
    visual = call.visual()
    async with call.world.drawing:
        data = await asyncio.to_thread(removal.zipped, visual)
    if not call.options.masks_as_url:
        return Answer(200, data)
    name = f"{visual.id}.zip"
    call.world.files[name] = call.world.blobs.put(data).sha256
    return Answer(200, {"result_url": call.url(f"/_sim/files/{name}")})


async def source_of(call: Call, visual: Visual, sid: str | None) -> Source:
    """The picture to work on: the visual, or the result that a `sid` stands for; 400 for another's or an unready one.

    A result is drawn for this, once: so however long a chain is, one request draws one picture.
    """
    world = call.world
    if sid is None:
        path = world.blobs.path(visual.sha256)
        return Source(visual.id, Blob(path, visual.sha256, 0), Picture("", visual.width, visual.height, visual.look))
    job = world.jobs.get(sid)
    if job is None or job.params.get("visual_id") != visual.id:
        raise Refusal(400, "The sid is not of a result of this image")
    if job.status(call.now) != "COMPLETED":
        raise Refusal(400, "The result of the sid is not ready")
    path = await results.drawn(world, job, job.results[0])
    _, (width, height) = await asyncio.to_thread(header, path)
    return Source(sid, Blob(path, path.name, 0), Picture("", width, height, Look()))


def check_increase(source: Source, times: int) -> None:
    """Refuse with 400 what would become larger than 8192 x 8192 pixels."""
    if source.size[0] * source.size[1] * times * times > LARGEST_RESULT:
        raise Refusal(400, "The result may have an area of at most 8192x8192 pixels")


def _edited(
    call: Call, visual: Visual, source: Source, effect: str, *masks: Source, extension: str = "png", **params: Any
) -> Answer:
    return Answer(200, _told(call, _start(call, visual, source, effect, *masks, extension=extension, **params)))


def _start(
    call: Call,
    visual: Visual,
    source: Source,
    effect: str,
    *masks: Source,
    extension: str = "png",
    prompt: str = "",
    seed: int | None = None,
    sync: bool = True,
    **params: Any,
) -> Job:
    order = Order(
        effect=effect,
        sources=(source, *masks),
        params={"visual_id": visual.id, **params},
        extension=extension,
        prompt=prompt,
        seed=seed,
        sync=sync,
    )
    return studio.start(call, order)


def _told(call: Call, job: Job) -> dict[str, Any]:
    return {"result_url": _url(call, job), "sid": job.id}


def _url(call: Call, job: Job) -> str:
    return studio.url(call, job, job.results[0])


def _resolution(desired: str | None, *, original_quality: bool = False) -> str:
    return desired or ("original" if original_quality else "usual")
