"""Limits on requests: a pace per endpoint, kept to by everything in the process and learned from 429s.

Theory. The API counts per organisation, endpoint and minute, status polls included: 10, 60 or 1000 by plan (public
pages; others name other figures, so it is configuration, or learned). When its minute begins is unknown, so no 60
seconds whatever may see more than the rate R. Requests therefore leave on a schedule, 60 / (0.98 R) seconds apart,
that forgives half a second of lateness and nothing more. Idle time is not saved up, and what a busy process loses is
made up for. A minute then holds at most 0.98 R (1 + 0.5 / 60) + 1 of them, and as long as the ways of two requests
differ by less than 0.7 s, no minute of the server's sees more than R.

A 429 says that the requests of the last minute that were not refused are what the server takes: exactly so when it
counts by fixed minutes and this process is alone, and this process's share when it is not. The pace falls to that at
once. After each minute's worth of requests without a 429 it rises again, by 2 %, 4 %, 8 %, ... up to what was
configured: hardly at first, because the limit is probably where it was met, and fast when it has gone.

An endpoint has one pace and one pause, but three lines, which take turns: requests, polls of long waits, and what is
sent again. So nobody waits behind thousands of others of another kind, and who was refused is not at the end again.
"""

import asyncio
import hashlib
import math
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Self, TypeVar
from weakref import WeakValueDictionary

import anyio
import attrs

from bria_async.errors import ConfigurationError
from bria_async.host import Host
from bria_async.wire.secret import Secret

T = TypeVar("T")

MINUTE = 60.0
HEADROOM = 0.02
"""The share of a rate that is left unused, and the first step up after a 429."""
LATENESS = 0.5
"""Seconds of a schedule that may be caught up with."""
AT_ONCE = 100
"""Requests of an endpoint under way: as many as aiohttp's pool has connections. More would wait there, announced, and
past the point where a pause could hold them."""
SMALLEST_PLAN = 10
LARGEST_PLAN = 1000
"""Requests per minute (public pages). Fewer than the smallest plan's, and a 429 tells nothing of the rate."""

_polling: ContextVar[bool] = ContextVar("polling", default=False)


@contextmanager
def polls() -> Iterator[None]:
    """Requests made inside are looks of a long wait, and stand in a line of their own."""
    token = _polling.set(True)
    try:
        yield
    finally:
        _polling.reset(token)


@attrs.frozen
class Rates:
    """Requests per minute of each endpoint; infinite where nothing is known."""

    usual: float = math.inf
    by_operation: Mapping[str, float] = attrs.field(factory=dict)

    @classmethod
    def of(cls, given: float | Mapping[str, float] | None, operations: Collection[str]) -> Self:
        """The rates that somebody configured: one number for each endpoint, or some of these operations with theirs.

        Raises:
            ConfigurationError: a rate is not a number above 0, or there is no such operation.
        """
        by_operation = dict(given) if isinstance(given, Mapping) else {}
        usual = math.inf if given is None or isinstance(given, Mapping) else given
        rates: Mapping[str, object] = {"every endpoint": usual, **by_operation}
        for operation, rate in rates.items():
            if not isinstance(rate, float | int) or not rate > 0:
                raise ConfigurationError(f"The requests per minute of {operation} must be above 0, not {rate!r}.")
        import difflib  # noqa: PLC0415  # for mistakes only

        for unknown in by_operation.keys() - set(operations):
            close = "".join(f" Is it {name!r}?" for name in difflib.get_close_matches(unknown, operations, 1))
            raise ConfigurationError(f"There is no operation {unknown!r} to limit.{close}")
        return cls(usual, by_operation)

    def rate(self, operation: str) -> float:
        """That of one endpoint."""
        return self.by_operation.get(operation, self.usual)

    def __and__(self, other: Self) -> Self:
        """The lower of both, everywhere."""
        operations = {*self.by_operation, *other.by_operation}
        lowest = {name: min(self.rate(name), other.rate(name)) for name in operations}
        return attrs.evolve(self, usual=min(self.usual, other.usual), by_operation=lowest)


@attrs.define(eq=False)
class Pace:
    """What one endpoint takes a minute, as far as it is known, and when its next request may leave."""

    ceiling: float
    rate: float = attrs.field()
    _free_at: float = -math.inf
    _paused_until: float = -math.inf
    _taken: Counter[int] = attrs.field(factory=Counter)
    """Requests that left and were not refused, by the second of the last minute."""
    _unrefused: int = 0
    _step: float = HEADROOM

    @rate.default
    def _as_configured(self) -> float:
        return self.ceiling

    def lower(self, ceiling: float) -> None:
        """Never go beyond this rate."""
        self.ceiling = min(self.ceiling, ceiling)
        self.rate = min(self.rate, ceiling)

    def delay(self, now: float) -> float:
        """Seconds until the next request may leave; 0 or less when it may now."""
        return max(self._free_at, self._paused_until) - now

    def leave(self, now: float) -> None:
        """A request leaves."""
        self._free_at = max(self._free_at, now - LATENESS) + MINUTE / (self.rate * (1 - HEADROOM))
        if (second := int(now)) in self._taken:
            self._taken[second] += 1
        else:
            self._forget(now)
            self._taken[second] = 1
        self._unrefused += 1
        if self._unrefused >= self.rate:
            self.rate = min(self.ceiling, self.rate * (1 + self._step))
            self._unrefused, self._step = 0, min(1.0, self._step * 2)

    def refuse(self, left: float, now: float) -> None:
        """A request that left then was refused: the rate falls."""
        self._taken[int(left)] -= 1
        self._forget(now)
        taken = self._taken.total()
        self.rate = min(self.rate, taken if taken >= SMALLEST_PLAN else LARGEST_PLAN)
        self._unrefused, self._step = 0, HEADROOM

    def pause(self, until: float) -> None:
        """Nobody leaves before then."""
        self._paused_until = max(self._paused_until, until)

    def rested(self, now: float) -> bool:
        """Whether a minute has passed in which nothing left, and nothing was to wait for."""
        return self.delay(now) <= -MINUTE

    def _forget(self, now: float) -> None:
        for second in [second for second in self._taken if second <= now - MINUTE]:
            del self._taken[second]


def _left(pace: Pace, now: float) -> tuple[float, float]:
    """Let a request leave if it may: the seconds that it must wait, 0 or less when it left; and what time it is."""
    if (delay := pace.delay(now)) <= 0:
        pace.leave(now)
    return delay, now


@attrs.define(eq=False)
class Gate:
    """Where the requests of this process to one endpoint wait and pass, and its pace where this process keeps it."""

    operation: str
    pace: Pace
    slots: anyio.Semaphore = attrs.field(factory=lambda: anyio.Semaphore(AT_ONCE, fast_acquire=True), init=False)
    lines: Mapping[str, asyncio.Lock] = attrs.field(factory=lambda: defaultdict(asyncio.Lock), init=False)
    heads: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    """Where the heads of the lines meet, first come, first served."""
    waiting: int = attrs.field(default=0, init=False)
    """How many are in a line; whoever comes then is not let past them."""
    refused_since: float = attrs.field(default=math.inf, init=False)
    """Since when all requests that got an answer were refused; infinite when the last was not."""


@attrs.define(eq=False)
class Turn:
    """A request's turn, which lasts while it is under way; whoever sends it says when it was refused."""

    limiter: "Limiter"
    gate: Gate
    left: float
    """When it left, on the clock of its pace."""

    def __enter__(self) -> Self:
        """Send inside."""
        return self

    def __exit__(self, *_: object) -> None:
        """Make room for the next."""
        self.gate.slots.release()

    def served(self) -> None:
        """The request was taken."""
        self.gate.refused_since = math.inf

    async def refused(self, seconds: float) -> float:
        """The answer was 429: fewer requests a minute leave from now on, and none for so many seconds.

        Returns:
            Since when this endpoint has taken nothing.
        """

        def refuse(pace: Pace, now: float) -> None:
            pace.refuse(self.left, now)
            pace.pause(now + seconds)

        await self.limiter.change(self.gate.operation, refuse)
        self.gate.refused_since = min(self.gate.refused_since, self.limiter.host.monotonic())
        return self.gate.refused_since

    async def pause(self, seconds: float) -> None:
        """Nobody sends to this endpoint for so long."""
        await self.limiter.change(self.gate.operation, lambda pace, now: pace.pause(now + seconds))


@attrs.define(eq=False)
class Limiter:
    """The paces of all endpoints, each configured or learned."""

    host: Host
    rates: Rates = Rates()
    clock: object = None
    """What it was shared by; held, so that its `id` is nobody else's."""
    _gates: dict[str, Gate] = attrs.field(factory=dict, init=False)

    def lower(self, rates: Rates) -> None:
        """Keep to these rates as well."""
        self.rates &= rates
        for operation, gate in self._gates.items():
            gate.pace.lower(self.rates.rate(operation))

    def gate(self, operation: str) -> Gate:
        """The gate of one endpoint."""
        if (gate := self._gates.get(operation)) is None:
            gate = self._gates[operation] = Gate(operation, Pace(self.rates.rate(operation)))
        return gate

    async def change(self, operation: str, change: Callable[[Pace, float], T]) -> T:
        """Look at the pace of an endpoint, or change it, at this moment of its clock."""
        return change(self.gate(operation).pace, self.host.monotonic())

    def rested(self) -> bool:
        """Whether nobody can miss what it has learned."""
        if isinstance(self.clock, asyncio.AbstractEventLoop) and self.clock.is_closed():
            return True
        now = self.host.monotonic()
        return all(gate.pace.rested(now) for gate in self._gates.values())

    def at_once(self, operation: str, now: float) -> Turn | None:
        """The turn of a request that nothing holds up, which most are; None where it has to wait, by `acquire`."""
        gate = self._gates.get(operation) or self.gate(operation)
        if gate.waiting or not gate.slots.value or gate.pace.delay(now) > 0:
            return None
        gate.slots.acquire_nowait()
        gate.pace.leave(now)
        return Turn(self, gate, now)

    async def acquire(self, operation: str, *, again: bool = False) -> Turn:
        """Wait for this endpoint's turn; a pause that begins meanwhile is waited out too."""
        gate = self.gate(operation)
        line = "again" if again else "polls" if _polling.get() else "requests"
        gate.waiting += 1
        try:
            async with gate.lines[line], gate.heads:
                await gate.slots.acquire()
                try:
                    while True:
                        delay, left = await self.change(operation, _left)
                        if delay <= 0:
                            return Turn(self, gate, left)
                        await self.host.sleep(delay)
                except BaseException:
                    gate.slots.release()
                    raise
        finally:
            gate.waiting -= 1


_KEY = secrets.token_bytes(32)
_shared: WeakValueDictionary[tuple[str, bytes, int], Limiter] = WeakValueDictionary()
_kept: set[Limiter] = set()
"""Limiters that outlive their sessions for a minute: somebody may open a session for each request."""


def shared(origin: str, token: Secret, rates: Rates, host: Host | None) -> Limiter:
    """The limiter of everything in this process that talks to this origin with this token, at the lowest rates given.

    Sessions share it when they also live on one clock: that of the running loop, or of the host that they were given.
    It is found by a hash that means nothing outside this process.
    """
    _kept.difference_update([limiter for limiter in _kept if limiter.rested()])
    clock = asyncio.get_running_loop() if host is None else host
    key = (origin, hashlib.blake2b(token.reveal().encode(), key=_KEY).digest(), id(clock))
    if (limiter := _shared.get(key)) is None:
        limiter = _shared[key] = Limiter(host or Host(), rates, clock)
    limiter.lower(rates)
    _kept.add(limiter)
    return limiter
