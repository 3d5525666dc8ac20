"""Bodies that stream: JSON, and multipart with one file that is read in slices in a thread."""

import os
from collections.abc import Iterator
from typing import BinaryIO

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from bria_async.errors import ImageChanged, ImageError
from bria_async.host import Host
from bria_async.wire import FilePart, Multipart

SLICE = 256 * 1024
"""Bytes per write: measured best for plain and TLS sockets alike."""


class CountedPayload(Payload):
    """A body that knows its length beforehand and counts what it has handed to the socket.

    `failure` is why a file could not be read to its end, because aiohttp reports any error in here as a lost
    connection.
    """

    def __init__(self, value: object, content_type: str, size: int) -> None:
        super().__init__(value, content_type=content_type)
        self._size = size
        self.sent = 0
        self.failure: ImageError | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002  # aiohttp's own
        """A stream has no text."""
        raise TypeError("a streamed body is not decoded")

    async def _write(self, writer: AbstractStreamWriter, block: bytes | memoryview) -> None:
        await writer.write(block)
        self.sent += len(block)


class JsonPayload(CountedPayload):
    """A JSON body, which holds an image of megabytes at times."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content, "application/json", len(content))
        self.content = content

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write it in slices."""
        view = memoryview(self.content)
        for start in range(0, len(view), SLICE):
            await self._write(writer, view[start : start + SLICE])


class MultipartPayload(CountedPayload):
    """A multipart/form-data body; the file is read while it is sent and never held whole."""

    def __init__(self, body: Multipart, host: Host) -> None:
        boundary = host.uuid().hex
        self._body = body
        self._host = host
        self._head = b"".join(_head(body, boundary))
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        size = len(self._head) + body.file.size + len(self._tail)
        super().__init__(body, f"multipart/form-data; boundary={boundary}", size)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write head, file and tail.

        Raises:
            ImageChanged: the file is not the one that was checked.
        """
        source = _Source(self._body.file)
        try:
            await self._host.in_thread(source.open)
            await self._write(writer, self._head)
            remaining = self._body.file.size
            while remaining:
                block = await self._host.in_thread(source.read, min(SLICE, remaining))
                remaining -= len(block)
                await self._write(writer, block)
            source.check()
            await self._write(writer, self._tail)
        except ImageError as error:
            self.failure = error
            raise
        finally:
            source.close()


def _head(body: Multipart, boundary: str) -> Iterator[bytes]:
    for name, value in body.fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    file = body.file
    name = escaped(file.filename)
    yield (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{name}"\r\n'
        f"Content-Type: {file.content_type}\r\n\r\n"
    ).encode()


def escaped(filename: str) -> str:
    """A file name as HTML forms write it in a header: quotes and line breaks percent-encoded (WHATWG)."""
    return filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")


class _Source:
    """The file of a part, which must be the one that was checked, from opening to end.

    `close` may come while another thread is still opening: then that thread closes what it opened.
    """

    def __init__(self, part: FilePart) -> None:
        self._part = part
        self._file: BinaryIO | None = None
        self._closed = False

    def open(self) -> None:
        try:
            self._file = self._part.path.open("rb")
        except OSError as error:
            raise ImageError(f"cannot be read: {error.strerror}", str(self._part.path)) from None
        if self._closed:
            self._file.close()
        else:
            self.check()

    def read(self, count: int) -> bytes:
        block = self._opened().read(count)
        if not block:
            raise self._changed()
        return block

    def check(self) -> None:
        state = os.fstat(self._opened().fileno())
        if (state.st_size, state.st_mtime_ns) != (self._part.size, self._part.mtime_ns):
            raise self._changed()

    def close(self) -> None:
        self._closed = True
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None or self._file.closed:
            raise self._changed()
        return self._file

    def _changed(self) -> ImageChanged:
        return ImageChanged("changed since it was checked; nothing of it was accepted", str(self._part.path))
