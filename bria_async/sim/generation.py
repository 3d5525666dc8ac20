"""Images from words: the older models (v1), and FIBO with its structured prompts (v2)."""

import re
from typing import Annotated, Literal

import attrs

from bria_async.sim import captions, sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Count, Range
from bria_async.sim.sources import Source
from bria_async.sim.studio import SIDE, AspectRatio, Order

routes = Routes()

_V1 = "200 400 405 500"
_V2 = "200 202 400 401 403 422 429 5XX"
_VERSION = re.compile(r"[0-9]\.[0-9]")
_NEWEST, _HD_NEWEST = "2.3", "2.2"
_HD_SQUARE, _HD_SIDE = 1536, 1920
_SIDES = {"1MP": SIDE, "4MP": 2 * SIDE}


@attrs.frozen(kw_only=True)
class _Words:
    """What the older models share."""

    prompt: str | None = None
    num_results: Annotated[int, Range(1, 4)] = 4
    aspect_ratio: AspectRatio = "1:1"
    sync: bool = False
    seed: int | None = None
    medium: Literal["photography", "art"] | None = None
    prompt_enhancement: bool = False


@attrs.frozen(kw_only=True)
class Base(_Words):
    """The base and HD models."""

    negative_prompt: str | None = None
    steps_num: Annotated[int, Range(20, 50)] = 30
    text_guidance_scale: Annotated[float, Range(1, 10)] = 5


@attrs.frozen(kw_only=True)
class Fast(_Words):
    """The fast model."""

    steps_num: Annotated[int, Range(4, 10)] = 8


@attrs.frozen(kw_only=True)
class _Fibo:
    """A prompt, an image (base64 or URL), both, or a structured prompt with a seed or with a prompt."""

    prompt: str | None = None
    images: Annotated[list[str] | None, Count(high=1)] = None
    structured_prompt: str | None = None
    seed: int | None = None
    sync: bool = False
    webhook_url: str | None = None
    ip_signal: bool = False
    prompt_content_moderation: bool = True
    visual_input_content_moderation: bool = True


@attrs.frozen(kw_only=True)
class StructuredPrompt(_Fibo):
    """A prompt, an image, both, or a structured prompt with a prompt."""


@attrs.frozen(kw_only=True)
class GenerateLite(_Fibo):
    """One image by the small model."""

    model_version: Literal["FIBO"] | None = None
    aspect_ratio: AspectRatio = "1:1"
    output_type: Literal["png", "jpeg"] = "png"
    visual_output_content_moderation: bool = True


@attrs.frozen(kw_only=True)
class Generate(GenerateLite):
    """One image of one or four megapixels."""

    resolution: Literal["1MP", "4MP"] = "1MP"
    negative_prompt: str | None = None
    steps_num: Annotated[int, Range(35, 50)] = 50


@attrs.frozen(kw_only=True)
class FromDiff:
    """A structured prompt as it was, and as somebody changed it."""

    structured_prompt: str
    user_adjusted_structured_prompt: str
    seed: int | None = None
    sync: bool = False
    webhook_url: str | None = None
    model_version: Literal["FIBO"] | None = None


@routes.post(
    "/v1/text-to-image/base/{model_version}",
    "generation.text_to_image_base",
    answers="200 209 400 405 500",
    generations="ABCD",
)
async def text_to_image_base(call: Call, body: Base) -> Answer:
    """One to four images; 209 when the version is gone and the newest drew (SEED 004)."""
    older = _version(call, _NEWEST, older=True)
    answer = _drawn(call, body, studio.size(body.aspect_ratio))
    return attrs.evolve(answer, status=209) if older else answer


@routes.post("/v1/text-to-image/fast/{model_version}", "generation.text_to_image_fast", answers=_V1, generations="ABCD")
async def text_to_image_fast(call: Call, body: Fast) -> Answer:
    """One to four images, quickly."""
    _version(call, _NEWEST)
    return _drawn(call, body, studio.size(body.aspect_ratio))


@routes.post("/v1/text-to-image/hd/{model_version}", "generation.text_to_image_hd", answers=_V1, generations="ABCD")
async def text_to_image_hd(call: Call, body: Base) -> Answer:
    """One to four images of up to 1920 pixels a side; `sync` for a single one only (SEED 004)."""
    _version(call, _HD_NEWEST)
    if body.sync and body.num_results > 1:
        raise Refusal(400, "sync is for a single image: num_results must be 1")
    side = _HD_SQUARE if body.aspect_ratio == "1:1" else _HD_SIDE
    return _drawn(call, body, studio.size(body.aspect_ratio, side))


def _version(call: Call, newest: str, *, older: bool = False) -> bool:
    """Whether the path names an older version, which is a 400 unless `older` ones are redirected.

    Unknown: which versions there were; chosen: every lower one of the form 1.2.
    """
    asked = call.path["model_version"]
    if asked != newest and not (older and _VERSION.fullmatch(asked) and asked < newest):
        raise Refusal(400, f"The model version must be {newest}")
    return asked != newest


def _drawn(call: Call, body: Base | Fast, size: tuple[int, int]) -> Answer:
    if not body.prompt:
        raise Refusal(400, "prompt must be provided")
    order = Order(
        effect="generate",
        parts=({},) * body.num_results,
        prompt=body.prompt,
        seed=body.seed,
        size=size,
        sync=body.sync,
    )
    return studio.as_objects(call, order)


@routes.post("/v2/image/generate", "generation.generate", answers=_V2, generations="DE")
async def generate(call: Call, body: Generate) -> Answer:
    """One image: a job, or with `sync` its result."""
    return await _generated(call, body, _SIDES[body.resolution])


@routes.post("/v2/image/generate/lite", "generation.generate_lite", answers=_V2, generations="DE")
async def generate_lite(call: Call, body: GenerateLite) -> Answer:
    """One image by the small model."""
    return await _generated(call, body, SIDE)


async def _generated(call: Call, body: GenerateLite, side: int) -> Answer:
    seen = await _seen(call, body, recreate=True)
    seed = studio.seed(call, body.seed)
    order = Order(
        effect="generate",
        sources=seen,
        extension=body.output_type,
        prompt=body.prompt or "",
        structured_prompt=_structured(body, seen),
        seed=seed,
        size=studio.size(body.aspect_ratio, side),
        sync=body.sync,
        moderate_output=body.visual_output_content_moderation,
        told={"seed": seed},
        webhook_url=body.webhook_url,
        warning=studio.ip_warning(call, body.prompt or "", asked=body.ip_signal),
    )
    return studio.submit(call, order)


@routes.post("/v2/structured_prompt/generate", "generation.generate_structured_prompt", answers=_V2, generations="DE")
async def generate_structured_prompt(call: Call, body: StructuredPrompt) -> Answer:
    """A structured prompt without an image."""
    return await _prompted(call, body)


@routes.post(
    "/v2/structured_prompt/generate/lite",
    "generation.generate_structured_prompt_lite",
    answers=_V2,
    generations="DE",
)
async def generate_structured_prompt_lite(call: Call, body: StructuredPrompt) -> Answer:
    """A structured prompt by the small model."""
    return await _prompted(call, body)


async def _prompted(call: Call, body: StructuredPrompt) -> Answer:
    seen = await _seen(call, body, recreate=False)
    seed = studio.seed(call, body.seed)
    order = Order(
        parts=(),
        prompt=body.prompt or "",
        structured_prompt=_structured(body, seen),
        seed=seed,
        sync=body.sync,
        told={"seed": seed},
        webhook_url=body.webhook_url,
        warning=studio.ip_warning(call, body.prompt or "", asked=body.ip_signal),
    )
    return studio.submit(call, order)


@routes.post(
    "/v2/structured_prompt/generate_from_diff",
    "generation.generate_structured_prompt_from_diff",
    answers="200 202 400 401 5XX",
    generations="DE",
)
async def generate_structured_prompt_from_diff(call: Call, body: FromDiff) -> Answer:
    """The adjusted structured prompt, made whole."""
    seed = studio.seed(call, body.seed)
    order = Order(
        parts=(),
        structured_prompt=captions.merged(body.structured_prompt, body.user_adjusted_structured_prompt),
        seed=seed,
        sync=body.sync,
        told={"seed": seed},
        webhook_url=body.webhook_url,
    )
    return studio.submit(call, order)


async def _seen(call: Call, body: _Fibo, *, recreate: bool) -> tuple[Source, ...]:
    """The image, after checks and moderation; `recreate` allows a structured prompt with nothing but a seed."""
    if not (body.prompt or body.images or body.structured_prompt):
        raise Refusal(400, "One of prompt, images and structured_prompt must be provided")
    if body.structured_prompt and body.images:
        raise Refusal(400, "structured_prompt and images cannot be combined")
    if body.structured_prompt and not body.prompt and not (recreate and body.seed is not None):
        raise Refusal(400, "structured_prompt needs a prompt" + (" or a seed" if recreate else ""))
    texts = {"prompt": body.prompt, "structured_prompt": body.structured_prompt}
    studio.moderate(call, texts, asked=body.prompt_content_moderation)
    seen = await sources.images(call, body.images or ())
    named = {f"images[{at}]": source for at, source in enumerate(seen)}
    sources.moderate(call, named, asked=body.visual_input_content_moderation)
    return tuple(seen)


def _structured(body: _Fibo, seen: tuple[Source, ...]) -> str:
    schema = captions.visual_schema([source.picture.look for source in seen]) if seen else None
    return captions.structured_prompt(body.prompt or "", schema, body.structured_prompt)
