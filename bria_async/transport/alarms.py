"""Time limits of many requests at once, by one timer of the loop.

A timer for each, as aiohttp and `asyncio.timeout` have it, takes a twentieth of what a small request takes: it is set,
sorted in, and nearly always cancelled. Here it is a look at the clock and an entry in a table.
"""

import asyncio
import math
from types import TracebackType
from typing import Self, cast


class Alarms:
    """The time limits of one loop."""

    def __init__(self) -> None:
        self.set: set[Alarm] = set()
        self.loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.wakes_at = math.inf

    def wake_up_at(self, moment: float) -> None:
        """Look then for what has to ring; with infinity not at all."""
        if self._timer is not None:
            self._timer.cancel()
        self.wakes_at = moment
        self._timer = None if moment == math.inf else self.loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        now = self.loop.time()
        for alarm in [each for each in self.set if each.at <= now]:
            self.set.discard(alarm)
            self.loop.call_soon(alarm.ring)
        self.wake_up_at(min((each.at for each in self.set), default=math.inf))


class Alarm:
    """A context in which `TimeoutError` is raised after so many seconds, exactly as by `asyncio.timeout`."""

    __slots__ = ("_alarms", "_cancelling", "_over", "_rang", "_task", "at")

    def __init__(self, alarms: Alarms, seconds: float) -> None:
        self._alarms = alarms
        self._over = self._rang = False
        self.at = alarms.loop.time() + seconds

    def __enter__(self) -> Self:
        """Set it."""
        self._task = cast("asyncio.Task[object]", asyncio.current_task())
        self._cancelling = self._task.cancelling()
        self._alarms.set.add(self)
        if self.at < self._alarms.wakes_at:
            self._alarms.wake_up_at(self.at)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it out, and no timer is left behind by the last; only what it has cancelled itself ran out of time."""
        self._over = True
        self._alarms.set.discard(self)
        if not self._alarms.set:
            self._alarms.wake_up_at(math.inf)
        if (
            self._rang
            and self._task.uncancel() <= self._cancelling
            and kind
            and issubclass(kind, asyncio.CancelledError)
        ):
            raise TimeoutError from error

    def ring(self) -> None:
        """Interrupt the task, unless what else was due in the same turn of the loop has ended it."""
        if not self._over:
            self._rang = True
            self._task.cancel()
