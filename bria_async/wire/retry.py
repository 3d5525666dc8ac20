"""When to send again: the table of outcomes and the decision, as pure functions.

Facts behind the table: the API has no idempotency key, so a repeated POST is a second bill (contract of the
API); which failures of a connection are certain to have sent nothing was measured against raw sockets.
"""

import datetime as dt
import email.utils
import enum
import random

import attrs

from bria_async.errors import NotSent, Outcome, OutcomeUnknown, RateLimited, RequestError, Untrusted

from .endpoint import Effect

TRANSIENT_STATUSES = frozenset({502, 503, 504})
"""Server failures after which a call that is safe to repeat is repeated, as the API's documentation asks."""

LONGEST_PAUSE = 600.0
"""Seconds that a Retry-After is honoured for at most."""

SLOWEST_RATE = 64 * 1024
"""Bytes per second: a line that sends more slowly is treated as broken."""


def time_for(size: int, timeout: float) -> float:
    """Seconds that a request may take in all, its body of so many bytes included."""
    return timeout + size / SLOWEST_RATE


class Failure(enum.Enum):
    """How a request can fail without a usable answer, and what that says about the server's state."""

    UNREACHABLE = ("no connection", Outcome.NOT_SENT)
    UNRESOLVED = ("the host name cannot be resolved", Outcome.NOT_SENT)
    UNTRUSTED = ("the certificate is not trusted", Outcome.NOT_SENT)
    PRIVATE = ("it is not a public address", Outcome.NOT_SENT)
    CONNECT_TIMEOUT = ("no connection in time", Outcome.NOT_SENT)
    RESET = ("the connection was reset", Outcome.UNKNOWN)
    DISCONNECTED = ("the server closed the connection without an answer", Outcome.UNKNOWN)
    TIMEOUT = ("no answer in time", Outcome.UNKNOWN)
    CUT = ("the answer was cut short", Outcome.UNKNOWN)
    GARBAGE = ("the answer is not HTTP", Outcome.UNKNOWN)
    TOO_LARGE = ("the answer is larger than allowed", Outcome.UNKNOWN)

    @property
    def words(self) -> str:
        """For people."""
        return self.value[0]

    @property
    def outcome(self) -> Outcome:
        """What may be assumed about the server."""
        return self.value[1]


@attrs.frozen
class RetryPolicy:
    """How patiently a call is repeated that may be repeated.

    `attempts` bounds what never reached the server and what is safe to repeat; waits grow from `base` to
    `cap` seconds with full jitter. Throttled calls (429) are repeated for `patience` seconds, whatever their
    number. `RetryPolicy(attempts=1, patience=0)` sends once, whatever happens.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 20.0
    patience: float = 600.0

    def wait(
        self, error: RequestError, effect: Effect, attempt: int, elapsed: float, rng: random.Random
    ) -> float | None:
        """Seconds until the next try after this many attempts and seconds, or None to give up.

        A call that creates or bills is repeated only when the server certainly did not do it.
        """
        if isinstance(error, RateLimited):
            if elapsed >= self.patience:
                return None
            least = self._bound(attempt) if error.retry_after is None else error.retry_after
            return least + rng.uniform(0, max(1.0, least * 0.1))
        return self.backoff(attempt, rng) if _repeatable(error, effect) else None

    def backoff(self, attempt: int, rng: random.Random) -> float | None:
        """Seconds to wait after this many attempts at what may be repeated, None after the last."""
        return rng.uniform(0, self._bound(attempt)) if attempt < self.attempts else None

    def _bound(self, attempt: int) -> float:
        # No float holds 2 to the power of a thousand, and a throttled call may come that far.
        return min(self.cap, self.base * 2.0 ** min(attempt, 64))


def _repeatable(error: RequestError, effect: Effect) -> bool:
    if isinstance(error, NotSent):
        return not isinstance(error, Untrusted)
    lost = isinstance(error, OutcomeUnknown) and (error.status is None or error.status in TRANSIENT_STATUSES)
    return lost and effect is Effect.SAFE


def retry_after(header: str, now: float | None = None) -> float | None:
    """Seconds that a Retry-After header asks for: a number or a date; nonsense and the past give None.

    Only ASCII digits count: `float` would also read full-width digits, `nan` and `inf`.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_PAUSE)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=dt.UTC)
    current = dt.datetime.now(dt.UTC).timestamp() if now is None else now
    delay = at.timestamp() - current
    return min(delay, LONGEST_PAUSE) if delay > 0 else None
