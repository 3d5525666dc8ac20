"""Limits on requests: a pace per endpoint, and one shared pause when the server says 429.

The API counts per organisation, per endpoint, per minute: 10, 60 or 1000 by plan (public pages; other pages
name other figures, so it is configuration). A pace spreads requests evenly over the minute. After a pause each
request waits a little longer by itself, or all that waited would leave together.
"""

from collections.abc import Mapping

import attrs

from bria_async.errors import ConfigurationError
from bria_async.host import Host

MINUTE = 60.0
SPREAD = 1.0
"""Seconds over which requests leave after a pause."""


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
    """The paces of all endpoints; `per_minute` is a number for each, by operation, or None: no limit.

    Raises:
        ConfigurationError: a rate is not above 0.
    """

    host: Host
    per_minute: float | Mapping[str, float] | None = None
    _paces: dict[str, Pace] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Refuse rates at which nothing would ever leave."""
        rates = self.per_minute if isinstance(self.per_minute, Mapping) else {"every endpoint": self.per_minute}
        for operation, rate in rates.items():
            if rate is not None and not rate > 0:
                raise ConfigurationError(f"The requests per minute of {operation} must be above 0, not {rate!r}.")

    def pace(self, operation: str) -> Pace:
        """The pace of one endpoint."""
        if (pace := self._paces.get(operation)) is None:
            rate = self.per_minute.get(operation) if isinstance(self.per_minute, Mapping) else self.per_minute
            pace = self._paces[operation] = Pace(interval=0.0 if rate is None else MINUTE / rate)
        return pace

    async def acquire(self, operation: str) -> None:
        """Wait for this endpoint's turn; a pause that begins meanwhile is waited out too."""
        pace = self.pace(operation)
        delay = pace.take(self.host.monotonic())
        try:
            while delay > 0:
                if pace.paused_until > self.host.monotonic():
                    delay += self.host.random.uniform(0, SPREAD)
                await self.host.sleep(delay)
                delay = pace.paused_until - self.host.monotonic()
        except BaseException:
            pace.give_back()
            raise

    def pause(self, operation: str, seconds: float) -> None:
        """Nobody sends to this endpoint for so long."""
        pace = self.pace(operation)
        pace.paused_until = max(pace.paused_until, self.host.monotonic() + seconds)
