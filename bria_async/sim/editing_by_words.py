"""Image editing (v2) by words: what to do with a picture is said, or chosen from a list."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import attrs

from bria_async.sim import captions, sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.editing import Picture, edited
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Range
from bria_async.sim.sources import Source
from bria_async.sim.studio import Order

routes = Routes()

_PATH = "/v2/image/edit"
_ANSWERS = "200 202 400 401 403 404 415 422 429 5XX"


@attrs.frozen(kw_only=True)
class Instruction(Picture):
    """What is to be done."""

    instruction: str


@attrs.frozen(kw_only=True)
class EraseByText(Picture):
    """What is to go."""

    object_name: str


@attrs.frozen(kw_only=True)
class RewriteText(Picture):
    """What is to be written."""

    new_text: str


@attrs.frozen(kw_only=True)
class Colorize(Picture):
    """Which colours."""

    color: Literal["color_contemporary", "color_vivid", "black_and_white", "sepia_vintage"]


@attrs.frozen(kw_only=True)
class Relight(Picture):
    """Which light, and where from."""

    light_direction: Literal["front", "side", "bottom", "top-down"] | None = None
    light_type: Literal[
        "midday",
        "blue hour light",
        "low-angle sunlight",
        "sunrise light",
        "spotlight on subject, keep background settings",
        "overcast light",
        "soft overcast daylight lighting",
        "cloud-filtered lighting",
        "fog-diffused lighting",
        "moonlight lighting",
        "starlight lighting nighttime",
        "soft bokeh lighting",
        "harsh studio lighting keep background setting",
    ]


@attrs.frozen(kw_only=True)
class Reseason(Picture):
    """Which season."""

    season: Literal["spring", "summer", "autumn", "winter"]


@attrs.frozen(kw_only=True)
class Restyle(Picture):
    """Which style."""

    style: Literal[
        "render_3d",
        "cubism",
        "oil_painting",
        "anime",
        "cartoon",
        "coloring_book",
        "retro_ad",
        "pop_art_halftone",
        "vector_art",
        "story_board",
        "art_nouveau",
        "cross_etching",
        "wood_cut",
    ]


@attrs.frozen(kw_only=True)
class _Instructed:
    """What an edit by FIBO and its structured instruction share."""

    images: list[str]
    mask: str | None = None
    seed: int | None = None
    sync: bool = False
    webhook_url: str | None = None
    ip_signal: bool = False
    prompt_content_moderation: bool = True
    visual_input_content_moderation: bool = True


@attrs.frozen(kw_only=True)
class Edit(_Instructed):
    """An edit by an instruction in words, or in a structure, or both."""

    instruction: str | None = None
    structured_instruction: str | None = None
    negative_prompt: str | None = None
    guidance_scale: Annotated[int, Range(3, 5)] = 5
    model_version: Literal["FIBO-edit"] = "FIBO-edit"
    steps_num: Annotated[int, Range(20, 50)] = 30
    output_type: Literal["png", "jpeg"] = "png"
    visual_output_content_moderation: bool = True


@attrs.frozen(kw_only=True)
class GenerateStructuredInstruction(_Instructed):
    """An instruction in words."""

    instruction: str


@routes.post(f"{_PATH}/add_object_by_text", "editing.add_object_by_text", answers=_ANSWERS, generations="DE")
async def add_object_by_text(call: Call, body: Instruction) -> Answer:
    """The picture with one thing more."""
    return await _instructed(call, body, "edit", body.instruction)


@routes.post(f"{_PATH}/replace_object_by_text", "editing.replace_object_by_text", answers=_ANSWERS, generations="DE")
async def replace_object_by_text(call: Call, body: Instruction) -> Answer:
    """The picture with one thing for another."""
    return await _instructed(call, body, "edit", body.instruction)


@routes.post(f"{_PATH}/blend", "editing.blend", answers=_ANSWERS, generations="DE")
async def blend(call: Call, body: Instruction) -> Answer:
    """The picture with what was put on it made to fit."""
    return await _instructed(call, body, "edit", body.instruction)


@routes.post(f"{_PATH}/erase_by_text", "editing.erase_by_text", answers=_ANSWERS, generations="DE")
async def erase_by_text(call: Call, body: EraseByText) -> Answer:
    """The picture without a thing that is named."""
    return await _instructed(call, body, "edit", f"remove {body.object_name}")


@routes.post(f"{_PATH}/rewrite_text", "editing.rewrite_text", answers=_ANSWERS, generations="DE")
async def rewrite_text(call: Call, body: RewriteText) -> Answer:
    """The picture with another text in it."""
    return await _instructed(call, body, "lettering", body.new_text)


@routes.post(f"{_PATH}/colorize", "editing.colorize", answers=_ANSWERS, generations="DE")
async def colorize(call: Call, body: Colorize) -> Answer:
    """The picture in other colours."""
    return await _instructed(call, body, "colorize", f"colorize: {body.color}", {"color": body.color})


@routes.post(f"{_PATH}/relight", "editing.relight", answers=_ANSWERS, generations="DE")
async def relight(call: Call, body: Relight) -> Answer:
    """The picture in another light."""
    params = {"light_type": body.light_type, "light_direction": body.light_direction}
    return await _instructed(call, body, "relight", f"relight: {body.light_type}", params)


@routes.post(f"{_PATH}/reseason", "editing.reseason", answers=_ANSWERS, generations="DE")
async def reseason(call: Call, body: Reseason) -> Answer:
    """The picture in another season."""
    return await _instructed(call, body, "reseason", f"season: {body.season}", {"season": body.season})


@routes.post(f"{_PATH}/restyle", "editing.restyle", answers=_ANSWERS, generations="DE")
async def restyle(call: Call, body: Restyle) -> Answer:
    """The picture in another style."""
    return await _instructed(call, body, "restyle", f"style: {body.style}", {"style": body.style})


@routes.post(f"{_PATH}/restore", "editing.restore", answers=_ANSWERS, generations="DE")
async def restore(call: Call, body: Picture) -> Answer:
    """An old picture made good."""
    return await _instructed(call, body, "restore", "restore")


@routes.post(f"{_PATH}/sketch_to_colored_image", "editing.sketch_to_colored_image", answers=_ANSWERS, generations="DE")
async def sketch_to_colored_image(call: Call, body: Picture) -> Answer:
    """A sketch with colours."""
    return await _instructed(call, body, "coloured_sketch", "color the sketch")


@routes.post(_PATH, "editing.edit", answers=_ANSWERS, generations="DE")
async def edit(call: Call, body: Edit) -> Answer:
    """The picture changed as told, only within a mask if there is one."""
    if body.instruction is None and body.structured_instruction is None:
        raise Refusal(400, "One of instruction and structured_instruction must be provided")
    seed, prompt = studio.seed(call, body.seed), body.instruction or ""
    order = Order(
        effect="edit",
        sources=await _looked_at(call, body, f"{prompt} {body.structured_instruction or ''}"),
        params={"masked": body.mask is not None},
        extension=body.output_type,
        prompt=prompt,
        seed=seed,
        sync=body.sync,
        moderate_output=body.visual_output_content_moderation,
        told={
            "seed": seed,
            "structured_instruction": captions.structured_instruction(prompt, body.structured_instruction),
        },
        webhook_url=body.webhook_url,
        warning=studio.ip_warning(call, prompt, asked=body.ip_signal),
    )
    return studio.submit(call, order)


@routes.post(
    "/v2/structured_instruction/generate",
    "editing.generate_structured_instruction",
    answers=_ANSWERS,
    generations="DE",
)
async def generate_structured_instruction(call: Call, body: GenerateStructuredInstruction) -> Answer:
    """A structured instruction for an edit, without an image."""
    await _looked_at(call, body, body.instruction)
    seed = studio.seed(call, body.seed)
    order = Order(
        parts=(),
        prompt=body.instruction,
        seed=seed,
        sync=body.sync,
        told={"seed": seed, "structured_instruction": captions.structured_instruction(body.instruction)},
        webhook_url=body.webhook_url,
        warning=studio.ip_warning(call, body.instruction, asked=body.ip_signal),
    )
    return studio.submit(call, order)


async def _looked_at(call: Call, body: _Instructed, text: str) -> tuple[Source, ...]:
    """The images, then the mask, after moderation."""
    if not body.images:
        raise Refusal(400, "At least one image must be provided")
    studio.moderate(call, {"instruction": text}, asked=body.prompt_content_moderation)
    seen = await sources.images(call, body.images)
    named = {f"images[{at}]": source for at, source in enumerate(seen)}
    sources.moderate(call, named, asked=body.visual_input_content_moderation)
    return (*seen, *([await sources.any_image(call, body.mask)] if body.mask is not None else []))


async def _instructed(
    call: Call, body: Picture, effect: str, instruction: str, params: Mapping[str, Any] | None = None
) -> Answer:
    """A picture edited by words, whose result tells seed and structured instruction."""
    seed = studio.seed(call, None)
    told = {"seed": seed, "structured_instruction": captions.structured_instruction(instruction)}
    return await edited(call, body, effect, params=params or {}, prompt=instruction, seed=seed, told=told)
