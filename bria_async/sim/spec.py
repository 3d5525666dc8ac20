"""The OpenAPI document of what the simulator serves, made from the declarations that serve it."""

import inspect
from importlib.metadata import version
from typing import Any

from bria_async.sim.app import declared
from bria_async.sim.routes import Operation
from bria_async.sim.spec_answers import responses
from bria_async.sim.spec_inputs import body, parameters
from bria_async.sim.spec_shapes import COMPONENTS

Json = dict[str, Any]

_ABOUT = """\
Bria's API as `bria_async.sim` serves it, in all generations of its documentation at once.

Statuses marked `x-chosen` are documented nowhere for their operation: the simulator chose to give them. So are fields
marked `x-chosen`, the defaults of those marked `x-chosen-default`, and that those marked `x-chosen-required` have to
be given. 500, 502, 503 and 504 are documented, and the simulator gives them only when a fault or an option asks for
them. Fields and operations marked `x-generations` exist only in these generations of the documentation (A 2024 ... E
2026)."""


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
        "parameters": parameters(operation),
        "requestBody": body(operation),
        "responses": responses(operation),
        "x-generations": "" if operation.generations == "ABCDE" else operation.generations,
        "x-also": list(operation.also),
    }
    return {name: part for name, part in parts.items() if part}
