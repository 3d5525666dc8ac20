"""An event loop on a virtual clock: it never waits, it moves time to the next thing that is due."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

from bria_async.host import Host

EPOCH = 1_767_225_600.0
"""Where wall-clock time begins in a simulated world: 2026-01-01T00:00:00Z."""


class DeadlockError(RuntimeError):
    """Nothing is scheduled and nothing will ever happen: what would hang in the real world fails here."""


class EndlessError(RuntimeError):
    """Something goes on for ever: what would keep a core busy in the real world fails here."""


AT_ONCE = 10_000
"""Turns that a world may take at one moment of its time; those of the seeds take less than a hundred."""
IN_ALL = 1_000_000
"""Turns that a world may take; those of the seeds take some ten thousand."""


class _Selector(selectors.SelectSelector):
    """Looks at no file and advances the clock by what the loop was ready to wait."""

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0
        self._at_once = 0
        self._last = IN_ALL if most is None else most
        self.due: dict[int, Callable[[], object]] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if (call := self.due.pop(self.turns, None)) is not None:
            call()
            return []
        if timeout is None:
            raise DeadlockError("nothing is scheduled: every task waits for another")
        self._spend(timeout)
        self.now += max(0.0, timeout)
        return []

    def _spend(self, timeout: float) -> None:
        """Count the turn, and end a world that takes too many; its tasks get as many again to be cancelled in."""
        self._at_once = 0 if timeout > 0 else self._at_once + 1
        if self._at_once > AT_ONCE or self.turns > self._last:
            spent = f"{self._at_once} turns at one moment" if self._at_once > AT_ONCE else f"{self.turns} turns"
            self._at_once, self._last = 0, self.turns + IN_ALL
            raise EndlessError(f"{spent}, {self.now:.0f} s after the beginning: something goes on for ever")


class VirtualLoop(asyncio.SelectorEventLoop):
    """The same code takes the same steps at the same times, every time.

    What goes into a thread is done at once, and its result arrives a turn later, when nobody may want it any more.
    """

    def __init__(self, most: int | None = None) -> None:
        self._clock = _Selector(most)
        super().__init__(self._clock)

    @property
    def turns(self) -> int:
        """How often the loop went round: between two turns every task that can goes on to its next await."""
        return self._clock.turns

    def at_turn(self, turn: int, call: Callable[[], object]) -> None:
        """Call something before this turn."""
        self._clock.due[turn] = call

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._clock.now

    def run_in_executor(  # type: ignore[override]  # the same, without its type variables
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it here and now, and tell a turn later."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            tell, value = done.set_result, func(*args)
        except BaseException as error:  # noqa: BLE001  # a thread hands any exception over, too
            tell, value = done.set_exception, error
        self.call_soon(lambda: None if done.cancelled() else tell(value))
        return done


class VirtualHost(Host):
    """A machine whose wall clock follows its loop."""

    def now(self) -> float:
        """Seconds since the epoch of the simulated world."""
        return EPOCH + asyncio.get_running_loop().time()


def run_virtually(main: Callable[[], Any], turns: int | None = None) -> Any:
    """Run a coroutine function on a fresh virtual loop, which may take more turns where that is said."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(turns)) as runner:
        return runner.run(main())
