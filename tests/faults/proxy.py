"""A TCP proxy that makes trouble, in the words of toxiproxy: between the real client and a real server.

A toxic acts on one direction of one connection. `Proxy.toxics` chooses them by the head of the connection (its first
bytes on the way up), so that a test can aim at one request among many; with a pool that opens a connection for each
request, a connection is a request.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Literal

import attrs

Blocks = AsyncIterator[bytes]
Stream = Literal["upstream", "downstream"]
"""Upstream is from the client to the server."""
BLOCK = 64 * 1024


class Reset(Exception):
    """The connection is to end with RST instead of FIN."""


@attrs.frozen
class Toxic:
    """What becomes of the bytes of one direction; this one leaves them as they are."""

    stream: Stream

    def pour(self, blocks: Blocks) -> Blocks:
        """The bytes that arrive, when they arrive; their end closes both directions."""
        return blocks


@attrs.frozen
class Latency(Toxic):
    """Everything arrives later by `seconds`, give or take `jitter`."""

    seconds: float
    jitter: float = 0.0

    async def pour(self, blocks: Blocks) -> Blocks:
        """Late."""
        async for block in blocks:
            await asyncio.sleep(max(0.0, self.seconds + random.uniform(-self.jitter, self.jitter)))
            yield block


@attrs.frozen
class Bandwidth(Toxic):
    """No more than `rate` bytes per second."""

    rate: float

    async def pour(self, blocks: Blocks) -> Blocks:
        """In pieces of a twentieth of a second."""
        size = max(1, int(self.rate / 20))
        async for block in blocks:
            for start in range(0, len(block), size):
                piece = block[start : start + size]
                await asyncio.sleep(len(piece) / self.rate)
                yield piece


@attrs.frozen
class SlowClose(Toxic):
    """The end comes later by `seconds`."""

    seconds: float

    async def pour(self, blocks: Blocks) -> Blocks:
        """All of it, and then nothing for a while."""
        async for block in blocks:
            yield block
        await asyncio.sleep(self.seconds)


@attrs.frozen
class Timeout(Toxic):
    """Nothing arrives any more, and after `seconds` the connection is closed; None never closes it."""

    seconds: float | None = None

    async def pour(self, blocks: Blocks) -> Blocks:
        """Nothing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await asyncio.Event().wait()
        arrived: tuple[bytes, ...] = ()
        for block in arrived:
            yield block


@attrs.frozen
class ResetPeer(Toxic):
    """RST at the end of the stream, or after `seconds`; behind `LimitData`, in mid-stream."""

    seconds: float | None = None

    async def pour(self, blocks: Blocks) -> Blocks:
        """All of it, and then RST."""
        until = None if self.seconds is None else asyncio.get_running_loop().time() + self.seconds
        with contextlib.suppress(TimeoutError, StopAsyncIteration):
            while True:
                async with asyncio.timeout_at(until):
                    block = await anext(blocks)
                yield block
        raise Reset


@attrs.frozen
class Slicer(Toxic):
    """Blocks of `size` bytes, give or take `variation`, each `seconds` after the one before."""

    size: int
    variation: int = 0
    seconds: float = 0.0

    async def pour(self, blocks: Blocks) -> Blocks:
        """In slices."""
        async for block in blocks:
            rest = block
            while rest:
                size = max(1, self.size + random.randint(-self.variation, self.variation))
                yield rest[:size]
                await asyncio.sleep(self.seconds)
                rest = rest[size:]


@attrs.frozen
class LimitData(Toxic):
    """The connection ends after so many bytes."""

    limit: int

    async def pour(self, blocks: Blocks) -> Blocks:
        """The first of them."""
        left = self.limit
        async for block in blocks:
            if left:
                yield block[:left]
            left -= min(left, len(block))
            if not left:
                return


Choose = Callable[[bytes], Iterable[Toxic]]


@attrs.define
class Proxy:
    """A port of this machine that leads to another one."""

    target: str
    toxics: Choose = lambda _: ()
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = attrs.field(factory=set)

    @property
    def base_url(self) -> str:
        """Where clients go instead."""
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections, and drop those that are open."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._server = None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError), contextlib.closing(writer):
                await self._carry(reader, writer)
        finally:
            self._open.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions, until one of them ends."""
        head = await reader.read(BLOCK)
        if not head:
            return
        toxics = list(self.toxics(head))
        there, back = await asyncio.open_connection("127.0.0.1", int(self.target.rsplit(":", 1)[1]))
        ways = [
            asyncio.create_task(_flow(_poured(_blocks(reader, head), toxics, "upstream"), back)),
            asyncio.create_task(_flow(_poured(_blocks(there), toxics, "downstream"), writer)),
        ]
        with contextlib.closing(back):
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                if any(isinstance(way.exception(), Reset) for way in done):
                    _linger(writer)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)


async def _blocks(reader: asyncio.StreamReader, head: bytes = b"") -> Blocks:
    if head:
        yield head
    while block := await reader.read(BLOCK):
        yield block


def _poured(blocks: Blocks, toxics: Iterable[Toxic], stream: Stream) -> Blocks:
    for toxic in toxics:
        if toxic.stream == stream:
            blocks = toxic.pour(blocks)
    return blocks


async def _flow(blocks: Blocks, writer: asyncio.StreamWriter) -> None:
    async for block in blocks:
        writer.write(block)
        await writer.drain()


def _linger(writer: asyncio.StreamWriter) -> None:
    """Have the close send RST."""
    connected: socket.socket = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.asynccontextmanager
async def proxy(target: str, toxics: Choose = lambda _: ()) -> AsyncIterator[Proxy]:
    """A proxy to the server at this base URL."""
    running = Proxy(target, toxics)
    await running.up()
    try:
        yield running
    finally:
        await running.down()
