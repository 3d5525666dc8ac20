"""The simulator serves what the contract lists, with its methods, paths and fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from bria_async.sim import operations
from bria_async.sim.app import declared
from bria_async.sim.routes import Upload
from bria_async.sim.schema import Count, Field, Object, Range, fields
from tests.sim.helpers import Api

CONTRACT = json.loads((Path(__file__).parents[1] / "contract" / "operations.json").read_text())
IDS = [operation["operation"] for operation in CONTRACT]
BY_NAME = {operation.name: operation for operation in declared()}
KINDS = {"integer": int, "number": float, "boolean": bool, "string": str, "object": dict, "binary": Upload}
CASES = [(operation, parameter) for operation in CONTRACT for parameter in operation["params"]]


def test_the_contract_holds_133_operations() -> None:
    """The copy of the contract is the whole of it."""
    assert len(CONTRACT) == 133


def test_exactly_the_contract_is_served() -> None:
    """Names, methods and paths are those of the contract, no more and no fewer."""
    expected = {each["operation"]: (each["method"], each["path"]) for each in CONTRACT}
    assert operations() == expected


@pytest.mark.parametrize("operation", CONTRACT, ids=IDS)
def test_the_documented_statuses_are_declared(operation: dict[str, Any]) -> None:
    """Those of the contract and no others, and the ones whose body is a JSON string."""
    served = BY_NAME[operation["operation"]]
    assert set(served.answers) == set(operation["responses"])
    bare = {status for status, shape in operation["responses"].items() if int(status[0]) > 2 and shape == "string"}
    assert set(served.bare) <= set(served.answers)
    if served.bare:
        assert set(served.bare) == bare


def _kinds(described: str) -> set[type]:
    """The Python types of a type as the contract writes it, such as `number:float`, `string|number`, `[string]`."""
    if described.startswith("["):
        return {list}
    return {KINDS[each.partition(":")[0].partition(" ")[0]] for each in described.split("|")}


def _items(described: str) -> set[type]:
    """The same for the items of a list."""
    inside = described[1 : described.rindex("]")]
    return {dict} if inside.startswith("{") else _kinds(inside)


def _plain(field: Field) -> set[type]:
    """The types of a field; a class of its own is an object."""
    return {dict if issubclass(kind, Object) else kind for kind in field.kinds}


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
    assert _kinds(parameter["type"]) <= _plain(field)
    if list in field.kinds:
        assert field.items, "nothing is said about the items"
        assert _items(parameter["type"]) <= _plain(field.items)
    choices = field.items.choices if field.items else field.choices
    assert set(choices) == set(parameter.get("enum", []))
    bounds = field.mark(Range) or Range()
    assert (bounds.low, bounds.high) == (parameter.get("min"), parameter.get("max"))
    count = field.mark(Count) or Count()
    assert (count.low, count.high) == (parameter.get("min_items"), parameter.get("max_items"))
    assert field.required or not parameter["required"], "the contract requires it"
    assert field.default == parameter.get("default", field.default), "another default"


@pytest.mark.parametrize("operation", CONTRACT, ids=IDS)
async def test_every_operation_answers(api: Api, operation: dict[str, Any]) -> None:
    """Each method and path reaches its handler and gets an answer of its own."""
    path = operation["path"].replace("{", "").replace("}", "")
    async with api.http.request(operation["method"], api.sim.base_url + path, json={}) as response:
        assert response.status in {200, 400, 404, 422}, await response.text()
    assert [seen.operation for seen in api.sim.requests] == [operation["operation"]]
