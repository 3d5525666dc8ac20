"""Parameters of an endpoint, and the fields of objects in them: read from annotations, checked and spelled."""

import reprlib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

import attrs

from bria_async.types.common import is_address
from bria_async.types.facts import Alias, AsText, Image, Items, Range, without_header

from .call import form_text

T = TypeVar("T")
Fits = Callable[[Any], bool]

_ADDRESSES = ("url", "urls")
"""How the names of the API end that take addresses, and nothing else."""
_SCALARS = frozenset((str, int, float, bool))
_TELLING = (Alias, AsText, Image, Range)
"""Facts that forbid values, or spell them otherwise."""


@attrs.frozen
class Field:
    """A named value, and what is documented about it: a parameter, or a field of an object.

    `kinds` are the types that it takes, and `items` those of an array's items; `enum` is empty where any value goes,
    `fields` where it is no object, or one that may have any. Of an array they are those of each item.
    """

    name: str
    required: bool
    kinds: tuple[type, ...]
    items: tuple[type, ...]
    enum: tuple[Any, ...]
    facts: tuple[Any, ...]
    fields: Mapping[str, "Field"] = attrs.field(hash=False)
    good: frozenset[type] = attrs.field(init=False, repr=False, eq=False)
    """Scalars of which all values go as they are, neither refused nor spelled otherwise."""
    fits: Mapping[type, Fits] = attrs.field(init=False, repr=False, eq=False)
    """Scalars of which some do, and what tells which."""

    @classmethod
    def of(cls, name: str, annotation: Any, *, required: bool, **more: Any) -> Self:
        """Read an annotation."""
        found = _Reading()
        found.read(annotation, found.kinds)
        return cls(
            name=name,
            required=required,
            kinds=_in_order(found.kinds),
            items=_in_order(found.items),
            enum=tuple(found.enum),
            facts=tuple(found.facts),
            fields=found.fields,
            **more,
        )

    @good.default
    def _all_go(self) -> frozenset[type]:
        told = self.enum or self.name.endswith(_ADDRESSES) or any(isinstance(fact, _TELLING) for fact in self.facts)
        return frozenset() if told else self._scalars()

    @fits.default
    def _some_go(self) -> Mapping[type, Fits]:
        telling = [fact for fact in self.facts if isinstance(fact, _TELLING)]
        if self.enum and not telling:
            return dict.fromkeys(self._scalars() & {str}, frozenset(self.enum).__contains__)
        if self.name.endswith(_ADDRESSES) and not telling:
            return dict.fromkeys(self._scalars() & {str}, is_address)
        if len(telling) == 1 and isinstance(limits := telling[0], Range) and not self.enum:
            return dict.fromkeys(self._scalars() & {int, float}, limits.holds)
        return {}

    def _scalars(self) -> frozenset[type]:
        return frozenset({*(self.kinds or _SCALARS), *((int,) if float in self.kinds else ())} & _SCALARS)

    def problem(self, value: Any, way: str = "") -> str | None:
        """Why the documentation forbids this value, or None; `way` leads to it, as in `products[0].image`."""
        way = way or self.name
        if not isinstance(value, list | tuple):
            return self._problem_of_one(value, self.kinds, way)
        if self.kinds and list not in self.kinds:
            return _misfit(value, self.kinds, way)
        if (count := self.fact(Items)) and (problem := count.problem(value)):
            return f"{way} {problem}"
        problems = (self._problem_of_one(item, self.items, f"{way}[{number}]") for number, item in enumerate(value))
        return next(filter(None, problems), None)

    def spelled(self, value: Any, keep_data_uri: bool) -> Any:
        """The value as the API wants it: no aliases, tuples as arrays, ids as texts, no data headers."""
        if isinstance(value, list | tuple):
            return [self._spelled_one(item, keep_data_uri) for item in value]
        return self._spelled_one(value, keep_data_uri)

    def fact(self, kind: type[T]) -> T | None:
        """The fact of this kind, where there is one."""
        return next((fact for fact in self.facts if isinstance(fact, kind)), None)

    def _problem_of_one(self, value: Any, kinds: tuple[type, ...], way: str) -> str | None:
        if kinds and not _fits(value, kinds):
            return _misfit(value, kinds, way)
        if self.enum and value not in self.enum:
            return f"{way} must be one of {', '.join(map(repr, self.enum))}, got {value!r}"
        if self.name.endswith(_ADDRESSES) and isinstance(value, str) and not is_address(value):
            return f"{way} takes an address (https://...), got {reprlib.repr(value)}"
        for fact in self.facts:
            if isinstance(fact, Range | Image) and (problem := fact.problem(value)):
                return f"{way} {problem}"
        return self._problem_of_object(value, way) if self.fields and isinstance(value, Mapping) else None

    def _problem_of_object(self, value: Mapping[Any, Any], way: str) -> str | None:
        if unknown := [key for key in value if key not in self.fields]:
            return f"{way} takes no {unknown[0]!r}; it takes {', '.join(self.fields)}"
        if missing := [name for name, field in self.fields.items() if field.required and name not in value]:
            return f"{way} lacks {missing[0]!r}"
        problems = (self.fields[name].problem(item, f"{way}.{name}") for name, item in value.items())
        return next(filter(None, problems), None)

    def _spelled_one(self, value: Any, keep_data_uri: bool) -> Any:
        for fact in self.facts:
            if isinstance(fact, Alias) and value == fact.spelling:
                value = fact.sent_as
            elif isinstance(fact, AsText):
                value = form_text(value)
            elif isinstance(fact, Image) and isinstance(value, str) and not keep_data_uri:
                value = without_header(value)
        if not self.fields or not isinstance(value, Mapping):
            return value
        known = {name: field for name, field in self.fields.items() if name in value}
        return {**value, **{name: field.spelled(value[name], keep_data_uri) for name, field in known.items()}}


@attrs.frozen
class Parameter(Field):
    """One parameter of an endpoint: where it goes; `default` is that of the signature (sent only for `sync`)."""

    place: Literal["path", "query", "body"]
    default: Any


@attrs.define
class _Reading:
    """What an annotation says, as far as it is read: plain types, values of `Literal`, facts of `Annotated`, fields."""

    kinds: set[type] = attrs.field(factory=set)
    items: set[type] = attrs.field(factory=set)
    enum: list[Any] = attrs.field(factory=list)
    facts: list[Any] = attrs.field(factory=list)
    fields: dict[str, Field] = attrs.field(factory=dict)

    def read(self, annotation: Any, kinds: set[type]) -> None:
        """Read on, with the plain types into these kinds."""
        origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            self.facts.extend(parts[1:])
            self.read(parts[0], kinds)
        elif origin in (typing.Union, types.UnionType):
            for part in parts:
                self.read(part, kinds)
        elif origin is Literal:
            self.enum.extend(parts)
            kinds.update(map(type, parts))
        elif origin is not None and issubclass(origin, Sequence):
            kinds.add(list)
            self.read(parts[0], self.items)
        elif origin is not None:
            kinds.add(origin)
        elif typing.is_typeddict(annotation):
            kinds.add(Mapping)
            self.fields |= _fields(annotation)
        elif isinstance(annotation, type) and annotation not in (Any, types.NoneType):
            kinds.add(annotation)


def _fields(kind: Any) -> dict[str, Field]:
    """The fields of a `TypedDict`."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: Field.of(name, hint, required=name in kind.__required_keys__) for name, hint in hints.items()}


def _in_order(kinds: set[type]) -> tuple[type, ...]:
    return tuple(sorted(kinds, key=lambda kind: kind.__name__))


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int) and float in kinds:
        return True
    return isinstance(value, kinds)


def _misfit(value: Any, kinds: tuple[type, ...], way: str) -> str:
    return f"{way} must be {' or '.join(kind.__name__ for kind in kinds)}, got {type(value).__name__}"
