"""Declared inputs: what the reader lets through, and what it says about the rest."""

import logging
from typing import Annotated, Any, Literal

import attrs
import pytest

from bria_async.sim.schema import AnyCase, Count, Invalid, Only, Range, fields, read


@attrs.frozen(kw_only=True)
class Paint:
    """An input with every kind of declaration."""

    name: str
    coats: Annotated[int, Range(1, 3)] = 1
    gloss: Annotated[float | None, Range(0, 1)] = None
    kind: Literal["oil", "chalk"] = "oil"
    mood: Annotated[Literal["calm"] | None, AnyCase()] = None
    tags: Annotated[list[str] | None, Count(1, 2)] = None
    code: str | int | None = None
    dry: bool = False
    old: Annotated[str | None, Only("AB")] = None


def problems_of(given: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    """Field and text of every problem."""
    with pytest.raises(Invalid) as caught:
        read(Paint, given, **options)
    return [(problem.field_name, problem.msg) for problem in caught.value.problems]


def test_what_fits_becomes_an_instance() -> None:
    """Given values are kept, a null is absent, an enum of any case is read as declared."""
    given = {"name": "a", "gloss": 1, "tags": ["x"], "code": 7, "mood": "CALM", "old": None}
    assert read(Paint, given) == Paint(name="a", gloss=1, tags=["x"], code=7, mood="calm")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, ("name", "Field required")),
        ({"name": None}, ("name", "Field required")),
        ({"name": 5}, ("name", "Input should be a valid string")),
        ({"name": "a", "coats": "2"}, ("coats", "Input should be a valid integer")),
        ({"name": "a", "coats": True}, ("coats", "Input should be a valid integer")),
        ({"name": "a", "coats": 4}, ("coats", "Input should be less than or equal to 3")),
        ({"name": "a", "coats": 0}, ("coats", "Input should be greater than or equal to 1")),
        ({"name": "a", "gloss": float("nan")}, ("gloss", "Input should be greater than or equal to 0")),
        ({"name": "a", "kind": "OIL"}, ("kind", "Input should be 'oil' or 'chalk'")),
        ({"name": "a", "mood": "angry"}, ("mood", "Input should be 'calm'")),
        ({"name": "a", "tags": []}, ("tags", "List should have at least 1 items after validation, not 0")),
        ({"name": "a", "tags": ["x"] * 3}, ("tags", "List should have at most 2 items after validation, not 3")),
        ({"name": "a", "tags": [1]}, ("tags", "Input should be a list of strings")),
        ({"name": "a", "dry": "yes"}, ("dry", "Input should be a valid boolean")),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, Any], problem: tuple[str, str]) -> None:
    """Each kind of misfit has its field and its sentence."""
    assert problems_of(given) == [problem]


def test_all_problems_are_told_at_once() -> None:
    """One reading finds every problem, in the order given, the missing last."""
    assert [name for name, _ in problems_of({"coats": 9, "kind": "mud"})] == ["coats", "kind", "name"]


def test_text_is_read_as_what_is_declared() -> None:
    """Queries and forms carry numbers and booleans as text."""
    given = {"name": "5", "coats": "2", "gloss": "0.5", "dry": "TRUE", "code": "7"}
    expected = Paint(name="5", coats=2, gloss=0.5, dry=True, code="7")
    assert read(Paint, given, text=True) == expected
    assert problems_of({"name": "a", "coats": "two"}, text=True) == [("coats", "Input should be a valid integer")]


def test_unknown_fields_are_ignored_with_a_warning_or_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt field is logged by its name, and a problem under strict."""
    with caplog.at_level(logging.WARNING, "bria_async.sim"):
        read(Paint, {"name": "a", "colour": "secret value"})
    assert "'colour'" in caplog.text
    assert "secret value" not in caplog.text
    refused = problems_of({"name": "a", "colour": 1}, strict=True)
    assert refused == [("colour", "Extra inputs are not permitted")]


def test_fields_of_another_generation_are_refused() -> None:
    """A field that the served generation does not have is refused, strict or not."""
    assert read(Paint, {"name": "a", "old": "x"}, generation="B").old == "x"
    refused = problems_of({"name": "a", "old": "x"}, generation="C")
    assert refused == [("old", "Extra inputs are not permitted")]


def test_long_input_is_cut_in_the_answer() -> None:
    """A problem shows the beginning of a long value, not all of a base64 image."""
    with pytest.raises(Invalid) as caught:
        read(Paint, {"name": "a", "coats": "x" * 5000})
    assert len(caught.value.problems[0].field_input) < 300


def test_declarations_can_be_read_as_data() -> None:
    """A description of the API can be made from the declared fields."""
    found = fields(Paint)
    assert (found["name"].required, found["coats"].default, found["kind"].choices) == (True, 1, ("oil", "chalk"))
