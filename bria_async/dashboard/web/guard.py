"""What keeps other pages, other people and other names of this machine away from a dashboard.

Theory. Loopback is no boundary: any page in the same browser can send requests to it, and a name that suddenly leads to
127.0.0.1 makes them look like its own (DNS rebinding). So a request must name a host that is ours, and carry a key that
nobody else knows; one that asks for a change must come from a page of ours as well, by the word of the browser. Pages
run no script but our files, are framed by nobody, and no other origin may read an answer.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection

import attrs
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bria_async.errors import ConfigurationError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine for itself."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer that has none of its own."""
SAFE = ("GET", "HEAD")
KEY = "key"
"""The parameter that carries the key in an address, until the answer takes it out; it opens as long as this serves."""


def new_key() -> str:
    """A key that nobody can guess."""
    return secrets.token_urlsafe(24)


@attrs.frozen
class Guard:
    """Who may ask a dashboard for something; without a `key` the application that it is mounted in decides that."""

    hosts: Collection[str] = LOOPBACK
    key: str | None = attrs.field(default=None, repr=False)

    @key.validator
    def _is_none_or_something(self, _: object, key: str | None) -> None:
        if key == "":
            raise ConfigurationError("The key of a dashboard must not be empty: anybody would know it.")

    @property
    def cookie(self) -> str:
        """The name of the cookie with the key: dashboards on other ports have others."""
        return f"bria-async-{hashlib.sha256((self.key or '').encode()).hexdigest()[:8]}"

    def middleware(self) -> Middleware:
        """What every request goes through."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (refusal := self._refused(request)) is not None:
                return refusal
            if self.key is not None and KEY in request.query:
                return self._let_in(request, self.key)
            return await handler(request)

        return guarded

    def _refused(self, request: web.Request) -> web.Response | None:
        if _name_of(request.headers.get("Host", "")) not in self.hosts:
            return _refusal(421, "This dashboard does not go by that name.")
        if not self._knows_key(request):
            return _refusal(403, "Open the address that `bria-async dashboard` printed: it holds the key.")
        if request.method not in SAFE and not _is_ours(request):
            return _refusal(403, "Only a page of this dashboard may ask for a change.")
        return None

    def _knows_key(self, request: web.Request) -> bool:
        if self.key is None:
            return True
        given = [request.cookies.get(self.cookie, "")]
        if request.method in SAFE:
            given += request.query.getall(KEY, [])
        return any(hmac.compare_digest(one.encode(errors="replace"), self.key.encode()) for one in given)

    def _let_in(self, request: web.Request, key: str) -> web.Response:
        """Keep the key where scripts and other sites cannot get at it, and take it out of the address."""
        inside = "/" + str(request.rel_url.without_query_params(KEY)).lstrip("/\\")  # else it may name another host
        answer = web.Response(status=303, headers={"Location": inside})
        answer.set_cookie(self.cookie, key, httponly=True, samesite="Strict", path="/")
        return answer


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Give an answer what every one has, and take out what serves it."""
    response.headers.pop("Server", None)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _name_of(host: str) -> str:
    """A host without its port."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    return name.strip("[]").lower()


def _is_ours(request: web.Request) -> bool:
    """Whether a page of this dashboard sent it: by what browsers say and no page can change."""
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.host}"


def _refusal(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=f"{words}\n", headers=HEADERS)
