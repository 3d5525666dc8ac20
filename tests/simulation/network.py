"""Connections without sockets: aiohttp's own client protocol wired to the protocol of a real aiohttp server.

Bytes take time, more or less by the seed, and never overtake each other. Two callbacks due at the same moment run
in no promised order on asyncio's heap, hence every delivery on a wire is strictly later than the one before.

A `Sky` decides what goes wrong on a connection: refused, cut, gone silent, or held up for a while.
"""

import asyncio
import contextvars
import errno
import random
from collections.abc import Callable
from typing import Any, Literal, Protocol

import aiohttp
import attrs
from aiohttp.client_proto import ResponseHandler

LEAST = 1e-6
"""Seconds between two deliveries on one wire."""
DEAD_AFTER = 900.0
"""Seconds until a silent connection is given up by the machine at its far end."""

Direction = Literal["up", "down"]
Kind = Literal["cut", "stall", "hole"]


@attrs.frozen
class Trouble:
    """What becomes of a connection once so many bytes went in one direction.

    `cut` resets both ends; `hole` swallows everything from there on; `stall` holds it back for so many seconds.
    """

    kind: Kind
    direction: Direction
    after: int
    seconds: float = 0.0


class Sky(Protocol):
    """Whoever decides what goes wrong on the wires."""

    def refuses(self) -> bool:
        """Whether the next connection is refused."""

    def trouble(self, path: str) -> Trouble | None:
        """What happens to the connection that is being made, for a request of this path."""

    def struck(self, kind: str) -> None:
        """Something of it has happened."""


class Clear:
    """Nothing goes wrong."""

    def refuses(self) -> bool:
        """Never."""
        return False

    def trouble(self, path: str) -> None:
        """None."""

    def struck(self, kind: str) -> None:
        """Cannot happen."""
        raise AssertionError(kind)


class End(asyncio.Transport):
    """One end of a connection in memory."""

    def __init__(self, wire: "Wire", direction: Direction, port: int) -> None:
        super().__init__({"peername": ("127.0.0.1", port), "sockname": ("127.0.0.1", 80)})
        self._wire = wire
        self._direction: Direction = direction
        self._loop = asyncio.get_running_loop()
        self._protocol: asyncio.BaseProtocol | None = None
        self._arrives = 0.0
        self._paused = False
        self._waiting: list[Callable[[], None]] = []
        self._closing = False
        # What happens here happens in the context of whoever lives here, and not of whoever sent something.
        self._context = contextvars.copy_context() if direction == "up" else contextvars.Context()
        self.peer: End | None = None

    def connect(self, protocol: asyncio.BaseProtocol, peer: "End") -> None:
        """Wire this end to its protocol and the other end."""
        self._protocol = protocol
        self.peer = peer
        self._context.run(protocol.connection_made, self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the other end."""
        peer = self.peer
        if self._closing or peer is None or not data:
            return
        content = bytes(data)
        allowed = self._wire.carry(self._direction, len(content))
        if allowed:
            self._later(peer, lambda: peer.receive(content[:allowed]))
        if allowed < len(content) and self._wire.is_cut:
            self._later(peer, peer.reset)
            self._later(self, self.reset)

    def receive(self, data: bytes) -> None:
        """Bytes arrive here."""
        if self._paused:
            self._waiting.append(lambda: self.receive(data))
        elif not self._closing and isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def _later(self, end: "End", deliver: Callable[[], None]) -> None:
        self._arrives = max(self._arrives + LEAST, self._loop.time() + self._wire.delay(self._direction))
        self._loop.call_at(self._arrives, deliver, context=end._context)

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._paused = True

    def resume_reading(self) -> None:
        """Deliver what was kept, and never from inside this call."""
        self._paused = False
        kept, self._waiting = self._waiting, []
        for deliver in kept:
            self._loop.call_soon(deliver, context=self._context)

    def is_reading(self) -> bool:
        """Whether bytes are delivered as they arrive."""
        return not self._paused

    def close(self) -> None:
        """Close after what was written; the other end hears of it behind the last byte."""
        if self._closing:
            return
        self._closing = True
        if (peer := self.peer) is not None:
            if self._wire.carry(self._direction, 1):
                self._later(peer, peer.hang_up)
            else:
                self._loop.call_later(DEAD_AFTER, peer.hang_up, context=peer._context)
        self._loop.call_soon(self._lost, None)

    def abort(self) -> None:
        """Close at once; the other end sees a reset."""
        self.close()

    def hang_up(self) -> None:
        """The other end closed."""
        if not self._closing:
            self._closing = True
            self._lost(None)

    def reset(self) -> None:
        """The connection was cut, and this end hears of it."""
        if not self._closing:
            self._closing = True
            self._lost(ConnectionResetError(errno.ECONNRESET, "the connection was reset"))

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


@attrs.define
class Wire:
    """What both ends of a connection share: how long bytes take, and what becomes of them."""

    rng: random.Random
    sky: Sky
    trouble: Trouble | None
    _left: int = attrs.field(init=False)
    _met: bool = attrs.field(default=False, init=False)
    _held_until: float = attrs.field(default=0.0, init=False)

    @_left.default
    def _all_of_it(self) -> int:
        return self.trouble.after if self.trouble else 0

    @property
    def is_cut(self) -> bool:
        """Whether the trouble is a cut, and has come."""
        return self._met and self.trouble is not None and self.trouble.kind == "cut"

    def carry(self, direction: Direction, size: int) -> int:
        """How many of these bytes arrive."""
        trouble = self.trouble
        if trouble is None or trouble.direction != direction:
            return size
        if not self._met and size <= self._left:
            self._left -= size
            return size
        if not self._met:
            self._met = True
            self._held_until = asyncio.get_running_loop().time() + trouble.seconds
            self.sky.struck(f"{trouble.kind} {direction}")
        allowed, self._left = self._left, 0
        return size if trouble.kind == "stall" else allowed

    def delay(self, direction: Direction) -> float:
        """Seconds until what is sent now arrives."""
        latency = self.rng.uniform(0.0005, 0.02)
        if self.trouble is None or self.trouble.direction != direction:
            return latency
        return max(0.0, self._held_until - asyncio.get_running_loop().time()) + latency


class MemoryConnector(aiohttp.BaseConnector):
    """A connector of aiohttp's client whose connections end in a server in this process."""

    def __init__(
        self, server: Callable[[], Any], rng: random.Random, sky: Sky | None = None, *, fresh: bool = False
    ) -> None:
        super().__init__(limit=100, force_close=fresh)
        self._server = server
        self._rng = rng
        self._sky: Sky = Clear() if sky is None else sky
        self._ports = 10_000
        self._ends: list[End] = []

    async def _create_connection(self, request: aiohttp.ClientRequest, *_: Any) -> ResponseHandler:
        await asyncio.sleep(self._rng.uniform(0.0005, 0.02))
        if self._sky.refuses():
            refused = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
            raise aiohttp.ClientConnectorError(request.connection_key, refused)
        self._ports += 1
        handler = ResponseHandler(asyncio.get_running_loop())
        wire = Wire(self._rng, self._sky, self._sky.trouble(request.url.path))
        near, far = End(wire, "up", self._ports), End(wire, "down", self._ports)
        far.peer = near
        far.connect(self._server(), near)
        near.connect(handler, far)
        self._ends = [end for end in self._ends if not end.is_closing()]
        self._ends.append(near)
        return handler

    @property
    def in_use(self) -> int:
        """How many connections somebody has taken and not given back."""
        return len(self._acquired)

    def vanish(self) -> None:
        """The process that holds these connections is gone: what has left still arrives, nothing else does."""
        for end in self._ends:
            end.close()
