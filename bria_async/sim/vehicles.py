"""Vehicle shots: scenes, parts, effects, reflections, tires, light. Every result is there at once."""

from typing import Any

import attrs

from bria_async.sim import products, sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.effects.cars import PANES, PARTS
from bria_async.sim.products import Mode, Shot
from bria_async.sim.routes import Anything, Call, Routes, Upload
from bria_async.sim.sources import Source
from bria_async.sim.studio import Order

routes = Routes()

_V1 = "200 400 401 403 404 413 415 422 429 460 500"


@attrs.frozen(kw_only=True)
class Vehicle:
    """A picture of a vehicle as a URL, a file part or base64; the URL wins."""

    image_url: str | None = None
    file: Upload | str | None = None


@attrs.frozen(kw_only=True)
class ApplyEffect(Vehicle):
    """Weather or light: unknown words are taken too, nothing says which there are."""

    effect: str | None = None
    layers: bool = False
    seed: int | None = None


@attrs.frozen(kw_only=True)
class Reflections(Vehicle):
    """Masks by part, base64 or URL, as `vehicles.segment` gives them; parts without one are found."""

    masks: dict[str, Any] | None = None
    layers: bool | None = None
    seed: int | None = None


@attrs.frozen(kw_only=True)
class RefineTires(Vehicle):
    """Masks by part, base64 or URL; only `tires` matters, and without it tires are found."""

    masks: dict[str, Any] | None = None
    layers: bool | None = None


@attrs.frozen(kw_only=True)
class Harmonize(Vehicle):
    """A light: warm-day, cold-day, warm-night, cold-night; others are taken and do little."""

    preset: str | None = None


@attrs.frozen(kw_only=True)
class ShotByText(Shot):
    """A scene in words."""

    mode: Mode = "high_control"
    scene_description: str | None = None
    optimize_description: bool = True
    exclude_elements: str | None = None


@routes.post("/v1/product/vehicle/shot_by_text", "vehicles.shot_by_text", answers=_V1, bare="403 422", generations="DE")
async def shot_by_text(call: Call, body: ShotByText) -> Answer:
    """The vehicle in scenes from words: arrays `[url, seed, name]`."""
    if not body.scene_description:
        raise Refusal(400, "scene_description must be provided")
    return await products.shot(call, body, body.scene_description)


@routes.post("/v1/product/vehicle/shot_by_image", "vehicles.shot_by_image", generations="DE")
async def shot_by_image(_: Call, _body: Anything) -> Answer:
    """Published without a contract: takes any object. Unknown: its answer; chosen: an empty list."""
    return Answer(200, {"result": []})


@routes.post("/v1/product/vehicle/segment", "vehicles.segment", answers=_V1, bare="403", generations="DE")
async def segment(call: Call, body: Vehicle) -> Answer:
    """A mask of each part of the vehicle, by its name."""
    source = await sources.one_of(call, body.image_url, body.file)
    parts = [{"part": part} for part in PARTS]
    urls = _urls(call, Order(effect="segment", sources=(source,), parts=parts))
    return Answer(200, dict(zip(PARTS, urls, strict=True)))


@routes.post("/v1/product/vehicle/apply_effect", "vehicles.apply_effect", answers=_V1, bare="403", generations="DE")
async def apply_effect(call: Call, body: ApplyEffect) -> Answer:
    """Weather over the picture, and with `layers` that alone."""
    source = await sources.one_of(call, body.image_url, body.file)
    seed = studio.seed(call, body.seed)
    order = Order(
        effect="weather",
        sources=(source,),
        params={"seed": seed},
        parts=_parts(layers=body.layers),
        prompt=body.effect or "",
        seed=seed,
    )
    return Answer(200, _named(call, order) | {"seed": seed})


@routes.post(
    "/v1/product/vehicle/generate_reflections",
    "vehicles.generate_reflections",
    answers=_V1,
    bare="403",
    generations="DE",
)
async def generate_reflections(call: Call, body: Reflections) -> Answer:
    """A sheen on the windows, and with `layers` that of each pane alone."""
    source, masks = await _seen(call, body, body.masks)
    seed = studio.seed(call, body.seed)
    order = Order(
        effect="reflections",
        sources=(source, *masks.values()),
        params={"masks": list(masks), "seed": seed},
        parts=[{}, *({"layer": True, "part": pane} for pane in PANES if body.layers)],
        seed=seed,
    )
    first, *others = _urls(call, order)
    layers = {"layers": dict(zip(PANES, others, strict=True))} if body.layers else {}
    return Answer(200, {"url": first, "seed": seed} | layers)


@routes.post("/v1/product/vehicle/refine_tires", "vehicles.refine_tires", answers=_V1, bare="403", generations="DE")
async def refine_tires(call: Call, body: RefineTires) -> Answer:
    """Dark, even tires, and with `layers` those alone."""
    source, masks = await _seen(call, body, body.masks)
    seed = studio.seed(call, None)
    order = Order(
        effect="refine_tires",
        sources=(source, *masks.values()),
        params={"masks": list(masks), "seed": seed},
        parts=_parts(layers=bool(body.layers)),
        seed=seed,
    )
    return Answer(200, _named(call, order) | {"seed": seed})


@routes.post("/v1/product/vehicle/harmonize", "vehicles.harmonize", answers=_V1, bare="403", generations="DE")
async def harmonize(call: Call, body: Harmonize) -> Answer:
    """The picture in the light of a preset."""
    source = await sources.one_of(call, body.image_url, body.file)
    order = Order(effect="harmonize", sources=(source,), params={"preset": body.preset or ""})
    return studio.as_url(call, order, "url")


async def _seen(call: Call, body: Vehicle, given: dict[str, Any] | None) -> tuple[Source, dict[str, Source]]:
    """The picture, and the masks that came with it."""
    source = await sources.one_of(call, body.image_url, body.file)
    masks = {}
    for part, mask in (given or {}).items():
        if part not in PARTS or not isinstance(mask, str):
            raise Refusal(400, f"masks has images by the names {', '.join(PARTS)}")
        masks[part] = await sources.any_image(call, mask)
    return source, masks


def _parts(*, layers: bool) -> list[dict[str, Any]]:
    return [{}, {"layer": True}] if layers else [{}]


def _named(call: Call, order: Order) -> dict[str, Any]:
    return dict(zip(("url", "layer_url"), _urls(call, order), strict=False))


def _urls(call: Call, order: Order) -> list[str]:
    """The URLs of results that are there at once."""
    job = studio.start(call, attrs.evolve(order, sync=True))
    return [studio.url(call, job, result) for result in job.results]
