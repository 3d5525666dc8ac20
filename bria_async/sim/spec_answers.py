"""What operations answer, for the OpenAPI document: statuses, who chose them, and the shapes of bodies."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bria_async.sim.routes import Operation
from bria_async.sim.spec_shapes import ANSWERS, ref

Json = dict[str, Any]

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_EVERY = "ABCDE"
_EMPTY = {204, 205}
_EMPTY_HERE = {("images.bulk_upload", 202), ("visuals.remove", 200)}
_ZIPS = {("visuals.generate_masks", 200)}
_FORMS = {("images.upload", 201)}
_NOT_FOUND = {("jobs.status", 404)}
"""Where v2 says no in a shape of its own, when there is no such job; in its envelope for all other reasons."""

_MEANINGS = {
    205: "Still being onboarded",
    206: "The file is missing",
    208: "Already registered",
    209: "Redirected to the newest version",
    451: "Not available for legal reasons",
    460: "The URL cannot be downloaded",
    506: "The picture holds too little for it",
    512: "Not enough capacity",
}

_WHY = {
    200: "no answer is documented",
    202: "no answer is documented",
    400: "a body that is no JSON object, or fields that do not fit",
    401: "the api_token is missing or not valid",
    404: "what the path or a field names does not exist, or not in the generation that is served",
    409: "the state of what it works on does not allow it",
    413: "a body or a file above the limit",
    415: "a file that is no picture of a known type",
    422: "fields that do not fit, a file that cannot be read, or content that moderation blocks",
    429: "too many requests in a minute, by option",
    460: "a URL that is neither the simulator's own nor a fixture",
}

CHOSEN: Mapping[int, str] = {
    200: "vehicles.shot_by_image",
    202: "products.integrate",
    409: "images.bulk_upload images.regenerate_captions",
    413: "search.by_image",
    415: """
        ads.generate attribution.by_image attribution.by_video generation.generate generation.generate_lite
        generation.generate_structured_prompt generation.generate_structured_prompt_lite products.cutout_v2
        products.integrate search.by_image tailored.refine_structured_prompt tailored.reimagine
        tailored.restyle_portrait tailored.text_to_image video.remove_background visuals.remove_objects
    """,
    422: """
        search.by_image search.caption tailored.refine_structured_prompt visuals.increase_resolution_isolated
        visuals.register visuals.remove_background_isolated visuals.remove_objects
        visuals.replace_background_isolated
    """,
    460: """
        editing.add_object_by_text editing.blend editing.colorize editing.edit editing.erase_by_text
        editing.generate_structured_instruction editing.relight editing.replace_object_by_text editing.reseason
        editing.restore editing.restyle editing.rewrite_text editing.sketch_to_colored_image generation.generate
        generation.generate_lite generation.generate_structured_prompt generation.generate_structured_prompt_lite
        images.bulk_upload images.upload products.cutout_v2 products.integrate tailored.generate_prefix
        tailored.generate_visual_schema tailored.image_to_video tailored.refine_structured_prompt tailored.reimagine
        tailored.restyle_portrait tailored.text_to_image tailored.text_to_vector
    """,
}
"""Statuses that handlers give although none is documented for their operation, by the names of these operations."""


def responses(operation: Operation) -> dict[str, Json]:
    """All responses of an operation by status: documented ones, and those that the simulator chose."""
    found = {status: _documented(operation, status) for status in operation.answers}
    given = common(operation) | {status for status, names in CHOSEN.items() if operation.name in names.split()}
    for status in sorted(given):
        if not operation.documented(status):
            text = f"{_meaning(status)}. Chosen by the simulator: {_WHY[status]}."
            found[str(status)] = {"description": text, "x-chosen": True} | _content(operation, status)
    return dict(sorted(found.items()))


def common(operation: Operation) -> set[int]:
    """Statuses that the machinery before the handlers can give."""
    bodied = operation.method in {"POST", "PUT"}
    found = {
        HTTPStatus.UNAUTHORIZED: True,
        HTTPStatus.TOO_MANY_REQUESTS: True,
        HTTPStatus.NOT_FOUND: operation.generations != _EVERY or "{" in operation.path,
        HTTPStatus.BAD_REQUEST: bodied or not operation.v2,
        HTTPStatus.UNPROCESSABLE_ENTITY: operation.v2,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: bodied,
    }
    return {int(status) for status, given in found.items() if given}


def _documented(operation: Operation, status: str) -> Json:
    if status == "5XX":
        return {"description": "The service failed. Only when asked for"} | _content(operation, 500)
    asked = ". Only when asked for" if status in {"500", "502", "503", "504"} else ""
    return {"description": f"{_meaning(int(status))}{asked}"} | _content(operation, int(status))


def _content(operation: Operation, status: int) -> Json:
    """What the body of a status is: nothing, JSON, by option a form, or a zip."""
    if status in _EMPTY or (operation.name, status) in _EMPTY_HERE:
        return {}
    content = {_JSON: {"schema": _shape(operation, status)}}
    if (operation.name, status) in _FORMS:
        content[_FORM] = {"schema": {"type": "object"}}
    if (operation.name, status) in _ZIPS:
        content["application/zip"] = {"schema": {"type": "string", "format": "binary"}}
    return {"content": content}


def _shape(operation: Operation, status: int) -> Json:
    if status < HTTPStatus.BAD_REQUEST:
        return _success(operation, status)
    if not operation.v2:
        return ref("Refused")
    found = ref("RefusedV2")
    return {"anyOf": [found, ref("NotFound")]} if (operation.name, status) in _NOT_FOUND else found


def _success(operation: Operation, status: int) -> Json:
    if operation.name in ANSWERS:
        return ANSWERS[operation.name]
    if operation.v2:
        return ref("Submitted" if status == HTTPStatus.ACCEPTED else "Finished")
    return {"type": ["object", "array"]}


def _meaning(status: int) -> str:
    return _MEANINGS.get(status) or HTTPStatus(status).phrase
