"""Inputs declared as attrs classes, and the one reader that checks them.

A class of inputs is the declaration of an operation's fields: the annotation holds type and enum (`Literal`),
`Annotated` marks add range, number of items, case and generation, a missing default means required. The same
declaration is what a published description can be made from: `fields()` gives it as data.
"""

import logging
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

_log = logging.getLogger("bria_async.sim")
_Input = TypeVar("_Input", bound=attrs.AttrsInstance)
_Mark = TypeVar("_Mark")

_SHOWN = 200


@attrs.frozen
class Range:
    """Lowest and highest number allowed, both inclusive; None is open."""

    low: float | None = None
    high: float | None = None


@attrs.frozen
class Count:
    """Fewest and most items of a list, both inclusive; None is open."""

    low: int | None = None
    high: int | None = None


@attrs.frozen
class AnyCase:
    """An enum that is read in any case (NOTES C1)."""


@attrs.frozen
class Only:
    """A field that exists only in some generations of the documentation, named by their letters."""

    generations: str


@attrs.frozen
class Field:
    """One declared field as data."""

    name: str
    kinds: tuple[type, ...]
    required: bool
    default: Any
    choices: tuple[str, ...]
    marks: tuple[object, ...]

    def mark(self, kind: type[_Mark]) -> _Mark | None:
        """The mark of this kind, if the declaration has one."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)


@attrs.frozen
class Problem:
    """One field that does not fit, in the words of the published v1 sample."""

    msg: str
    field_name: str
    field_input: Any


class Invalid(Exception):
    """Fields that do not fit their declaration."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(*problems)
        self.problems = problems


@cache
def fields(declared: type[Any]) -> Mapping[str, Field]:
    """The declared fields of a class of inputs, by name."""
    hints = get_type_hints(declared, include_extras=True)
    found = {}
    for attribute in attrs.fields(declared):
        kinds, choices, marks = _unfold(hints[attribute.name])
        required = attribute.default is attrs.NOTHING
        found[attribute.name] = Field(
            attribute.name, kinds, required, None if required else attribute.default, choices, marks
        )
    return found


def _unfold(hint: Any) -> tuple[tuple[type, ...], tuple[str, ...], tuple[object, ...]]:
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        kinds, choices, more = _unfold(inner)
        return kinds, choices, (*marks, *more)
    if get_origin(hint) is Literal:
        return (str,), get_args(hint), ()
    if get_origin(hint) in {Union, UnionType}:
        parts = [_unfold(part) for part in get_args(hint) if part is not NoneType]
        return (
            tuple(kind for part in parts for kind in part[0]),
            tuple(choice for part in parts for choice in part[1]),
            tuple(mark for part in parts for mark in part[2]),
        )
    return (get_origin(hint) or hint,), (), ()


def read(
    declared: type[_Input],
    given: Mapping[str, Any],
    *,
    text: bool = False,
    strict: bool = False,
    generation: str = "all",
) -> _Input:
    """`given` as an instance of the declared class.

    `text` reads numbers and booleans from strings, as queries and forms carry them. A null counts as absent.
    Unknown fields are ignored with a warning, or are problems under `strict`.

    Raises:
        Invalid: with every problem found.
    """
    known = fields(declared)
    problems = []
    values = {}
    for name, value in given.items():
        field = known.get(name)
        only = field.mark(Only) if field else None
        if field is None and not strict:
            _log.warning("unknown field %r is ignored (%s knows no such field)", name, declared.__name__)
        elif field is None or (only and generation not in ("all", *only.generations)):
            problems.append(Problem("Extra inputs are not permitted", name, _shown(value)))
        elif value is not None:
            values[name], problem = _check(field, _from_text(field, value) if text else value)
            problems += [Problem(problem, name, _shown(value))] if problem else []
    problems += [
        Problem("Field required", field.name, None)
        for field in known.values()
        if field.required and given.get(field.name) is None
    ]
    if problems:
        raise Invalid(problems)
    return declared(**values)


def _from_text(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if bool in field.kinds:
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    for kind in (int, float):
        if kind in field.kinds and str not in field.kinds:
            try:
                return kind(value)
            except ValueError:
                continue
    return value


def _check(field: Field, value: Any) -> tuple[Any, str | None]:
    """The value to keep, and what is wrong with it."""
    problem = _wrong_kind(field, value) or _out_of_bounds(field, value)
    if problem or not field.choices:
        return value, problem
    folded = {choice.lower(): choice for choice in field.choices}
    kept = folded.get(value.lower(), value) if field.mark(AnyCase) else value
    if kept in field.choices:
        return kept, None
    named = [f"'{choice}'" for choice in field.choices]
    return value, "Input should be " + " or ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)


_KIND_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "list"}


def _wrong_kind(field: Field, value: Any) -> str | None:
    kinds = (*field.kinds, int) if float in field.kinds else field.kinds
    fits = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    if fits and isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return "Input should be a list of strings"
    if fits:
        return None
    return "Input should be a valid " + _KIND_NAMES.get(field.kinds[0], "file")


def _out_of_bounds(field: Field, value: Any) -> str | None:
    bounds, count = field.mark(Range), field.mark(Count)
    if bounds and bounds.low is not None and not value >= bounds.low:
        return f"Input should be greater than or equal to {bounds.low:g}"
    if bounds and bounds.high is not None and not value <= bounds.high:
        return f"Input should be less than or equal to {bounds.high:g}"
    if count and count.low is not None and len(value) < count.low:
        return f"List should have at least {count.low} items after validation, not {len(value)}"
    if count and count.high is not None and len(value) > count.high:
        return f"List should have at most {count.high} items after validation, not {len(value)}"
    return None


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    if isinstance(value, int | float | bool | NoneType):
        return value
    return f"<{type(value).__name__}>"
