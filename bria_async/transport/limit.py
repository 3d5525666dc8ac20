"""Limits on requests: a pace per endpoint, and one shared pause when the server says 429.

The API counts per organisation, per endpoint, per minute: 10, 60 or 1000 by plan (public pages; other pages
name other figures, so it is configuration). A pace spreads requests evenly over the minute.
"""

from collections.abc import Mapping

import attrs

from bria_async.host import Host

MINUTE = 60.0


@attrs.define
class Pace:
    """When the next request of one endpoint may leave."""

    interval: float
    free_at: float = 0.0
    paused_until: float = 0.0

    def take(self, now: float) -> float:
        """Take the next place in the line; seconds to wait for it."""
        start = max(now, self.free_at, self.paused_until)
        self.free_at = start + self.interval
        return start - now

    def give_back(self) -> None:
        """A place that was taken and not used."""
        self.free_at -= self.interval


@attrs.define
class Limiter:
    """The paces of all endpoints; `per_minute` is a number for each, by operation, or None: no limit."""

    host: Host
    per_minute: float | Mapping[str, float] | None = None
    _paces: dict[str, Pace] = attrs.field(factory=dict, init=False)

    def pace(self, operation: str) -> Pace:
        """The pace of one endpoint."""
        if (pace := self._paces.get(operation)) is None:
            rate = self.per_minute.get(operation) if isinstance(self.per_minute, Mapping) else self.per_minute
            pace = self._paces[operation] = Pace(interval=MINUTE / rate if rate else 0.0)
        return pace

    async def acquire(self, operation: str) -> None:
        """Wait for this endpoint's turn; a pause that begins meanwhile is waited out too."""
        pace = self.pace(operation)
        delay = pace.take(self.host.monotonic())
        try:
            while delay > 0:
                await self.host.sleep(delay)
                delay = pace.paused_until - self.host.monotonic()
        except BaseException:
            pace.give_back()
            raise

    def pause(self, operation: str, seconds: float) -> None:
        """Nobody sends to this endpoint for so long."""
        pace = self.pace(operation)
        pace.paused_until = max(pace.paused_until, self.host.monotonic() + seconds)
