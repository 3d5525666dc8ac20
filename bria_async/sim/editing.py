"""Image editing (v2) of pixels: one picture in, a job, one picture out."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import attrs

from bria_async.sim import layout, sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.products import Mode
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Range
from bria_async.sim.sources import Source
from bria_async.sim.studio import Order

routes = Routes()

_PATH = "/v2/image/edit"
_ANSWERS = "200 202 400 401 403 404 415 422 429 460 5XX"
_LARGEST_PADDING = 5000


@attrs.frozen(kw_only=True)
class Picture:
    """A picture, base64 or URL."""

    image: str
    webhook_url: str | None = None


@attrs.frozen(kw_only=True)
class Moderated(Picture):
    """A picture whose pixels are looked at before and after."""

    preserve_alpha: bool = True
    visual_input_content_moderation: bool = False
    visual_output_content_moderation: bool = False


@attrs.frozen(kw_only=True)
class Either(Moderated):
    """A picture whose result can be waited for."""

    sync: bool = False


@attrs.frozen(kw_only=True)
class BlurBackground(Either):
    """How much to blur."""

    scale: Annotated[int, Range(1, 5)] = 5


@attrs.frozen(kw_only=True)
class CropForeground(Either):
    """How much room to leave, in pixels."""

    padding: int = 0
    force_background_detection: bool = False


@attrs.frozen(kw_only=True)
class Enhance(Moderated):
    """A seed."""

    seed: int | None = None


@attrs.frozen(kw_only=True)
class Erase(Either):
    """A mask, base64 or URL: white is erased."""

    mask: str
    mask_type: Literal["manual", "automatic"] = "manual"


@attrs.frozen(kw_only=True)
class GenFill(Either):
    """A mask, base64 or URL, and what is to be in its white part."""

    mask: str
    prompt: str
    refine_prompt: bool = True
    prompt_content_moderation: bool = True
    negative_prompt: str | None = None
    seed: int | None = None


@attrs.frozen(kw_only=True)
class Expand(Either):
    """A canvas and the picture's place on it, in pixels; or an aspect ratio, which wins."""

    aspect_ratio: str | float | None = None
    canvas_size: list[int] = attrs.field(factory=lambda: [1000, 1000])
    original_image_size: list[int] | None = None
    original_image_location: list[int] | None = None
    prompt: str | None = None
    prompt_content_moderation: bool = True
    seed: int | None = None
    negative_prompt: str | None = None


@attrs.frozen(kw_only=True)
class IncreaseResolution(Either):
    """2 or 4 times as many pixels a side."""

    desired_increase: int = 2


@attrs.frozen(kw_only=True)
class ReplaceBackground(Picture):
    """A new background, in words or as a reference image, base64 or URL."""

    mode: Mode = "high_control"
    ref_images: str | None = None
    enhance_ref_images: bool = True
    prompt: str | None = None
    refine_prompt: bool = True
    prompt_content_moderation: bool = True
    negative_prompt: str | None = None
    original_quality: bool = False
    force_background_detection: bool = False
    sync: bool = False
    visual_output_content_moderation: bool = False
    seed: int | None = None


@routes.post(f"{_PATH}/remove_background", "editing.remove_background", answers=_ANSWERS, generations="DE")
async def remove_background(call: Call, body: Either) -> Answer:
    """The subject on nothing."""
    return await edited(call, body, "cutout")


@routes.post(f"{_PATH}/blur_background", "editing.blur_background", answers=_ANSWERS, generations="DE")
async def blur_background(call: Call, body: BlurBackground) -> Answer:
    """The picture with everything but its subject blurred."""
    return await edited(call, body, "blur_background", params={"scale": body.scale})


@routes.post(f"{_PATH}/crop_foreground", "editing.crop_foreground", answers=_ANSWERS, generations="DE")
async def crop_foreground(call: Call, body: CropForeground) -> Answer:
    """The subject on nothing, within its bounds."""
    source = await sources.any_image(call, body.image)
    room = 2 * layout.side("padding", body.padding, low=0, high=_LARGEST_PADDING)
    if room:
        layout.checked(source.size[0] + room, source.size[1] + room)
    params = {"padding": body.padding, "force": body.force_background_detection}
    return _submitted(call, body, "crop", source, params=params)


@routes.post(f"{_PATH}/enhance", "editing.enhance", answers=_ANSWERS, generations="DE")
async def enhance(call: Call, body: Enhance) -> Answer:
    """The picture clearer; its `seed` is a string, as published (NOTES C25)."""
    seed = studio.seed(call, body.seed)
    return await edited(call, body, "enhance", seed=seed, told={"seed": str(seed)})


@routes.post(f"{_PATH}/erase", "editing.erase", answers=_ANSWERS, generations="DE")
async def erase(call: Call, body: Erase) -> Answer:
    """The picture without what is under a mask."""
    source, mask = await sources.any_image(call, body.image), await sources.any_image(call, body.mask)
    return _submitted(call, body, "erase", source, mask=mask)


@routes.post(f"{_PATH}/erase_foreground", "editing.erase_foreground", answers=_ANSWERS, generations="DE")
async def erase_foreground(call: Call, body: Either) -> Answer:
    """The picture without its subject."""
    return await edited(call, body, "erase_foreground")


@routes.post(f"{_PATH}/gen_fill", "editing.gen_fill", answers=_ANSWERS, generations="DE")
async def gen_fill(call: Call, body: GenFill) -> Answer:
    """The picture with something new under a mask."""
    studio.moderate(call, {"prompt": body.prompt}, asked=body.prompt_content_moderation)
    source, mask = await sources.any_image(call, body.image), await sources.any_image(call, body.mask)
    return _submitted(call, body, "gen_fill", source, mask=mask, prompt=body.prompt, seed=body.seed)


@routes.post(f"{_PATH}/expand", "editing.expand", answers=_ANSWERS, generations="DE")
async def expand(call: Call, body: Expand) -> Answer:
    """The picture on a larger canvas, at most 5000x5000 pixels."""
    studio.moderate(call, {"prompt": body.prompt}, asked=body.prompt_content_moderation)
    source = await sources.any_image(call, body.image)
    size, box = layout.expansion(
        source.size,
        aspect_ratio=body.aspect_ratio,
        canvas_size=body.canvas_size,
        image_size=body.original_image_size,
        location=body.original_image_location,
    )
    seed, prompt = studio.seed(call, body.seed), body.prompt or ""
    told = {"seed": seed, "prompt": prompt}
    params = {"size": size, "box": box}
    return _submitted(call, body, "expand", source, params=params, prompt=prompt, seed=seed, told=told)


@routes.post(f"{_PATH}/increase_resolution", "editing.increase_resolution", answers=_ANSWERS, generations="DE")
async def increase_resolution(call: Call, body: IncreaseResolution) -> Answer:
    """The picture with more pixels, at most 5000x5000. Unknown: other limits."""
    if body.desired_increase not in {2, 4}:
        raise Refusal(400, "desired_increase is 2 or 4")
    source = await sources.any_image(call, body.image)
    layout.checked(*(each * body.desired_increase for each in source.size))
    return _submitted(call, body, "increase_resolution", source, params={"increase": body.desired_increase})


@routes.post(f"{_PATH}/replace_background", "editing.replace_background", answers=_ANSWERS, generations="DE")
async def replace_background(call: Call, body: ReplaceBackground) -> Answer:
    """The subject before another background."""
    if body.prompt is None and body.ref_images is None:
        raise Refusal(400, "One of prompt and ref_images must be provided")
    studio.moderate(call, {"prompt": body.prompt}, asked=body.prompt_content_moderation)
    source = await sources.any_image(call, body.image)
    references = [await sources.any_image(call, body.ref_images)] if body.ref_images is not None else []
    seed, prompt = studio.seed(call, body.seed), body.prompt or ""
    refined = f"{prompt}, in natural light" if body.refine_prompt else prompt
    order = Order(
        effect="replace_background",
        sources=(source, *references),
        params={"force": body.force_background_detection},
        prompt=prompt,
        seed=seed,
        sync=body.sync,
        moderate_output=body.visual_output_content_moderation,
        told={"seed": seed, "refined_prompt": refined},
        webhook_url=body.webhook_url,
    )
    return studio.submit(call, order)


async def edited(call: Call, body: Picture, effect: str, **details: Any) -> Answer:
    """The job that an edit of one picture is; the details are those of its order."""
    return _submitted(call, body, effect, await sources.any_image(call, body.image), **details)


def _submitted(
    call: Call,
    body: Picture,
    effect: str,
    source: Source,
    *,
    mask: Source | None = None,
    params: Mapping[str, Any] | None = None,
    prompt: str = "",
    seed: int | None = None,
    told: Mapping[str, Any] | None = None,
) -> Answer:
    """The job that an edit of one picture is, after moderation where the operation knows it."""
    keeps = {"preserve_alpha": body.preserve_alpha} if isinstance(body, Moderated) else {}
    asked = isinstance(body, Moderated) and body.visual_input_content_moderation
    sources.moderate(call, {"image": source} | ({"mask": mask} if mask else {}), asked=asked)
    order = Order(
        effect=effect,
        sources=(source, mask) if mask else (source,),
        params={**keeps, **(params or {})},
        prompt=prompt,
        seed=seed,
        sync=isinstance(body, Either) and body.sync,
        moderate_output=isinstance(body, Moderated) and body.visual_output_content_moderation,
        told=told or {},
        webhook_url=body.webhook_url,
    )
    return studio.submit(call, order)
