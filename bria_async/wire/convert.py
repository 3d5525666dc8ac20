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

from bria_async.types.common import Id, OpenEnum, Value


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


def _identifier(value: Any) -> Id:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ConversionError(f"an id is a number or a text, not {value!r}")
    if isinstance(value, str) and value.isascii() and value.isdigit() and value[0] != "0":
        return int(value)
    return value


def _integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ConversionError(f"not a whole number: {value!r}")
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ConversionError(f"not a number: {value!r}")
    return float(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ConversionError(f"not a text: {value!r}")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ConversionError(f"not true or false: {value!r}")


def _moment(value: Any) -> dt.datetime:
    """`2024-05-26T12:00:00Z`, or naive `2025-08-20T09:51:58.080018`, taken as UTC (an assumption)."""
    at = dt.datetime.fromisoformat(_text(value))
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _tolerantly(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """None for what cannot be read: the raw answer keeps it."""

    def tolerant(value: Any) -> Any:
        try:
            return read(value)
        except Exception:  # noqa: BLE001  # whatever a server sends must not cost the rest of the answer
            return None

    return tolerant


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    int: _integer,
    float: _number,
    str: _text,
    bool: _boolean,
    dt.datetime: _moment,
}


def _parts(kind: Any) -> tuple[Any, ...]:
    """The members of a union, None aside; nothing for other types."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return ()
    return tuple(part for part in typing.get_args(kind) if part is not types.NoneType)


def _reader(kind: Any) -> Callable[[Any], Any]:
    """How to read one field of this type, which is not null."""
    if parts := _parts(kind):
        kind = functools.reduce(operator.or_, parts)
    return lambda value: _converter.structure(value, kind)


def _structure_value(kind: type[Any]) -> Callable[[Any, Any], Any]:
    """The hook for one class of answers, made once per class."""
    fields = attrs.fields(attrs.resolve_types(kind))
    required = [(field.name, _reader(field.type)) for field in fields if field.default is attrs.NOTHING]
    optional = [
        (field.name, _tolerantly(_reader(field.type)))
        for field in fields
        if field.default is not attrs.NOTHING and field.name != "raw"
    ]
    names: Mapping[str, str] = kind.older_names

    def hook(data: Any, _: Any) -> Any:
        if not isinstance(data, dict):
            raise ConversionError(f"{kind.__name__} is read from an object, not from {type(data).__name__}")
        source = kind.prepare(data)
        for older, newer in names.items():
            if older in source and newer not in source:
                source = {**source, newer: source[older]}
        values: dict[str, Any] = {}
        for name, read in required:
            if name not in source:
                raise ConversionError(f"{kind.__name__} lacks {name!r}")
            values[name] = read(source[name])
        for name, read in optional:
            if (value := source.get(name)) is not None and (found := read(value)) is not None:
                values[name] = found
        return kind(**values, raw=data)

    return hook


def _structure_array(kind: Any) -> Callable[[Any, Any], Any]:
    """The hook for `tuple[X, ...]`: an array, and nothing else that can be iterated."""
    read = _reader(typing.get_args(kind)[0])

    def hook(data: Any, _: Any) -> Any:
        if not isinstance(data, list | tuple):
            raise ConversionError(f"not an array: {type(data).__name__}")
        items: list[Any] = []
        for position, item in enumerate(data):
            try:
                items.append(read(item))
            except ConversionError as error:
                raise ConversionError(f"item {position}: {error}") from None
        return tuple(items)

    return hook


def _structure_union(kind: Any) -> Callable[[Any, Any], Any]:
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


def _ignore_kind(read: Callable[[Any], Any], value: Any, _: Any) -> Any:
    return read(value)


_converter = cattrs.Converter()
for _scalar, _read in _SCALARS.items():
    _converter.register_structure_hook(_scalar, functools.partial(_ignore_kind, _read))
_converter.register_structure_hook_func(lambda kind: kind == Id, lambda value, _: _identifier(value))
_converter.register_structure_hook(OpenEnum, lambda value, kind: kind(_text(value)))
_converter.register_structure_hook_factory(_is_array, _structure_array)
_converter.register_structure_hook_factory(_is_value, _structure_value)
_converter.register_structure_hook_factory(
    lambda kind: bool(_parts(kind)) and all(map(_is_value, _parts(kind))), _structure_union
)
_converter.register_unstructure_hook(dt.datetime, lambda at: at.isoformat())
_converter.register_unstructure_hook_func(_is_value, _unstructure_value)
