"""Product shots: cutouts, packshots, shadows, and products put into scenes."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import attrs

from bria_async.sim import layout, sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.effects.pixels import is_colour
from bria_async.sim.routes import Anything, Call, Routes, Upload
from bria_async.sim.schema import Count, Object, Range
from bria_async.sim.sources import Source
from bria_async.sim.studio import AspectRatio, Order

routes = Routes()

PlacementType = Literal[
    "original", "automatic", "manual_placement", "manual_padding", "custom_coordinates", "automatic_aspect_ratio"
]
Placement = Literal[
    "upper_left",
    "upper_right",
    "bottom_left",
    "bottom_right",
    "right_center",
    "left_center",
    "upper_center",
    "bottom_center",
    "center_vertical",
    "center_horizontal",
]
Mode = Literal["base", "high_control", "fast"]

_V1 = "200 400 401 403 404 413 415 422 429 460 500"
_V1_LEGAL = _V1 + " 451"
_BARE = "403 422"
_MOST_RESULTS = 10
_BOX = 4
_SHADOW_BLUR = {"regular": 15, "float": 20}


@attrs.frozen(kw_only=True)
class _Product:
    """A product as a URL, a file part or base64; the URL wins (SEED 004)."""

    sku: str | None = None
    image_url: str | None = None
    file: Upload | str | None = None
    force_rmbg: bool = False
    content_moderation: bool = False


@attrs.frozen(kw_only=True)
class Cutout(_Product):
    """A product to cut out."""

    preserve_alpha: bool = True


@attrs.frozen(kw_only=True)
class Packshot(_Product):
    """A product, and a hex colour or `transparent`."""

    background_color: str = "#FFFFFF"


@attrs.frozen(kw_only=True)
class Shadow(_Product):
    """A product and its shadow; `type` is regular or float."""

    type: str = "regular"
    background_color: str | None = None
    shadow_color: str = "#000000"
    shadow_offset: list[int] = attrs.field(factory=lambda: [0, 15])
    shadow_intensity: Annotated[int, Range(0, 100)] = 60
    shadow_blur: int | None = None
    shadow_width: int | None = None
    shadow_height: int = 70
    preserve_alpha: bool = True


@attrs.frozen(kw_only=True)
class Shot:
    """Where a subject stands in its shots, and how many there are."""

    sync: bool = False
    image_url: str | None = None
    file: Upload | str | None = None
    num_results: int = 4
    placement_type: PlacementType | None = None
    original_quality: bool = False
    aspect_ratio: AspectRatio | None = None
    shot_size: list[int] = attrs.field(factory=lambda: [1000, 1000])
    foreground_image_size: list[int] | None = None
    foreground_image_location: list[int] | None = None
    manual_placement_selection: list[Placement] = attrs.field(factory=lambda: ["upper_left"])
    padding_values: list[int] = attrs.field(factory=lambda: [0, 0, 0, 0])
    force_rmbg: bool = False
    content_moderation: bool = False


@attrs.frozen(kw_only=True)
class ShotByText(Shot):
    """A scene in words; `fast` is the older way to say `mode` (NOTES C31)."""

    sku: str | None = None
    mode: Mode = "fast"
    fast: bool = False
    scene_description: str | None = None
    optimize_description: bool = True
    exclude_elements: str | None = None
    placement_type: PlacementType = "original"


@attrs.frozen(kw_only=True)
class ShotByImage(Shot):
    """A scene by reference images; `reference_image_...` are the older names (NOTES C31)."""

    sku: str | None = None
    ref_image_urls: list[str] | None = None
    ref_image_file: list[str] | None = None
    reference_image_url: str | None = None
    reference_image_file: Upload | str | None = None
    enhance_ref_image: bool = True
    ref_image_influence: Annotated[float, Range(0, 1)] = 1.0


@attrs.frozen(kw_only=True)
class CutoutV2:
    """A product, base64 or URL, to cut out."""

    image: str
    sync: bool = False
    sku: str | None = None
    preserve_alpha: bool = True
    force_background_detection: bool = False
    output_type: Literal["png", "jpeg"] = "png"
    visual_input_content_moderation: bool = False
    visual_input_content_moderation_threshold: float = 80
    visual_output_content_moderation: bool = False
    visual_output_content_moderation_threshold: float = 80
    webhook_url: str | None = None


@attrs.frozen(kw_only=True)
class Placed(Object):
    """A product and where it goes: `[left, top, width, height]`, or an object with x, y, width and height.

    Unknown: the shape of `coordinates`; both are taken.
    """

    image: str
    coordinates: list[int] | dict[str, Any]


@attrs.frozen(kw_only=True)
class Integrate:
    """A scene, base64 or URL, and products to put into it."""

    scene: str
    products: Annotated[list[Placed], Count(1)]
    seed: int | None = None
    visual_input_content_moderation: bool = True
    visual_output_content_moderation: bool = True


@routes.post("/v1/product/cutout", "products.cutout", answers=_V1_LEGAL, bare=_BARE)
async def cutout(call: Call, body: Cutout) -> Answer:
    """The product on nothing, at once."""
    return await _made(call, body, "cutout", {"preserve_alpha": body.preserve_alpha})


@routes.post("/v1/product/packshot", "products.packshot", answers=_V1_LEGAL, bare=_BARE)
async def packshot(call: Call, body: Packshot) -> Answer:
    """The product in the middle of 2000x2000 pixels of a colour."""
    _colour("background_color", body.background_color, transparent=True)
    return await _made(call, body, "packshot", {"background_color": body.background_color})


@routes.post("/v1/product/shadow", "products.shadow", answers=_V1, bare=_BARE, generations="DE")
async def shadow(call: Call, body: Shadow) -> Answer:
    """The product with a shadow."""
    if body.type not in _SHADOW_BLUR:
        raise Refusal(400, "type is regular or float")
    _colour("shadow_color", body.shadow_color)
    _colour("background_color", body.background_color or "transparent", transparent=True)
    blur = _SHADOW_BLUR[body.type] if body.shadow_blur is None else body.shadow_blur
    told = {
        "type": body.type,
        "background_color": body.background_color,
        "shadow_color": body.shadow_color,
        "shadow_offset": layout.pair("shadow_offset", body.shadow_offset, low=-layout.LONGEST),
        "shadow_intensity": body.shadow_intensity,
        "shadow_blur": layout.side("shadow_blur", blur, low=0, high=1000),
        "shadow_width": layout.side("shadow_width", body.shadow_width) if body.shadow_width is not None else None,
        "shadow_height": layout.side("shadow_height", body.shadow_height),
        "preserve_alpha": body.preserve_alpha,
    }
    return await _made(call, body, "shadow", told)


@routes.post("/v1/product/lifestyle_shot_by_text", "products.lifestyle_shot_by_text", answers=_V1_LEGAL, bare=_BARE)
async def lifestyle_shot_by_text(call: Call, body: ShotByText) -> Answer:
    """The product in scenes from words: arrays `[url, seed, name]`."""
    if not body.scene_description:
        raise Refusal(400, "scene_description must be provided")
    return await shot(call, body, body.scene_description)


@routes.post("/v1/product/lifestyle_shot_by_image", "products.lifestyle_shot_by_image", answers=_V1_LEGAL, bare=_BARE)
async def lifestyle_shot_by_image(call: Call, body: ShotByImage) -> Answer:
    """The product in scenes like those of reference images: arrays `[url, seed, name]`."""
    references = await _references(call, body)
    if not references:
        raise Refusal(400, "A reference image must be provided")
    return await shot(call, body, "", references)


async def _references(call: Call, body: ShotByImage) -> list[Source]:
    """The reference images; URLs win over files."""
    given = body.ref_image_urls or body.ref_image_file
    if given:
        return await sources.images(call, given)
    if body.reference_image_url is None and body.reference_image_file is None:
        return []
    return [await sources.one_of(call, body.reference_image_url, body.reference_image_file, "reference_image")]


async def shot(
    call: Call, body: Shot, prompt: str, references: Sequence[Source] = (), *, seed: int | None = None
) -> Answer:
    """A subject in scenes, as many of each placement as `num_results` says.

    Unknown: the most results; chosen: 10 of each placement.
    """
    if not 1 <= body.num_results <= _MOST_RESULTS:
        raise Refusal(400, f"num_results must be between 1 and {_MOST_RESULTS}")
    if body.sync and body.placement_type == "automatic":
        raise Refusal(400, "When placement_type is automatic, sync has to be false")
    source = await sources.one_of(call, body.image_url, body.file)
    named = {"image": source} | {f"ref_images[{at}]": each for at, each in enumerate(references)}
    sources.moderate(call, named, asked=body.content_moderation)
    studio.moderate(call, {"scene_description": prompt}, asked=body.content_moderation)
    order = Order(
        effect="placed",
        sources=tuple(named.values()),
        params={"force": body.force_rmbg},
        parts=layout.shots(source.size, body) * body.num_results,
        prompt=prompt,
        seed=seed,
        sync=body.sync,
        moderate_output=body.content_moderation,
    )
    return studio.as_rows(call, order)


@routes.post(
    "/v2/image/edit/product/cutout",
    "products.cutout_v2",
    answers="200 202 400 401 403 422 429 5XX",
    generations="DE",
)
async def cutout_v2(call: Call, body: CutoutV2) -> Answer:
    """The product on nothing; as JPEG on white."""
    source = await sources.any_image(call, body.image)
    sources.moderate(call, {"image": source}, asked=body.visual_input_content_moderation)
    order = Order(
        effect="cutout",
        sources=(source,),
        params={"force": body.force_background_detection, "preserve_alpha": body.preserve_alpha},
        extension=body.output_type,
        sync=body.sync,
        moderate_output=body.visual_output_content_moderation,
        webhook_url=body.webhook_url,
    )
    return studio.submit(call, order)


@routes.post("/v2/image/edit/product/integrate", "products.integrate", generations="DE")
async def integrate(call: Call, body: Integrate) -> Answer:
    """Products put into a scene. Unknown: its answers; chosen: a job, as everywhere in v2."""
    scene = await sources.any_image(call, body.scene)
    products = await sources.images(call, [product.image for product in body.products])
    named = {"scene": scene} | {f"products[{at}].image": each for at, each in enumerate(products)}
    sources.moderate(call, named, asked=body.visual_input_content_moderation)
    seed = studio.seed(call, body.seed)
    order = Order(
        effect="integrate",
        sources=tuple(named.values()),
        params={"boxes": [_box(product.coordinates) for product in body.products]},
        seed=seed,
        moderate_output=body.visual_output_content_moderation,
        told={"seed": seed},
    )
    return studio.submit(call, order)


@routes.post("/v1/products/consistent_shots", "products.consistent_shots", answers="200")
async def consistent_shots(_: Call, _body: Anything) -> Answer:
    """Announced without a contract: takes any object. Unknown: its answer; chosen: an empty list."""
    return Answer(200, {"result": []})


@routes.post("/v1/product/contextual_keyword_extraction", "products.contextual_keyword_extraction", answers="200")
async def contextual_keyword_extraction(_: Call, _body: Anything) -> Answer:
    """Announced without a contract: takes any object. Unknown: its answer; chosen: an empty list."""
    return Answer(200, {"result": []})


async def _made(call: Call, body: _Product, effect: str, told: dict[str, Any]) -> Answer:
    source = await sources.one_of(call, body.image_url, body.file)
    sources.moderate(call, {"image": source}, asked=body.content_moderation)
    order = Order(
        effect=effect,
        sources=(source,),
        params=told | {"force": body.force_rmbg},
        moderate_output=body.content_moderation,
    )
    return studio.as_url(call, order)


def _colour(name: str, given: str, *, transparent: bool = False) -> None:
    if not (is_colour(given) or (transparent and given == "transparent")):
        raise Refusal(400, f"{name} must be a hex color code" + (" or 'transparent'" if transparent else ""))


def _box(coordinates: list[int] | dict[str, Any]) -> list[int]:
    if isinstance(coordinates, dict):
        given = [coordinates.get(name) for name in ("x", "y", "width", "height")]
    else:
        given = [*coordinates]
    numbers = [each for each in given if type(each) is int]
    if len(given) != _BOX or len(numbers) != _BOX:
        raise Refusal(400, "coordinates must be x, y, width and height as integers")
    left, top, width, height = numbers
    place = layout.pair("coordinates", (left, top), low=-layout.LONGEST)
    return [*place, *layout.canvas("coordinates", (width, height))]
