"""The token: kept out of sight, and pinned to one origin."""

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from bria_async.errors import ConfigurationError

HEADER = "api_token"
"""The header's literal name: underscore, lower case (all seeds, published spec)."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Secret:
    """A token that shows itself to nobody but the one who asks for its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        stripped = value.strip()
        if not stripped:
            raise ConfigurationError("There is no API token. Set BRIA_API_TOKEN or pass Session(token=...).")
        if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
            raise ConfigurationError("The API token holds characters that no token has; copy it again.")
        self._value = stripped

    def __repr__(self) -> str:
        """Never the value."""
        return "Secret(***)"

    def reveal(self) -> str:
        """The token itself."""
        return self._value

    def __reduce__(self) -> str | tuple[object, ...]:
        """A token is not to be pickled."""
        raise TypeError("a Secret is not pickled")


def origin_of(text: str) -> URL:
    """Check the base URL: https, or http to this machine, and nothing beyond the host.

    Raises:
        ConfigurationError: it is neither.
    """
    try:
        url = URL(text.rstrip("/"))
    except ValueError as error:
        raise ConfigurationError(f"The base URL cannot be read: {error}") from None
    if not url.host or url.scheme not in ("http", "https"):
        raise ConfigurationError(f"The base URL {text!r} is not an http(s) address.")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise ConfigurationError(
            f"The base URL {text!r} is not https: the token would cross the network in clear. "
            "Plain http is only for this machine (localhost, 127.0.0.1)."
        )
    if url.path not in ("", "/") or url.query or url.user:
        raise ConfigurationError(f"The base URL is scheme and host only (paths carry /v1 and /v2), not {text!r}.")
    return url


class PinnedToken:
    """Client middleware: the token goes to requests of its own origin and to no other."""

    def __init__(self, secret: Secret, origin: URL) -> None:
        self._secret = secret
        self._origin = origin.origin()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Add the header where it belongs."""
        if request.url.origin() == self._origin:
            request.headers[HEADER] = self._secret.reveal()
        return await handler(request)
