"""Bodies that stream: JSON, and multipart with one file that is read in slices in a thread."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import attrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from bria_async.errors import ImageError
from bria_async.host import Host
from bria_async.wire import File, Multipart
from bria_async.wire.call import form_text
from bria_async.wire.fast import written

from .base64 import encode64
from .source import Source
from .ticks import ticks


@attrs.frozen
class Pace:
    """How much of a file is written at once, and how much may wait in a connection before the next is read."""

    slice: int
    waiting: int


FEW = 16
"""Bodies that are sent at once with more memory for each; beyond, memory is what counts."""
LARGE = Pace(240 * 1024, 64 * 1024)
"""For a few: whole records of TLS, a third of the writes of `SMALL`, and 0.86 x its CPU."""
SMALL = Pace(80 * 1024, 1)
"""For many: 64 uploads at once hold 32 to 38 MiB. With slices of 128 KiB they held 49, and where TLS could take half a
MiB before it said that it was full, 52 instead of 31."""
BASE64 = Pace(72 * 1024, 1)
"""For what becomes base64: whole groups of three, and then six whole records of TLS. With 48 KiB, whose base64 left a
sliver of a record after each four, uploads cost 1.1 x. It is more than aiohttp hands over without waiting for the
socket (64 KiB), so that one slice is held and not two."""
PORTION = 480 * 1024
"""Bytes of a body in a tick; with a tick for each slice 16 uploads took some 1.1 x the CPU."""
SLICE = SMALL.slice
"""Bytes per write of what is in memory already."""

LONG = SLICE // 4
"""Characters of a text that JSON writes in one go, and bytes that wait for no tick."""

Encode = Callable[[bytearray | memoryview], bytes]

_under_way: "set[CountedPayload]" = set()
"""The bodies of more than a slice that this process sends, until their answers are there: the memory that they take
together is the process's."""

_ENCODER = json.JSONEncoder(allow_nan=False)


class CountedPayload(Payload):
    """A body that knows its length beforehand and counts what it has handed to the socket.

    `failure` is why a file could not be read to its end, because aiohttp reports any error in here as a lost
    connection.
    """

    def __init__(self, value: object, content_type: str, size: int) -> None:
        super().__init__(value, content_type=content_type)
        self._size = size
        self.sent = 0
        self._granted = 0
        self.failure: ImageError | None = None

    def begin(self) -> None:
        """An attempt to send it begins."""
        self.sent = self._granted = 0
        if (self.size or 0) > SLICE:
            _under_way.add(self)

    def end(self) -> None:
        """That is over."""
        _under_way.discard(self)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002  # aiohttp's own
        """A stream has no text."""
        raise TypeError("a streamed body is not decoded")

    async def _write(self, writer: AbstractStreamWriter, content: bytes) -> None:
        """Write bytes in slices; what is short waits for no tick."""
        view = memoryview(content)
        for start in range(0, len(view), SLICE):
            if len(view) > LONG:
                await self._tick()
            await self._write_slice(writer, view[start : start + SLICE])

    async def _write_file(
        self, writer: AbstractStreamWriter, head: bytes, file: File, host: Host, encode: Encode | None = None
    ) -> None:
        """Write what stands before a file, then the file, read in a thread; it is opened before anything is sent."""
        source, pace = Source(file), _pace(encode)
        try:
            await host.in_thread(source.open)
            _let_wait(writer, pace.waiting)
            await self._write(writer, head)
            while source.left:
                await self._tick()
                if (now := _pace(encode)) is not pace:
                    pace = now
                    _let_wait(writer, pace.waiting)
                if not source.load(pace.slice):
                    await host.in_thread(source.read)
                # No name for the slice: its memory is used again as soon as nobody has it.
                await self._write_slice(writer, encode(source.give()) if encode else source.take())
            source.check()
        except ImageError as error:
            self.failure = error
            raise
        finally:
            source.close()

    async def _tick(self) -> None:
        """Wait until more may be written: before it is read, so that it is in the cache then."""
        if self.sent >= self._granted:
            size = min(PORTION, (self.size or 0) - self.sent)
            await ticks().take(size)
            self._granted = self.sent + size

    async def _write_slice(self, writer: AbstractStreamWriter, block: bytes | memoryview) -> None:
        await writer.write(block)
        self.sent += len(block)


def _pace(encode: Encode | None) -> Pace:
    """How fast a file is sent now."""
    if encode:
        return BASE64
    return LARGE if len(_under_way) <= FEW else SMALL


def _let_wait(writer: AbstractStreamWriter, size: int) -> None:
    """Let a connection take so many bytes more than its socket before it says that it is full."""
    if transport := getattr(writer, "transport", None):
        transport.set_write_buffer_limits(high=size)


@attrs.frozen
class Json:
    """A JSON text in parts: between its `texts` stands what is streamed.

    That is a file or bytes, which become base64 while they are sent, or a long text, in pieces as JSON writes them.
    """

    texts: tuple[bytes, ...] = attrs.field(repr=False)
    streamed: tuple[File | bytes | tuple[bytes, ...], ...] = attrs.field(repr=False)

    @property
    def size(self) -> int:
        """In bytes, as it is sent."""
        return sum(map(len, self.texts)) + sum(map(_streamed_size, self.streamed))


async def encoded(value: object, host: Host, look: Callable[[Path], File]) -> Json:
    """The JSON of a value with paths, files and bytes in it; the loop is not held up by what is long in it.

    `look` tells what file is at a path, in a worker thread, and raises what is wrong with it.

    Raises:
        ValueError, TypeError, RecursionError: the value is not JSON.
    """
    if (short := written(value, LONG)) is not None:
        return Json((short,), ())
    held: dict[str, Any] = {}

    def hold(item: object) -> str:
        mark = host.uuid().hex
        held[mark] = item
        return mark

    rest = _ENCODER.encode(_marked(value, hold))
    texts: list[bytes] = []
    for mark in held:
        before, _, rest = rest.partition(mark)
        texts.append(before.encode())
    texts.append(rest.encode())
    streamed: list[Any] = []
    for item in held.values():
        if isinstance(item, os.PathLike):
            streamed.append(await host.in_thread(look, Path(item)))
        else:
            streamed.append(await _escaped(item) if isinstance(item, str) else item)
    return Json(tuple(texts), tuple(streamed))


def _marked(value: Any, hold: Callable[[object], str]) -> Any:
    """The value with a mark for everything in it that is streamed."""
    if isinstance(value, Mapping):
        return {name: _marked(item, hold) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item, hold) for item in value]
    long = isinstance(value, str) and len(value) > LONG
    return hold(value) if long or isinstance(value, File | bytes | os.PathLike) else value


async def _escaped(text: str) -> tuple[bytes, ...]:
    """A text as JSON writes it, without its quotes; piece by piece, with a turn for others after each."""
    pieces: list[bytes] = []
    for start in range(0, len(text), SLICE):
        pieces.append(json.dumps(text[start : start + SLICE])[1:-1].encode())
        await anyio.lowlevel.checkpoint()
    return tuple(pieces)


def _streamed_size(item: File | bytes | tuple[bytes, ...]) -> int:
    return sum(map(len, item)) if isinstance(item, tuple) else (_size(item) + 2) // 3 * 4


def _size(content: File | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.size


class JsonPayload(CountedPayload):
    """A JSON body; the files and bytes in it become base64 while they are sent, and are never held whole."""

    def __init__(self, body: Json, host: Host) -> None:
        super().__init__(body, "application/json", body.size)
        self._body = body
        self._host = host

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write it in slices.

        Raises:
            ImageChanged: a file is not the one that was looked at.
        """
        for text, item in zip(self._body.texts, self._body.streamed, strict=False):
            if isinstance(item, File):
                await self._write_file(writer, text, item, self._host, encode64)
                continue
            await self._write(writer, text)
            if isinstance(item, tuple):
                for piece in item:
                    await self._write(writer, piece)
            else:
                view = memoryview(item)
                for start in range(0, len(view), BASE64.slice):
                    await self._tick()
                    await self._write_slice(writer, encode64(view[start : start + BASE64.slice]))
        await self._write(writer, self._body.texts[-1])


class FormPayload(CountedPayload):
    """A form without a file, urlencoded."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        texts = {name: form_text(value) for name, value in fields.items()}
        self._content = urlencode(texts, errors="replace").encode()
        super().__init__(fields, "application/x-www-form-urlencoded", len(self._content))

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write it."""
        await self._write(writer, self._content)


class FilePayload(CountedPayload):
    """A file as it is, read while it is sent and never held whole."""

    def __init__(self, file: File, content_type: str, host: Host) -> None:
        super().__init__(file, content_type, file.size)
        self._file = file
        self._host = host

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write it.

        Raises:
            ImageChanged: it is not the one that was looked at.
        """
        await self._write_file(writer, b"", self._file, self._host)


class MultipartPayload(CountedPayload):
    """A multipart/form-data body; the file is read while it is sent and never held whole."""

    def __init__(self, body: Multipart, host: Host) -> None:
        boundary = host.uuid().hex
        self._body = body
        self._host = host
        self._head = b"".join(_head(body, boundary))
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        size = len(self._head) + _size(body.file.content) + len(self._tail)
        super().__init__(body, f"multipart/form-data; boundary={boundary}", size)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write head, file and tail.

        Raises:
            ImageChanged: the file is not the one that was checked.
        """
        content = self._body.file.content
        if isinstance(content, File):
            await self._write_file(writer, self._head, content, self._host)
        else:
            await self._write(writer, self._head)
            await self._write(writer, content)
        await self._write(writer, self._tail)


def _head(body: Multipart, boundary: str) -> Iterator[bytes]:
    for name, value in body.fields.items():
        text = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        yield text.encode(errors="replace")
    file = body.file
    name = escaped(file.filename)
    text = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{name}"\r\n'
        f"Content-Type: {file.content_type}\r\n\r\n"
    )
    yield text.encode(errors="replace")  # names on a disk need not be text


def escaped(filename: str) -> str:
    """A file name as HTML forms write it in a header: quotes and line breaks percent-encoded (WHATWG)."""
    return filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")
