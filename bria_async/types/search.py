"""Results of searches in an organisation's gallery (SEED 004, published spec)."""

from typing import Literal

import attrs

from .common import Value

Style = Literal[
    "stock photography",
    "photo realistic",
    "fashion",
    "retro",
    "sports",
    "still life",
    "hyper realistic",
    "travel",
    "artistic",
    "3d render",
    "realistic",
    "fantasy",
    "comic book",
    "minimalistic",
]
"""How a result looks (SEED 004)."""

Atmosphere = Literal["dramatic", "vivid", "warm", "cool"]
Camera = Literal["portrait", "close up", "aerial", "landscape"]

LAST_RESULT = 800
"""How many results a query has at most, on all its pages (SEED 004)."""


@attrs.frozen(kw_only=True)
class SearchResult(Value):
    """An image that was found (published spec)."""

    visual_id: str | None = None
    """What `visuals` takes; synthetic results, of which SEED 004 speaks, may have none."""
    org_image_key: str | None = None
    """The key it was registered with."""
    source_url: str | None = None


@attrs.frozen(kw_only=True)
class SearchResults(Value):
    """One page of results, best first (published spec)."""

    results: tuple[SearchResult, ...] = ()
