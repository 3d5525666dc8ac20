"""The OpenAPI document of what the simulator serves, made from the declarations that serve it."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any

import attrs

from bria_async.sim.app import declared
from bria_async.sim.routes import Anything, Operation, Upload
from bria_async.sim.schema import AnyCase, Count, Field, InQuery, Object, Only, Range, fields
from bria_async.sim.spec_answers import responses
from bria_async.sim.spec_shapes import COMPONENTS

Json = dict[str, Any]

_ABOUT = """\
Bria's API as `bria_async.sim` serves it, in all generations of its documentation at once.

Statuses marked `x-chosen` are documented nowhere for their operation: the simulator chose to give them. 500, 502, 503
and 504 are documented, and the simulator gives them only when a fault or an option asks for them. Fields and
operations marked `x-generations` exist only in these generations of the documentation (A 2024 ... E 2026)."""

_JSON = "application/json"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_BODYLESS = {"GET", "DELETE"}


def openapi() -> Json:
    """The document, as plain data for JSON (OpenAPI 3.1)."""
    served = declared()
    paths: dict[str, Json] = {}
    for operation in served:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    families = dict.fromkeys(_family(operation) for operation in served)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bria, simulated", "version": version("bria-async"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"api_token": []}],
        "tags": [{"name": family} for family in families],
        "paths": paths,
        "components": {
            "securitySchemes": {"api_token": {"type": "apiKey", "in": "header", "name": "api_token"}},
            "schemas": COMPONENTS,
        },
    }


def _family(operation: Operation) -> str:
    return operation.name.partition(".")[0]


def _operation(operation: Operation) -> Json:
    summary, _, description = (inspect.getdoc(operation.handler) or "").partition("\n\n")
    parts = {
        "operationId": operation.name,
        "tags": [_family(operation)],
        "summary": " ".join(summary.split()),
        "description": description,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "requestBody": None if operation.method in _BODYLESS else _body(operation),
        "responses": responses(operation),
        "x-generations": "" if operation.generations == "ABCDE" else operation.generations,
        "x-also": list(operation.also),
    }
    return {name: part for name, part in parts.items() if part}


def _path_parameters(operation: Operation) -> Iterable[Json]:
    """Ids are text on the wire, and one that is no number is as unknown as any other (NOTES C19)."""
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(operation: Operation) -> Iterable[Json]:
    for field in _fields(operation).values():
        if operation.method in _BODYLESS or field.mark(InQuery) is not None:
            required = field.required and operation.method in _BODYLESS
            yield {"name": field.name, "in": "query", "required": required, "schema": _form_schema(field)}


def _fields(operation: Operation) -> Mapping[str, Field]:
    return {} if operation.takes is Anything else fields(operation.takes)


def _body(operation: Operation) -> Json | None:
    """A JSON object; also as a form where it can hold a file. An absent body is an empty one."""
    if operation.takes is Anything:
        return {"content": {_JSON: {"schema": {"type": "object"}}}}
    known = _fields(operation).values()
    if not known:
        return None
    content = {_JSON: {"schema": _object(field for field in known if field.kinds != (Upload,))}}
    if any(Upload in field.kinds for field in known):
        plain = [field for field in known if not {list, dict}.intersection(field.kinds)]
        content |= {form: {"schema": _object(plain, _form_schema)} for form in _FORMS}
    return {
        "description": inspect.getdoc(operation.takes) or "",
        "required": any(field.required for field in known),
        "content": content,
    }


def _schema(field: Field) -> Json:
    """A field in JSON, where null counts as absent."""
    value = _value(field)
    if field.required or "type" not in value:
        return value
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    nullable = value | {"type": [*kinds, "null"]}
    return nullable | {"enum": [*value["enum"], None]} if "enum" in value else nullable


def _form_schema(field: Field) -> Json:
    """A field in a query or a form: text, or a file."""
    return {"type": "string", "format": "binary"} if Upload in field.kinds else _value(field)


def _object(known: Iterable[Field], schema: Callable[[Field], Json] = _schema) -> Json:
    known = list(known)
    required = [field.name for field in known if field.required]
    inputs = {"type": "object", "properties": {field.name: schema(field) for field in known}}
    return inputs | ({"required": required} if required else {})


def _value(field: Field) -> Json:
    bounds, count, only = field.mark(Range) or Range(), field.mark(Count) or Count(), field.mark(Only)
    parts = {
        "type": _type(field),
        "items": _value(field.items) if field.items else None,
        "enum": list(field.choices) or None,
        "minimum": bounds.low,
        "maximum": bounds.high,
        "minItems": count.low,
        "maxItems": count.high,
        "default": field.default if isinstance(field.default, bool | int | float | str | list) else None,
        "description": "Read in any case." if field.mark(AnyCase) else None,
        "x-generations": only.generations if only else None,
    }
    value = {name: part for name, part in parts.items() if part is not None and part != ""}
    inside = next((kind for kind in field.kinds if issubclass(kind, Object) and attrs.has(kind)), None)
    return _object(fields(inside).values()) | value if inside else value


def _type(field: Field) -> str | list[str] | None:
    """The JSON types of a field; None where any is right."""
    if object in field.kinds:
        return None
    plain = [dict if issubclass(kind, Object) else kind for kind in field.kinds if kind is not Upload]
    found = list(dict.fromkeys(_TYPES[kind] for kind in plain))
    return found[0] if len(found) == 1 else found
