"""Generation with legacy tailored models (v1): results are URLs, which may fill in later."""

from typing import Annotated, Literal

import attrs

from bria_async.sim import sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Model
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Documented, Only, Range
from bria_async.sim.studio import AspectRatio, Order

routes = Routes()

GuidanceMethod = Literal["controlnet_canny", "controlnet_depth", "controlnet_recoloring", "controlnet_color_grid"]
Scale = Annotated[float, Range(0, 1)]
_BEFORE_2026 = "ABCD"
_MAX_VERSIONS = {"max", "3.2", "bria-3.2"}
_RESTYLE_VERSIONS = {None, "light", "2.3", "bria-2.3"}
_FAST_STEPS, _SLOW_STEPS = (4, 20), (20, 50)
_SLOW_RESULTS = 2
_SAME_RATIO = 0.01


@attrs.frozen(kw_only=True)
class _Generate:
    """What text-to-image and text-to-vector share. A third guidance method is declared to be refused (C8)."""

    prompt: str
    num_results: Annotated[int | None, Range(1, 4), Documented(4)] = None
    aspect_ratio: AspectRatio = "1:1"
    fast: Annotated[bool | None, Documented(default=True)] = None
    seed: int | None = None
    steps_num: Annotated[int | None, Range(4, 50), Documented(8)] = None
    model_influence: Annotated[float, Range(0, 1.5)] = 1.0
    include_generation_prefix: Annotated[bool, Only("BCD")] = True
    content_moderation: Annotated[bool, Only("BCD")] = False
    guidance_method_1: GuidanceMethod | None = None
    guidance_method_1_scale: Scale = 1.0
    guidance_method_1_image_file: str | None = None
    guidance_method_2: GuidanceMethod | None = None
    guidance_method_2_scale: Scale = 1.0
    guidance_method_2_image_file: str | None = None
    guidance_method_3: str | None = None
    image_prompt_mode: Annotated[Literal["regular", "style_only"], Only("BCD")] = "regular"
    image_prompt_file: Annotated[str | None, Only("BCD")] = None
    image_prompt_urls: Annotated[list[str] | None, Only("BCD")] = None
    image_prompt_scale: Annotated[Scale, Only("BCD")] = 1.0


@attrs.frozen(kw_only=True)
class TextToImage(_Generate):
    """Images by prompt; asynchronous unless told otherwise (NOTES C10)."""

    sync: bool = False
    faces_refiner: Annotated[bool, Only("BCD")] = False


@attrs.frozen(kw_only=True)
class TextToVector(_Generate):
    """Vector graphics by prompt; synchronous unless told otherwise (NOTES C10)."""

    sync: bool = True


@attrs.frozen(kw_only=True)
class Reimagine:
    """Images by structure; the seeds name it without a contract, so the fields are best public knowledge."""

    prompt: str | None = None
    structure_image_url: str | None = None
    structure_image_file: str | None = None
    structure_ref_influence: Scale = 0.75
    num_results: Annotated[int | None, Range(1, 4), Documented(4)] = None
    sync: bool = False
    fast: Annotated[bool | None, Documented(default=True)] = None
    seed: int | None = None
    steps_num: Annotated[int | None, Range(4, 50)] = None
    include_generation_prefix: bool = True
    content_moderation: bool = False


@attrs.frozen(kw_only=True)
class RestylePortrait:
    """A portrait in the style of a model; the URL wins over the file (SEED 000)."""

    tailored_model_id: str | int
    id_image_url: str | None = None
    id_image_file: str | None = None
    tailored_model_influence: Annotated[float, Range(0, 1.2)] = 0.9
    id_strength: Scale = 0.7
    sync: bool = True


@routes.post(
    "/v1/text-to-image/tailored/{model_id}",
    "tailored.text_to_image",
    answers="200 400 405 422 429 500",
    generations=_BEFORE_2026,
)
async def text_to_image(call: Call, body: TextToImage) -> Answer:
    """One to four images."""
    return await _generated(call, body, "png")


@routes.post(
    "/v1/text-to-vector/tailored/{model_id}",
    "tailored.text_to_vector",
    answers="200 400 403 405 415 422 429 500",
    generations=_BEFORE_2026,
)
async def text_to_vector(call: Call, body: TextToVector) -> Answer:
    """One to four SVGs, with models of illustrations only."""
    model = studio.model(call, call.path["model_id"])
    project = call.world.projects.get(model.project_id) if model.project_id is not None else None
    if project and project.ip_medium != "illustration":
        raise Refusal(400, "Text to vector needs a model trained on illustrations")
    return await _generated(call, body, "svg")


async def _generated(call: Call, body: TextToImage | TextToVector, extension: str) -> Answer:
    model = studio.model(call, call.path["model_id"])
    count = _pace(model, body.fast, body.num_results, body.steps_num)
    guidance = await _guidance(call, body)
    if model.training_version in _MAX_VERSIONS and (body.image_prompt_file or body.image_prompt_urls):
        raise Refusal(400, "Models of the Max version do not support image prompts")
    prompts = [await sources.image(call, body.image_prompt_file)] if body.image_prompt_file else []
    prompts += [await sources.image_at(call, url) for url in body.image_prompt_urls or []]
    named = {f"guidance_method_{at}_image_file": source for at, source in enumerate(guidance, 1)}
    named |= {f"image_prompt[{at}]": source for at, source in enumerate(prompts)}
    sources.moderate(call, named, asked=body.content_moderation)
    order = Order(
        model=model,
        extension=extension,
        prompt=_prefixed(call, model, body.prompt, prefixed=body.include_generation_prefix),
        parts=({},) * count,
        seed=body.seed,
        size=studio.fitting(guidance[0]) if guidance else studio.size(body.aspect_ratio),
        sources=tuple(named.values()),
        sync=body.sync,
        moderate_output=body.content_moderation,
    )
    return studio.as_objects(call, order)


def _pace(model: Model, fast: bool | None, num_results: int | None, steps: int | None) -> int:
    """The number of results, which fast mode restricts along with the steps (SEED 003)."""
    if fast and model.training_version in _MAX_VERSIONS:
        raise Refusal(400, "Models of the Max version do not support fast generation")
    quick = model.training_version not in _MAX_VERSIONS if fast is None else fast
    if not quick and fast is False and (num_results or 0) > _SLOW_RESULTS:
        raise Refusal(400, "When fast is false, num_results is 1 or 2")
    low, high = _FAST_STEPS if quick else _SLOW_STEPS
    if steps is not None and not low <= steps <= high:
        raise Refusal(400, f"When fast is {str(quick).lower()}, steps_num is between {low} and {high}")
    return num_results or (4 if quick else _SLOW_RESULTS)


async def _guidance(call: Call, body: TextToImage | TextToVector) -> list[sources.Source]:
    """The guidance images: at most two, in order, of one aspect ratio."""
    if body.guidance_method_3 is not None:
        raise Refusal(400, "At most two guidance methods can be combined")
    if body.guidance_method_2 and not body.guidance_method_1:
        raise Refusal(400, "guidance_method_2 needs guidance_method_1")
    found = []
    for at, method, file in (
        (1, body.guidance_method_1, body.guidance_method_1_image_file),
        (2, body.guidance_method_2, body.guidance_method_2_image_file),
    ):
        if method and not file:
            raise Refusal(400, f"guidance_method_{at} needs guidance_method_{at}_image_file")
        if method and file:
            found.append(await sources.image(call, file))
    ratios = [source.picture.width / source.picture.height for source in found]
    if ratios and max(ratios) - min(ratios) > _SAME_RATIO:
        raise Refusal(400, "All guidance images must have the same aspect ratio")
    return found


@routes.post(
    "/v1/reimagine/tailored/{model_id}", "tailored.reimagine", answers="200 400 403 405 422 429 500", generations="BCD"
)
async def reimagine(call: Call, body: Reimagine) -> Answer:
    """One to four images that keep the structure of another."""
    model = studio.model(call, call.path["model_id"])
    count = _pace(model, body.fast, body.num_results, body.steps_num)
    source = await sources.one_of(call, body.structure_image_url, body.structure_image_file, "structure_image")
    sources.moderate(call, {"structure_image": source}, asked=body.content_moderation)
    order = Order(
        model=model,
        prompt=_prefixed(call, model, body.prompt or "", prefixed=body.include_generation_prefix),
        parts=({},) * count,
        seed=body.seed,
        size=studio.fitting(source),
        sources=(source,),
        sync=body.sync,
        moderate_output=body.content_moderation,
    )
    return studio.as_objects(call, order)


@routes.post(
    "/v1/tailored-gen/restyle_portrait",
    "tailored.restyle_portrait",
    answers="200 400 401 403 422 429 500",
    generations="BCD",
)
async def restyle_portrait(call: Call, body: RestylePortrait) -> Answer:
    """A portrait in the model's style, with Light and 2.3 models."""
    model = studio.model(call, body.tailored_model_id)
    if model.training_version not in _RESTYLE_VERSIONS:
        raise Refusal(400, "Restyle portrait needs a model of the Light or 2.3 version")
    source = await sources.one_of(call, body.id_image_url, body.id_image_file, "id_image")
    job = studio.start(call, Order(model=model, size=studio.fitting(source), sources=(source,), sync=body.sync))
    return Answer(200, {"result": [{"image_url": studio.url(call, job, result)} for result in job.results]})


def _prefixed(call: Call, model: Model, prompt: str, *, prefixed: bool) -> str:
    """The prompt, with the dataset's caption prefix before it unless the caller writes his own."""
    dataset = call.world.datasets.get(model.dataset_id) if model.dataset_id is not None else None
    prefix = dataset.caption_prefix if dataset and prefixed else None
    return f"{prefix} {prompt}" if prefix else prompt
