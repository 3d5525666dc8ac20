"""Results by URL: through a pool of connections without the token, into files that are whole or not there."""

import os
import secrets
from pathlib import Path
from typing import Self

import aiohttp
import attrs
from yarl import URL

from bria_async.errors import DownloadFailed, UploadFailed
from bria_async.host import Host

from .guard import LARGEST_DOWNLOAD, classify

SLICE = 256 * 1024
"""Bytes per write."""
READY = frozenset({200, 206})
TAKEN = frozenset({200, 201, 204})
EMPTY = 416
"""A range request on a zero-byte file: the result was stopped by moderation."""

_FAILED = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What a transfer can raise; ValueError is an address that cannot be read."""


@attrs.define
class Downloads:
    """Fetches results; redirects are not followed, the size is capped."""

    host: Host
    http: aiohttp.ClientSession = attrs.field(repr=False)
    timeout: float

    async def probe(self, url: str) -> int | None:
        """How many bytes a result URL holds: None while it is not there, 0 when it was moderated.

        Asks for the first byte only: 200 or 206 with content is ready, nothing or 416 a moderated zero-byte
        file, anything else not ready yet (a public client of the API; the API documents no status for this).
        """
        try:
            async with self._get(url, {"Range": "bytes=0-0"}) as response:
                if response.status == EMPTY:
                    return 0
                if response.status not in READY:
                    return None
                return len(await response.content.read(1))
        except _FAILED:
            return None

    async def fetch(self, url: str, to: Path, limit: int = LARGEST_DOWNLOAD) -> Path:
        """Download to exactly this path, by way of a temporary file beside it.

        Raises:
            DownloadFailed: not there, empty, too large, or the connection broke; no file is left behind.
        """
        status: int | None = None
        try:
            async with self._get(url, {}) as response:
                status = response.status
                problem = await self._store(response, to, limit) if status in READY else f"answered {status}"
        except _FAILED as error:
            problem = _words(error)
        if problem:
            raise DownloadFailed(problem, shown(url), status)
        return to

    def _get(self, url: str, headers: dict[str, str]) -> "aiohttp.client._RequestContextManager":
        return self.http.get(
            URL(url, encoded=True),
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=min(30.0, self.timeout)),
        )

    async def _store(self, response: aiohttp.ClientResponse, to: Path, limit: int) -> str:
        """Write the body to the file; what is wrong with it, or nothing."""
        total = 0
        with _PartFile(to) as part:
            async for block in response.content.iter_chunked(SLICE):
                total += len(block)
                if total > limit:
                    return f"is larger than {limit} bytes"
                await self.host.in_thread(part.write, block)
            if total == 0:
                return "is empty: it was stopped by moderation"
            await self.host.in_thread(part.commit)
        return ""


async def put(http: aiohttp.ClientSession, url: str, path: Path, content_type: str, patience: float) -> None:
    """Put a file to a presigned URL, streamed and without the token; the answer has `patience` seconds.

    The address is the user's own word, so it may be a private one.

    Raises:
        UploadFailed: it was not taken; the URL's query, which is a secret, is not shown.
    """
    status: int | None = None
    try:
        with path.open("rb") as file:
            async with http.put(
                URL(url, encoded=True),
                data=file,
                headers={"Content-Type": content_type},
                allow_redirects=False,
                raise_for_status=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=30.0, sock_read=patience),
            ) as response:
                status = response.status
                problem = "" if status in TAKEN else f"answered {status}"
    except _FAILED as error:
        problem = _words(error)
    if problem:
        raise UploadFailed(problem, shown(url), status)


class _PartFile:
    """A file that gets its name when it is whole; without `commit` it is gone at the end."""

    def __init__(self, to: Path) -> None:
        self._to = to

    def __enter__(self) -> Self:
        # Made anew and never through a link, with the usual permissions: people share their pictures.
        self._temporary = self._to.with_name(f".{self._to.name[:40]}-{secrets.token_hex(4)}.part")
        self._file = self._temporary.open("xb")
        return self

    def write(self, block: bytes) -> None:
        self._file.write(block)

    def commit(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._temporary.replace(self._to)

    def __exit__(self, *exception: object) -> None:
        try:
            self._file.close()
        finally:
            self._temporary.unlink(missing_ok=True)


def _words(error: BaseException) -> str:
    """What happened: a fault of this machine in its own words, one of the network as it is classified."""
    if isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError):
        return "the address cannot be read"
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError | TimeoutError):
        return error.strerror or str(error)
    return classify(error).words


def shown(url: str) -> str:
    """A URL as it may be shown: signatures live in the query."""
    return url.split("?", 1)[0]
