"""Ads from templates (published spec), and campaigns of an onboarded image (SEED 004).

Unknown, chosen: the brands, templates and layouts that are there; that unknown ones are a 400; that ads of templates
fill in later like other v1 results, and campaigns are there at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from bria_async.sim import results, sources, studio, visuals
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.clock import START
from bria_async.sim.effects.pixels import is_colour
from bria_async.sim.entities import Job, Result
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Object
from bria_async.sim.studio import Order
from bria_async.sim.views import stamp

routes = Routes()

LAYOUTS: Mapping[str, tuple[int, int]] = {
    "square": (1080, 1080),
    "portrait": (1080, 1350),
    "story": (1080, 1920),
    "landscape": (1200, 628),
    "leaderboard": (728, 90),
}
"""Sizes of ads in pixels by layout id."""


@attrs.frozen
class Template:
    """A set of layouts under one id."""

    name: str
    description: str
    layouts: tuple[str, ...]


@attrs.frozen
class Brand:
    """What the ads of a brand are written in."""

    name: str
    description: str
    ink: tuple[int, int, int]


TEMPLATES = {
    "1": Template("Social", "A post, a portrait and a story", ("square", "portrait", "story")),
    "2": Template("Display", "Two banners", ("landscape", "leaderboard")),
}
"""The templates by id."""
BRANDS = {
    "1": Brand("Night", "Dark letters", (16, 24, 40)),
    "2": Brand("Day", "Light letters", (250, 250, 245)),
}
"""The brands by id."""
_PUBLIC = BRANDS["1"]
_MOST_TEXT, _MOST_ELEMENTS, _MOST_LAYOUTS = 200, 50, 20
_SMALLEST_TEXT, _LARGEST_TEXT = 1, 500
_WHITE = 255

_Text = tuple[str, Sequence[int], int]


@attrs.frozen(kw_only=True)
class SmartImage(Object):
    """The picture of an ad; `scene` is words, or an object with them under `input` (unknown: chosen)."""

    input_image_url: str | None = None
    scene: str | dict[str, Any] | None = None


@attrs.frozen(kw_only=True)
class Element(Object):
    """A layer of an ad; the words of `text` layers are drawn, what images they name is not."""

    layer_type: str = "text"
    content_type: str | None = None
    content: str | None = None
    id: str | int | None = None


@attrs.frozen(kw_only=True)
class Generate:
    """A template, which is needed, and what goes into it."""

    content_moderation: bool = False
    template_id: str | None = None
    brand_id: str | None = None
    smart_image: SmartImage | None = None
    elements: list[Element] | None = None


@attrs.frozen(kw_only=True)
class Campaign:
    """Layouts and what goes into them; logos, buttons and fonts are accepted and not drawn."""

    sid: str | None = None
    preset_id: str | None = None
    template_id: str | None = None
    layout_ids: list[str] | None = None
    logo: str | None = None
    cta: str | None = None
    header1_text: str | None = None
    header1_font: str | None = None
    header1_size: int | None = None
    header1_color: list[int] | None = None
    header2_text: str | None = None
    header2_font: str | None = None
    header2_size: int | None = None
    header2_color: list[int] | None = None
    seed: int | None = None
    background_type: Literal["original", "generated", "solid"] = "original"
    bg_prompt: str | None = None
    bg_seed: int | None = None
    bg_color: str | None = None


@routes.get("/v1/ads/brands", "ads.list_brands", answers="200 401")
async def list_brands(call: Call) -> Answer:
    """The brands."""
    return Answer(200, [_listed(call, brand_id, brand) for brand_id, brand in BRANDS.items()])


@routes.get("/v1/ads/templates", "ads.list_templates", answers="200 401")
async def list_templates(call: Call) -> Answer:
    """The templates, each with a preview of its first layout."""
    shown = []
    for template_id, template in TEMPLATES.items():
        preview = call.url(f"{results.PATH}/{_preview(call, template_id, template)}")
        extra = {"number_of_ads": len(template.layouts), "preview": preview}
        shown.append(_listed(call, template_id, template) | extra)
    return Answer(200, shown)


@routes.get("/v1/ads/templates/{template_id}", "ads.get_template", answers="200 401 404")
async def get_template(call: Call) -> Answer:
    """The sizes of a template's scenes by layout."""
    template = TEMPLATES.get(call.path["template_id"])
    if template is None:
        raise Refusal(404, "Template not found")
    return Answer(200, {"scene_resolutions": {layout: _resolution(layout) for layout in template.layouts}})


@routes.post("/v1/ads/generate", "ads.generate", answers="200 400 401 403 422 500", bare="403 422")
async def generate(call: Call, body: Generate) -> Answer:
    """An ad for each layout of a template."""
    template = TEMPLATES.get(body.template_id or "")
    brand = BRANDS.get(body.brand_id) if body.brand_id is not None else _PUBLIC
    if template is None or brand is None:
        raise Refusal(400, "template_id or brand_id is not known")
    if len(body.elements or ()) > _MOST_ELEMENTS:
        raise Refusal(400, f"At most {_MOST_ELEMENTS} elements are accepted")
    words = [each.content for each in body.elements or () if each.layer_type == "text" and each.content]
    smart = body.smart_image or SmartImage()
    scene = _scene(smart)
    studio.moderate(call, {"elements": " ".join(words), "smart_image": scene}, asked=body.content_moderation)
    seen = (
        [await sources.image_at(call, smart.input_image_url, missing=422)] if smart.input_image_url is not None else []
    )
    sources.moderate(call, {"smart_image": seen[0]} if seen else {}, asked=body.content_moderation)
    order = Order(
        effect="ad",
        sources=seen,
        params={"background": "generated" if scene else "original"},
        parts=[{"size": LAYOUTS[layout], "texts": _lines(words, brand, layout)} for layout in template.layouts],
        prompt=scene,
    )
    return Answer(200, {"result": _shown(call, studio.start(call, order), template.layouts)})


@routes.post("/v1/{visual_id}/campaign_generator", "visuals.generate_campaign", answers="200 400 404 405 500 506")
async def generate_campaign(call: Call, body: Campaign) -> Answer:
    """An ad of the visual for each layout."""
    visual = call.visual()
    layouts, ground = _layouts(body), _ground(body)
    texts = [
        text
        for text in (
            _header("header1", body.header1_text, body.header1_size, body.header1_color),
            _header("header2", body.header2_text, body.header2_size, body.header2_color),
        )
        if text
    ]
    order = Order(
        effect="ad",
        sources=[await visuals.source_of(call, visual, body.sid)],
        params={"visual_id": visual.id, "background": ground, "texts": texts},
        parts=[{"size": LAYOUTS[layout]} for layout in layouts],
        prompt=body.bg_prompt or "",
        seed=body.seed if body.seed is not None else body.bg_seed,
        sync=True,
    )
    return Answer(200, {"ads": _shown(call, studio.start(call, order), layouts)})


def _listed(call: Call, text_id: str, value: Brand | Template) -> dict[str, Any]:
    return {
        "id": int(text_id),
        "name": value.name,
        "description": value.description,
        "created_at": stamp(call.options, START),
    }


def _preview(call: Call, template_id: str, template: Template) -> str:
    """The path of a preview below the results: one job for each template, made when it is first listed."""
    made = Job(
        id=f"template-{template_id}",
        operation="ads.list_templates",
        effect="ad",
        prompt=template.name,
        params={"size": LAYOUTS[template.layouts[0]], "texts": [], "background": "original"},
        results=(Result(name="preview.png", seed=0),),
        polled=False,
        created_at=call.now,
        ready_at=call.now,
    )
    call.world.jobs[made.id] = made
    return f"{made.id}/{made.results[0].name}"


def _resolution(layout: str) -> dict[str, int]:
    width, height = LAYOUTS[layout]
    return {"width": width, "height": height}


def _scene(smart: SmartImage) -> str:
    found = smart.scene.get("input") if isinstance(smart.scene, dict) else smart.scene
    return found if isinstance(found, str) else ""


def _lines(words: Sequence[str], brand: Brand, layout: str) -> list[_Text]:
    height = max(_SMALLEST_TEXT, min(LAYOUTS[layout]) // 12)
    return [(each[:_MOST_TEXT], brand.ink, height) for each in words]


def _shown(call: Call, job: Job, layouts: Sequence[str]) -> list[dict[str, Any]]:
    """The ads of a job. Unknown: where an editor is; chosen: the ad itself."""
    return [
        {
            "id": f"{job.id}-{layout}",
            "name": layout,
            "url": studio.url(call, job, result),
            "resolution": _resolution(layout),
            "editor_iframe": studio.url(call, job, result),
        }
        for layout, result in zip(layouts, job.results, strict=True)
    ]


def _layouts(body: Campaign) -> Sequence[str]:
    """The layouts of a campaign, named one by one or by a template."""
    if body.layout_ids is None:
        template = TEMPLATES.get(body.template_id or "")
        if template is None:
            raise Refusal(400, "A known template_id or layout_ids must be provided")
        return template.layouts
    if not 1 <= len(body.layout_ids) <= _MOST_LAYOUTS or not set(body.layout_ids) <= set(LAYOUTS):
        raise Refusal(400, f"layout_ids are 1 to {_MOST_LAYOUTS} of {', '.join(LAYOUTS)}")
    return body.layout_ids


def _ground(body: Campaign) -> str:
    """What is behind the subject: `original`, `generated`, or a colour."""
    if body.background_type == "generated" and not body.bg_prompt:
        raise Refusal(400, "bg_prompt is mandatory when background_type is generated")
    if body.background_type == "solid":
        if body.bg_color is None or not is_colour(body.bg_color):
            raise Refusal(400, "bg_color, a hex code, is mandatory when background_type is solid")
        return body.bg_color
    return body.background_type


def _header(name: str, text: str | None, size: int | None, colour: list[int] | None) -> _Text | None:
    """A line of a campaign; without words there is none, but its size and colour are checked all the same."""
    height = 64 if size is None else size
    ink = _PUBLIC.ink if colour is None else colour
    if not _SMALLEST_TEXT <= height <= _LARGEST_TEXT:
        raise Refusal(400, f"{name}_size is between {_SMALLEST_TEXT} and {_LARGEST_TEXT}")
    if len(ink) != len(_PUBLIC.ink) or not all(0 <= channel <= _WHITE for channel in ink):
        raise Refusal(400, f"{name}_color is red, green and blue, each between 0 and {_WHITE}")
    return (text[:_MOST_TEXT], ink, height) if text else None
