"""`call`: any declared operation by its name."""

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .exits import Failure
from .flags import session_flags, session_of
from .work import Interrupted, run

if TYPE_CHECKING:
    from bria_async.wire import Endpoint, Parameter

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@click.command()
@click.argument("operation", required=False)
@click.argument("assignments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--list", "listed", is_flag=True, help="List the operations whose name begins with OPERATION.")
@click.option("--strict/--no-strict", default=True, help="Check documented ranges before sending.")
@session_flags
def call(operation: str | None, assignments: tuple[str, ...], *, listed: bool, strict: bool, **connection: Any) -> None:
    """Call OPERATION, such as projects.list, and print its answer as JSON.

    Values are read by the parameter's type: numbers, true and false, objects as JSON, arrays as JSON or by repeating
    the key, and @FILE for an image. A call that creates or bills is sent once.
    """
    if listed or operation is None:
        click.echo("\n\n".join(_described(endpoint) for endpoint in _endpoints(operation or "")))
        return
    endpoint = _endpoint(operation)
    values = _values(endpoint, assignments)

    async def work() -> Any:
        from bria_async.wire.convert import unstructure  # slow to import

        family, name = operation.split(".")
        async with session_of(**connection, strict=strict) as bria:
            return unstructure(await getattr(getattr(bria, family), name)(**values))

    try:
        answer = run(work())
    except Interrupted as error:
        raise Failure("Interrupted: if it was sent, it may have taken effect.", error.code) from None
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False, default=_plain))


# --- operations ---------------------------------------------------------------------------------------------------


def _endpoints(beginning: str) -> Iterator["Endpoint"]:
    from bria_async.session import FAMILIES  # slow to import

    for family in FAMILIES.values():
        for endpoint in family.endpoints.values():
            if endpoint.operation.startswith(beginning):
                yield endpoint


def _endpoint(operation: str) -> "Endpoint":
    known = {endpoint.operation: endpoint for endpoint in _endpoints("")}
    if operation not in known:
        near = difflib.get_close_matches(operation, known, n=3)
        near += [name for name in known if operation in name.split(".") and name not in near]
        advice = f" Did you mean {', '.join(near)}?" if near else " See call --list."
        raise click.UsageError(f"There is no operation {operation!r}.{advice}")
    return known[operation]


def _described(endpoint: "Endpoint") -> str:
    """An operation with its parameters, one line each."""
    lines = [f"{endpoint.operation}  {endpoint.method} {endpoint.path}  ({endpoint.effect})"]
    lines += [
        f"  {parameter.name}{'' if parameter.required else '?'}: {_kind(parameter)}"
        for parameter in endpoint.parameters
    ]
    if "wait" in endpoint.own:
        lines.append("  wait?: bool: return only when the job is over")
    if endpoint.free:
        lines.append("  ...: any field, as JSON or text: announced without a contract")
    return "\n".join(lines)


def _kind(parameter: "Parameter") -> str:
    from bria_async.wire import Documented, Image, Range  # slow to import

    if parameter.enum:
        return "|".join(map(str, parameter.enum)) + (" (array)" if list in parameter.kinds else "")
    many = "array" if list in parameter.kinds else ""
    if image := parameter.fact(Image):
        texts = [] if image.binary else ["base64"]
        texts += [] if image.address is False else ["address"]
        return f"@FILE or {' or '.join(texts)} {many}".strip()
    words = [many or " or ".join(_WORDS.get(kind.__name__, kind.__name__) for kind in parameter.kinds)]
    for fact in parameter.facts:
        if isinstance(fact, Range):
            words.append(
                f"{'' if fact.minimum is None else fact.minimum}..{'' if fact.maximum is None else fact.maximum}"
            )
        elif isinstance(fact, Documented):
            words.append("such as " + ", ".join(fact.values))
    return " ".join(words)


_WORDS = {"dict": "object", "Mapping": "object"}


# --- values -------------------------------------------------------------------------------------------------------


def _values(endpoint: "Endpoint", assignments: tuple[str, ...]) -> dict[str, Any]:
    """What was assigned, by the types of the parameters."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise click.UsageError(f"{assignment!r} is not KEY=VALUE.")
        if parameter := endpoint.by_name.get(name):
            value = _value(parameter, text)
            values[name] = [*values.get(name, []), *value] if list in parameter.kinds else value
        elif name == "wait" and name in endpoint.own:
            values[name] = _truth(name, text)
        elif endpoint.free:
            values[name] = _free(text)
        else:
            near = difflib.get_close_matches(name, endpoint.by_name, n=1)
            advice = f" Did you mean {near[0]}?" if near else f" It takes {', '.join(endpoint.by_name) or 'nothing'}."
            raise click.UsageError(f"{endpoint.operation} takes no {name!r}.{advice}")
    missing = [
        parameter.name for parameter in endpoint.parameters if parameter.required and parameter.name not in values
    ]
    if missing:
        raise click.UsageError(f"{endpoint.operation} needs {', '.join(missing)}.")
    return values


def _value(parameter: "Parameter", text: str) -> Any:
    if list in parameter.kinds:
        return _array(parameter, text)
    if _is_image(parameter) and text.startswith("@"):
        return Path(text[1:])
    if bool in parameter.kinds:
        return _truth(parameter.name, text)
    for kind in (int, float):
        if kind in parameter.kinds:
            try:
                return kind(text)
            except ValueError:
                if str not in parameter.kinds:
                    raise click.UsageError(f"{parameter.name} is a number, not {text!r}.") from None
    return text if str in parameter.kinds else _json(parameter, text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise click.UsageError(f"{name} is true or false, not {text!r}.")
    return _TRUTH[text.lower()]


def _array(parameter: "Parameter", text: str) -> list[Any]:
    """A JSON array, or one item of it."""
    if text.startswith("["):
        items: list[Any] = _json(parameter, text)
        return items
    if _is_image(parameter):
        return [Path(text[1:]) if text.startswith("@") else text]
    return [text] if str in parameter.items else [_json(parameter, text)]


def _json(parameter: "Parameter", text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        what = "array" if list in parameter.kinds else "object"
        raise click.UsageError(f"{parameter.name} is not a JSON {what}: {error}.") from None


def _free(text: str) -> Any:
    """JSON where it is that, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_image(parameter: "Parameter") -> bool:
    from bria_async.wire import Image  # slow to import

    return parameter.fact(Image) is not None


def _plain(value: object) -> str:
    """What JSON cannot hold, such as the bytes of a zip."""
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)
