"""The one door to Jinja, an extra of the package: templates of pages, whose every value is escaped."""

import functools
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bria_async.errors import MissingExtra
from bria_async.images.target import write_whole

from .drafts import described
from .figures import duration
from .pages import LOOKS

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
except ModuleNotFoundError as missing:
    raise MissingExtra('Pages need Jinja2: pip install "bria-async[dashboard]"') from missing

HERE = Path(__file__).parent
SUFFIX = ".html"
"""Of the name of a page."""


def write_page(to: Path, name: str, **values: Any) -> None:
    """Write a page of the folder `templates` to its target, piece by piece, whole or not at all; blocks.

    Names of files and words of servers may hold what is no text.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    pieces = _environment().get_template(name).generate(**values)
    write_whole(to, (piece.encode(errors="replace") for piece in pieces))


def rendered(name: str, **values: Any) -> str:
    """A page, or a part of one, as text."""
    return _environment().get_template(name).render(**values)


def style() -> str:
    """The one stylesheet of all pages."""
    return (HERE / "static" / "style.css").read_text(encoding="utf-8")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared: dict[str, Any] = {"looks": LOOKS}
    environment.globals.update(shared)
    environment.filters.update(
        duration=duration, moment=_moment, machine=_machine, size=size, indented=_indented, described=described
    )
    return environment


def _indented(text: str) -> str:
    """JSON in lines that people can read; any other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _moment(at: float) -> str:
    """A time as people here read it."""
    return _written(at, "%Y-%m-%d %H:%M:%S", time.localtime)


def _machine(at: float) -> str:
    """A time as programs read it."""
    return _written(at, "%Y-%m-%dT%H:%M:%SZ", time.gmtime)


def _written(at: float, how: str, by: Callable[[float], time.struct_time]) -> str:
    """A time, or nothing where somebody wrote down what is none."""
    try:
        return time.strftime(how, by(at))
    except (OverflowError, ValueError, OSError):
        return ""


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{math.ceil(count / 1e3)} kB"  # noqa: PLR2004  # a megabyte
