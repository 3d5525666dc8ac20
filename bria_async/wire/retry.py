"""When to send again: the table of outcomes and the decision, as pure functions.

Facts behind the table: the API has no idempotency key, so a repeated POST is a second bill (contract of the
API); which failures of a connection are certain to have sent nothing was measured against raw sockets.

Statuses have their own table, in `errors`. What follows from an outcome: what was not sent and what was throttled is
sent again, whatever it does; what is unknown is sent again when it is `safe`, once more when it is `cheap`, and
otherwise as whoever is in doubt decides.
"""

import datetime as dt
import email.utils
import enum
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Literal

import attrs

from bria_async.errors import (
    Attempt,
    ConfigurationError,
    NotSent,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    ServerFailed,
    TlsFailed,
    Untrusted,
)
from bria_async.host import Host

from .call import Call
from .endpoint import Effect

OnDoubt = Literal["raise", "resend"] | Callable[[RequestError, Call], Awaitable[Any]]
"""What to do when a call that creates or bills may have taken effect; a function answers with one of the words, or with
what it found in place of the call's answer."""

Hook = Callable[[Attempt], object]
"""Who is told of attempts."""


@attrs.frozen
class Sending:
    """A call or a transfer that begins, as `on_call` is told of it; nothing in it is secret or anybody's own words.

    `operation` and `effect` are those of its attempts. `path` is the endpoint's, with the names of its parameters in
    place of their values, and empty for a transfer; `origin` is scheme and host of where it goes, empty where its
    address cannot be read.
    """

    operation: str
    effect: str
    method: str
    path: str
    origin: str


CallHook = Callable[[Sending], AbstractContextManager[object]]
"""Who is told of calls, and is with each one until it is over."""

TRANSIENT_STATUSES = frozenset({408, 425, 502, 503, 504})
"""Failures of the server after which a call that is safe to repeat is repeated: the last three as the API's
documentation asks, the first two as HTTP means them (RFC 9110, RFC 8470)."""

LONGEST_PAUSE = 600.0
"""Seconds that a Retry-After is honoured for at most."""

SLOWEST_RATE = 64 * 1024
"""Bytes per second: a line that sends more slowly is treated as broken."""


def time_for(size: int, timeout: float) -> float:
    """Seconds that a request may take in all, its body of so many bytes included."""
    return timeout + size / SLOWEST_RATE


class Failure(enum.Enum):
    """How a request can fail without a usable answer, and what that says about the server's state."""

    UNREACHABLE = ("no connection", NotSent)
    UNRESOLVED = ("the host name cannot be resolved", NotSent)
    ILLEGIBLE = ("the address cannot be read", NotSent)
    UNTRUSTED = ("the certificate is not trusted", Untrusted)
    PRIVATE = ("it is not a public address", NotSent)
    CONNECT_TIMEOUT = ("no connection in time", NotSent)
    TLS = ("the server broke off TLS", TlsFailed)
    RESET = ("the connection was reset", OutcomeUnknown)
    DISCONNECTED = ("the server closed the connection without an answer", OutcomeUnknown)
    TIMEOUT = ("no answer in time", OutcomeUnknown)
    CUT = ("the answer was cut short", OutcomeUnknown)
    GARBAGE = ("the answer is not HTTP", OutcomeUnknown)
    TOO_LARGE = ("the answer is larger than allowed", OutcomeUnknown)

    def __init__(self, words: str, kind: type[RequestError]) -> None:
        """`words` are for people."""
        self.words = words
        self._kind = kind

    @property
    def outcome(self) -> Outcome:
        """What may be assumed about the server."""
        return self._kind.outcome

    def error(self, call: Call, status: int | None = None) -> RequestError:
        """The error that it is to a call; `status` is that of an answer which had begun."""
        about = (self.words, call.operation, (), call.endpoint.effect, call.endpoint.look)
        return self._kind(*about, status) if issubclass(self._kind, OutcomeUnknown) else self._kind(*about)


@attrs.frozen
class RetryPolicy:
    """How patiently a call is repeated that may be repeated.

    `attempts` bounds what never reached the server and what is safe to repeat; waits grow from `base` to
    `cap` seconds with full jitter. Throttled calls (429) are repeated, whatever their number, until their endpoint
    has taken nothing for `patience` seconds. Where a server says how long to wait, the wait is no shorter.
    All calls of a session share a `budget` of retries, which grows again by `refill` a second: see `Budget`.
    `RetryPolicy(attempts=1, patience=0)` sends once, whatever happens.

    Raises:
        ConfigurationError: the budget would never be refilled.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 20.0
    patience: float = 600.0
    budget: float = 100.0
    refill: float = 2.0

    def __attrs_post_init__(self) -> None:
        """Refuse a line in which nobody ever comes forward."""
        if not self.refill > 0:
            raise ConfigurationError(f"The retries refilled a second must be above 0, not {self.refill!r}.")

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
        wait = self.backoff(attempt, rng) if _repeatable(error, effect) else None
        told = error.retry_after if isinstance(error, ServerFailed) else None
        return wait if wait is None else wait + (told or 0.0)

    def backoff(self, attempt: int, rng: random.Random) -> float | None:
        """Seconds to wait after this many attempts at what may be repeated, None after the last."""
        return rng.uniform(0, self._bound(attempt)) if attempt < self.attempts else None

    def _bound(self, attempt: int) -> float:
        # No float holds 2 to the power of a thousand, and a throttled call may come that far.
        return min(self.cap, self.base * 2.0 ** min(attempt, 64))


def _repeatable(error: RequestError, effect: Effect) -> bool:
    if isinstance(error, NotSent):
        return not isinstance(error, Untrusted)
    if isinstance(error, TlsFailed):
        return False
    lost = error.status in TRANSIENT_STATUSES if isinstance(error, ServerFailed) else isinstance(error, OutcomeUnknown)
    return lost and effect is Effect.SAFE


@attrs.define
class Budget:
    """The retries that all calls of a session have left, so that an outage does not multiply the load of many calls.

    A bucket that holds `size` retries and is refilled by `refill` a second. A session has two of them. When that for
    what failed is empty, nothing is repeated, because more of the same would not help the server; at that for what
    was throttled one waits in line until a retry is refilled, because the server is well and has only asked for time.
    """

    size: float
    refill: float
    _left: float = attrs.field(init=False)
    _at: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        """Begin with all of it."""
        self._left = self.size

    def take(self, now: float, *, in_line: bool) -> float | None:
        """Take one retry: seconds until it may be used, or None when there is none left and no line to wait in."""
        self._left = min(self.size, self._left + max(0.0, now - self._at) * self.refill)
        self._at = now
        if self._left < 1 and not in_line:
            return None
        self._left -= 1
        return max(0.0, -self._left / self.refill)

    def give_back(self) -> None:
        """Give back a retry that was not made."""
        self._left += 1


@attrs.frozen
class Rules:
    """How a session repeats its calls, what it does in doubt, and whom it tells; `deadline` is in seconds.

    Raises:
        ConfigurationError: `on_doubt` is none of its words, and no function.
    """

    host: Host
    policy: RetryPolicy
    deadline: float
    on_doubt: OnDoubt
    on_attempt: Hook | None
    on_retry: Hook | None
    on_call: CallHook | None = None
    budget: Budget = attrs.field(init=False)
    """Retries of what failed."""
    line: Budget = attrs.field(init=False)
    """Retries of what was throttled."""

    @budget.default
    @line.default
    def _full(self) -> Budget:
        return Budget(self.policy.budget, self.policy.refill)

    def __attrs_post_init__(self) -> None:
        """Refuse a word that means something elsewhere, such as `skip` of a run."""
        if self.on_doubt not in ("raise", "resend") and not callable(self.on_doubt):
            raise ConfigurationError(f"on_doubt is 'raise', 'resend' or a function, not {self.on_doubt!r}.")


def retry_after(header: str, now: float) -> float | None:
    """Seconds from now that a Retry-After header asks for: a number or a date; nonsense and the past give None.

    Only ASCII digits count: `float` would also read full-width digits, `nan` and `inf`.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_PAUSE)
    at = moment(text)
    return min(at - now, LONGEST_PAUSE) if at is not None and at > now else None


def moment(header: str) -> float | None:
    """The time of a date of HTTP in seconds since 1970; nonsense gives None."""
    try:
        at = email.utils.parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
