"""Finding onboarded images, and captions of any image (SEED 004; published spec).

Pixels decide: unknown, chosen: a text finds the visuals whose description, key or address shares a word with it;
`camera` is the shape of the picture, `atmosphere` its light and colours; `style`, `medium` and `gallery_id` narrow
nothing. An image is searched by how its colours lie, and does not find itself.
"""

import asyncio
import re
from typing import Annotated, Literal

import attrs

from bria_async.sim import scenes, sources
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Range
from bria_async.sim.visual_entities import Visual

routes = Routes()

Style = Literal[
    "stock photography",
    "photo realistic",
    "fashion",
    "retro",
    "sports",
    "still life",
    "hyper realistic",
    "travel",
    "artistic",
    "3d render",
    "realistic",
    "fantasy",
    "comic book",
    "minimalistic",
]
_MOST_RESULTS = 800
_WORD = re.compile(r"\w{3,}")
_WARM, _COOL = {"red", "orange", "yellow", "pink"}, {"green", "teal", "blue", "purple"}
_GREYS = {"black", "white", "grey"}
_SHAPES = {"portrait": {"tall"}, "close up": {"square"}, "aerial": {"wide", "square"}, "landscape": {"wide"}}


@attrs.frozen(kw_only=True)
class _Page:
    """Which results, of at most 800 for a query."""

    num_results_per_page: Annotated[int, Range(None, 500)] = 50
    page: int = 1
    gallery_id: str | None = None


@attrs.frozen(kw_only=True)
class ByText(_Page):
    """Words and moods; without words everything is found."""

    query: str | None = None
    style: Style | None = None
    atmosphere: Literal["dramatic", "vivid", "warm", "cool"] | None = None
    camera: Literal["portrait", "close up", "aerial", "landscape"] | None = None
    medium: Literal["photography", "art"] | None = None


@attrs.frozen(kw_only=True)
class ByImage(_Page):
    """A visual by its id, or an image by URL."""

    vhash: str | None = None
    url: str | None = None


@attrs.frozen(kw_only=True)
class Caption:
    """An image by URL, or in base64; the URL wins."""

    image_url: str | None = None
    file: str | None = None


@routes.get("/v1/search", "search.by_text", answers="200 400 404 405 429 500 506")
async def by_text(call: Call, query: ByText) -> Answer:
    """Visuals by words, best match first."""
    asked = _words(query.query or "")
    fitting = [visual for visual in call.world.visuals.values() if _fits(visual, query)]
    scored = [(len(asked & _words(_told(visual))), visual) for visual in fitting]
    found = [visual for score, visual in sorted(scored, key=lambda each: -each[0]) if score or not asked]
    return _page(found, query)


@routes.get("/v1/search_similar_images", "search.by_image", answers="200 400 404 405 429 500 506")
async def by_image(call: Call, query: ByImage) -> Answer:
    """Visuals by likeness, most alike first."""
    visuals = call.world.visuals
    if query.url is not None:
        source = await sources.image_at(call, query.url, missing=404)
        asked, own = await asyncio.to_thread(scenes.scene, source.blob.path), source.blob.sha256
    elif query.vhash is not None:
        if query.vhash not in visuals:
            raise Refusal(404, "Specified Image does not exist.")
        asked, own = visuals[query.vhash].scene, visuals[query.vhash].sha256
    else:
        raise Refusal(400, "Either a vhash or a url should be provided")
    others = [visual for visual in visuals.values() if visual.sha256 != own]
    return _page(sorted(others, key=lambda visual: scenes.difference(asked, visual.scene)), query)


@routes.post("/v1/caption", "search.caption", answers="200 400 401 404 413 415 429 460 500")
async def caption(call: Call, body: Caption) -> Answer:
    """What a picture shows, onboarded or not."""
    source = await sources.one_of(call, body.image_url, body.file)
    seen = await asyncio.to_thread(scenes.scene, source.blob.path)
    return Answer(200, {"results": [{"caption": scenes.description(source.picture.look, seen)}]})


def _page(found: list[Visual], asked: _Page) -> Answer:
    if asked.page < 1 or asked.num_results_per_page < 1:
        raise Refusal(400, "page and num_results_per_page are 1 or more")
    start = (asked.page - 1) * asked.num_results_per_page
    shown = found[:_MOST_RESULTS][start : start + asked.num_results_per_page]
    results = [
        {"visual_id": each.id, "org_image_key": each.org_image_key, "source_url": each.source_url} for each in shown
    ]
    return Answer(200, {"results": results})


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _told(visual: Visual) -> str:
    return f"{scenes.description(visual.look, visual.scene)} {visual.org_image_key} {visual.source_url}"


def _fits(visual: Visual, asked: ByText) -> bool:
    look, colours = visual.look, set(visual.look.colours)
    moods = {
        None: True,
        "dramatic": look.light == "dark",
        "vivid": not colours & _GREYS,
        "warm": bool(colours & _WARM) and not colours & _COOL,
        "cool": bool(colours & _COOL) and not colours & _WARM,
    }
    return moods[asked.atmosphere] and (asked.camera is None or look.shape in _SHAPES[asked.camera])
