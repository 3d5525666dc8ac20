"""What of an address may be shown: scheme, host and path, and nothing else.

Signatures and keys live in the query, passwords before the host. What is let through is listed here, rather than what
is taken out: a parameter that nobody has heard of is not shown either.
"""

import re

SHOWN = 2000
"""How much of a server's text is kept, in characters."""


def _spelled(characters: str) -> str:
    """A pattern of one of these characters, plain or as an escape of JSON or of an address."""
    codes = "|".join(f"{ord(each):02x}" for each in characters)
    return rf"(?:\\{{0,8}}[{characters}]|\\{{1,8}}u00(?i:{codes})|%(?i:{codes}))"


_WORD = re.compile(r'(?:\\[^\s"]|[^\s"<>\\])+')
"""What an address cannot reach beyond."""
_SLASH = re.compile(_spelled("/"))
_MARK = re.compile(_spelled("?#"))
"""What ends a path."""
_NAMED = re.compile(rf"[\w.~-]{{1,80}}{_spelled('=')}")
"""How a query begins where nothing else says that it is one."""
_AUTHORITY = rf"""({_spelled("/")}{{2}})(?:(?!{_spelled("/?#")})[^\s"<>])*"""
_CREDENTIALS = re.compile(_AUTHORITY + _spelled("@"))
_UNFINISHED = re.compile(_AUTHORITY + r"\Z")
"""An end that may be the first half of a password."""


def shown(url: str) -> str:
    """An address as it may be shown."""
    return _MARK.split(excerpt(url), maxsplit=1)[0]


def excerpt(text: str, most: int = SHOWN) -> str:
    """The beginning of a text, such as a server's, with every address in it as it may be shown.

    However long the text, the work is bounded; an address that is cut through shows no half of its secrets.
    """
    head = text[: 2 * most]
    if len(head) < len(text):
        head = _UNFINISHED.sub("", head)
    return _WORD.sub(_redacted, head)[:most]


def _redacted(found: re.Match[str]) -> str:
    word = _CREDENTIALS.sub(r"\1", found[0])
    slash = _SLASH.search(word)
    for mark in _MARK.finditer(word):
        if (slash and slash.start() < mark.start()) or _NAMED.match(word, mark.end()):
            return word[: mark.start()]
    return word
