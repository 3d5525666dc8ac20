"""The token: pinned to one origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yarl import URL

from bria_async.errors import ConfigurationError
from bria_async.wire.redaction import shown

if TYPE_CHECKING:
    from aiohttp import ClientRequest

    from bria_async.wire.secret import Secret

HEADER = "api_token"
"""The header's literal name: underscore, lower case (all seeds, published spec)."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def origin_of(text: str) -> URL:
    """Check the base URL: https, or http to this machine, and nothing beyond the host.

    Raises:
        ConfigurationError: it is neither; a password or a query in it is not shown.
    """
    told = shown(text)
    try:
        url = URL(text.rstrip("/"))
    except ValueError:
        raise ConfigurationError(f"The base URL {told!r} cannot be read.") from None
    if not url.host or url.scheme not in ("http", "https"):
        raise ConfigurationError(f"The base URL {told!r} is not an http(s) address.")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise ConfigurationError(
            f"The base URL {told!r} is not https: the token would cross the network in clear. "
            "Plain http is only for this machine (localhost, 127.0.0.1)."
        )
    if url.path not in ("", "/") or url.query_string or url.fragment or url.user or url.password:
        raise ConfigurationError(f"The base URL is scheme and host only (paths carry /v1 and /v2), not {told!r}.")
    return url


class PinnedToken:
    """The token, which goes to requests of its own origin and to no other."""

    def __init__(self, secret: Secret, origin: URL) -> None:
        self._secret = secret
        self._origin = (origin.scheme, origin.raw_authority)

    def is_for(self, url: URL) -> bool:
        """Whether this is an address of its origin."""
        return (url.scheme, url.raw_authority) == self._origin

    def pin(self, request: ClientRequest) -> None:
        """Add the header where it belongs."""
        if self.is_for(request.url):
            request.headers[HEADER] = self._secret.reveal()

    def hidden_in(self, content: bytes) -> bytes:
        """What a server said, without the token where it repeats it."""
        return self._secret.hidden_in(content)
