"""Sends calls: waits for their turn, streams them, reads the answer, repeats what is safe to repeat."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import attrs
from yarl import URL

from bria_async.errors import ConfigurationError, ImageError, InvalidParameter, NotSent, RateLimited, RequestError
from bria_async.host import Host, observer
from bria_async.wire import Call, FilePart, Multipart
from bria_async.wire.reply import Reply
from bria_async.wire.retry import Rules, Sending, time_for

from .alarms import Alarm, Alarms
from .auth import PinnedToken
from .direct import ShortWay, unwanted
from .download import Downloads, post, put
from .files import image_at, look_at, settled
from .guard import AnswerTooLarge, Dropped, classify, opened, read_capped, sent_once
from .hooks import beside
from .limit import Limiter, Turn
from .payload import CountedPayload, FormPayload, JsonPayload, MultipartPayload, encoded
from .tries import Found, Tries

MakeBody = Callable[[], CountedPayload | None]

CONNECTING = 0.8
"""The share of a request's time, that for its body aside, in which it must have a connection: what runs out of time
without one was not sent, and aiohttp tells the two apart only when they do not end together."""

_HEADERS = {"Accept": "application/json"}
_LOST = (aiohttp.ClientError, TimeoutError, OSError, AnswerTooLarge, Dropped)


@attrs.define
class HttpClient:
    """One origin, one token, one pool of connections; `downloads` and `uploads` are pools that have no token."""

    host: Host
    origin: URL
    http: aiohttp.ClientSession = attrs.field(repr=False)
    uploads: aiohttp.ClientSession = attrs.field(repr=False)
    token: PinnedToken = attrs.field(repr=False)
    downloads: Downloads
    limiter: Limiter
    rules: Rules
    timeout: float
    borrowed: bool = False
    """Whether `http` is somebody else's."""
    strict: bool = True
    keep_data_uri: bool = False
    _origin: str = attrs.field(init=False)
    _usual_time: aiohttp.ClientTimeout = attrs.field(init=False)
    _alarms: Alarms = attrs.field(init=False, repr=False)
    _middlewares: tuple[aiohttp.ClientMiddlewareType] = attrs.field(init=False, repr=False)
    _short_way: ShortWay | None = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Make what is the same for most requests."""
        self._origin = str(self.origin.origin())
        self._usual_time = _connecting(self.timeout)
        self._alarms = Alarms()
        self._middlewares = (_pinned(self.token),)
        self._short_way = None if self.borrowed else ShortWay(self.http, self.token, _HEADERS)

    async def send(self, call: Call) -> Any:
        """Send a call until it succeeds or may not be repeated, and return its typed answer, or what `on_doubt` found.

        Raises:
            RequestError: one of its subclasses, with all attempts.
            InvalidParameter: its body is not JSON, or a file in it is too large; nothing was sent.
            ImageError: a file in its body cannot be read, or changed while it was sent.
            ConfigurationError: a borrowed aiohttp session was closed.
        """
        if call.form:
            call = await settled(call, self.host, strict=self.strict)
        make_body = await self._body(call) if call.endpoint.has_body else _no_body
        tries = Tries(self.rules, call)
        watcher = observer.get()
        wait = 0.0
        while True:
            turn = self._turn_at_once(tries) or await self._turn(tries, wait)
            try:
                with turn:
                    if watcher and not call.endpoint.safe:
                        opened(self.http)
                        await watcher.announced(call.endpoint.effect)
                    result = await self._try(tries, make_body())
            except (ImageError, ConfigurationError) as error:
                raise tries.failed(error) from None
            if not isinstance(result, RequestError):
                turn.served()
                return result
            again = await self._again(tries, turn, result)
            if isinstance(again, Found):
                return again.value
            wait = again

    async def send_told(self, call: Call) -> Any:
        """The same, and `on_call` is with it."""
        endpoint = call.endpoint
        sending = Sending(call.operation, endpoint.effect, endpoint.method, endpoint.path, self._origin)
        with beside(self.rules, sending):
            return await self.send(call)

    async def probe(self, url: str) -> bool | None:
        """Whether a result is there, as `Downloads.probe` tells."""
        return await self.downloads.probe(url)

    async def put(self, url: str, path: Path, content_type: str) -> None:
        """Put a file to a presigned URL, without the token."""
        await put(self.uploads, self.rules, url, path, content_type, self.timeout)

    async def post_file(self, url: str, path: Path, *, fields: Mapping[str, str], content_type: str) -> None:
        """Send a form with a file to the address that an answer named, without the token and to nowhere private."""
        file, _ = await self.host.in_thread(look_at, path)
        body = Multipart(fields, FilePart(file, path.name, content_type))
        await post(self.downloads.http, self.rules, url, MultipartPayload(body, self.host), self.timeout)

    async def fetch(self, url: str) -> bytes:
        """The bytes of a result, without the token."""
        return await self.downloads.read(url)

    async def _again(self, tries: Tries, turn: Turn, error: RequestError) -> float | Found:
        """What follows a failed attempt, as `Tries.again` says; its endpoint is told first."""
        if isinstance(error, RateLimited):
            tries.refused_since = await turn.refused(error.retry_after or 0.0)
        elif not isinstance(error, NotSent):
            turn.served()
        again = await tries.again(error)
        if isinstance(again, Found):
            return again
        if watcher := observer.get():
            watcher.retried(tries.call.operation, error.message, again)
        if isinstance(error, RateLimited):
            await turn.pause(tries.pause)
        return again

    def _turn_at_once(self, tries: Tries) -> Turn | None:
        """The turn of a call that is new, in time, and held up by nothing."""
        if tries.attempts or tries.left() <= 0:
            return None
        return self.limiter.at_once(tries.call.endpoint.operation, tries.began)

    async def _turn(self, tries: Tries, wait: float) -> Turn:
        """The call's turn, after a wait of its own where that is longer than the pause of its endpoint.

        Raises:
            RequestError: it does not come before the call's deadline.
        """
        try:
            with anyio.move_on_after(tries.left()) as in_line:
                if wait > tries.pause:
                    await self.host.sleep(wait)
                turn = await self.limiter.acquire(tries.call.operation, again=bool(tries.attempts))
        except BaseException:
            tries.give_back()
            raise
        if in_line.cancelled_caught:
            raise tries.late()
        if tries.left() <= 0:
            with turn:
                raise tries.late()
        tries.begin()
        return turn

    async def _try(self, tries: Tries, body: CountedPayload | None) -> Any:
        """One attempt: the typed answer, or the error."""
        call, tries.body = tries.call, body
        status: int | None = None
        lost: BaseException | None = None
        left = tries.left()
        seconds = max(0.001, min(time_for(0 if body is None else body.size or 0, self.timeout), left))
        if body is not None:
            body.begin()
        try:
            with Alarm(self._alarms, seconds):
                limits = self._usual_time if left >= self.timeout else _connecting(left)
                url = self._url(tries.path, call.query)
                async with await self._answer(call.endpoint.method, url, body, limits) as response:
                    status = response.status
                    reply = Reply(status, response.headers, self.token.hidden_in(await read_capped(response)))
        except RuntimeError:
            opened(self.http)
            raise
        except _LOST as error:
            lost = error
        finally:
            if body is not None:
                body.end()
        # Raised and returned out here: no aiohttp error, whose repr shows the token, hangs on as context.
        if lost is not None:
            if body is not None and body.failure is not None:
                raise attrs.evolve(body.failure)
            return classify(lost).error(call, status)
        try:
            answer = reply.value(call) if reply.ok else reply.refuse(call, self.host.now())
        except RequestError as error:
            return error
        tries.succeeded(reply.status)
        return answer

    def _answer(
        self, method: str, url: URL, body: CountedPayload | None, limits: aiohttp.ClientTimeout
    ) -> Awaitable[aiohttp.ClientResponse]:
        """The answer to a request that is sent once, by the short way where that is open."""
        if self._short_way is not None and self._short_way.open:
            return self._short_way.send(method, url, body, limits)
        return self.http.request(
            method,
            url,
            data=body,
            headers=_HEADERS,
            skip_auto_headers=unwanted(method, body),
            allow_redirects=False,
            raise_for_status=False,
            timeout=limits,
            middlewares=self._middlewares,
        )

    def _url(self, path: str, query: Mapping[str, str]) -> URL:
        url = URL(f"{self._origin}{path}", encoded=True)  # a quarter of the time of with_path
        return url.with_query(dict(query)) if query else url

    async def _body(self, call: Call) -> MakeBody:
        """What makes a body for each attempt; a body that cannot be is told here, before anything is announced.

        Raises:
            InvalidParameter: it is not JSON, or a file in it is too large.
            ImageError: a file in it cannot be read.
        """
        if call.multipart is not None:
            return functools.partial(MultipartPayload, call.multipart, self.host)
        if call.form is not None:
            return functools.partial(FormPayload, call.form)
        if call.json is None:
            return _no_body
        look = functools.partial(image_at, operation=call.operation, strict=self.strict)
        try:
            return functools.partial(JsonPayload, await encoded(call.json, self.host, look), self.host)
        except (ValueError, TypeError, RecursionError) as error:
            problem = str(error)
        raise InvalidParameter(f"the body is not JSON: {problem}", call.operation)


def _no_body() -> None:
    return None


def _pinned(token: PinnedToken) -> aiohttp.ClientMiddlewareType:
    """Client middleware: a request with its token, sent once; in one layer, because each one takes its time."""

    async def send(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        token.pin(request)
        return await sent_once(request, handler)

    return send


def _connecting(seconds: float) -> aiohttp.ClientTimeout:
    """The share of a request's time in which it must have a connection; the rest is an alarm of our own."""
    connect = CONNECTING * max(0.001, seconds)  # 0 would be no limit
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=min(30.0, connect))
