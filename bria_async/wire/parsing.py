"""JSON that strangers write, in bounds that everything behind it can rely on."""

import json
from typing import Any

DEEPEST = 64
"""Levels: the deepest answer known, a structured prompt inside its result, has less than ten."""
MOST_VALUES = 1_000_000
"""Values at most: a listing of 5,000 images has a tenth of that. Small text can be large in memory."""


def parsed(raw: bytes | str) -> Any:
    """What a JSON text says; bytes are UTF-8, because only that was looked through for what must not be shown.

    Raises:
        ValueError: it is no JSON, or holds more values or levels than any answer of the API.
    """
    opened = _count(raw, "[") + _count(raw, "{")
    if opened + _count(raw, ",") > MOST_VALUES:
        raise ValueError(f"it holds more than {MOST_VALUES:,} values")
    try:
        found = json.loads(raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw)
    except RecursionError:
        raise _too_deep() from None
    if opened > DEEPEST:
        _require_shallow(found)
    return found


def _count(raw: bytes | str, mark: str) -> int:
    return raw.count(mark.encode()) if isinstance(raw, bytes) else raw.count(mark)


def _require_shallow(value: Any) -> None:
    """Go down level by level, because a walk that recurses would end where it must not."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise _too_deep()


def _inside(value: Any) -> Any:
    """The arrays and objects in a value."""
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in held if isinstance(inner, dict | list)]


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")
