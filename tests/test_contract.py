"""Every declared operation against the contract as data: what is sent, and what is refused before."""

import inspect
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import InvalidParameter
from bria_async.session import FAMILIES, Session
from bria_async.wire import Documented
from tests.support import TOKEN, Recorder, contract, endpoint, reply

OPERATIONS = sorted(contract())
UNCHECKED = {"training_version"}
"""Versions come and go with the years, so the client never refuses one (C14 of the contract)."""


def sample(row: dict[str, Any]) -> Any:
    """A value that the contract allows for this parameter, other than its default."""
    if "enum" in row:
        return row["enum"][-1]
    kind = row["type"].split(":")[0]
    if kind.startswith("["):
        return ["QUJD"] * row.get("min_items", 2)
    return {
        "integer": int(row.get("min", 7)),
        "number": row.get("max", 0.5),
        "boolean": not row.get("default", False),
        "string": "QUJD",
    }[kind]


def samples(operation: str, *, required_only: bool = False) -> dict[str, Any]:
    """Values for the parameters of an operation."""
    rows = contract()[operation]["params"]
    return {row["name"]: sample(row) for row in rows if row["required"] or not required_only}


async def perform(session: Session, operation: str, values: dict[str, Any]) -> Any:
    """Call the method of the session that stands for the operation."""
    family, name = operation.split(".")
    in_path = [row["name"] for row in contract()[operation]["params"] if row["in"] == "path"]
    rest = {name: value for name, value in values.items() if name not in in_path}
    return await getattr(getattr(session, family), name)(*(values[name] for name in in_path), **rest)


def expected_path(operation: str, values: dict[str, Any]) -> str:
    """The path of the contract with the values in it."""
    return str(contract()[operation]["path"]).format_map(values)


def by_place(operation: str, place: str, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that belong into the query, or the body."""
    rows = contract()[operation]["params"]
    return {row["name"]: values[row["name"]] for row in rows if row["in"] == place and row["name"] in values}


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest, server: Recorder) -> str:
    """One operation after the other, answered with its recorded reply."""
    name: str = request.param
    recorded = reply(name)
    if recorded["status"] == 204 or recorded["body"] is None:
        server.answer = lambda _: web.Response(status=recorded["status"])
    else:
        server.answers(recorded["body"], recorded["status"])
    return name


def test_the_session_declares_exactly_the_operations_of_the_contract() -> None:
    """No operation of the six families is missing, and none is invented."""
    names = {endpoint.operation for family in FAMILIES.values() for endpoint in family.endpoints.values()}
    assert names == set(OPERATIONS)
    assert len(names) == 45


EFFECTS = {
    "findable": "projects.create datasets.create datasets.clone images.upload images.bulk_upload models.create "
    "models.upload models.start_training",
    "cheap": "tailored.generate_prefix tailored.generate_visual_schema tailored.refine_structured_prompt "
    "tailored.generate_structured_prompt",
    "billed": "tailored.text_to_image tailored.text_to_vector tailored.reimagine tailored.restyle_portrait "
    "tailored.generate tailored.image_to_video",
}


def test_what_creates_or_costs_is_declared_so() -> None:
    """The effect decides whether a call may be sent again: no creating or billed one passes for safe."""
    for effect, names in EFFECTS.items():
        assert {name for name in OPERATIONS if endpoint(name).effect == effect} == set(names.split())
    unsafe = {name for names in EFFECTS.values() for name in names.split()}
    posts = {name for name in OPERATIONS if contract()[name]["method"] == "POST"}
    assert posts - unsafe == {"models.stop_training"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_signatures_are_those_of_the_contract(name: str) -> None:
    """Ids in the path are positional, all else is keyword-only, and optional where the contract says so."""
    family, method = name.split(".")
    signature = inspect.signature(getattr(FAMILIES[family], method))
    rows = {row["name"]: row for row in contract()[name]["params"]}
    found = {item.name: item for item in list(signature.parameters.values())[1:]}
    assert set(found) == set(rows)
    for item in found.values():
        row = rows[item.name]
        positional = item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert positional is (row["in"] == "path"), f"{item.name} is {item.kind}"
        expected = inspect.Parameter.empty if row["required"] else None
        if item.name == "sync":
            expected = row["default"]
        assert item.default is expected, f"{item.name} has the default {item.default!r}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_annotations_state_the_limits_of_the_contract(name: str) -> None:
    """Enums, ranges and counts of the contract stand in the annotations, value for value."""
    for row in contract()[name]["params"]:
        parameter = endpoint(name).by_name[row["name"]]
        stated = parameter.enum
        for fact in parameter.facts:
            if isinstance(fact, Documented):
                stated = fact.values
        if row["name"] in UNCHECKED:
            assert set(row["enum"]) <= set(stated), f"{row['name']}: {stated}"
        else:
            assert set(stated) == set(row.get("enum", ())), f"{row['name']}: {stated}"


async def test_all_parameters_reach_the_socket(operation: str, server: Recorder) -> None:
    """With everything given, method, path, query and body are those of the contract."""
    values = samples(operation)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, operation, values)
    (seen,) = server.requests
    assert seen.method == contract()[operation]["method"]
    assert seen.path == expected_path(operation, values)
    query = by_place(operation, "query", values)
    assert seen.query == {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()
    }
    assert (seen.json or {}) == by_place(operation, "body", values)
    assert seen.headers["api_token"] == TOKEN


async def test_omitted_parameters_are_absent(operation: str, server: Recorder) -> None:
    """With only the required ones given nothing else is sent, except `sync`, which always is."""
    values = samples(operation, required_only=True)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, operation, values)
    (seen,) = server.requests
    rows = {row["name"]: row for row in contract()[operation]["params"]}
    always = {"sync": rows["sync"]["default"]} if "sync" in rows else {}
    assert seen.path == expected_path(operation, values)
    assert seen.query == {}
    assert (seen.json or {}) == {**always, **by_place(operation, "body", values)}


def beyond(row: dict[str, Any]) -> list[Any]:
    """Values just outside what the contract allows."""
    found: list[Any] = []
    if "enum" in row:
        found.append("nonsense")
    if "min" in row:
        found.append(row["min"] - (1 if row["type"] == "integer" else 1e-9))
    if "max" in row:
        found.append(row["max"] + (1 if row["type"] == "integer" else 1e-9))
    if "min_items" in row:
        found += [["QUJD"] * (row["min_items"] - 1), ["QUJD"] * (row["max_items"] + 1)]
    return found


LIMITS = [
    (name, row["name"], value)
    for name in OPERATIONS
    for row in contract()[name]["params"]
    for value in beyond(row)
    if row["name"] not in UNCHECKED
]


@pytest.mark.parametrize(("name", "parameter", "value"), LIMITS)
async def test_values_beyond_the_limits_are_refused_before_sending(
    name: str, parameter: str, value: Any, server: Recorder
) -> None:
    """A value outside its documented limits is an error that names the parameter, and nothing is sent."""
    values = {**samples(name, required_only=True), parameter: value}
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match=parameter) as caught:
            await perform(bria, name, values)
    assert caught.value.operation == name
    assert server.requests == []


@pytest.mark.parametrize(("name", "parameter", "value"), LIMITS[::9])
async def test_a_lenient_session_sends_values_as_given(name: str, parameter: str, value: Any, server: Recorder) -> None:
    """With `strict=False` the same values reach the socket."""
    server.answers({"error": "no"}, 400)
    values = {**samples(name, required_only=True), parameter: value}
    async with Session(TOKEN, server.base_url, strict=False) as bria:
        with pytest.raises(Exception, match="400"):
            await perform(bria, name, values)
    (seen,) = server.requests
    assert {**seen.query, **(seen.json or {})}[parameter] in (value, str(value))


@pytest.mark.parametrize("name", ["projects.create", "datasets.create", "models.create"])
async def test_an_unknown_training_version_is_sent(name: str, server: Recorder) -> None:
    """A base model that this library does not know is the server's to judge."""
    server.answers(reply(name)["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, name, {"training_version": "fibo-9"})
    assert server.requests[0].json == {"training_version": "fibo-9"}
