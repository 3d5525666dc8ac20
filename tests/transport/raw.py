"""A server below HTTP: it reads a request and then does with the socket what a test says."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import trustme


@attrs.define
class Connection:
    """One connection: the head of its request, and both ends to go on with."""

    head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def body(self) -> bytes:
        """What comes of the body until it is whole or the client is gone."""
        length = next(
            int(line.split(b":")[1]) for line in self.head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        try:
            return await self.reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            return error.partial

    async def answer(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        connected: socket.socket = self.writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Behaviour = Callable[[Connection], Awaitable[None]]


@attrs.define
class Raw:
    """What came in: one head per request, in order."""

    base_url: str
    heads: list[bytes]


@contextlib.asynccontextmanager
async def raw(behave: Behaviour, *, tls: bool | ssl.SSLContext = False) -> AsyncIterator[Raw]:
    """Serve on a free port; every connection is closed when its behaviour is done.

    With `tls=True` the certificate comes from an authority that nobody knows.
    """
    heads: list[bytes] = []
    open_ones: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            await behave(Connection(head, reader, writer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            open_ones.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    if tls is True:
        tls = certified(trustme.CA().issue_cert("localhost", "127.0.0.1"))
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls or None)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Raw(f"http{'s' if tls else ''}://127.0.0.1:{port}", heads)
    finally:
        server.close()
        for task in list(open_ones):
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)
        await server.wait_closed()


def certified(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's side of TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def http(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    """A well-formed answer; header names take `_` for `-`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
