"""How patiently something is asked whether it is done."""

import random
from collections.abc import Iterator

import attrs


@attrs.frozen
class Polling:
    """Growing, jittered intervals and a deadline; all in seconds.

    Intervals begin at `start` and grow by `factor` up to `cap`, each varied by `jitter` (a share of it),
    because polls count toward the rate limit. `timeout` is the deadline, None for none; a job that the status
    service does not know yet is asked for again during the first `grace` seconds.
    """

    start: float = 1.0
    factor: float = 1.5
    cap: float = 60.0
    jitter: float = 0.2
    timeout: float | None = 600.0
    grace: float = 30.0

    def intervals(self, rng: random.Random) -> Iterator[float]:
        """The waits between one look and the next, without end."""
        interval = self.start
        while True:
            yield interval * rng.uniform(1 - self.jitter, 1 + self.jitter)
            interval = min(self.cap, interval * self.factor)
