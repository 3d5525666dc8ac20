"""Results by URL: through a pool of connections without the token, into files that are whole or not there."""

import contextlib
import errno
import glob
import logging
import os
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import Self

import aiohttp
import attrs
from yarl import URL

from bria_async.errors import DownloadFailed, UploadFailed
from bria_async.host import Host
from bria_async.wire.redaction import shown
from bria_async.wire.retry import Budget, Failure, RetryPolicy, time_for

from .guard import LARGEST_ANSWER, LARGEST_DOWNLOAD, classify, opened
from .payload import CountedPayload

log = logging.getLogger("bria_async")

SLICE = 256 * 1024
"""Bytes per write."""
READY = frozenset({200, 206})
TAKEN = frozenset({200, 201, 204})
EMPTY = 416
"""A range request on a zero-byte file: the result was stopped by moderation."""
PASSING = frozenset({408, 429})
"""Refusals that pass by themselves, as failures of a server do."""
GONE = 410
"""The one answer that says that a URL's time is over. A 403 may mean that, or that it is not ready yet: unknown."""

_LOST = (aiohttp.ClientError, TimeoutError)
"""What the network raises."""
_NO_ADDRESS = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
"""What looks like the network, and is an address that cannot be read."""
_LASTING = frozenset({Failure.UNTRUSTED, Failure.PRIVATE})
"""What asking again does not change."""
_FAILED = (*_LOST, OSError, ValueError)
"""What a transfer can raise: beyond the network a fault of this machine, and again an address."""


@attrs.frozen
class _Problem:
    """What became of a transfer: `gone` is a verdict of the server, `again` says that it may pass by itself."""

    words: str
    status: int | None = None
    gone: bool = False
    again: bool = False

    def failure(self, url: str) -> DownloadFailed:
        """The error that it is, for good."""
        return DownloadFailed(self.words, shown(url), self.status, self.gone)


Keep = Callable[[aiohttp.ClientResponse], Awaitable[_Problem | None]]
"""What takes a body in: nothing when all is well, else the problem."""


@attrs.define
class Downloads:
    """Fetches results; redirects are not followed, the size is capped."""

    host: Host
    http: aiohttp.ClientSession = attrs.field(repr=False)
    timeout: float
    policy: RetryPolicy
    budget: Budget

    async def probe(self, url: str) -> bool | None:
        """Whether a result is there: None while it is not, False when it is empty, because moderation stopped it.

        Asks for the first byte only: 200 or 206 with content is there, nothing or 416 is empty, anything else,
        a server that fails or cannot be reached included, is not there yet (a public client of the API; the API
        documents no status for this).

        Raises:
            DownloadFailed: waiting is in vain: it is gone (410), or there is no way to its address, which cannot
                be read, is a private one, or has a certificate that is not trusted.
        """
        status: int | None = None
        try:
            async with self._get(url, {"Range": "bytes=0-0"}) as response:
                status = response.status
                if status in READY:
                    return bool(await response.content.read(1))
                problem = _answered(status) if status == GONE else None
        except _FAILED as error:
            problem = _met(error, status)
        if problem and not problem.again:
            raise problem.failure(url)
        return False if status == EMPTY else None

    async def fetch(self, url: str, to: Path, limit: int = LARGEST_DOWNLOAD) -> Path:
        """Download to exactly this path, by way of a temporary file beside it.

        What may pass by itself (a lost connection, a server that is throttled or fails) is tried again from the
        first byte, as often and as patiently as the policy says.

        Raises:
            DownloadFailed: not there, empty, too large, or it kept failing; no file is left behind.
        """
        await self._repeat(url, lambda response: self._store(response, to, limit))
        return to

    async def read(self, url: str, limit: int = LARGEST_ANSWER) -> bytes:
        """Download into memory, repeating as `fetch` does.

        Raises:
            DownloadFailed: as from `fetch`.
        """
        content = bytearray()

        async def keep(response: aiohttp.ClientResponse) -> _Problem | None:
            content.clear()
            async for block in response.content.iter_chunked(SLICE):
                content.extend(block)
                if len(content) > limit:
                    return _larger(limit, response.status)
            return None if content else _empty(response.status)

        await self._repeat(url, keep)
        return bytes(content)

    async def _repeat(self, url: str, keep: Keep) -> None:
        attempt = 0
        while problem := await self._try(url, keep):
            attempt += 1
            wait = self.policy.backoff(attempt, self.host.random) if problem.again else None
            if wait is None or self.budget.take(self.host.monotonic(), in_line=False) is None:
                raise problem.failure(url)
            log.info("download of %s: %s, again in %.1f s", shown(url), problem.words, wait)
            await self.host.sleep(wait)

    async def _try(self, url: str, keep: Keep) -> _Problem | None:
        """One attempt: nothing when all of it was kept, else what went wrong."""
        status: int | None = None
        try:
            async with self._get(url, {}) as response:
                status = response.status
                return await keep(response) if status in READY else _answered(status)
        except _FAILED as error:
            return _met(error, status)

    def _get(self, url: str, headers: dict[str, str]) -> "aiohttp.client._RequestContextManager":
        return opened(self.http).get(
            URL(url, encoded=True),
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=min(30.0, self.timeout)),
        )

    async def _store(self, response: aiohttp.ClientResponse, to: Path, limit: int) -> _Problem | None:
        """Write the body to the file; what is wrong with it, or nothing."""
        status = response.status
        total = 0
        with _PartFile(to) as part:
            async for block in response.content.iter_chunked(SLICE):
                total += len(block)
                if total > limit:
                    return _larger(limit, status)
                await self.host.in_thread(part.write, block)
            if total == 0:
                return _empty(status)
            await self.host.in_thread(part.commit)
        return None


async def put(http: aiohttp.ClientSession, url: str, path: Path, content_type: str, patience: float) -> None:
    """Put a file to a presigned URL, streamed and without the token.

    The answer has `patience` seconds, and the whole as much more as the file takes at the slowest rate. The
    address is the user's own word, so it may be a private one.

    Raises:
        UploadFailed: it was not taken; the URL's query, which is a secret, is not shown.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UploadFailed(error.strerror or str(error), shown(url)) from None
    with file:
        size = os.fstat(file.fileno()).st_size
        await _upload(http, "PUT", url, file, size, {"Content-Type": content_type}, patience)


async def post(http: aiohttp.ClientSession, url: str, body: CountedPayload, patience: float) -> None:
    """Send a form to a presigned URL, as `put` does a file.

    Raises:
        UploadFailed: it was not taken.
        ImageError: its file cannot be read.
    """
    try:
        await _upload(http, "POST", url, body, body.size or 0, {}, patience)
    except UploadFailed:
        if body.failure is not None:
            raise attrs.evolve(body.failure) from None
        raise


async def _upload(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    body: object,
    size: int,
    headers: dict[str, str],
    patience: float,
) -> None:
    status: int | None = None
    problem: _Problem | None = None
    try:
        async with opened(http).request(
            method,
            URL(url, encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=aiohttp.ClientTimeout(total=time_for(size, patience), sock_connect=30.0, sock_read=patience),
        ) as response:
            status = response.status
            problem = None if status in TAKEN else _answered(status)
    except _FAILED as error:
        problem = _met(error, status)
    if problem:
        raise UploadFailed(problem.words, shown(url), problem.status, problem.gone)


def remove_left_over(to: Path) -> None:
    """Remove what processes that died left of downloads to this path, to which nobody may be downloading now."""
    for path in to.parent.glob(f".{glob.escape(to.name[:40])}-????????.part"):
        path.unlink(missing_ok=True)


class _PartFile:
    """A file that gets its name when it is whole; without `commit` it is gone at the end.

    All of it happens in the folder that was opened at the beginning, whatever is put in that folder's place meanwhile.
    A link under the file's name is replaced and never followed; what is neither file nor link stays.
    """

    def __init__(self, to: Path) -> None:
        self._to = to
        self._temporary = f".{to.name[:40]}-{secrets.token_hex(4)}.part"

    def __enter__(self) -> Self:
        self._folder = os.open(self._to.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _require_replaceable(self._to.name, self._folder)
            # With the usual permissions: people share their pictures.
            self._file = os.fdopen(os.open(self._temporary, _ANEW, 0o666, dir_fd=self._folder), "wb")
        except BaseException:
            os.close(self._folder)
            raise
        return self

    def write(self, block: bytes) -> None:
        self._file.write(block)

    def commit(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self._temporary, self._to.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.fsync(self._folder)

    def __exit__(self, *exception: object) -> None:
        try:
            self._file.close()
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._temporary, dir_fd=self._folder)
            os.close(self._folder)


_ANEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def _require_replaceable(name: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if not S_ISREG(mode) and not S_ISLNK(mode):
            raise FileExistsError(errno.EEXIST, "what has this name is not a file", name)


def _larger(limit: int, status: int) -> _Problem:
    return _Problem(f"is larger than {limit} bytes", status, gone=True)


def _empty(status: int) -> _Problem:
    return _Problem("is empty: it was stopped by moderation", status, gone=True)


def _answered(status: int) -> _Problem:
    """What an answer without a result means: a verdict, unless the server is throttled or failed."""
    passing = status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _Problem(f"answered {status}", status, gone=not passing, again=passing)


def _met(error: BaseException, status: int | None) -> _Problem:
    """What an exception means: a fault of this machine in its own words, one of the network as it is classified."""
    if isinstance(error, _LOST) and not isinstance(error, _NO_ADDRESS):
        failure = classify(error)
        return _Problem(failure.words, status, again=failure not in _LASTING)
    if isinstance(error, OSError):
        return _Problem(error.strerror or str(error), status)
    return _Problem("the address cannot be read", gone=True)
