"""The simulator's own time: frozen, sped up, or borrowed from a virtual-clock loop."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
LAST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""Where time stops: dates end with the year 9999, and deadlines lie ahead."""


class Clock:
    """Seconds since 1970 as the simulated server sees them.

    `Clock()` stands still until it is pushed, `Clock(speed=600)` runs 600 times as fast as the wall,
    `Clock(source=loop.time)` follows a function that returns seconds. All begin at 2026-01-01T00:00:00Z, so
    that two runs show the same dates, all can be pushed, and all stop with the year 9000.
    """

    def __init__(self, *, speed: float | None = None, source: Callable[[], float] | None = None) -> None:
        if speed is not None and source is not None:
            raise ValueError("a clock has a speed or a source, not both")
        if speed is not None and not speed > 0:
            raise ValueError(f"the speed of a clock is above 0, not {speed}")
        self._source = time.monotonic if speed is not None else source
        self._speed = speed or 1.0
        self._origin = self._source() if self._source else 0.0
        self._pushed = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        ran = (self._source() - self._origin) * self._speed if self._source else 0.0
        return min(START + self._pushed + ran, LAST)

    def push(self, seconds: float) -> None:
        """Let `seconds` (0 or more, up to the year 9000) pass at once."""
        if not (seconds >= 0 and self.now() + seconds <= LAST):
            raise ValueError(f"time is pushed forwards, to the year 9000 at most, not by {seconds} seconds")
        self._pushed += seconds

    def resume(self, moment: float) -> None:
        """Go on from `moment` when that is later: a world kept on disk never sees time run backwards."""
        self._pushed += max(0.0, moment - self.now())

    def __repr__(self) -> str:
        return f"<Clock {datetime.fromtimestamp(self.now(), UTC):%Y-%m-%dT%H:%M:%SZ}>"
