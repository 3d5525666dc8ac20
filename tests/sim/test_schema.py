"""Declared inputs: what the reader lets through, and what it says about the rest."""

import logging
from typing import Annotated, Any, Literal

import attrs
import pytest

from bria_async.sim.schema import AnyCase, Count, Documented, Invalid, Object, Only, Range, fields, read


@attrs.frozen(kw_only=True)
class Spot(Object):
    """An object inside an input."""

    x: Annotated[int, Range(0, 9)]
    note: str | None = None


@attrs.frozen(kw_only=True)
class Canvas:
    """An input with lists, objects and alternatives."""

    size: Annotated[list[int], Count(1, 3)] = attrs.field(factory=lambda: [1, 2])
    places: list[Literal["left", "right"]] | None = None
    ratio: str | float | None = None
    times: Literal[2, 4] = 2
    free: dict[str, Any] | None = None
    rows: list[dict[str, Any]] | None = None
    spots: list[Spot] | None = None
    either: list[int] | dict[str, Any] | None = None
    quick: Annotated[bool | None, Documented(default=True)] = None


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


def problems_of(given: dict[str, Any], declared: type[Any] = Paint, **options: Any) -> list[tuple[str, str]]:
    """Field and text of every problem."""
    with pytest.raises(Invalid) as caught:
        read(declared, given, **options)
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
        ({"name": "a", "gloss": -0.5}, ("gloss", "Input should be greater than or equal to 0")),
        ({"name": "a", "kind": "OIL"}, ("kind", "Input should be 'oil' or 'chalk'")),
        ({"name": "a", "mood": "angry"}, ("mood", "Input should be 'calm'")),
        ({"name": "a", "tags": []}, ("tags", "List should have at least 1 items after validation, not 0")),
        ({"name": "a", "tags": ["x"] * 3}, ("tags", "List should have at most 2 items after validation, not 3")),
        ({"name": "a", "tags": [1]}, ("tags.0", "Input should be a valid string")),
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


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"size": [1, "2"]}, ("size.1", "Input should be a valid integer")),
        ({"size": [1, True]}, ("size.1", "Input should be a valid integer")),
        ({"size": [[1]]}, ("size.0", "Input should be a valid integer")),
        ({"size": [None]}, ("size.0", "Input should be a valid integer")),
        ({"size": {"a": 1}}, ("size", "Input should be a valid list")),
        ({"places": ["left", "up"]}, ("places.1", "Input should be 'left' or 'right'")),
        ({"ratio": True}, ("ratio", "Input should be a valid string")),
        ({"ratio": float("inf")}, ("ratio", "Input should be a finite number")),
        ({"ratio": 10**400}, ("ratio", "Input should be an integer of 64 bits")),
        ({"size": [1 << 63]}, ("size.0", "Input should be an integer of 64 bits")),
        ({"times": 3}, ("times", "Input should be 2 or 4")),
        ({"times": "2"}, ("times", "Input should be a valid integer")),
        ({"free": [1]}, ("free", "Input should be a valid dictionary")),
        ({"rows": [{}, 1]}, ("rows.1", "Input should be a valid dictionary")),
        ({"spots": [{"x": 1}, {"x": 10}]}, ("spots.1.x", "Input should be less than or equal to 9")),
        ({"spots": [{}]}, ("spots.0.x", "Field required")),
        ({"spots": ["x"]}, ("spots.0", "Input should be a valid dictionary")),
        ({"either": ["x"]}, ("either.0", "Input should be a valid integer")),
    ],
)
def test_what_does_not_fit_inside_is_named_with_its_place(given: dict[str, Any], problem: tuple[str, str]) -> None:
    """Items and fields of objects inside have dots before their names."""
    assert problems_of(given, Canvas) == [problem]


def test_what_fits_inside_is_kept() -> None:
    """Objects become instances, free ones stay what they are, alternatives are both taken."""
    given = {"ratio": 1.5, "times": 4, "free": {"a": None}, "spots": [{"x": 1, "note": None}], "either": {"x": "y"}}
    found = read(Canvas, given)
    assert (found.spots, found.either, found.size) == ([Spot(x=1)], {"x": "y"}, [1, 2])


def test_an_answer_names_a_hundred_problems_at_most() -> None:
    """A list of a thousand wrong items does not give an answer of a thousand problems."""
    assert len(problems_of({"places": ["up"] * 1000}, Canvas)) == 100


def test_items_and_documented_defaults_are_data_too() -> None:
    """What a list holds, and the default that a handler does not see."""
    found = fields(Canvas)
    size, spots, places = (found[name].items for name in ("size", "spots", "places"))
    assert size and spots and places
    assert (size.kinds, spots.kinds, places.choices) == ((int,), (Spot,), ("left", "right"))
    assert (found["size"].default, found["quick"].default, Canvas().quick) == ([1, 2], True, None)
