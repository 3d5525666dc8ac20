"""Sends calls: waits for their turn, streams them, reads the answer, repeats what is safe to repeat."""

import functools
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import attrs
from yarl import URL

from bria_async.errors import (
    Attempt,
    InvalidParameter,
    NotSent,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    Untrusted,
)
from bria_async.host import Host, observer
from bria_async.wire import Call, FilePart, Multipart, Reply
from bria_async.wire.retry import Failure, RetryPolicy, time_for

from .auth import PinnedToken
from .download import Downloads, post, put
from .files import image_at, look_at, settled
from .guard import AnswerTooLarge, classify, opened, read_capped
from .limit import Limiter
from .payload import CountedPayload, FormPayload, JsonPayload, MultipartPayload, encoded

log = logging.getLogger("bria_async")

MakeBody = Callable[[], CountedPayload | None]

_LOST = (aiohttp.ClientError, TimeoutError, OSError, AnswerTooLarge)


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
    policy: RetryPolicy
    timeout: float
    strict: bool = True
    keep_data_uri: bool = False

    async def send(self, call: Call) -> Any:
        """Send a call until it succeeds or may not be repeated, and return its typed answer.

        Raises:
            RequestError: one of its subclasses, with all attempts.
            InvalidParameter: its body is not JSON, or a file in it is too large; nothing was sent.
            ImageError: a file in its body cannot be read, or changed while it was sent.
            ConfigurationError: a borrowed aiohttp session was closed.
        """
        call = await settled(call, self.host, strict=self.strict)
        body = await self._body(call)
        attempts: list[Attempt] = []
        started = self.host.monotonic()
        while True:
            await self.limiter.acquire(call.operation)
            opened(self.http)
            watcher = observer.get()
            if watcher and not call.endpoint.safe:
                await watcher.announced(call.endpoint.effect)
            result = await self._try(call, body)
            if not isinstance(result, RequestError):
                return result
            elapsed = self.host.monotonic() - started
            effect = call.endpoint.effect
            wait = self.policy.wait(result, effect, len(attempts) + 1, elapsed, self.host.random)
            attempts.append(attrs.evolve(result.attempts[0], waited=wait or 0.0))
            if wait is None:
                raise attrs.evolve(result, attempts=tuple(attempts))
            log.info("%s: %s, again in %.1f s", call.operation, result.message, wait)
            if watcher:
                watcher.retried(call.operation, result.message, wait)
            if isinstance(result, RateLimited):
                self.limiter.pause(call.operation, wait)
            else:
                await self.host.sleep(wait)

    async def probe(self, url: str) -> bool | None:
        """Whether a result is there, as `Downloads.probe` tells."""
        return await self.downloads.probe(url)

    async def put(self, url: str, path: Path, content_type: str) -> None:
        """Put a file to a presigned URL, without the token."""
        await put(self.uploads, url, path, content_type, self.timeout)

    async def post_file(self, url: str, path: Path, *, fields: Mapping[str, str], content_type: str) -> None:
        """Send a form with a file to a presigned URL, without the token."""
        file, _ = await self.host.in_thread(look_at, path)
        body = Multipart(fields, FilePart(file, path.name, content_type))
        await post(self.uploads, url, MultipartPayload(body, self.host), self.timeout)

    async def fetch(self, url: str) -> bytes:
        """The bytes of a result, without the token."""
        return await self.downloads.read(url)

    async def _try(self, call: Call, body: MakeBody) -> Any:
        """One attempt: the typed answer, or the error with its single attempt."""
        result = await self._exchange(call, call.path, body())
        if isinstance(result, Reply) and result.status == HTTPStatus.NOT_FOUND and call.fallback:
            result = await self._exchange(call, call.fallback, body())
        if isinstance(result, RequestError):
            return result
        try:
            return result.value(call) if result.ok else result.refuse(call)
        except RequestError as error:
            return error

    async def _exchange(self, call: Call, path: str, body: CountedPayload | None) -> Reply | RequestError:
        """The request on the wire: a reply, or what became of it."""
        size = 0 if body is None else body.size or 0
        status: int | None = None
        lost: BaseException
        try:
            async with self.http.request(
                call.endpoint.method,
                self.origin.with_path(path, encoded=True).with_query(dict(call.query) or None),
                data=body,
                headers={"Accept": "application/json"},
                skip_auto_headers=("Content-Type",) if body is None else (),
                allow_redirects=False,
                raise_for_status=False,
                timeout=aiohttp.ClientTimeout(total=time_for(size, self.timeout), sock_connect=min(30.0, self.timeout)),
                middlewares=(self.token,),
            ) as response:
                status = response.status
                return Reply(status, dict(response.headers), await read_capped(response))
        except _LOST as error:
            lost = error
        # Raised and returned out here: no aiohttp error, whose repr shows the token, hangs on as context.
        if body is not None and body.failure is not None:
            raise attrs.evolve(body.failure)
        return _failed(call, classify(lost), status, body.sent if body is not None else 0)

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


def _failed(call: Call, failure: Failure, status: int | None, sent: int) -> RequestError:
    unknown = failure.outcome is Outcome.UNKNOWN
    kind = OutcomeUnknown if unknown else Untrusted if failure is Failure.UNTRUSTED else NotSent
    attempt = Attempt(failure.words, status, sent if unknown else 0)
    return kind(failure.words, call.operation, (attempt,), call.endpoint.safe)
