"""The declared operations, as the command line finds and lists them."""

import difflib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from .values import OWN

if TYPE_CHECKING:
    from bria_async.wire import Endpoint, Field


def operation(name: str) -> "Endpoint":
    """The operation of this name.

    Raises:
        click.UsageError: there is none; it names the nearest ones.
    """
    known = {endpoint.operation: endpoint for endpoint in _beginning("")}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        near += [other for other in known if name in other.split(".") and other not in near]
        advice = f"Did you mean {', '.join(near)}?" if near else "See call --list."
        raise click.UsageError(f"There is no operation {name!r}. {advice}")
    return known[name]


def listing(beginning: str) -> str:
    """The operations whose names begin like this, each with its parameters.

    Raises:
        click.UsageError: there is none.
    """
    found = [_described(endpoint) for endpoint in _beginning(beginning)]
    if not found:
        raise click.UsageError(f"No operation begins with {beginning!r}.")
    return "\n\n".join(found)


def _beginning(text: str) -> Iterator["Endpoint"]:
    from bria_async.session import FAMILIES  # slow to import

    for family in FAMILIES.values():
        for endpoint in family.endpoints.values():
            if endpoint.operation.startswith(text):
                yield endpoint


def _described(endpoint: "Endpoint") -> str:
    """An operation with its parameters, one line each."""
    lines = [f"{endpoint.operation}  {endpoint.method} {endpoint.path}  ({endpoint.effect})"]
    lines += _lines(endpoint.parameters, "  ")
    lines += [f"  {name}?: {OWN[name].words}" for name in endpoint.own]
    if endpoint.free:
        lines.append("  ...: any field, as JSON or text, @FILE for a file in it: announced without a contract")
    return "\n".join(lines)


def _lines(fields: "Iterable[Field]", indent: str) -> Iterator[str]:
    for field in fields:
        yield f"{indent}{field.name}{'' if field.required else '?'}: {_kind(field)}"
        yield from _lines(field.fields.values(), indent + "  ")


_WORDS = {"dict": "object", "Mapping": "object"}


def _kind(field: "Field") -> str:
    from bria_async.wire import Documented, Image, Range  # slow to import

    many = "array" if list in field.kinds else ""
    if field.enum:
        return "|".join(map(str, field.enum)) + (" (array)" if many else "")
    if image := field.fact(Image):
        texts = [] if image.binary else ["base64"]
        texts += [] if image.address is False else ["address"]
        return f"@FILE or {' or '.join(texts)} {many}".strip()
    words = [many or " or ".join(_WORDS.get(kind.__name__, kind.__name__) for kind in field.kinds)]
    for fact in field.facts:
        if isinstance(fact, Range):
            words.append(
                f"{'' if fact.minimum is None else fact.minimum}..{'' if fact.maximum is None else fact.maximum}"
            )
        elif isinstance(fact, Documented):
            words.append("such as " + ", ".join(fact.values))
    return " ".join(words)
