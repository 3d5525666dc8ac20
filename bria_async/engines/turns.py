"""Turns at something that only so many may do at once, fair between those who ask.

Theory. Each asker has a clock of his own, which a turn moves on by 1 / weight; the next turn goes to whoever's clock is
furthest behind. Somebody new begins at the clock of the turn that was given last, so nobody can save turns up. That is
start-time fair queueing: of two who always ask, one with twice the weight gets twice the turns, and nobody waits longer
than the others take for a turn each.

Several turns may come free at one moment. Whoever wants many asks for as many at a time as there are, by `many`: with
one ask he would get one of them, whatever his weight.
"""

import asyncio
import contextlib
import heapq
import itertools
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import attrs


@attrs.define(eq=False)
class Turns:
    """At most so many turns at once; any number without a bound."""

    most: float = math.inf
    under_way: int = attrs.field(default=0, init=False)
    _asked: dict[str, deque[tuple[asyncio.Future[None], float]]] = attrs.field(factory=dict, init=False)
    _line: list[tuple[float, int, str]] = attrs.field(factory=list, init=False)
    """A heap with one place for everybody who asks, however many turns he asks for: clock, order of asking, name."""
    _clocks: dict[str, float] = attrs.field(factory=dict, init=False)
    _clock: float = attrs.field(default=0.0, init=False)
    _order: Iterator[int] = attrs.field(factory=itertools.count, init=False)

    @contextlib.asynccontextmanager
    async def turn(self, who: str, weight: float = 1.0) -> AsyncIterator[None]:
        """Wait for a turn, and have it inside."""
        await self.take(who, weight)
        try:
            yield
        finally:
            self.leave()

    @contextlib.contextmanager
    def many(self, who: str, number: int, weight: float = 1.0) -> Iterator[Callable[[], Awaitable[None]]]:
        """Wait for that many turns, one by one, each of which lasts until `leave`; the rest is given up in the end."""
        left, asked = number, deque[asyncio.Future[None]]()

        async def take() -> None:
            nonlocal left
            while left and len(asked) < self.most:
                asked.append(self._ask(who, weight))
                left -= 1
            await asked[0]
            asked.popleft()

        try:
            yield take
        finally:
            for turn in asked:
                if turn.done() and not turn.cancelled():  # it was given, and nobody takes it
                    self.leave()
                turn.cancel()

    async def take(self, who: str, weight: float = 1.0) -> None:
        """Wait for a turn, which lasts until `leave`."""
        with self.many(who, 1, weight) as turn:
            await turn()

    def leave(self) -> None:
        """A turn is over."""
        self.under_way -= 1
        self._give()

    def _ask(self, who: str, weight: float) -> asyncio.Future[None]:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if who not in self._asked:
            self._asked[who] = deque()
            self._stand(who)
        self._asked[who].append((turn, weight))
        self._give()
        return turn

    def _stand(self, who: str) -> None:
        heapq.heappush(self._line, (max(self._clock, self._clocks.get(who, 0.0)), next(self._order), who))

    def _give(self) -> None:
        while self._line and self.under_way < self.most:
            clock, _, who = heapq.heappop(self._line)
            asked = self._asked[who]
            while asked and asked[0][0].done():  # whoever asked was cancelled
                asked.popleft()
            if not asked:
                del self._asked[who]
                continue
            turn, weight = asked.popleft()
            turn.set_result(None)
            self.under_way += 1
            self._clock, self._clocks[who] = clock, clock + 1 / weight
            self._stand(who)
