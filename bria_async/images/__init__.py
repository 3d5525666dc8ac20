"""Image files before they are uploaded: what they are, what is wrong with them, what they will be called.

`inspect` looks at a folder of them, and `mend` writes copies without what is wrong. Both are loaded when they are first
used, because nothing else in this room needs them.
"""

TYPE_CHECKING = False  # as in the package itself

if TYPE_CHECKING:
    from typing import Any

    from .findings import Finding as Finding
    from .inspection import Inspection as Inspection
    from .inspection import inspect as inspect
    from .mending import Mended as Mended
    from .mending import mend as mend

_HOME = {
    "Finding": "findings",
    "Inspection": "inspection",
    "Mended": "mending",
    "inspect": "inspection",
    "mend": "mending",
}

__all__ = list(_HOME)  # one table; type checkers read the imports above


def __getattr__(name: str) -> "Any":
    """Load a public name from its home."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # only when a name is asked for

    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value
