"""The token as a value that shows itself to nobody who does not ask for it."""

import json
from typing import Self
from urllib.parse import quote

from bria_async.errors import ConfigurationError

SHORTEST = 16
"""Characters from which on a token is looked for in what a server says: a short word may well mean itself there."""

HIDDEN = b"***"


class Secret:
    """A token; neither `repr`, nor a traceback with its locals, nor pickle shows it.

    `checked` raises where it cannot be one. The constructor never does, whatever it is given, so that its caller can
    forget the text before anything is raised.
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value.strip() if isinstance(value, str) else ""

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
        """What a server said, without the token where it repeats it: as it is, in an address, or in JSON."""
        if len(self._value) < SHORTEST:
            return content
        for form in {self._value, quote(self._value, safe=""), json.dumps(self._value)[1:-1]}:
            content = content.replace(form.encode(), HIDDEN)
        return content
