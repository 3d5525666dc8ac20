"""HTTP by hand: as little as a client can do and still get an answer. No client in earnest could be like this."""

import asyncio
import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

SLICE = 256 * 1024
BOUNDARY = "0123456789abcdef0123456789abcdef"


def request(verb: str, path: str, headers: Mapping[str, str], body: bytes | None = None, size: int = 0) -> bytes:
    """The bytes of a request, or of its head when its body of so many bytes follows."""
    lines = [f"{verb} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if length := len(body or b"") or size:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def form(path: str, headers: Mapping[str, str], name: str, size: int) -> tuple[bytes, bytes]:
    """What is sent before a file of so many bytes, and behind it, when it is posted as multipart."""
    begin = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    head = request("POST", path, {**headers, "Content-Type": kind}, size=len(begin) + size + len(tail))
    return head + begin, tail


def sliced(
    head: bytes, path: str, tail: bytes, slice_: int = SLICE, coded: Callable[[bytes], bytes] | None = None
) -> Iterator[bytes]:
    """A request with a file in it, which is read in slices as it is sent; each may become something else."""
    opened = os.open(path, os.O_RDONLY)
    try:
        yield head
        while block := os.read(opened, slice_):
            yield coded(block) if coded else block
        yield tail
    finally:
        os.close(opened)


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.answer: asyncio.Future[bytes] | None = None
        self.room = asyncio.Event()
        self.room.set()
        self.got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = transport

    def pause_writing(self) -> None:
        """The socket is full."""
        self.room.clear()

    def resume_writing(self) -> None:
        """It has room again."""
        self.room.set()

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is there."""
        self.got += data
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.got.find(b"Content-Length: ") + 16
        size = int(self.got[at : self.got.find(b"\r\n", at)])
        if len(self.got) >= end + 4 + size and self.answer:
            self.answer.set_result(self.got[end + 4 :])
            self.got = b""

    async def ask(self, parts: Iterable[bytes]) -> bytes:
        """Send a request in parts, and wait for the body of its answer."""
        self.answer = asyncio.get_running_loop().create_future()
        for part in parts:
            self.transport.write(part)
            if not self.room.is_set():
                await self.room.wait()
        return await self.answer


class Connections:
    """As many as are asked at once."""

    def __init__(self, url: str, authority: str = "") -> None:
        self.url = urlsplit(url)
        self.tls = ssl.create_default_context(cafile=authority) if authority else None
        self.idle: list[Connection] = []
        self.all: list[Connection] = []

    async def __aenter__(self) -> Self:
        """Nothing is open yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        for connection in self.all:
            connection.transport.close()

    async def ask(self, *parts: bytes) -> bytes:
        """A request in parts, on a connection that is idle or new: the body of its answer."""
        return await self.stream(parts)

    async def stream(self, parts: Iterable[bytes]) -> bytes:
        """The same, its parts made while it is sent."""
        connection = self.idle.pop() if self.idle else await self._opened()
        found = await connection.ask(parts)
        self.idle.append(connection)
        return found

    async def _opened(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            Connection,
            self.url.hostname,
            self.url.port,
            ssl=self.tls,
            server_hostname="localhost" if self.tls else None,
        )
        self.all.append(connection)
        return connection
