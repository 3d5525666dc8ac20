"""The docstring of every declared operation against the contract as data: defaults, statuses, parameters."""

import json
import re
from typing import Any

import pytest

from tests.support import OLDER, contract, endpoint

OPERATIONS = sorted(contract())
SELF_EVIDENT = 2
"""So many parameters of a body need no list of arguments, when none has a default."""


def arguments(operation: str) -> dict[str, str]:
    """What a docstring says of each argument, its lines joined."""
    found: dict[str, list[str]] = {}
    _, _, section = endpoint(operation).doc.partition("Args:\n")
    for line in section.splitlines():
        if line and not line.startswith(" "):
            break
        if match := re.match(r" {4}(\w+(?:, \w+)*): (.*)", line):
            lines = [match[2]]
            found |= dict.fromkeys(match[1].split(", "), lines)
        elif line.strip():
            lines.append(line.strip())
    return {name: " ".join(words) for name, words in found.items()}


def stated_defaults(text: str) -> set[str]:
    """The values that a text calls a default, as JSON writes them."""
    after = re.findall(r"default(?:s to| is)? (`[^`]+`|\[[^]]*\]|[^\s,;:)]+)", text)
    before = re.findall(r"(\S+), the default|(`\w+`) \([^)]*the default\)", text)
    return {normal(token) for token in [*after, *(token for pair in before for token in pair)]}


def normal(token: str) -> str:
    """A value without its quotes, and a number in one spelling of it."""
    word = token.strip("`").rstrip(".")
    try:
        return json.dumps(json.loads(word)).removesuffix(".0")
    except ValueError:
        return word


COMMON = {"401", "403", "405", "413", "415", "422", "429"}
"""Statuses that any HTTP API of this kind gives, listed for an operation or not (section 3 of the contract's notes)."""

DEFAULTS = [
    (name, row["name"], row["default"])
    for name in OPERATIONS
    for row in contract()[name]["params"]
    if "default" in row and row["name"] != "sync"
]


@pytest.mark.parametrize(("name", "parameter", "default"), DEFAULTS)
def test_documented_defaults_stand_in_the_docstring(name: str, parameter: str, default: Any) -> None:
    """They are the server's and never sent, so this is where a reader finds them."""
    text = arguments(name).get(parameter, "")
    expected = default if isinstance(default, str) else normal(json.dumps(default))
    assert {expected, normal(json.dumps(default))} & stated_defaults(text), (
        f"{name}: {parameter} has the default {default!r}, its line says: {text!r}"
    )


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "sync" in endpoint(name).by_name])
def test_the_default_of_sync_is_called_documented(name: str) -> None:
    """It is the only one that is sent."""
    default = str(endpoint(name).by_name["sync"].default).lower()
    assert f"Documented default: {default}." in arguments(name)["sync"], arguments(name)["sync"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_documented_statuses_stand_in_the_docstring(name: str) -> None:
    """All but the plain successes."""
    _, _, section = endpoint(name).doc.partition("Statuses: ")
    words = {"5XX": "500 and above"}
    expected = set(contract()[name]["responses"]) - {"200", "201", "202", "204"}
    missing = [status for status in sorted(expected) if not re.search(rf"\b{words.get(status, status)}\b", section)]
    assert not missing, f"{name} does not say {missing}: {section}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_status_is_invented(name: str) -> None:
    """What stands behind `Statuses:` is in the contract."""
    section = endpoint(name).doc.partition("Statuses: ")[2].partition("Source: ")[0]
    found = set(re.findall(r"\b[2-5]\d\d\b", re.sub(r"\([^)]*\)|500 and above", "", section)))
    assert found <= set(contract()[name]["responses"]) | COMMON, f"{name}: {found}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_is_explained(name: str) -> None:
    """Each query and body parameter has its line, and no line is about something else."""
    explained = arguments(name)
    declared = {parameter.name for parameter in endpoint(name).parameters} | set(endpoint(name).own)
    assert set(explained) <= declared, set(explained) - declared
    wanted = {parameter.name for parameter in endpoint(name).parameters if parameter.place != "path"}
    if len(wanted) > SELF_EVIDENT or explained:
        assert wanted <= set(explained), wanted - set(explained)


@pytest.mark.parametrize("name", OPERATIONS)
def test_docstrings_say_what_it_costs_and_where_it_is_from(name: str) -> None:
    """A first sentence, a source, and in the first paragraph whether it is ever sent twice."""
    found = endpoint(name)
    first = " ".join(found.doc.partition("\n\n")[0].split())
    assert first.endswith("."), first
    assert "Source: " in found.doc
    assert ("Billed: never sent again unasked." in first) is (found.effect == "billed"), first
    assert ("Cheap: runs repeat it after doubt." in first) is (found.effect == "cheap"), first


@pytest.mark.parametrize("name", OPERATIONS)
def test_sources_name_the_seeds_of_the_contract(name: str) -> None:
    """At least one of the documents that the contract lists for it, if any."""
    source = endpoint(name).doc.partition("Source: ")[2]
    seeds = [f"SEED {seed[:3]}" for seed in contract()[name]["seeds"]]
    spec = ["published spec"] if "published spec" in contract()[name]["source"] else []
    named = [word for word in [*seeds, *spec] if word in " ".join(source.split()) or "all seeds" in source]
    assert named or not (seeds or spec), f"{name}: {source}, the contract has {seeds + spec}"


@pytest.mark.parametrize(
    ("name", "older", "newer"), [(name, *pair) for name, pairs in OLDER.items() for pair in pairs.items()]
)
def test_older_names_are_called_so(name: str, older: str, newer: str) -> None:
    """C31: they are ordinary parameters, marked as older."""
    assert arguments(name)[older].startswith(f"older name of `{newer}`"), arguments(name)[older]
