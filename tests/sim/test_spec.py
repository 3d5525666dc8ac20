"""The OpenAPI document: valid, complete, and what the contract says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from bria_async.cli.app import app
from bria_async.sim import operations
from bria_async.sim.app import declared
from bria_async.sim.spec import openapi
from bria_async.sim.spec_answers import CHOSEN, common
from bria_async.sim.spec_inputs import CHOSEN as CHOSEN_OF_FIELDS

SPEC = openapi()
SERVED = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in SPEC["paths"].items()
    for method, operation in item.items()
}
CONTRACT = [
    operation
    for operation in json.loads((Path(__file__).parents[1] / "contract" / "operations.json").read_text())
    if operation["operation"] in SERVED
]
PARAMETERS = [
    pytest.param(operation["operation"], parameter, id=f"{operation['operation']}-{parameter['name']}")
    for operation in CONTRACT
    for parameter in operation["params"]
]
KINDS = {"integer", "number", "boolean", "string", "object", "binary"}
FILES = ("multipart/form-data", "application/x-www-form-urlencoded")


def body(operation: str, content: str = "application/json") -> dict[str, dict[str, Any]]:
    """The properties of a body."""
    found: dict[str, dict[str, Any]] = SERVED[operation][2]["requestBody"]["content"][content]["schema"]["properties"]
    return found


def described(operation: str, parameter: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, wherever it is."""
    served = SERVED[operation][2]
    for each in served.get("parameters", []):
        if (each["name"], each["in"]) == (parameter["name"], parameter["in"]):
            found: dict[str, Any] = each["schema"]
            return found
    content = FILES[0] if parameter["type"].endswith("binary") else "application/json"
    return body(operation, content)[parameter["name"]]


def test_an_independent_validator_finds_nothing() -> None:
    """The document is valid OpenAPI 3.1, and plain JSON."""
    document = json.loads(json.dumps(SPEC, allow_nan=False))
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert document["openapi"] == "3.1.0"


def test_it_describes_exactly_what_is_served() -> None:
    """Names, methods and paths are those that the simulator serves."""
    assert {name: (method, path) for name, (method, path, _) in SERVED.items()} == operations()


@pytest.mark.parametrize("name", SERVED)
def test_every_operation_says_what_it_does(name: str) -> None:
    """A summary, a tag, the parameters of its path, and what is answered."""
    _, path, operation = SERVED[name]
    assert operation["summary"]
    assert operation["tags"] == [name.partition(".")[0]]
    in_path = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
    assert {"{" + each + "}" for each in in_path} == {part for part in path.split("/") if part.startswith("{")}
    assert all(response["description"] for response in operation["responses"].values())


@pytest.mark.parametrize("operation", CONTRACT, ids=lambda operation: operation["operation"])
def test_documented_statuses_are_listed_and_all_others_marked(operation: dict[str, Any]) -> None:
    """Unmarked are exactly the statuses of the contract; every other says that the simulator chose it."""
    responses = SERVED[operation["operation"]][2]["responses"]
    chosen = {status for status, response in responses.items() if response.get("x-chosen")}
    assert set(responses) - chosen == set(operation["responses"])
    assert all("Chosen by the simulator" in responses[status]["description"] for status in chosen)
    assert not chosen & {"500", "502", "503", "504", "5XX"}, "no failure is chosen"
    assert {"401", "429"} <= set(responses)


@pytest.mark.parametrize(("operation", "parameter"), PARAMETERS)
def test_every_parameter_of_the_contract_is_described(operation: str, parameter: dict[str, Any]) -> None:
    """Place, type, enum, range, number of items, default and whether it is required."""
    schema = described(operation, parameter)
    if parameter["in"] == "path":
        return
    kinds = {schema["type"]} if isinstance(schema.get("type"), str) else {*schema.get("type", KINDS)}
    listed = parameter["type"].startswith("[")
    kind = "array" if listed else parameter["type"].partition(":")[0].partition("|")[0]
    assert {"binary": "string"}.get(kind, kind) in kinds
    inner = schema["items"] if listed and "enum" in parameter else schema
    assert {*inner.get("enum", ())} - {None} == {*parameter.get("enum", ())}
    assert (inner.get("minimum"), inner.get("maximum")) == (parameter.get("min"), parameter.get("max"))
    assert (schema.get("minItems"), schema.get("maxItems")) == (parameter.get("min_items"), parameter.get("max_items"))
    if "default" in parameter:
        assert schema.get("default") == parameter["default"], "the documented default stands in the document"
    if parameter["in"] == "body" and parameter["required"]:
        schema = SERVED[operation][2]["requestBody"]["content"]["application/json"]["schema"]
        assert parameter["name"] in schema["required"]


def inside(at: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every field of a body, and of what it holds: where, its schema, and whether it is required."""
    for name, field in schema.get("properties", {}).items():
        yield f"{at}.{name}", field, name in schema.get("required", ())
        yield from inside(f"{at}.{name}", field)
        yield from inside(f"{at}.{name}", field.get("items", {}))


def described_fields(name: str) -> Iterator[tuple[str, dict[str, Any], bool, str]]:
    """Every field of an operation: where, its schema, whether it is required, and its place."""
    operation = SERVED[name][2]
    for each in operation.get("parameters", []):
        yield f"{name}.{each['name']}", each["schema"], each["required"], each["in"]
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        yield from ((*field, "body") for field in inside(name, content["schema"]))


DOCUMENTED = {
    (f"{operation['operation']}.{parameter['name']}", parameter["in"]): parameter
    for operation in CONTRACT
    for parameter in operation["params"]
} | {
    # The contract names one place of each parameter; this one SEED 004 has in both.
    ("visuals.remove_objects.original_quality", "body"): {"required": False},
}
IN_PROSE = {"projects.create.ip_type"}
"""Required by a text (SEED 001) though not by the published spec."""


@pytest.mark.parametrize("name", SERVED)
def test_what_the_simulator_chose_of_a_field_is_marked(name: str) -> None:
    """Fields, defaults and requirements that the contract does not have carry a mark and words, and no others do."""
    for at, schema, required, place in described_fields(name):
        known = DOCUMENTED.get((at, place), {"required": False})
        whole = (at, place) not in DOCUMENTED and at.count(".") == 2
        marks = {
            "x-chosen": whole,
            "x-chosen-default": not whole and "default" in schema and "default" not in known,
            "x-chosen-required": required and not known["required"] and at not in IN_PROSE,
        }
        assert {mark: schema.get(mark, False) for mark in marks} == marks, f"{at} in {place}"
        assert ("the simulator" in schema.get("description", "")) is any(marks.values()), f"{at} in {place}"


def test_every_choice_is_of_a_field_that_is_served() -> None:
    """No mark is kept for a field that is gone."""
    served = {at for name in SERVED for at, *_ in described_fields(name)}
    assert {at for names, _ in CHOSEN_OF_FIELDS.values() for at in names} <= served


def test_a_third_guidance_method_is_described_as_refused() -> None:
    """It is declared for that alone."""
    for operation in ("tailored.text_to_image", "tailored.text_to_vector"):
        third = body(operation)["guidance_method_3"]
        assert third["x-chosen"] is True
        assert "refused" in third["description"]


def test_only_a_missing_job_is_refused_outside_the_envelope() -> None:
    """Every other refusal of v2 has one shape, those before any operation included."""
    for name, (_, path, operation) in SERVED.items():
        for status, response in operation["responses"].items():
            if path.startswith("/v2/") and status >= "4":
                schema = response["content"]["application/json"]["schema"]
                assert ("anyOf" in schema) is ((name, status) == ("jobs.status", "404")), f"{name} {status}"
                assert "#/components/schemas/Refused'" not in str(schema)


def test_fields_say_all_that_their_declarations_say() -> None:
    """Null for what may be absent, files as forms, generations, case, other paths."""
    dataset = body("datasets.update")
    assert dataset["status"] == {
        "type": ["string", "null"],
        "enum": ["draft", "completed", None],
        "description": "Read in any case.",
    }
    assert dataset["visual_schema"] == {"type": ["string", "null"], "x-generations": "DE"}
    assert body("images.upload")["file"] == {"type": ["string", "null"]}
    assert [body("images.upload", form)["file"]["format"] for form in FILES] == ["binary", "binary"]
    assert body("images.upload", FILES[0])["increase_resolution"]["type"] == "boolean"
    schema = body("tailored.generate_visual_schema")["images"]
    assert schema == {"type": "array", "items": {"type": "string"}, "minItems": 5, "maxItems": 10}
    assert SERVED["images.upload"][2]["x-also"] == ["/v1/tailored-gen/datasets/{dataset_id}/images/"]
    assert SERVED["datasets.download"][2]["x-generations"] == "E"
    assert "requestBody" not in SERVED["models.stop_training"][2]
    assert SERVED["models.start_training"][2]["requestBody"]["required"] is False
    assert "content" not in SERVED["images.delete"][2]["responses"]["204"]


@pytest.mark.parametrize(
    ("status", "name"), [(status, name) for status, names in CHOSEN.items() for name in names.split()]
)
def test_what_handlers_chose_is_needed(status: int, name: str) -> None:
    """An entry names an operation that is served, for which neither contract nor machinery has the status."""
    operation = next(operation for operation in declared() if operation.name == name)
    assert not operation.documented(status)
    assert status not in common(operation)


def test_the_command_prints_or_writes_it(tmp_path: Path) -> None:
    """`bria-async spec` prints the document, `-o` writes it, and a place that cannot be written is exit code 2."""
    runner, file = CliRunner(), tmp_path / "openapi.json"
    assert json.loads(runner.invoke(app, ["spec"]).stdout) == SPEC
    assert runner.invoke(app, ["spec", "-o", str(file)]).stdout == ""
    assert json.loads(file.read_text()) == SPEC
    failed = runner.invoke(app, ["spec", "-o", str(tmp_path / "nowhere" / "openapi.json")])
    assert (failed.exit_code, "cannot be written" in failed.stderr) == (2, True), failed.stderr


def test_the_command_takes_the_place_of_no_image(tmp_path: Path) -> None:
    """Nor of a caption, by its name or by what it is; another file is replaced, and a link to one not followed."""
    picture = b"\x89PNG\r\n\x1a\n"
    for name, other in (("a.png", "a.json"), ("a.txt", "a.json"), ("a.json", "a-new.json"), ("a.html", "a.json")):
        file = tmp_path / name
        file.write_bytes(picture)
        refused = CliRunner().invoke(app, ["spec", "-o", str(file)])
        assert refused.exit_code == 2
        assert f"an image or a caption: name another, such as {other}" in refused.stderr, refused.stderr
        assert file.read_bytes() == picture
    older, link = tmp_path / "older.json", tmp_path / "link.json"
    older.write_text("{}")
    link.symlink_to(older)
    assert CliRunner().invoke(app, ["spec", "-o", str(link)]).exit_code == 0
    assert (older.read_text(), json.loads(link.read_text())) == ("{}", SPEC)
