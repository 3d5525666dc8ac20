"""Parameters of an endpoint: where each goes, and what the documentation says of it.

Facts are written in a parameter's annotation: `Annotated[int, Range(1, 4)] | None`.
"""

import inspect
import re
import types
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import attrs


@attrs.frozen
class Range:
    """A documented range, both ends included; None is open."""

    minimum: float | None = None
    maximum: float | None = None

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything."""
        if not isinstance(value, int | float):
            return None
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum}, got {value}"
        if self.maximum is not None and not value <= self.maximum:
            return f"must be at most {self.maximum}, got {value}"
        return None


@attrs.frozen
class Items:
    """How many items an array holds, both ends included."""

    minimum: int
    maximum: int

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything."""
        if isinstance(value, list | tuple) and not self.minimum <= len(value) <= self.maximum:
            return f"must hold {self.minimum} to {self.maximum} items, got {len(value)}"
        return None


@attrs.frozen
class Documented:
    """Values that the documentation names, where the server may know more: stated, never checked."""

    values: tuple[str, ...]


@attrs.frozen
class Alias:
    """A spelling that some pages use and the API does not take: sent as the API's own word."""

    spelling: str
    sent_as: str


@attrs.frozen
class Base64:
    """An image as base64: a `data:` header is cut off before sending, unless the session keeps it."""


@attrs.frozen
class AsText:
    """An id that the API takes as a text, though it answers with numbers (contradiction C12)."""


_DATA_URI = re.compile(r"^data:[\w/+.-]*;base64,")


@attrs.frozen
class Parameter:
    """One parameter of an endpoint: where it goes and what is documented about it.

    `default` is the default of the signature (sent only for `sync`); `enum` is empty where any value goes.
    """

    name: str
    place: Literal["path", "query", "body"]
    annotation: Any
    required: bool
    default: Any
    kinds: tuple[type, ...]
    enum: tuple[Any, ...]
    facts: tuple[Any, ...]

    @classmethod
    def of(cls, parameter: inspect.Parameter, annotation: Any, place: Literal["path", "query", "body"]) -> "Parameter":
        """Read a parameter of a signature."""
        facts: list[Any] = []
        kinds: set[type] = set()
        values: list[Any] = []
        _read(annotation, facts, kinds, values)
        required = parameter.default is inspect.Parameter.empty
        return cls(
            name=parameter.name,
            place=place,
            annotation=annotation,
            required=required,
            default=None if required else parameter.default,
            kinds=tuple(sorted(kinds, key=lambda kind: kind.__name__)),
            enum=tuple(values),
            facts=tuple(facts),
        )

    def problem(self, value: Any) -> str | None:
        """Why the documentation forbids this value, or None."""
        if self.kinds and not _fits(value, self.kinds):
            wanted = " or ".join(kind.__name__ for kind in self.kinds)
            return f"{self.name} must be {wanted}, got {type(value).__name__}"
        if self.enum and value not in self.enum:
            return f"{self.name} must be one of {', '.join(map(repr, self.enum))}, got {value!r}"
        for fact in self.facts:
            if isinstance(fact, Range | Items) and (problem := fact.problem(value)):
                return f"{self.name} {problem}"
        return None

    def spelled(self, value: Any, keep_data_uri: bool) -> Any:
        """The value as the API wants it: no aliases, tuples as arrays, ids as texts, no data headers."""
        for fact in self.facts:
            if isinstance(fact, Alias) and value == fact.spelling:
                value = fact.sent_as
            elif isinstance(fact, AsText):
                value = str(value)
            elif isinstance(fact, Base64) and not keep_data_uri:
                value = _bare(value)
        return list(value) if isinstance(value, tuple) else value


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return _DATA_URI.sub("", value, count=1)
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


def _read(annotation: Any, facts: list[Any], kinds: set[type], values: list[Any]) -> None:
    """Collect what an annotation says: facts of `Annotated`, plain types, values of `Literal`."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        base, *found = typing.get_args(annotation)
        facts.extend(found)
        _read(base, facts, kinds, values)
    elif origin in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            _read(part, facts, kinds, values)
    elif origin is Literal:
        values.extend(typing.get_args(annotation))
        kinds.update(type(value) for value in typing.get_args(annotation))
    elif origin is not None:
        kinds.add(list if origin is tuple or issubclass(origin, Sequence) else origin)
    elif isinstance(annotation, type) and annotation is not types.NoneType:
        kinds.add(annotation)


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int) and float in kinds:
        return True
    if isinstance(value, tuple):
        return list in kinds
    return isinstance(value, kinds)
