"""The short way of a request through aiohttp, for a pool of our own; `ClientSession.request` is its plain twin.

For a small call aiohttp spends a third of its time on what ours never need: it merges headers, cookies, proxies and
passwords, follows redirects and sends again. What is left is here: a request, a connection of aiohttp's pool, and an
answer, each aiohttp's own. Tests compare what both ways send and answer, byte for byte.

These parts of aiohttp are not for everybody, so the short way is taken only where it is known: in the versions that it
was compared with, and while nobody looks on or stands in between (traces, a proxy, or a test that has put something
else in the place of `ClientSession.request`).
"""

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import aiohttp
import attrs
from aiohttp import hdrs
from yarl import URL

from .auth import PinnedToken
from .payload import CountedPayload

COMPARED_WITH = frozenset({"3.14.5"})
"""The versions of aiohttp whose parts these are; in all others the long way is taken, which is only slower."""

_LONG_WAY = aiohttp.ClientSession.request, aiohttp.ClientSession._request  # noqa: SLF001  # to see whether it is aiohttp's
_KNOWN = aiohttp.__version__ in COMPARED_WITH and all(
    type(step) is FunctionType and step.__code__.co_filename == aiohttp.client.__file__ for step in _LONG_WAY
)


def unwanted(method: str, body: CountedPayload | None) -> tuple[str, ...] | None:
    """What aiohttp would add to a request that has no body."""
    return (hdrs.CONTENT_TYPE,) if body is None and method != hdrs.METH_GET else None


@attrs.define(eq=False)
class ShortWay:
    """Requests through a pool of our own, with these headers and, at home, the token."""

    pool: aiohttp.ClientSession = attrs.field(repr=False)
    token: PinnedToken = attrs.field(repr=False)
    headers: Mapping[str, str]
    _made: dict[tuple[str, bool], Mapping[str, Any]] = attrs.field(factory=dict, init=False, repr=False)
    """What aiohttp has made of the first request of each kind, its method and whether it has a body: all others take
    over all of it but address, headers and body, which alone differ."""
    _plain: bool = attrs.field(init=False)
    """Whether the pool is as it was made here, and nobody has given it more to do."""

    @_plain.default
    def _as_made(self) -> bool:
        pool: Any = self.pool
        more = pool.trust_env, pool._default_proxy, pool._default_auth, pool._default_headers  # noqa: SLF001
        made_of = pool._request_class, pool._response_class  # noqa: SLF001
        return not any(more) and made_of == (aiohttp.ClientRequest, aiohttp.ClientResponse)

    @property
    def open(self) -> bool:
        """Whether it can be taken."""
        session = aiohttp.ClientSession
        untouched = session.request is _LONG_WAY[0] and session._request is _LONG_WAY[1]  # noqa: SLF001
        return _KNOWN and untouched and self._plain and not self.pool.trace_configs

    async def send(
        self, method: str, url: URL, body: CountedPayload | None, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        """Send a request, once, and return its answer when that begins.

        Raises:
            aiohttp.ClientError, OSError, TimeoutError: as `ClientSession.request`.
            RuntimeError: the pool is closed.
        """
        request: Any = self._request(method, url, body)
        connector: Any = self.pool.connector
        if self.pool.closed:
            raise RuntimeError("the pool is closed")
        try:
            connection = await connector.connect(request, traces=[], timeout=limits)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {url}") from error
        try:
            connection.protocol.set_response_params(timer=request._timer, read_until_eof=True)  # noqa: SLF001
            response: aiohttp.ClientResponse = await request.send(connection)
            try:
                await response.start(connection)
            except BaseException:
                response.close()
                raise
        except BaseException:
            connection.close()
            raise
        return response

    def _request(self, method: str, url: URL, body: CountedPayload | None) -> aiohttp.ClientRequest:
        if not self.token.is_for(url):
            raise ValueError("the short way leads home only")
        kind = method, body is None
        if (made := self._made.get(kind)) is None:
            request = self._first(method, url, body)
            self._made[kind] = {**vars(request), "headers": request.headers.copy(), "_body": None}
            return request
        request = aiohttp.ClientRequest.__new__(aiohttp.ClientRequest)
        request.__dict__ = {**made, "url": url, "original_url": url}
        headers = request.headers = made["headers"].copy()
        if body is not None:
            request._body = body  # noqa: SLF001
            headers[hdrs.CONTENT_LENGTH] = str(body.size)
            headers[hdrs.CONTENT_TYPE] = body.content_type
        return request

    def _first(self, method: str, url: URL, body: CountedPayload | None) -> aiohttp.ClientRequest:
        request = aiohttp.ClientRequest(
            method,
            url,
            headers=self.headers,
            skip_auto_headers=unwanted(method, body),
            data=body,
            loop=self.pool._loop,  # noqa: SLF001
            session=self.pool,
            version=aiohttp.HttpVersion11,
        )
        self.token.pin(request)
        return request
