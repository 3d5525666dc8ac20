"""Running a coroutine under the signals of a terminal; only the command line touches signals."""

import asyncio
import concurrent.futures
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import attrs

from bria_async.errors import RunCancelled

from .exits import Exit

T = TypeVar("T")

_EXITS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


class Interrupted(Exception):
    """A signal ended the work."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code.words)
        self.code = code


class _Impatient(concurrent.futures.ThreadPoolExecutor):
    """Threads that the end does not wait for: one of them may be stuck on a disk that does not answer."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002  # as it is called
        """Take no more work."""
        super().shutdown(wait=False, cancel_futures=cancel_futures)


@attrs.define
class _Signals:
    """The first signal asks to stop in order, where that can be asked; the next one cancels."""

    task: "asyncio.Task[Any]"
    stop: Callable[[], bool]
    first: signal.Signals | None = None

    def take(self, number: signal.Signals) -> None:
        again = self.first is not None
        self.first = self.first or number
        if again or not self.stop():
            self.task.cancel()


def cannot_stop() -> bool:
    """Work that has no order to stop in is cancelled at once."""
    return False


def run(work: Coroutine[Any, Any, T], stop: Callable[[], bool] = cannot_stop) -> T:
    """Run to the end, or until Ctrl-C or SIGTERM.

    Args:
        work: what to do.
        stop: asks the work to end in order, and tells whether that was possible.

    Raises:
        Interrupted: a signal came, and the work ended by it.
    """
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_under_signals(work, stop))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop of the extra `fast`, where it is installed: uploads over TLS take a tenth less of a core."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop


async def _under_signals(work: Coroutine[Any, Any, T], stop: Callable[[], bool]) -> T:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(_Impatient())
    task = asyncio.ensure_future(work)
    signals = _Signals(task, stop)
    for number in _EXITS:
        loop.add_signal_handler(number, signals.take, number)
    try:
        return await task
    except (asyncio.CancelledError, RunCancelled):
        if signals.first is None:
            raise
        raise Interrupted(_EXITS[signals.first]) from None
    finally:
        for number in _EXITS:
            loop.remove_signal_handler(number)
            if signals.first is not None:
                signal.signal(number, signal.SIG_IGN)  # it ends already
