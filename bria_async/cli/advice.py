"""What the library says to those who write Python, as it is typed on the command line, in the same place."""

import re
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

_TYPED = {
    " Session(strict=False) sends values as given.": "",  # `call` says so where that helps
    "Session(token=...)": "--token-file",
    "Session(requests_per_minute=...)": "--requests-per-minute",
    "wait=True": "wait=true",
    "pathlib.Path(...)": "@FILE",
    "port=0 takes": "--port 0 takes",
    "a path or as bytes": "@FILE",
}

_WAIT = re.compile(r"jobs\.wait(?:\('([^']*)'\))?")
_FLAG = r"""(--[\w-]+) (?:'[^']*'|"[^"]*"|[^\s'"])+ """
_COMMAND = re.compile(rf"bria-async (\w+) (?=((?:{_FLAG})*))")


def carried(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Remember a flag that the next command needs as well; the callback of its option."""
    if value is not None:
        given = value.absolute() if isinstance(value, Path) else value
        context.meta.setdefault(__name__, {})[option.opts[0]] = str(given)
    return value


def typed(text: str) -> str:
    """The same advice in the words of the command line; commands have the flags that say where this one worked."""
    for said, meant in _TYPED.items():
        text = text.replace(said, meant)
    text = _WAIT.sub(lambda found: f"bria-async wait {found[1] or ''}".rstrip(), text)
    return _COMMAND.sub(_with_flags, text)


def _with_flags(found: re.Match[str]) -> str:
    """A command with those of the carried flags that it does not have already."""
    return found[0] + _flags(found[1], re.findall(_FLAG, found[2]))


def _flags(command: str, there: Collection[str]) -> str:
    """The carried flags that a command knows, but for those that are there, quoted for a shell."""
    context = click.get_current_context(silent=True)
    program = context and context.find_root().command
    if context is None or not isinstance(program, click.Group) or command not in program.commands:
        return ""
    known = {name for flag in program.commands[command].params for name in flag.opts} - set(there)
    given = context.meta.get(__name__, {})
    return "".join(f"{name} {shlex.quote(value)} " for name, value in given.items() if name in known)
