"""What the session declares, the simulator serves and a recorded reply proves: lists that must agree."""

from pathlib import Path

import pytest

from bria_async.session import FAMILIES
from bria_async.sim import operations
from tests.support import HERE, contract, endpoint, reply

DECLARED = {
    found.operation: (found.method, found.path) for family in FAMILIES.values() for found in family.endpoints.values()
}
SOURCES = ("SEED", "published spec", "public", "contract", "older public pages", "a public client")


def recorded() -> list[Path]:
    """The files of recorded replies."""
    return sorted((HERE / "replies").glob("*.json"))


def test_the_simulator_serves_what_is_declared() -> None:
    """Every declared operation is served with the same method and path, and the families are the same."""
    served = operations()
    assert {name: served.get(name) for name in DECLARED} == DECLARED
    families = {name.split(".")[0] for name in served}
    assert set(FAMILIES) <= families, f"the simulator serves {families}"


def test_the_contract_has_the_same_methods_and_paths() -> None:
    """What is declared is what the contract says."""
    assert {name: (row["method"], row["path"]) for name, row in contract().items()} == DECLARED


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_every_operation_has_a_recorded_reply(name: str) -> None:
    """A reply with its source stands beside every declaration."""
    assert reply(name)["source"].startswith(SOURCES)


@pytest.mark.parametrize("file", recorded(), ids=lambda file: file.stem)
def test_recorded_replies_belong_to_an_operation_and_are_not_the_simulators(file: Path) -> None:
    """No reply is left over, and none was recorded from the simulator."""
    family, name, *_ = file.stem.split(".")
    assert endpoint(f"{family}.{name}").operation in DECLARED
    assert "127.0.0.1" not in file.read_text()
    assert "SIMULATED" not in file.read_text()


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_docstrings_are_documentation(name: str) -> None:
    """Each says what it does, names its source, and says so when it costs."""
    found = endpoint(name)
    assert found.doc.splitlines()[0].strip(), name
    assert "Source: " in found.doc, name
    assert ("Billed" in found.doc) == (found.effect == "billed"), name
    assert ("Cheap" in found.doc) == (found.effect == "cheap"), name
    for parameter in found.parameters:
        if parameter.place == "body" and len(found.parameters) > 3:
            assert f"{parameter.name}:" in found.doc, f"{name} does not explain {parameter.name}"
