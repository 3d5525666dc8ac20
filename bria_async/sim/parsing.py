"""JSON from strangers, in bounds that everything behind it can rely on."""

import json
import re
from typing import Any, NoReturn

_DEEPEST = 64
_MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parsed(raw: bytes | str) -> Any:
    """JSON as it is published: UTF-8 without lone surrogates, no NaN or infinity, at most 64 levels deep.

    Raises:
        ValueError: for anything else.
    """
    text = raw if isinstance(raw, str) else raw.decode()
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("too deep") from None
    if _MAYBE_SURROGATE.search(text):
        json.dumps(found, ensure_ascii=False).encode()
    if _too_deep(found):
        raise ValueError("too deep")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
