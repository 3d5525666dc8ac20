"""The simulator serves what the contract lists, with its methods, paths and fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from bria_async.sim import operations
from bria_async.sim.app import declared
from bria_async.sim.schema import Count, Range, fields
from tests.sim.helpers import Api

FAMILIES = {"projects", "datasets", "images", "models", "tailored", "jobs"}
CONTRACT = [
    operation
    for operation in json.loads((Path(__file__).parents[1] / "contract" / "operations.json").read_text())
    if operation["operation"].partition(".")[0] in FAMILIES
]
IDS = [operation["operation"] for operation in CONTRACT]
BY_NAME = {operation.name: operation for operation in declared()}
KINDS = {"integer": int, "number": float, "boolean": bool, "string": str}
CASES = [(operation, parameter) for operation in CONTRACT for parameter in operation["params"]]


def test_the_contract_holds_45_operations_of_the_six_families() -> None:
    """The copy of the contract is the whole of it."""
    assert len(CONTRACT) == 45


def test_exactly_the_contract_is_served() -> None:
    """Names, methods and paths are those of the contract, no more and no fewer."""
    expected = {each["operation"]: (each["method"], each["path"]) for each in CONTRACT}
    assert operations() == expected


def _kind(described: str) -> type:
    """The Python type of a type as the contract writes it, such as `number:float` or `[string]{1..6}`."""
    return list if described.startswith("[") else KINDS[described.partition(":")[0].partition(" ")[0]]


@pytest.mark.parametrize(
    ("operation", "parameter"), CASES, ids=[f"{each[0]['operation']}-{each[1]['name']}" for each in CASES]
)
def test_every_parameter_is_declared_with_its_limits(operation: dict[str, Any], parameter: dict[str, Any]) -> None:
    """Type, enum, range, number of items and default of each parameter are those of the contract."""
    served = BY_NAME[operation["operation"]]
    if parameter["in"] == "path":
        assert "{" + parameter["name"] + "}" in served.path
        return
    field = fields(served.takes)[parameter["name"]]
    assert _kind(parameter["type"]) in field.kinds
    assert set(field.choices) == set(parameter.get("enum", []))
    bounds = field.mark(Range) or Range()
    assert (bounds.low, bounds.high) == (parameter.get("min"), parameter.get("max"))
    count = field.mark(Count) or Count()
    assert (count.low, count.high) == (parameter.get("min_items"), parameter.get("max_items"))
    assert field.required or not parameter["required"], "the contract requires it"
    assert field.default in {None, "", parameter.get("default", field.default)}, "another default"


@pytest.mark.parametrize("operation", CONTRACT, ids=IDS)
async def test_every_operation_answers(api: Api, operation: dict[str, Any]) -> None:
    """Each method and path reaches its handler and gets an answer of its own."""
    path = operation["path"].replace("{", "").replace("}", "")
    async with api.http.request(operation["method"], api.sim.base_url + path, json={}) as response:
        assert response.status in {200, 400, 404, 422}, await response.text()
    assert [seen.operation for seen in api.sim.requests] == [operation["operation"]]
