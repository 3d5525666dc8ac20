"""Sends calls: waits for their turn, streams them, reads the answer, repeats what is safe to repeat."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import attrs
from yarl import URL

from bria_async.errors import ConfigurationError, ImageError, InvalidParameter, NotSent, RateLimited, RequestError
from bria_async.host import Host, observer
from bria_async.wire import Call, FilePart, Multipart, Reply
from bria_async.wire.retry import Rules, time_for

from .auth import PinnedToken
from .download import Downloads, post, put
from .files import image_at, look_at, settled
from .guard import AnswerTooLarge, Dropped, classify, opened, read_capped, sent_once
from .limit import Limiter, Turn
from .payload import CountedPayload, FormPayload, JsonPayload, MultipartPayload, encoded
from .tries import Found, Tries

MakeBody = Callable[[], CountedPayload | None]

CONNECTING = 0.8
"""The share of a request's time in which it must have a connection: what runs out of time without one was not sent,
and aiohttp tells the two apart only when they do not end together."""

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
    strict: bool = True
    keep_data_uri: bool = False

    async def send(self, call: Call) -> Any:
        """Send a call until it succeeds or may not be repeated, and return its typed answer, or what `on_doubt` found.

        Raises:
            RequestError: one of its subclasses, with all attempts.
            InvalidParameter: its body is not JSON, or a file in it is too large; nothing was sent.
            ImageError: a file in its body cannot be read, or changed while it was sent.
            ConfigurationError: a borrowed aiohttp session was closed.
        """
        call = await settled(call, self.host, strict=self.strict)
        body = await self._body(call)
        tries = Tries(self.rules, call, self.host.monotonic())
        watcher = observer.get()
        wait = 0.0
        while True:
            turn = await self._turn(tries, wait)
            try:
                with turn:
                    opened(self.http)
                    if watcher and not call.endpoint.safe:
                        await watcher.announced(call.endpoint.effect)
                    result = await self._try(tries, body)
            except (ImageError, ConfigurationError) as error:
                raise tries.failed(error) from None
            if isinstance(result, RateLimited):
                tries.refused_since = await turn.refused(result.retry_after or 0.0)
            elif not isinstance(result, NotSent):
                turn.served()
            if not isinstance(result, RequestError):
                return result
            again = await tries.again(result)
            if isinstance(again, Found):
                return again.value
            wait = again
            if watcher:
                watcher.retried(call.operation, result.message, wait)
            if isinstance(result, RateLimited):
                await turn.pause(tries.pause)

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
        return turn

    async def _try(self, tries: Tries, body: MakeBody) -> Any:
        """One attempt: the typed answer, or the error."""
        call = tries.call
        tries.begin()
        result = await self._exchange(tries, body())
        if isinstance(result, RequestError):
            return result
        try:
            answer = result.value(call) if result.ok else result.refuse(call, self.host.now())
        except RequestError as error:
            return error
        tries.succeeded(result.status)
        return answer

    async def _exchange(self, tries: Tries, body: CountedPayload | None) -> Reply | RequestError:
        """The request on the wire: a reply, or what became of it."""
        call, tries.body = tries.call, body
        size = 0 if body is None else body.size or 0
        total = max(0.001, min(time_for(size, self.timeout), tries.left()))  # 0 would be no limit to aiohttp
        status: int | None = None
        lost: BaseException
        try:
            async with self.http.request(
                call.endpoint.method,
                self.origin.with_path(tries.path, encoded=True).with_query(dict(call.query) or None),
                data=body,
                headers={"Accept": "application/json"},
                skip_auto_headers=("Content-Type",) if body is None else (),
                allow_redirects=False,
                raise_for_status=False,
                timeout=aiohttp.ClientTimeout(
                    total=total, connect=CONNECTING * total, sock_connect=min(30.0, CONNECTING * total)
                ),
                middlewares=(self.token, sent_once),
            ) as response:
                status = response.status
                return Reply(status, dict(response.headers), self.token.hidden_in(await read_capped(response)))
        except _LOST as error:
            lost = error
        # Raised and returned out here: no aiohttp error, whose repr shows the token, hangs on as context.
        if body is not None and body.failure is not None:
            raise attrs.evolve(body.failure)
        return classify(lost).error(call, status)

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
