"""Faces of a run: what is shown of it on terminals, in reports and on live pages.

`app` and `serving` are the dashboard; they are imported when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .web.server import app as app
    from .web.server import serving as serving

__all__ = ["app", "serving"]


def __getattr__(name: str) -> Any:
    """Import the dashboard, with the packages of its extra."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .web import server  # noqa: PLC0415  # slow to import, and needs an extra

    return getattr(server, name)
