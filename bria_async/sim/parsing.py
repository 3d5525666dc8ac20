"""What strangers write, in bounds that everything behind it can rely on: JSON, and ids in paths."""

import json
import re
from typing import Any, NoReturn

_DEEPEST = 64
_MOST_VALUES = 100_000
_LONGEST_ID = 20
_SURROGATE = re.compile("[\ud800-\udfff]")


def parsed(raw: bytes | str) -> Any:
    """JSON as it is published: UTF-8 without lone surrogates, no NaN or infinity, at most 64 levels deep.

    A text with more than 100,000 of `{`, `[` and `,` is refused unread: small text of that kind is large in memory,
    while base64 holds none of them.

    Raises:
        ValueError: for anything else.
    """
    text = raw if isinstance(raw, str) else raw.decode()
    if sum(map(text.count, "{[,")) > _MOST_VALUES:
        raise ValueError("too many values")
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("too deep") from None
    _check(found)
    return found


def number(text: str) -> int:
    """The id that a text writes in plain digits; 0, which is nobody's, when it writes none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONGEST_ID else 0


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _check(value: Any) -> None:
    """Refuse what is too deep or holds a lone surrogate, level by level."""
    level = [value]
    for _ in range(_DEEPEST):
        if any(isinstance(each, str) and not each.isascii() and _SURROGATE.search(each) for each in level):
            raise ValueError("a lone surrogate")
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise ValueError("too deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
