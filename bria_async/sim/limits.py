"""Requests per endpoint and fixed minute."""

from collections import Counter
from collections.abc import Mapping

_MINUTE = 60


class Limits:
    """Counts every request, status polls included, per operation and minute of the clock."""

    def __init__(self, rates: int | Mapping[str, int] | None) -> None:
        self._rates = rates
        self._minute = 0
        self._seen: Counter[str] = Counter()

    def wait(self, operation: str, now: float) -> int | None:
        """Count a request; seconds to the next minute when it is one too many, else None."""
        minute = int(now // _MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._seen.clear()
        rate = self._rates.get(operation) if isinstance(self._rates, Mapping) else self._rates
        self._seen[operation] += 1
        if rate is None or self._seen[operation] <= rate:
            return None
        return max(1, int((minute + 1) * _MINUTE - now))
