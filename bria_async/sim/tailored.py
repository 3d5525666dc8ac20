"""Identity of a training set, and FIBO generation with a tailored model (v2)."""

from typing import Annotated, Literal

import attrs

from bria_async.sim import captions, sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.projects import IpMedium
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Count, Range
from bria_async.sim.studio import AspectRatio, Order

routes = Routes()


@attrs.frozen(kw_only=True)
class GeneratePrefix:
    """Sample images of a legacy set, as exactly one of `image_urls` and `images` (base64)."""

    image_urls: Annotated[list[str] | None, Count(1, 6)] = None
    images: Annotated[list[str] | None, Count(1, 6)] = None
    ip_type: Literal["stylized_scene", "defined_character", "object_variants"] = "stylized_scene"
    ip_medium: IpMedium = "illustration"
    ip_name: str = ""
    content_moderation: bool = False


@attrs.frozen(kw_only=True)
class GenerateVisualSchema:
    """Sample images of a FIBO set, base64."""

    images: Annotated[list[str], Count(5, 10)]
    content_moderation: bool = False


@attrs.frozen(kw_only=True)
class RefineStructuredPrompt:
    """An instruction for a visual schema or a caption."""

    dataset_id: int
    structured_prompt: str
    instruction: str
    context_images: list[str] | None = None


@attrs.frozen(kw_only=True)
class Generate:
    """One image by prompt, by structured prompt, or by both."""

    tailored_model_id: str | int
    tailored_model_influence: Annotated[float, Range(0, 1.5)] = 1.0
    prompt: str | None = None
    structured_prompt: str | None = None
    negative_prompt: str | None = None
    guidance_scale: Annotated[int, Range(3, 5)] = 5
    aspect_ratio: AspectRatio = "1:1"
    steps_num: Annotated[int, Range(20, 50)] = 50
    seed: int | None = None
    sync: bool = False
    prompt_content_moderation: bool = True
    visual_output_content_moderation: bool = True


@attrs.frozen(kw_only=True)
class GenerateStructuredPrompt:
    """A structured prompt from a prompt, refining one that is given."""

    tailored_model_id: str | int
    prompt: str | None = None
    structured_prompt: str | None = None
    seed: int | None = None
    sync: bool = False
    prompt_content_moderation: bool = True


@attrs.frozen(kw_only=True)
class ImageToVideo:
    """An image, base64 or URL, to set in motion."""

    tailored_model_id: str | int
    image: str
    seed: int | None = None


@routes.post(
    "/v1/tailored-gen/generate_prefix",
    "tailored.generate_prefix",
    answers="200 400 401 403 415 422 429 500",
    generations="BCD",
)
async def generate_prefix(call: Call, body: GeneratePrefix) -> Answer:
    """A caption prefix; the key of the answer is known from one public client only."""
    if (body.image_urls is None) == (body.images is None):
        raise Refusal(400, "Exactly one of image_urls and images must be provided")
    if body.images is not None:
        seen = [await sources.image(call, each) for each in body.images]
    else:
        seen = [await sources.image_at(call, url) for url in body.image_urls or []]
    _moderate(call, seen, moderate=body.content_moderation)
    looks = [source.picture.look for source in seen]
    return Answer(200, {"prefix": captions.prefix(looks, body.ip_type, body.ip_medium, body.ip_name)})


@routes.post(
    "/v1/tailored-gen/generate_visual_schema",
    "tailored.generate_visual_schema",
    answers="200 400 401 403 415 422 429 500",
    generations="DE",
)
async def generate_visual_schema(call: Call, body: GenerateVisualSchema) -> Answer:
    """A visual schema, JSON encoded as a string."""
    seen = await sources.images(call, body.images)
    _moderate(call, seen, moderate=body.content_moderation)
    return Answer(200, {"visual_schema": captions.visual_schema([source.picture.look for source in seen])})


@routes.post(
    "/v1/tailored-gen/refine_structured_prompt",
    "tailored.refine_structured_prompt",
    answers="200 400 401 403 404 429 500",
    generations="DE",
)
async def refine_structured_prompt(call: Call, body: RefineStructuredPrompt) -> Answer:
    """A schema or caption with an instruction worked in."""
    if body.dataset_id not in call.world.datasets:
        raise Refusal(404, "Dataset with the specified ID does not exist.")
    seen = await sources.images(call, body.context_images or [])
    looks = [source.picture.look for source in seen]
    return Answer(200, {"structured_prompt": captions.refine(body.structured_prompt, body.instruction, looks)})


def _moderate(call: Call, seen: list[sources.Source], *, moderate: bool) -> None:
    sources.moderate(call, {f"images[{at}]": source for at, source in enumerate(seen)}, asked=moderate)


@routes.post(
    "/v2/image/generate/tailored", "tailored.generate", answers="200 202 400 403 422 429 500", generations="DE"
)
async def generate(call: Call, body: Generate) -> Answer:
    """One image with a FIBO model: a job, or with `sync` its result."""
    model = studio.model(call, body.tailored_model_id, v2=True)
    _check_prompts(call, body)
    seed = studio.seed(call, body.seed)
    order = Order(
        model=model,
        prompt=body.prompt or "",
        structured_prompt=_structured(call, body, model.dataset_id),
        seed=seed,
        size=studio.size(body.aspect_ratio),
        sync=body.sync,
        moderate_output=body.visual_output_content_moderation,
        told={"seed": seed, "prompt": body.prompt or ""},
    )
    answer = studio.submit(call, order)
    if not (body.sync and call.options.flat_results):
        return answer
    result = answer.body["result"]
    return Answer(200, {name: result[name] for name in ("image_url", "structured_prompt")})


@routes.post(
    "/v2/structured_prompt/generate/tailored",
    "tailored.generate_structured_prompt",
    answers="200 202 400 403 422 429 500",
    generations="DE",
)
async def generate_structured_prompt(call: Call, body: GenerateStructuredPrompt) -> Answer:
    """A structured prompt without an image."""
    model = studio.model(call, body.tailored_model_id, v2=True)
    _check_prompts(call, body)
    order = Order(
        model=model,
        parts=(),
        prompt=body.prompt or "",
        structured_prompt=_structured(call, body, model.dataset_id),
        seed=body.seed,
        sync=body.sync,
    )
    return studio.submit(call, order)


@routes.post(
    "/v2/video/generate/tailored/image-to-video",
    "tailored.image_to_video",
    answers="202 400 401 403 404 415 422 429 500",
    generations="DE",
)
async def image_to_video(call: Call, body: ImageToVideo) -> Answer:
    """A short animation as a job; an animated WebP stands in for a video."""
    model = studio.model(call, body.tailored_model_id, v2=True)
    source = await sources.any_image(call, body.image)
    return studio.submit(
        call, Order(model=model, extension="webp", seed=body.seed, sources=(source,), url_field="video_url")
    )


def _check_prompts(call: Call, body: Generate | GenerateStructuredPrompt) -> None:
    if body.prompt is None and body.structured_prompt is None:
        raise Refusal(400, "One of prompt and structured_prompt must be provided")
    texts = {"prompt": body.prompt, "structured_prompt": body.structured_prompt}
    studio.moderate(call, texts, asked=body.prompt_content_moderation)


def _structured(call: Call, body: Generate | GenerateStructuredPrompt, dataset_id: int | None) -> str:
    dataset = call.world.datasets.get(dataset_id) if dataset_id is not None else None
    schema = dataset.visual_schema if dataset else None
    return captions.structured_prompt(body.prompt or "", schema, body.structured_prompt)
