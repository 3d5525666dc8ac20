"""Results by URL, and files to presigned URLs: through pools of connections without the token."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import aiohttp
import attrs
from yarl import URL

from bria_async.errors import DownloadFailed, ImageError, UploadFailed
from bria_async.partfile import PartFile
from bria_async.wire.endpoint import Effect
from bria_async.wire.redaction import shown
from bria_async.wire.retry import Rules, time_for

from .files import look_at
from .guard import LARGEST_ANSWER, LARGEST_DOWNLOAD, opened, sent_once
from .payload import CountedPayload, FilePayload
from .transfer import Problem, Take, Transfer, answered

SLICE = 256 * 1024
"""Bytes per write."""
READY = frozenset({200, 206})
TAKEN = frozenset({200, 201, 204})
EMPTY = READY | {416}
"""Zero bytes, or a range request on a zero-byte file: the result was stopped by moderation."""
GONE = 410
"""The one answer that says that a URL's time is over. A 403 may mean that, or that it is not ready yet: unknown."""
CONNECTING = 30.0
"""Seconds in which there must be a connection."""

Write = Callable[[bytes], Awaitable[object]]


@attrs.define
class Downloads:
    """Fetches results; redirects are not followed, the size is capped."""

    http: aiohttp.ClientSession = attrs.field(repr=False)
    timeout: float
    rules: Rules

    async def probe(self, url: str) -> bool | None:
        """Whether a result is there: None while it is not, False when it is empty, because moderation stopped it.

        Asks for the first byte only: 200 or 206 with content is there, nothing or 416 is empty, anything else,
        a server that fails or cannot be reached in time included, is not there yet (a public client of the API; the
        API documents no status for this).

        Raises:
            DownloadFailed: waiting is in vain: it is gone (410), or there is no way to its address, which cannot
                be read, is a private one, or has a certificate that is not trusted.
        """
        transfer = Transfer(self.rules, "probe", Effect.SAFE, url, once=True)

        async def look(response: aiohttp.ClientResponse) -> Problem | None:
            if response.status not in READY:
                return answered(response.status)
            return None if await self._block(transfer, response, 0) else _empty(response.status)

        with transfer.accompanied():
            problem = await transfer.run(lambda: self._get(transfer, {"Range": "bytes=0-0"}), look)
            if problem is None:
                return True
            if problem.status in EMPTY and problem.gone:
                return False
            if problem.status in {None, GONE} and not problem.again:
                raise transfer.failure(DownloadFailed, problem)
            return None

    async def fetch(self, url: str, to: Path, limit: int | None = None) -> Path:
        """Download to exactly this path, by way of a temporary file beside it.

        What may pass by itself (a lost connection, a server that is throttled or fails) is tried again from the
        first byte, as often and as patiently as the policy says.

        Raises:
            DownloadFailed: not there, empty, too large, kept failing, or the deadline passed; no file is left behind.
        """
        host = self.rules.host
        transfer = Transfer(self.rules, "download", Effect.SAFE, url)
        most = LARGEST_DOWNLOAD if limit is None else limit

        async def keep(response: aiohttp.ClientResponse) -> Problem | None:
            with PartFile(to) as part:
                problem = await self._read(transfer, response, most, lambda block: host.in_thread(part.write, block))
                if problem is None:
                    await host.in_thread(part.commit)
            return problem

        await self._result(transfer, keep)
        return to

    async def read(self, url: str, limit: int = LARGEST_ANSWER) -> bytes:
        """Download into memory, repeating as `fetch` does.

        Raises:
            DownloadFailed: as from `fetch`.
        """
        content = bytearray()
        transfer = Transfer(self.rules, "download", Effect.SAFE, url)

        async def add(block: bytes) -> None:
            content.extend(block)

        async def keep(response: aiohttp.ClientResponse) -> Problem | None:
            content.clear()
            return await self._read(transfer, response, limit, add)

        await self._result(transfer, keep)
        return bytes(content)

    async def _result(self, transfer: Transfer, keep: Take) -> None:
        async def take(response: aiohttp.ClientResponse) -> Problem | None:
            return _not_whole(response) or await keep(response)

        with transfer.accompanied():
            if problem := await transfer.run(lambda: self._get(transfer, {}), take):
                raise transfer.failure(DownloadFailed, problem)

    @contextlib.asynccontextmanager
    async def _get(self, transfer: Transfer, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose body has not come yet; aiohttp's own total would be for both together."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=min(CONNECTING, self.timeout), sock_read=self.timeout)
        async with asyncio.timeout(min(self.timeout, transfer.left())):
            response = await opened(self.http).get(
                URL(transfer.url, encoded=True),
                headers={"Accept-Encoding": "identity", **headers},
                allow_redirects=False,
                raise_for_status=False,
                timeout=timeout,
                middlewares=(sent_once,),
            )
        async with response:
            yield response

    async def _read(
        self, transfer: Transfer, response: aiohttp.ClientResponse, limit: int, write: Write
    ) -> Problem | None:
        """Hand on the body block by block: what is wrong with it, or nothing."""
        larger = Problem(f"is larger than {limit} bytes", response.status, gone=True)
        if (response.content_length or 0) > limit:
            return larger
        received = 0
        while block := await self._block(transfer, response, received):
            received += len(block)
            if received > limit:
                return larger
            await write(block)
        return None if received else _empty(response.status)

    async def _block(self, transfer: Transfer, response: aiohttp.ClientResponse, received: int) -> bytes:
        """The next block of a body of which so much has come, while that is no less than the slowest rate brings.

        Raises:
            TimeoutError: it is less, or the deadline passed.
        """
        left = min(time_for(received, self.timeout) - transfer.seconds(), transfer.left())
        if left <= 0:
            raise TimeoutError
        async with asyncio.timeout(left):
            return await response.content.read(SLICE)


async def put(
    http: aiohttp.ClientSession, rules: Rules, url: str, path: Path, content_type: str, patience: float
) -> None:
    """Put a file to a presigned URL, streamed and without the token.

    The answer has `patience` seconds, and the whole as much more as the file takes at the slowest rate. The
    address is the user's own word, so it may be a private one.

    Raises:
        UploadFailed: it was not taken, or cannot be read; the URL's query, which is a secret, is not shown.
    """
    try:
        file, _ = await rules.host.in_thread(look_at, path)
    except ImageError as error:
        raise UploadFailed(error.message, shown(url)) from None
    await _upload(http, rules, "PUT", url, FilePayload(file, content_type, rules.host), patience)


async def post(http: aiohttp.ClientSession, rules: Rules, url: str, body: CountedPayload, patience: float) -> None:
    """Send a form to a presigned URL, as `put` does a file.

    Raises:
        UploadFailed: it was not taken.
        ImageError: its file cannot be read.
    """
    try:
        await _upload(http, rules, "POST", url, body, patience)
    except UploadFailed:
        if body.failure is not None:
            raise attrs.evolve(body.failure) from None
        raise


async def _upload(
    http: aiohttp.ClientSession, rules: Rules, method: str, url: str, body: CountedPayload, patience: float
) -> None:
    # Its effect is not told: what a second one does is known to the owner of the address alone.
    transfer = Transfer(rules, "upload", "", url, method, once=True, body=body)

    def request() -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        total = min(time_for(body.size or 0, patience), transfer.left())
        return opened(http).request(
            method,
            URL(url, encoded=True),
            data=body,
            allow_redirects=False,
            raise_for_status=False,
            timeout=aiohttp.ClientTimeout(total=total, sock_connect=CONNECTING, sock_read=patience),
            middlewares=(sent_once,),
        )

    async def take(response: aiohttp.ClientResponse) -> Problem | None:
        return None if response.status in TAKEN else answered(response.status)

    body.begin()
    try:
        with transfer.accompanied():
            if problem := await transfer.run(request, take):
                raise transfer.failure(UploadFailed, problem)
    finally:
        body.end()


def _not_whole(response: aiohttp.ClientResponse) -> Problem | None:
    """Why the body of an answer is not the result, byte for byte and to its end; nothing when it may be."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        return Problem("is a part, and was asked for whole", response.status)
    if response.status != HTTPStatus.OK:
        return answered(response.status)
    encoding = ", ".join(response.headers.getall("Content-Encoding", ()))
    if encoding.strip().lower() not in {"", "identity"}:
        # aiohttp does not notice when a body that it decompresses breaks off.
        return Problem("is compressed, which was not asked for", response.status)
    return None


def _empty(status: int) -> Problem:
    return Problem("is empty: it was stopped by moderation", status, gone=True)
