"""Parameters of an endpoint: where each goes, and what the documentation says of it.

Facts are written in a parameter's annotation: `Annotated[int, Range(1, 4)] | None`.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import attrs

from bria_async.types.common import MAX_IMAGE_BYTES, is_address

from .call import form_text

T = TypeVar("T")


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
    """How many items an array holds, both ends included; None is open."""

    minimum: int | None = None
    maximum: int | None = None

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything."""
        if not isinstance(value, list | tuple):
            return None
        if len(value) >= (self.minimum or 0) and (self.maximum is None or len(value) <= self.maximum):
            return None
        least = f"at least {self.minimum}" if self.maximum is None else f"{self.minimum or 0} to {self.maximum}"
        return f"must hold {least} items, got {len(value)}"


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
class Older:
    """The older name of another parameter: not given beside it."""

    newer: str


@attrs.frozen
class Own:
    """A keyword of this library, not of the API; `expand` makes parameters of its value, in a worker thread."""

    expand: Callable[[Any], Mapping[str, Any]] | None = None


@attrs.frozen
class Image:
    """An image, or an array of them: paths and bytes travel as base64, of texts base64 loses its `data:` header.

    `address` tells what becomes of an http(s) address: it may stand here, may not, or goes to the parameter of
    that name. A `binary` one is the file part of a form, and never a text.
    """

    address: bool | str = True
    binary: bool = False

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything."""
        if isinstance(value, list | tuple):
            return next(filter(None, map(self.problem, value)), None)
        if isinstance(value, bytes):
            return _too_large(len(value))
        return self._problem_of_text(value) if isinstance(value, str) else None

    def _problem_of_text(self, text: str) -> str | None:
        if is_address(text):
            return None if self.address is True else "takes no address; give the file as a path or as bytes"
        if self.binary:
            return "takes no text but an address; give a file as pathlib.Path(...)"
        if not _BASE64.fullmatch(text[:_LOOKED_AT]):
            also = " nor an address" if self.address else ""
            return f"is not base64{also}; give a file as pathlib.Path(...)"
        return _too_large(sum(map(len, _DATA_URI.sub("", text, count=1).split())) * 3 // 4)


@attrs.frozen
class AsText:
    """What the API takes as a text: an id that it answers as a number (contradiction C12), or a truth value."""


_DATA_URI = re.compile(r"^data:[\w/+.-]*;base64,")
_BASE64 = re.compile(r"(?:data:[\w/+.-]*;base64,)?[A-Za-z0-9+/=\s]+")
_LOOKED_AT = 256
"""How many characters tell base64 from the name of a file."""


def _too_large(size: int) -> str | None:
    return f"has {size:,} bytes, more than the {MAX_IMAGE_BYTES:,} allowed" if size > MAX_IMAGE_BYTES else None


@attrs.frozen
class Parameter:
    """One parameter of an endpoint: where it goes and what is documented about it.

    `default` is the default of the signature (sent only for `sync`); `kinds` are the types that it takes, and
    `items` those of an array's items; `enum` is empty where any value goes.
    """

    name: str
    place: Literal["path", "query", "body"]
    annotation: Any
    required: bool
    default: Any
    kinds: tuple[type, ...]
    items: tuple[type, ...]
    enum: tuple[Any, ...]
    facts: tuple[Any, ...]

    @classmethod
    def of(cls, parameter: inspect.Parameter, annotation: Any, place: Literal["path", "query", "body"]) -> "Parameter":
        """Read a parameter of a signature."""
        facts: list[Any] = []
        kinds: set[type] = set()
        items: set[type] = set()
        values: list[Any] = []
        _read(annotation, facts, kinds, items, values)
        required = parameter.default is inspect.Parameter.empty
        return cls(
            name=parameter.name,
            place=place,
            annotation=annotation,
            required=required,
            default=None if required else parameter.default,
            kinds=_in_order(kinds),
            items=_in_order(items),
            enum=tuple(values),
            facts=tuple(facts),
        )

    def problem(self, value: Any) -> str | None:
        """Why the documentation forbids this value, or None."""
        if self.kinds and not _fits(value, self.kinds):
            return f"{self.name} must be {_named(self.kinds)}, got {type(value).__name__}"
        for item in value if isinstance(value, list) else (value,):
            if self.items and item is not value and not _fits(item, self.items):
                return f"{self.name} must hold {_named(self.items)}, got {type(item).__name__}"
            if self.enum and item not in self.enum:
                return f"{self.name} must be one of {', '.join(map(repr, self.enum))}, got {item!r}"
        for fact in self.facts:
            if isinstance(fact, Range | Items | Image) and (problem := fact.problem(value)):
                return f"{self.name} {problem}"
        return None

    def spelled(self, value: Any, keep_data_uri: bool) -> Any:
        """The value as the API wants it: no aliases, tuples as arrays, ids as texts, no data headers."""
        for fact in self.facts:
            if isinstance(fact, Alias) and value == fact.spelling:
                value = fact.sent_as
            elif isinstance(fact, AsText):
                value = form_text(value)
            elif isinstance(fact, Image) and not keep_data_uri:
                value = _bare(value)
        return list(value) if isinstance(value, tuple) else value

    def fact(self, kind: type[T]) -> T | None:
        """The fact of this kind, where there is one."""
        return next((fact for fact in self.facts if isinstance(fact, kind)), None)


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return _DATA_URI.sub("", value, count=1)
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


def _in_order(kinds: set[type]) -> tuple[type, ...]:
    return tuple(sorted(kinds, key=lambda kind: kind.__name__))


def _named(kinds: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in kinds)


def _read(annotation: Any, facts: list[Any], kinds: set[type], items: set[type], values: list[Any]) -> None:
    """Collect what an annotation says: facts of `Annotated`, plain types, values of `Literal`."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        base, *found = typing.get_args(annotation)
        facts.extend(found)
        _read(base, facts, kinds, items, values)
    elif origin in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            _read(part, facts, kinds, items, values)
    elif origin is Literal:
        values.extend(typing.get_args(annotation))
        kinds.update(type(value) for value in typing.get_args(annotation))
    elif origin is not None and (origin is tuple or issubclass(origin, Sequence)):
        kinds.add(list)
        _read(typing.get_args(annotation)[0], facts, items, set(), values)
    elif origin is not None:
        kinds.add(origin)
    elif typing.is_typeddict(annotation):
        kinds.add(Mapping)
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
