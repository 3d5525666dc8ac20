"""What operations take, for the OpenAPI document: parameters and bodies, and what of them the simulator chose."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from bria_async.sim.routes import Anything, Operation, Upload
from bria_async.sim.schema import AnyCase, Count, Field, InQuery, Object, Only, Range, fields

Json = dict[str, Any]

_JSON = "application/json"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_BODYLESS = {"GET", "DELETE"}

_THIRD_METHODS = """
    tailored.text_to_image.guidance_method_3 tailored.text_to_vector.guidance_method_3
"""
_DEFAULTS = """
    ads.generate.elements.layer_type models.create.description projects.create.ip_description projects.create.ip_name
    projects.create.project_description tailored.generate_prefix.ip_medium tailored.generate_prefix.ip_name
    tailored.generate_prefix.ip_type video.mask_by_key_points.frame_index video.upload.media_type
    visuals.increase_resolution.desired_increase visuals.increase_resolution_isolated.desired_increase
    visuals.remove_background.original_quality visuals.remove_objects.enhance visuals.remove_objects.original_quality
"""
_REQUIREMENTS = """
    datasets.create.name images.bulk_upload.zip_url models.create.dataset_id models.create.name models.upload.model_url
    models.upload.name models.upload.project_id products.integrate.products.coordinates
    products.integrate.products.image projects.create.ip_medium projects.create.project_name
    tailored.restyle_portrait.tailored_model_id tailored.text_to_image.prompt tailored.text_to_vector.prompt
    video.mask_by_key_points.key_points.x video.mask_by_key_points.key_points.y
"""
CHOSEN: Mapping[str, tuple[frozenset[str], str]] = {
    "x-chosen": (
        frozenset(_THIRD_METHODS.split()),
        "Chosen by the simulator: two methods are documented, and a third is named here to be refused.",
    ),
    "x-chosen-default": (
        frozenset(_DEFAULTS.split()),
        "The default is chosen by the simulator: no document gives one.",
    ),
    "x-chosen-required": (
        frozenset(_REQUIREMENTS.split()),
        "Required by choice of the simulator: no document says that it is.",
    ),
}
"""What no document says of a field, by mark: the fields, each behind the name of its operation, and words for it."""

_ALSO_IN_BODY = frozenset({"visuals.remove_objects.original_quality"})
"""Parameters of a query that a document has in the body too (SEED 004); the simulator takes all of them from there."""


def parameters(operation: Operation) -> list[Json]:
    """What the path and the query carry."""
    return [*_in_path(operation), *_in_query(operation)]


def body(operation: Operation) -> Json | None:
    """A JSON object; also as a form where it can hold a file. An absent body is an empty one."""
    if operation.method in _BODYLESS:
        return None
    if operation.takes is Anything:
        return {"content": {_JSON: {"schema": {"type": "object"}}}}
    known = _fields(operation).values()
    if not known:
        return None
    content = {_JSON: {"schema": _object(operation.name, (field for field in known if field.kinds != (Upload,)))}}
    if any(Upload in field.kinds for field in known):
        plain = [field for field in known if not {list, dict}.intersection(field.kinds)]
        content |= {form: {"schema": _object(operation.name, plain, _form_schema)} for form in _FORMS}
    return {
        "description": inspect.getdoc(operation.takes) or "",
        "required": any(field.required for field in known),
        "content": content,
    }


def _in_path(operation: Operation) -> Iterable[Json]:
    """Ids are text on the wire, and one that is no number is as unknown as any other (NOTES C19)."""
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _in_query(operation: Operation) -> Iterable[Json]:
    for field in _fields(operation).values():
        if operation.method in _BODYLESS or field.mark(InQuery) is not None:
            at = f"{operation.name}.{field.name}"
            required = field.required and operation.method in _BODYLESS
            schema = _marked(at, _form_schema(at, field))
            yield {"name": field.name, "in": "query", "required": required, "schema": schema}


def _fields(operation: Operation) -> Mapping[str, Field]:
    return {} if operation.takes is Anything else fields(operation.takes)


def _marked(at: str, schema: Json) -> Json:
    """A field with what the simulator chose of it, as marks and in words."""
    chosen = {mark: why for mark, (names, why) in CHOSEN.items() if at in names}
    words = [schema["description"]] if "description" in schema else []
    return (
        schema | dict.fromkeys(chosen, True) | {"description": " ".join([*words, *chosen.values()])}
        if chosen
        else schema
    )


def _schema(at: str, field: Field) -> Json:
    """A field in JSON, where null counts as absent."""
    value = _value(at, field)
    if field.required or "type" not in value:
        return value
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    nullable = value | {"type": [*kinds, "null"]}
    return nullable | {"enum": [*value["enum"], None]} if "enum" in value else nullable


def _form_schema(at: str, field: Field) -> Json:
    """A field in a query or a form: text, or a file."""
    return {"type": "string", "format": "binary"} if Upload in field.kinds else _value(at, field)


def _object(within: str, known: Iterable[Field], schema: Callable[[str, Field], Json] = _schema) -> Json:
    named = {field.name: field for field in known}
    required = [name for name, field in named.items() if field.required]
    inputs = {
        "type": "object",
        "properties": {name: _property(f"{within}.{name}", field, schema) for name, field in named.items()},
    }
    return inputs | ({"required": required} if required else {})


def _property(at: str, field: Field, schema: Callable[[str, Field], Json]) -> Json:
    if field.mark(InQuery) is None or at in _ALSO_IN_BODY:
        return _marked(at, schema(at, field))
    why = "Chosen by the simulator: documented in the query alone, taken from the body too."
    return schema(at, field) | {"x-chosen": True, "description": why}


def _value(at: str, field: Field) -> Json:
    bounds, count, only = field.mark(Range) or Range(), field.mark(Count) or Count(), field.mark(Only)
    parts = {
        "type": _type(field),
        "items": _value(at, field.items) if field.items else None,
        "enum": list(field.choices) or None,
        "minimum": bounds.low,
        "maximum": bounds.high,
        "minItems": count.low,
        "maxItems": count.high,
        "default": field.default if isinstance(field.default, bool | int | float | str | list) else None,
        "description": "Read in any case." if field.mark(AnyCase) else None,
        "x-generations": only.generations if only else None,
    }
    value = {name: part for name, part in parts.items() if part is not None}
    inside = next((kind for kind in field.kinds if issubclass(kind, Object) and attrs.has(kind)), None)
    return _object(at, fields(inside).values()) | value if inside else value


def _type(field: Field) -> str | list[str] | None:
    """The JSON types of a field; None where any is right."""
    if object in field.kinds:
        return None
    plain = [dict if issubclass(kind, Object) else kind for kind in field.kinds if kind is not Upload]
    found = list(dict.fromkeys(_TYPES[kind] for kind in plain))
    return found[0] if len(found) == 1 else found
