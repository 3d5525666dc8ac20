"""JSON that strangers write, in bounds that everything behind it can rely on."""

import codecs
import json
from typing import Any

from . import fast

DEEPEST = 64
"""Levels: the deepest answer known, a structured prompt inside its result, has less than ten."""
MOST_VALUES = 1_000_000
"""Values at most: a listing of 5,000 images has a tenth of that. Small text can be large in memory."""

_CONTAINERS = frozenset((dict, list))


def parsed(raw: bytes | str) -> Any:
    """What a JSON text says; bytes are UTF-8, because only that was looked through for what must not be shown.

    Raises:
        ValueError: it is no JSON, or holds more values or levels than any answer of the API.
    """
    if len(raw) > MOST_VALUES and _count(raw, "[") + _count(raw, "{") + _count(raw, ",") > MOST_VALUES:
        raise ValueError(f"it holds more than {MOST_VALUES:,} values")
    if isinstance(raw, bytes):
        if decode := fast.decoder():
            try:
                return decode(raw)
            except Exception:  # noqa: BLE001, S110  # only json.loads decides what is no JSON
                pass
        raw = raw.removeprefix(codecs.BOM_UTF8).decode()
    try:
        found = json.loads(raw)
    except RecursionError:
        raise _too_deep() from None
    if _count(raw, "[") + _count(raw, "{") > DEEPEST:
        _require_shallow(found)
    return found


def _count(raw: bytes | str, mark: str) -> int:
    return raw.count(mark.encode()) if isinstance(raw, bytes) else raw.count(mark)


def _require_shallow(value: Any) -> None:
    """Go down level by level, because a walk that recurses would end where it must not."""
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        held = (each.values() if type(each) is dict else each for each in level)
        level = [inner for values in held for inner in values if type(inner) in _CONTAINERS]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")
