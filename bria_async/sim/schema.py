"""Inputs declared as attrs classes, and the one reader that checks them.

A class of inputs is the declaration of an operation's fields: the annotation holds type and enum (`Literal`),
`Annotated` marks add range, number of items, case and generation, a missing default means required. The same
declaration is what a published description can be made from: `fields()` gives it as data.
"""

import logging
import math
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

_log = logging.getLogger("bria_async.sim")
_Input = TypeVar("_Input", bound=attrs.AttrsInstance)
_Mark = TypeVar("_Mark")

_SHOWN = 200
_MOST_PROBLEMS = 100
_LARGEST = 1 << 63
"""Unknown: how large a number may be. Chosen: what fits in 64 bits."""


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
class InQuery:
    """A field that a POST carries in its query; its body may carry it too (SEED 004, `original_quality`)."""


@attrs.frozen
class Documented:
    """The documented default of a field whose absence its handler has to know; `Field.default` holds it."""

    default: Any


class Object:
    """The base of declared classes that are objects inside an input; `Field.kinds` holds such a class."""


@attrs.frozen
class Field:
    """One declared field as data."""

    name: str
    kinds: tuple[type, ...]
    required: bool
    default: Any
    choices: tuple[Any, ...]
    marks: tuple[object, ...]
    items: "Field | None" = None
    """What each item of a list is; None where any is right."""

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
        field = _field(attribute.name, hints[attribute.name])
        default = attribute.default
        if default is not attrs.NOTHING:
            documented = field.mark(Documented) or Documented(_made(default))
            field = attrs.evolve(field, required=False, default=documented.default)
        found[attribute.name] = field
    return found


def _made(default: Any) -> Any:
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]  # the stubs call it a function


def _field(name: str, hint: Any) -> Field:
    """A required field of this annotation."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        plain = _field(name, inside[0])
        return attrs.evolve(plain, marks=(*inside[1:], *plain.marks))
    if origin in {Union, UnionType}:
        parts = [_field(name, part) for part in inside if part is not NoneType]
        return Field(
            name,
            kinds=tuple(kind for part in parts for kind in part.kinds),
            required=True,
            default=None,
            choices=tuple(choice for part in parts for choice in part.choices),
            marks=tuple(mark for part in parts for mark in part.marks),
            items=next((part.items for part in parts if part.items), None),
        )
    if origin is Literal:
        return Field(name, tuple(dict.fromkeys(map(type, inside))), True, None, inside, ())
    items = _field(name, inside[0]) if origin is list else None
    return Field(name, (object if hint is Any else origin or hint,), True, None, (), (), items)


def read(
    declared: type[_Input],
    given: Mapping[str, Any],
    *,
    query: Mapping[str, str] | None = None,
    text: bool = False,
    strict: bool = False,
    generation: str = "all",
) -> _Input:
    """`given` as an instance of the declared class.

    `text` reads numbers and booleans from strings, as queries and forms carry them. A null counts as absent.
    `query` may hold those fields that are marked so.
    Unknown fields are ignored with a warning, or are problems under `strict`.

    Raises:
        Invalid: with every problem found.
    """
    known = fields(declared)
    asked = {
        name: value for name, value in (query or {}).items() if name in known and known[name].mark(InQuery) is not None
    }
    problems = []
    values = {}
    for name, value in (dict(given) | asked).items():
        field = known.get(name)
        only = field.mark(Only) if field else None
        if field is None and not strict:
            words = "unknown field %r is ignored (%s knows no such field)"
            _log.warning(words, name, declared.__name__, extra={"field": name})
        elif field is None or (only and generation not in ("all", *only.generations)):
            problems.append(Problem("Extra inputs are not permitted", name, _shown(value)))
        elif value is not None:
            values[name], wrong = _check(field, name, _from_text(field, value) if text or name in asked else value)
            problems += wrong
    problems += [
        Problem("Field required", field.name, None)
        for field in known.values()
        if field.required and given.get(field.name) is None
    ]
    if problems:
        raise Invalid(problems[:_MOST_PROBLEMS])
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


def _check(field: Field, at: str, value: Any) -> tuple[Any, list[Problem]]:
    """The value to keep, and what is wrong with it; `at` is its name, with dots before what is inside."""
    kept = _as_declared(field, value)
    wrong = _wrong_kind(field, kept) or _out_of_bounds(field, kept) or _no_choice(field, kept)
    if wrong:
        return value, [Problem(wrong, at, _shown(value))]
    if isinstance(kept, list) and field.items:
        items = [_check(field.items, f"{at}.{number}", item) for number, item in enumerate(kept)]
        return [item for item, _ in items], [problem for _, problems in items for problem in problems]
    nested = next((kind for kind in field.kinds if issubclass(kind, Object) and attrs.has(kind)), None)
    if nested is None or not isinstance(kept, dict):
        return kept, []
    try:
        return read(nested, kept), []
    except Invalid as verdict:
        return kept, [attrs.evolve(each, field_name=f"{at}.{each.field_name}") for each in verdict.problems]


def _as_declared(field: Field, value: Any) -> Any:
    """A word of an enum that is read in any case, as it is declared."""
    if not field.mark(AnyCase) or not isinstance(value, str):
        return value
    return {choice.lower(): choice for choice in field.choices}.get(value.lower(), value)


_KIND_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "list", dict: "dictionary"}


def _wrong_kind(field: Field, value: Any) -> str | None:
    kinds = [dict if issubclass(kind, Object) else kind for kind in field.kinds]
    kinds += [int] if float in kinds else []
    if not isinstance(value, tuple(kinds)) or (isinstance(value, bool) and not {bool, object} & {*kinds}):
        return "Input should be a valid " + _KIND_NAMES.get(kinds[0], "file")
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return "Input should be an integer of 64 bits"
    if isinstance(value, float) and not math.isfinite(value):
        return "Input should be a finite number"
    return None


def _no_choice(field: Field, value: Any) -> str | None:
    if not field.choices or value in field.choices:
        return None
    named = [repr(choice) for choice in field.choices]
    return "Input should be " + " or ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)


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
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int | float | bool | NoneType):
        return value
    return f"<{type(value).__name__}>"
