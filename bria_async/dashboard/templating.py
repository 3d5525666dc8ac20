"""The one door to Jinja, an extra of the package: templates of pages, whose every value is escaped."""

import functools
import time
from pathlib import Path
from typing import Any

from bria_async.errors import MissingExtra

from .figures import duration
from .pages import LOOKS

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
except ModuleNotFoundError as missing:
    raise MissingExtra('Pages need Jinja2: pip install "bria-async[dashboard]"') from missing

__all__ = ["Template", "style", "template"]

HERE = Path(__file__).parent


def template(name: str) -> Template:
    """A template of the folder `templates`."""
    return _environment().get_template(name)


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
    environment.filters.update(duration=duration, moment=_moment, machine=_machine, size=_size)
    return environment


def _moment(at: float) -> str:
    """A time as people here read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _machine(at: float) -> str:
    """A time as programs read it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"  # noqa: PLR2004  # a megabyte
