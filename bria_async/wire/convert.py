"""From JSON to frozen values and back: one converter, configured here and nowhere else.

Five generations of documentation share one set of paths, so an answer is read tolerantly: a field that is
missing, null or of a type nobody expected becomes None and stays reachable in `raw`; only an id must be there
and be one.
"""

import contextlib
import datetime as dt
import functools
import operator
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import cattrs

from bria_async.types.common import Answers, Id, OpenEnum, Value

from . import fast

Hook = Callable[[Any, Any], Any]
"""How cattrs reads: the data, and the type that it should become."""


class ConversionError(Exception):
    """The data does not fit; the text says where."""


def structure(data: Any, kind: Any) -> Any:
    """Make a typed value of JSON data.

    Raises:
        ConversionError: it cannot be one.
    """
    if kind is Any:
        return data
    if kind is types.NoneType:
        return None
    try:
        return _converter.structure(data, kind)
    except ConversionError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a hook met in data that nobody expected
        raise ConversionError(str(error)) from None


def unstructure(value: Any) -> Any:
    """JSON data that `structure` reads back; the answer of a server goes back to exactly what came."""
    return _converter.unstructure(value)


def _identifier(value: Any, _: Any) -> Id:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and value[0] != "0" else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConversionError(f"an id is a number or a text, not {value!r}")
    return value


def _integer(value: Any, _: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ConversionError(f"not a whole number: {value!r}")
    return int(value)


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ConversionError(f"not a number: {value!r}")
    return float(value)


def _text(value: Any, _: Any = None) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ConversionError(f"not a text: {value!r}")


def _boolean(value: Any, _: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ConversionError(f"not true or false: {value!r}")


def _moment(value: Any, _: Any) -> dt.datetime:
    """`2024-05-26T12:00:00Z`, or naive `2025-08-20T09:51:58.080018`, taken as UTC (an assumption)."""
    at = dt.datetime.fromisoformat(value if type(value) is str else _text(value))
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _word(value: Any, kind: type[OpenEnum]) -> OpenEnum:
    """A member; what is written as we write it is looked up in a third of the time that calling the class takes."""
    try:
        return _words(kind)[value]
    except (KeyError, TypeError):
        return kind(_text(value))


@functools.cache
def _words(kind: type[OpenEnum]) -> Mapping[str, OpenEnum]:
    return {member.value: member for member in kind}


_SCALARS: dict[Any, Hook] = {int: _integer, float: _number, str: _text, bool: _boolean, dt.datetime: _moment}

_AS_IT_IS: dict[Any, type] = {int: int, float: float, str: str, bool: bool, Id: int}
"""For these types, what JSON gives of them already: their hooks return it unchanged."""


def _parts(kind: Any) -> tuple[Any, ...]:
    """The members of a union, None aside; nothing for other types."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return ()
    return tuple(part for part in typing.get_args(kind) if part is not types.NoneType)


def _reader(kind: Any) -> tuple[Hook, Any]:
    """How to read data of this type, which is not null: the hook, and what it is to be given as the type."""
    if parts := _parts(kind):
        kind = functools.reduce(operator.or_, parts)
    return _converter.get_structure_hook(kind), kind


def _tolerantly(read: Hook, kind: Any, default: Any) -> Callable[[Any], Any]:
    """The default for what is not there or cannot be read: the raw answer keeps it."""
    absent = getattr(default, "factory", lambda: default)

    def tolerant(value: Any) -> Any:
        try:
            found = None if value is None else read(value, kind)
        except Exception:  # noqa: BLE001  # whatever a server sends must not cost the rest of the answer
            found = None
        return absent() if found is None else found

    return tolerant


def _strictly(read: Hook, kind: Any, lacks: str) -> Callable[[Any], Any]:
    """An error for what is not there, or is null, or cannot be read."""

    def strict(value: Any) -> Any:
        if value is None:
            raise ConversionError(lacks)
        return read(value, kind)

    return strict


def _field(owner: str, field: "attrs.Attribute[Any]") -> tuple[str, Any, Callable[[Any], Any]]:
    """What `fast.filler` wants to know of a field."""
    read, kind = _reader(field.type)
    if field.default is attrs.NOTHING:
        return field.name, _AS_IT_IS.get(kind), _strictly(read, kind, f"{owner} lacks {field.name!r}")
    return field.name, _AS_IT_IS.get(kind), _tolerantly(read, kind, field.default)


def _structure_value(kind: type[Any]) -> Hook:
    """The hook for one class of answers, made once per class; its twin is the constructor of the class."""
    fields = [field for field in attrs.fields(attrs.resolve_types(kind)) if field.name != "raw"]
    fill = fast.filler(_field(kind.__name__, field) for field in fields)
    unlocked = fast.unlocked(kind)
    names = tuple(kind.older_names.items())
    prepare, new = kind.prepare, object.__new__

    def hook(data: Any, _: Any) -> Any:
        if not isinstance(data, dict):
            raise ConversionError(f"{kind.__name__} is read from an object, not from {type(data).__name__}")
        source = prepare(data)
        for older, newer in names:
            if older in source and newer not in source:
                source = {**source, newer: source[older]}
        made: Any = new(unlocked)
        fill(made, source.get)
        made.raw = data
        made.__class__ = kind
        return made

    return hook


def _structure_array(kind: Any) -> Hook:
    """The hook for `tuple[X, ...]`: an array, and nothing else that can be iterated."""
    read, of = _reader(typing.get_args(kind)[0])
    made = Answers if all(map(_is_value, _parts(of) or (of,))) else tuple

    def hook(data: Any, _: Any) -> Any:
        if not isinstance(data, list | tuple):
            raise ConversionError(f"not an array: {type(data).__name__}")
        items: list[Any] = []
        for position, item in enumerate(data):
            try:
                items.append(read(item, of))
            except ConversionError as error:
                raise ConversionError(f"item {position}: {error}") from None
        return made(items)

    return hook


def _structure_union(kind: Any) -> Hook:
    """The hook for a union of answers: the first whose required fields are there."""
    parts = _parts(kind)

    def hook(data: Any, _: Any) -> Any:
        for part in parts:
            with contextlib.suppress(ConversionError):
                return _converter.structure(data, part)
        raise ConversionError(f"none of {', '.join(part.__name__ for part in parts)}")

    return hook


def _unstructure_value(value: Value) -> dict[str, Any]:
    """What came, or the fields of a value that was made here."""
    if value.raw:
        return dict(value.raw)
    fields = {field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.name != "raw"}
    return {name: _converter.unstructure(found) for name, found in fields.items() if found is not None}


def _is_value(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Value)


def _is_array(kind: Any) -> bool:
    origin: Any = typing.get_origin(kind)
    return origin is tuple


_converter = cattrs.Converter()
for _scalar, _read in _SCALARS.items():
    _converter.register_structure_hook(_scalar, _read)
_converter.register_structure_hook_func(lambda kind: kind == Id, _identifier)
_converter.register_structure_hook(OpenEnum, _word)
_converter.register_structure_hook_factory(_is_array, _structure_array)
_converter.register_structure_hook_factory(_is_value, _structure_value)
_converter.register_structure_hook_factory(
    lambda kind: bool(_parts(kind)) and all(map(_is_value, _parts(kind))), _structure_union
)
_converter.register_unstructure_hook(dt.datetime, lambda at: at.isoformat())
_converter.register_unstructure_hook(Answers, lambda many: tuple(map(_converter.unstructure, many)))
_converter.register_unstructure_hook_func(_is_value, _unstructure_value)
