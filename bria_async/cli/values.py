"""KEY=VALUE, read by the types of an operation's parameters.

Numbers are written as in JSON, so that the text `007` is no number and an id keeps its zeros. A text is taken as it is;
where an image goes, and anywhere in a field that no contract describes, `@FILE` in it stands for a file. There `@@`
begins a text with `@`.
"""

import contextlib
import difflib
import json
import re
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

if TYPE_CHECKING:
    from bria_async.api.guidance import Guidance
    from bria_async.wire import Endpoint, Field

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_NUMBERS: Mapping[Callable[[str], float], re.Pattern[str]] = {
    int: re.compile(_INTEGER),
    float: re.compile(_INTEGER + r"(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"),
}
_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}


def values_of(endpoint: "Endpoint", assignments: tuple[str, ...]) -> dict[str, Any]:
    """What was assigned to the parameters of an operation.

    Raises:
        click.UsageError: an assignment is none, names no parameter or does not fit it, or a required one is missing.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise click.UsageError(f"{assignment!r} is not KEY=VALUE.")
        try:
            value = _value(endpoint, name, text)
        except RecursionError:
            raise click.UsageError(f"{name} is nested too deeply.") from None
        if name not in values:
            values[name] = value
        elif isinstance(value, list) and isinstance(values[name], list):
            values[name] += value
        else:
            raise click.UsageError(f"{name} is given twice.")
    missing = [
        parameter.name for parameter in endpoint.parameters if parameter.required and parameter.name not in values
    ]
    if missing:
        raise click.UsageError(f"{endpoint.operation} needs {', '.join(missing)}.")
    return values


def _value(endpoint: "Endpoint", name: str, text: str) -> Any:
    if parameter := endpoint.by_name.get(name):
        return _with_files(_read(parameter, text), parameter)
    if name in endpoint.own:
        return OWN[name].read(name, text)
    if endpoint.free:
        return _with_files(_free(text), None)
    known = [*endpoint.by_name, *endpoint.own]
    near = difflib.get_close_matches(name, known, n=1)
    advice = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known) or 'nothing'}."
    raise click.UsageError(f"{endpoint.operation} takes no {name!r}. {advice}")


def _read(parameter: "Field", text: str) -> Any:
    """A text by the type of its parameter; an array as JSON, or one item of it."""
    if list not in parameter.kinds:
        return _item(parameter.name, parameter.kinds, text)
    return _json(parameter.name, text) if text.startswith("[") else [_item(parameter.name, parameter.items, text)]


def _item(name: str, kinds: tuple[type, ...], text: str) -> Any:
    if bool in kinds and (str not in kinds or text in ("true", "false")):
        return _truth(name, text)
    for kind, spelling in _NUMBERS.items():
        if kind in kinds and spelling.fullmatch(text):
            with contextlib.suppress(ValueError):  # longer than Python reads
                return kind(text)
    if str in kinds:
        return text
    if text.startswith("{") and any(issubclass(kind, Mapping) for kind in kinds):
        return _json(name, text)
    words = " or ".join(_WORDS.get(kind, "a JSON object") for kind in kinds)
    raise click.UsageError(f"{name} takes {words}, not {reprlib.repr(text)}.")


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise click.UsageError(f"{name} takes true or false, not {reprlib.repr(text)}.")
    return _TRUTH[text.lower()]


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise click.UsageError(f"{name} is not JSON: {error}.") from None


def _free(text: str) -> Any:
    """JSON where it is that, else the text itself."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


# --- files --------------------------------------------------------------------------------------------------------


def _with_files(value: Any, contract: "Field | None") -> Any:
    """The value with paths for the texts in it that name files, by what the contract says of each place."""
    from bria_async.wire import Image  # slow to import

    if isinstance(value, list):
        return [_with_files(item, contract) for item in value]
    if isinstance(value, dict):
        fields = contract.fields if contract else {}
        return {name: _with_files(item, fields.get(name)) for name, item in value.items()}
    if not isinstance(value, str) or not value.startswith("@") or (contract and not contract.fact(Image)):
        return value
    return value[1:] if contract is None and value.startswith("@@") else _path(value)


def _path(text: str) -> Path:
    from bria_async.paths import expanded  # slow to import

    return expanded(text[1:])


# --- keywords of the library --------------------------------------------------------------------------------------

_GUIDANCE = '{"method": ..., "image": "@FILE", "scale": 0..1}'


def _guidance(name: str, text: str) -> "list[Guidance]":
    from bria_async.api.guidance import Guidance  # slow to import

    found = _free(text)
    methods: list[Guidance] = []
    for given in found if isinstance(found, list) else [found]:
        match given:
            case {"method": str(), "image": str(image)} if given.keys() <= attrs.fields_dict(Guidance).keys():
                source = _path(image) if image.startswith("@") else image
                methods.append(Guidance(**{**given, "image": source}))
            case _:
                raise click.UsageError(f"{name} takes {_GUIDANCE}, or an array of two, not {reprlib.repr(text)}.")
    return methods


@attrs.frozen
class Keyword:
    """A keyword that is the library's own: how it is read, and what is said of it."""

    read: Callable[[str, str], Any]
    words: str


OWN: Mapping[str, Keyword] = {
    "wait": Keyword(_truth, "bool: return only when the job is over"),
    "guidance": Keyword(_guidance, f"{_GUIDANCE}, or an array of two: instead of the parameters guidance_method_..."),
}
