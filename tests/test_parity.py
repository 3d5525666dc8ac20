"""What the session declares, the simulator serves, a recorded reply proves, the docs list and `call` takes.

Lists that must agree: a new declaration stays red here until there is evidence for it.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from bria_async.cli.app import app
from bria_async.session import FAMILIES
from bria_async.sim import operations as operations_of_simulator
from tests.support import HERE, contract, endpoint, reply

Requests = Mapping[str, tuple[str, str]]
"""Operations, and the method and path of each."""
SOURCES = ("SEED", "published spec", "public", "contract", "older public pages", "a public client")


def declared() -> Requests:
    """What the session has methods for."""
    found = [endpoint for family in FAMILIES.values() for endpoint in family.endpoints.values()]
    return {endpoint.operation: (endpoint.method, endpoint.path) for endpoint in found}


def agreed() -> Requests:
    """What the contract holds."""
    return {name: (row["method"], row["path"]) for name, row in contract().items()}


def served() -> Requests:
    """What the simulator answers."""
    return operations_of_simulator()


def documented() -> Requests:
    """What the table of all operations shows."""
    page = (HERE.parent / "docs" / "operations.md").read_text()
    return {
        name: (method, path)
        for name, method, path in re.findall(r"^\| `([\w.]+)` \| `(\w+) (\S+)` \|", page, re.MULTILINE)
    }


def callable_by_name() -> Requests:
    """What `bria-async call --list` lists."""
    listed = CliRunner().invoke(app, ["call", "--list"])
    assert listed.exit_code == 0, listed.output
    return {
        name: (method, path)
        for name, method, path in re.findall(r"^([\w.]+)  (\w+) (\S+)  \(", listed.output, re.MULTILINE)
    }


def recorded() -> Requests:
    """What a reply was recorded of, with the method and path that are declared for it."""
    names = {".".join(file.stem.split(".")[:2]) for file in replies()}
    return {name: declared().get(name, ("", "")) for name in names}


def replies() -> list[Path]:
    """The files of recorded replies."""
    return sorted((HERE / "replies").glob("*.json"))


LISTS: list[Callable[[], Requests]] = [agreed, served, recorded, documented, callable_by_name]


def test_all_133_operations_are_declared() -> None:
    """No fewer and no more."""
    assert len(declared()) == 133


@pytest.mark.parametrize("listed", LISTS)
def test_every_list_holds_what_is_declared(listed: Callable[[], Requests]) -> None:
    """The same operations with the same methods and paths: none is missing, none is left over."""
    expected, found = declared(), listed()
    different = {name for name in {*expected, *found} if expected.get(name) != found.get(name)}
    assert not different, f"{listed.__name__} differs in {sorted(different)}"


@pytest.mark.parametrize("file", replies(), ids=lambda file: file.stem)
def test_recorded_replies_have_a_source_that_is_not_the_simulator(file: Path) -> None:
    """Each names a document, and none was recorded from the simulator."""
    assert reply(file.stem)["source"].startswith(SOURCES)
    assert "127.0.0.1" not in file.read_text()
    assert "SIMULATED" not in file.read_text()


@pytest.mark.parametrize("file", replies(), ids=lambda file: file.stem)
def test_recorded_replies_have_a_status_of_the_contract(file: Path) -> None:
    """A success that is documented for the operation, where any is."""
    recorded = reply(file.stem)
    name = ".".join(file.stem.split(".")[:2])
    expected = [status for status in contract()[name]["responses"] if status.startswith("2")]
    assert str(recorded["status"]) in expected or not expected, f"{recorded['status']} is not in {expected}"


@pytest.mark.parametrize("name", sorted(agreed()))
def test_something_was_recorded_of_what_answers_something(name: str) -> None:
    """An empty reply stands only for an operation that is declared to answer nothing."""
    assert reply(name)["body"] is not None or endpoint(name).answer is type(None)
