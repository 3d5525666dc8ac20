"""Onboarding images as visuals, and what is known about them (SEED 004)."""

import asyncio
import hashlib
from typing import Any

import attrs

from bria_async.sim import scenes, sources
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.pictures import header
from bria_async.sim.routes import Call, Routes
from bria_async.sim.visual_entities import Region, Scene, Visual

routes = Routes()

_MODES = {"RGB", "RGBA", "CMYK"}
_ID_LENGTH = 16
_FLAGS = {"true": True, "false": False}
_EASILY_REMOVED = 0.3
_QUALITIES = ((0.1, "high"), (0.03, "medium"), (0.0, "low"))
_PERSON_ACTIONS = {"expression": ["neutral", "smile"], "age": ["younger", "older"]}
_BACKGROUND_ACTIONS = ("remove", "blur", "replace")


@attrs.frozen(kw_only=True)
class Register:
    """An image by its address, or by a key that the organisation knows it by."""

    org_image_key: str | None = None
    image_url: str | None = None
    is_private: str = "true"


@attrs.frozen(kw_only=True)
class Info:
    """How much is asked: `lean` is only the description and the size."""

    lean: bool = False


@routes.post("/v1/register", "visuals.register", answers="200 208 400 405 413 415 460 500 506")
async def register(call: Call, body: Register) -> Answer:
    """Onboard an image: 208 with the same id when its bytes, or a lone key, are known already.

    Unknown, chosen: the id is made from the bytes; a lone `org_image_key` names a fixture or a file put under
    `/_sim/files/`; a picture of one colour is insufficient data (506).
    """
    if body.is_private.lower() not in _FLAGS:
        raise Refusal(400, "is_private is 'true' or 'false'")
    key = body.org_image_key or ""
    if body.image_url is None:
        if not key:
            raise Refusal(400, "Either an org_image_key or an image_url should be provided")
        for visual in call.world.visuals.values():
            if visual.org_image_key == key:
                return Answer(208, {"visual_id": visual.id})
    url = key if key in call.options.fixtures else call.url(f"/_sim/files/{key}")
    source = await sources.image_at(call, body.image_url or url, missing=460)
    visual_id = source.blob.sha256[:_ID_LENGTH]
    if visual_id in call.world.visuals:
        return Answer(208, {"visual_id": visual_id})
    seen = await sufficient(source)
    call.world.visuals[visual_id] = Visual(
        id=visual_id,
        org_image_key=key,
        source_url=body.image_url or "",
        is_private=_FLAGS[body.is_private.lower()],
        sha256=source.blob.sha256,
        width=source.picture.width,
        height=source.picture.height,
        look=source.picture.look,
        scene=seen,
        created_at=call.now,
        ready_at=call.now + call.options.onboarding_time,
    )
    return Answer(200, {"visual_id": visual_id})


@routes.post("/v1/{visual_id}/remove_image", "visuals.remove", answers="200 400 405 460 500 506")
async def remove(call: Call) -> Answer:
    """Take a visual out of the gallery. Its id is unknown afterwards, here with the documented 400."""
    if call.path["visual_id"] not in call.world.visuals:
        raise Refusal(400, "Specified Image does not exist.")
    del call.world.visuals[call.path["visual_id"]]
    return Answer(200)


@routes.get("/v1/{visual_id}/info", "visuals.info", answers="200 205 400 404 405 500 506")
async def info(call: Call, query: Info) -> Answer:
    """Description, size, and everything in the scene with its actions and oracle."""
    visual = call.visual()
    summary = {
        "description": scenes.description(visual.look, visual.scene),
        "org_height": visual.height,
        "org_width": visual.width,
    }
    if query.lean:
        return _onboarded(call, visual, summary)
    return _onboarded(call, visual, summary | {"scene": [*_objects(visual), *_people(visual), _background(visual)]})


@routes.get("/v1/{visual_id}/objects/info", "visuals.objects_info", answers="200 205 400 404 405 500 506")
async def objects_info(call: Call) -> Answer:
    """The regions that are no people."""
    visual = call.visual()
    return _onboarded(call, visual, _objects(visual))


@routes.get("/v1/{visual_id}/person/info", "visuals.person_info", answers="200 205 400 404 405 500 506")
async def person_info(call: Call) -> Answer:
    """The people, with what can be changed about them."""
    visual = call.visual()
    return _onboarded(call, visual, _people(visual))


@routes.get("/v1/{visual_id}/background/info", "visuals.background_info", answers="200 205 400 404 405 500 506")
async def background_info(call: Call) -> Answer:
    """The background."""
    visual = call.visual()
    return _onboarded(call, visual, _background(visual))


@routes.get("/v1/{visual_id}/caption", "visuals.caption", answers="200 400 404 405 500 506")
async def caption(call: Call) -> Answer:
    """What the picture shows; unlike the information, it is there at once (no 205 is documented)."""
    visual = call.visual()
    return Answer(200, {"results": [{"caption": scenes.description(visual.look, visual.scene)}]})


async def sufficient(source: sources.Source) -> Scene:
    """What is seen in an image of the kinds that onboarding takes.

    Raises:
        Refusal: 415 for other file types and colour modes (SEED 004), 506 for a picture of one colour.
    """
    mode, _ = await asyncio.to_thread(header, source.blob.path)
    if source.picture.format == "WEBP" or mode not in _MODES:
        raise Refusal(415, "Only JPEG and PNG files in RGB, RGBA, or CMYK color modes are supported")
    seen = await asyncio.to_thread(scenes.scene, source.blob.path)
    if seen.plain:
        raise Refusal(506, "Insufficient data. The given input is not supported by the Bria API.")
    return seen


def region_id(visual: Visual, region: Region) -> str:
    """The id of an object or person, as long as the documented one of a background."""
    return _long_id(visual, str(region.number))


def _onboarded(call: Call, visual: Visual, body: Any) -> Answer:
    """An answer about a visual, or a 205 without one while its onboarding lasts."""
    return Answer(200, body) if visual.ready(call.now) else Answer(205)


def _objects(visual: Visual) -> list[dict[str, Any]]:
    return [
        _described(visual, region, "object", {"remove": True}, {"remove": region.share < _EASILY_REMOVED})
        for region in visual.scene.regions
        if not region.person
    ]


def _people(visual: Visual) -> list[dict[str, Any]]:
    found = []
    for region in visual.scene.regions:
        if region.person:
            quality = next(word for least, word in _QUALITIES if region.share >= least)
            found.append(_described(visual, region, "person", _PERSON_ACTIONS, dict.fromkeys(_PERSON_ACTIONS, quality)))
    return found


def _described(
    visual: Visual, region: Region, kind: str, actions: dict[str, Any], oracle: dict[str, Any]
) -> dict[str, Any]:
    left, top, width, height = region.rect
    return {
        "id": region_id(visual, region),
        "mask_id": region.number,
        "type": kind,
        "labels": [f"{region.colour} {'person' if region.person else 'shape'}"],
        "rect": {"left": left, "top": top, "width": width, "height": height},
        "actions": actions,
        "oracle": oracle,
    }


def _background(visual: Visual) -> dict[str, Any]:
    """The background, whose changes are predicted to be good when something stands before it."""
    good = bool(visual.scene.regions)
    return {
        "id": _long_id(visual, "background"),
        "type": "background",
        "labels": None,
        "rect": None,
        "actions": dict.fromkeys(_BACKGROUND_ACTIONS, True),
        "oracle": dict.fromkeys(_BACKGROUND_ACTIONS, good),
    }


def _long_id(visual: Visual, part: str) -> str:
    return hashlib.sha256(f"{visual.id}/{part}".encode()).hexdigest()
