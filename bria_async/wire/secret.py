"""The token as a value that shows itself to nobody who does not ask for it."""

import re
from typing import Self

from bria_async.errors import ConfigurationError

SHORTEST = 16
"""Characters from which on a token is looked for in what a server says: a short word may well mean itself there."""

HIDDEN = b"***"

_BEGINNING = SHORTEST // 2
"""Characters that are looked for at first."""
_FOLLOWING = 4
"""Characters that are looked for behind an escaped one of these."""


def _escapes(char: str) -> list[tuple[bytes, bytes]]:
    """Patterns of the escapes of a character in addresses and in JSON, each as what it begins with and the rest."""
    high, low = divmod(ord(char), 16)
    digits = b"%x[%x%X]" % (high, low, low)
    short = [(rb"\\", re.escape(char.encode()))] if char in '"\\/' else []
    return [(b"%", digits), (rb"\\u00", digits), *short]


def _anyhow(text: str) -> bytes:
    """A pattern of a text, each of its characters in any spelling; in JSON within JSON backslashes are doubled."""
    spelled = (
        [re.escape(char.encode()), *(mark.replace(rb"\\", rb"\\\\{0,7}") + rest for mark, rest in _escapes(char))]
        for char in text
    )
    return b"".join(b"(?:%s)" % b"|".join(ways) for ways in spelled)


def _beginnings(text: str) -> list[re.Pattern[bytes]]:
    """Patterns of an escaped character in the beginning of a text and of what follows, by what they begin with."""
    found: dict[bytes, list[bytes]] = {}
    for at, char in enumerate(text[:_BEGINNING], 1):
        for mark, rest in _escapes(char):
            found.setdefault(mark, []).append(rest + _anyhow(text[at : at + _FOLLOWING]))
    return [re.compile(mark + b"(?:%s)" % b"|".join(rests)) for mark, rests in found.items()]


class Secret:
    """A token; neither `repr`, nor a traceback with its locals, nor pickle shows it.

    `checked` raises where it cannot be one. The constructor never does, whatever it is given, so that its caller can
    forget the text before anything is raised.
    """

    __slots__ = ("_beginning", "_hints", "_value")

    def __init__(self, value: object) -> None:
        self._value = value.strip() if isinstance(value, str) else ""
        self._beginning = self._value[:_BEGINNING].encode(errors="replace")
        self._hints: list[re.Pattern[bytes]] = []

    def __repr__(self) -> str:
        """Never the value."""
        return "Secret(***)"

    def __reduce__(self) -> str | tuple[object, ...]:
        """A token is not to be pickled."""
        raise TypeError("a Secret is not pickled")

    def reveal(self) -> str:
        """The token itself."""
        return self._value

    def checked(self) -> Self:
        """The same, when it can be a token.

        Raises:
            ConfigurationError: there is none, or it holds what no token does.
        """
        if not self._value:
            raise ConfigurationError("There is no API token. Set BRIA_API_TOKEN or pass Session(token=...).")
        if not self._value.isascii() or not self._value.isprintable() or " " in self._value:
            raise ConfigurationError("The API token holds characters that no token has; copy it again.")
        return self

    def hidden_in(self, content: bytes) -> bytes:
        """What a server said, without the token where it repeats it.

        Each of its characters may be plain or escaped, as in addresses and in JSON, with NULs between, as in UTF-16:
        they go with it.
        """
        if len(self._value) < SHORTEST:
            return content
        plain = content.translate(None, b"\0") if b"\0" in content else content
        if not self._hinted(plain):
            return content
        hidden, times = re.subn(_anyhow(self._value), HIDDEN, plain)
        return hidden if times else content

    def _hinted(self, plain: bytes) -> bool:
        """Whether the token may be there: a look that takes little time of a large answer.

        It is there only with its beginning as it is, or with an escape in its beginning; patterns that begin with fixed
        bytes are found fast.
        """
        if self._beginning in plain:
            return True
        if b"%" not in plain and b"\\" not in plain:
            return False
        self._hints = self._hints or _beginnings(self._value)
        return any(hint.search(plain) for hint in self._hints)
