"""Connections without sockets: aiohttp's own client protocol wired to the protocol of a real aiohttp server.

Bytes take time, more or less by the seed, and never overtake each other. Two callbacks due at the same moment run
in no promised order on asyncio's heap, hence every delivery on a wire is strictly later than the one before.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

LEAST = 1e-6
"""Seconds between two deliveries on one wire."""


class End(asyncio.Transport):
    """One end of a connection in memory."""

    def __init__(self, latency: Callable[[], float], port: int) -> None:
        super().__init__({"peername": ("127.0.0.1", port), "sockname": ("127.0.0.1", 80)})
        self._latency = latency
        self._loop = asyncio.get_running_loop()
        self._protocol: asyncio.BaseProtocol | None = None
        self._arrives = 0.0
        self._paused = False
        self._waiting: list[Callable[[], None]] = []
        self._closing = False
        self.peer: End | None = None

    def connect(self, protocol: asyncio.BaseProtocol, peer: "End") -> None:
        """Wire this end to its protocol and the other end."""
        self._protocol = protocol
        self.peer = peer
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the other end."""
        peer = self.peer
        if self._closing or peer is None or not data:
            return
        content = bytes(data)
        self._later(lambda: peer.receive(content))

    def receive(self, data: bytes) -> None:
        """Bytes arrive here."""
        if self._paused:
            self._waiting.append(lambda: self.receive(data))
        elif not self._closing and isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def _later(self, deliver: Callable[[], None]) -> None:
        self._arrives = max(self._arrives + LEAST, self._loop.time() + self._latency())
        self._loop.call_at(self._arrives, deliver)

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._paused = True

    def resume_reading(self) -> None:
        """Deliver what was kept, and never from inside this call."""
        self._paused = False
        kept, self._waiting = self._waiting, []
        for deliver in kept:
            self._loop.call_soon(deliver)

    def is_reading(self) -> bool:
        """Whether bytes are delivered as they arrive."""
        return not self._paused

    def close(self) -> None:
        """Close after what was written; the other end hears of it behind the last byte."""
        if self._closing:
            return
        self._closing = True
        if (peer := self.peer) is not None:
            self._later(peer.hang_up)
        self._loop.call_soon(self._lost, None)

    def abort(self) -> None:
        """Close at once; the other end sees a reset."""
        self.close()

    def hang_up(self) -> None:
        """The other end closed."""
        if not self._closing:
            self._closing = True
            self._lost(None)

    def _lost(self, error: Exception | None) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(error)

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._closing

    def get_write_buffer_size(self) -> int:
        """Nothing is ever held back."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is nothing to limit."""

    def can_write_eof(self) -> bool:
        """HTTP needs none."""
        return False


class MemoryConnector(aiohttp.BaseConnector):
    """A connector of aiohttp's client whose connections end in a server in this process."""

    def __init__(self, server: Callable[[], Any], rng: random.Random) -> None:
        super().__init__(limit=100, force_close=False)
        self._server = server
        self._rng = rng
        self._ports = 10_000

    async def _create_connection(self, *_: Any) -> ResponseHandler:
        await asyncio.sleep(self._delay())
        self._ports += 1
        handler = ResponseHandler(asyncio.get_running_loop())
        near, far = End(self._delay, self._ports), End(self._delay, self._ports)
        far.peer = near
        far.connect(self._server(), near)
        near.connect(handler, far)
        return handler

    def _delay(self) -> float:
        return self._rng.uniform(0.0005, 0.02)
