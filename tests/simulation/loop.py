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


class _Selector(selectors.SelectSelector):
    """Looks at no file and advances the clock by what the loop was ready to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0
        self.due: dict[int, Callable[[], object]] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if (call := self.due.pop(self.turns, None)) is not None:
            call()
            return []
        if timeout is None:
            raise DeadlockError("nothing is scheduled: every task waits for another")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The same code takes the same steps at the same times, every time.

    What goes into a thread is done at once, and its result arrives a turn later, when nobody may want it any more.
    """

    def __init__(self) -> None:
        self._clock = _Selector()
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


def run_virtually(main: Callable[[], Any]) -> Any:
    """Run a coroutine function on a fresh virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())
