"""What strangers write, in bounds that everything behind it can rely on: JSON, and ids in paths."""

import json
import math
import re
from typing import Any, NoReturn

_DEEPEST = 64
_MOST_VALUES = 100_000
_LONGEST_TEXT = 1 << 20
_LONGEST_ID = 20
_SURROGATE = re.compile("[\ud800-\udfff]")


class TooLong(ValueError):
    """A string in JSON that is longer than anything a field takes."""


def parsed(raw: bytes | str, longest: int = _LONGEST_TEXT) -> Any:
    """JSON as it is published: UTF-8 without lone surrogates, no NaN or infinity, at most 64 levels deep.

    A text with more than 100,000 of `{`, `[` and `,` is refused unread: small text of that kind is large in memory,
    while base64 holds none of them. A string has at most 1 MiB characters, or `longest` when it is all ASCII, as
    base64 is: what is kept and told again of it is bounded by that.

    Raises:
        TooLong: for a longer string.
        ValueError: for anything else.
    """
    text = raw if isinstance(raw, str) else raw.decode()
    if sum(map(text.count, "{[,")) > _MOST_VALUES:
        raise ValueError("too many values")
    try:
        found = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError("too deep") from None
    _check(found, longest)
    return found


def number(text: str) -> int:
    """The id that a text writes in plain digits; 0, which is nobody's, when it writes none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONGEST_ID else 0


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _finite(digits: str) -> float:
    found = float(digits)
    return found if math.isfinite(found) else _no_number(digits[:_LONGEST_ID])


def _check(value: Any, longest: int) -> None:
    """Refuse what is too deep or too long, or holds a lone surrogate, level by level."""
    level = [value]
    for _ in range(_DEEPEST):
        for text in level:
            if isinstance(text, str):
                _check_text(text, longest)
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise ValueError("too deep")


def _check_text(text: str, longest: int) -> None:
    plain = text.isascii()
    if len(text) > max(_LONGEST_TEXT, longest if plain else 0):
        raise TooLong(f"a string has at most {_LONGEST_TEXT} characters, in base64 {longest}")
    if not plain and _SURROGATE.search(text):
        raise ValueError("a lone surrogate")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
