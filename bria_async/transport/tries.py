"""A call from its first attempt to its last: what it met, whether it is sent again, and who is told.

What a failure means and how long to wait is said by `wire.retry`; here are the bounds around it (the retries that the
session has left, the deadline of the call) and the doubt: a call that may have taken effect ends in no error that says
that it did not, whatever became of its later attempts.
"""

import math
from typing import Any, Literal

import attrs

from bria_async.errors import Attempt, BriaError, DeadlinePassed, NotFound, RateLimited, RequestError, TlsFailed
from bria_async.host import deadline, observer
from bria_async.wire import Call, Effect
from bria_async.wire.retry import Budget, Rules

from .hooks import fields, is_told, log, tell, tell_retry
from .payload import CountedPayload


@attrs.frozen
class Found:
    """What `on_doubt` found in place of an answer."""

    value: object


class Tries:
    """The attempts of one call; `path` is where it is sent, `body` that of the attempt under way.

    What most calls never come to has its value in the class: they all begin here, and few fail.
    """

    attempts: tuple[Attempt, ...] = ()
    body: CountedPayload | None = None
    pause: float = 0.0
    """For how many seconds, after a 429, nobody should send to its endpoint; what this call waits beyond that is its
    own."""
    refused_since: float = -math.inf
    """When its endpoint began to take nothing: a call that only waits in line while others of a large batch are served
    is not out of patience."""
    _held: Budget | None = None
    """Where the retry under way was taken from."""
    _last: RequestError | None = None
    _doubt: RequestError | None = None
    _note: str = ""

    def __init__(self, rules: Rules, call: Call) -> None:
        self.rules = rules
        self.call = call
        self.path = call.path
        self._started = self.began = rules.host.monotonic()
        self._until = min(deadline.get(), self._started + rules.deadline)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self._until if self._until == math.inf else self._until - self.rules.host.monotonic()

    def begin(self) -> None:
        """An attempt begins that had to wait."""
        self.began = self.rules.host.monotonic()
        self._held = None

    def give_back(self) -> None:
        """The retry that was taken is not made."""
        if self._held is not None:
            self._held.give_back()

    def succeeded(self, status: int) -> None:
        """The attempt brought an answer."""
        if is_told(self.rules):
            tell(self.rules, self._attempt(status=status))

    async def again(self, error: RequestError) -> float | Found:
        """What follows a failed attempt: another one after so many seconds, or what `on_doubt` found.

        Raises:
            RequestError: nothing follows; with all attempts.
        """
        attempt = self._attempt(
            outcome=error.outcome, reason=error.reason, status=getattr(error, "status", None) or None
        )
        self.attempts = (*self.attempts, attempt)
        self._last = error
        wait = self._wait(error)
        found = await self._in_doubt(error) if error.in_doubt else None
        if found == "resend" and not isinstance(error, TlsFailed):
            wait = self._afford(self.rules.policy.backoff(len(self.attempts), self.rules.host.random))
        attempt = attrs.evolve(attempt, wait=wait)
        self.attempts = (*self.attempts[:-1], attempt)
        tell(self.rules, attempt)
        if isinstance(found, Found):
            return found
        if wait is None:
            raise self.failed(error)
        if error.in_doubt:
            what = self.call.operation, error.reason
            log.warning("%s: %s; sent again, it was perhaps charged", *what, extra=fields(attempt))
        else:
            log.info("%s: %s, again in %.1f s", self.call.operation, error.reason, wait, extra=fields(attempt))
        tell_retry(self.rules, attempt)
        return wait

    def late(self) -> BriaError:
        """The error of a call whose turn did not come in time."""
        self.give_back()
        self._note = "Its deadline passed before it could be sent again."
        endpoint = self.call.endpoint
        words = "its deadline passed before its turn came"
        return self.failed(self._last or DeadlinePassed(words, endpoint.operation, (), endpoint.effect, endpoint.look))

    def _attempt(self, **facts: Any) -> Attempt:
        return Attempt(
            operation=self.call.operation,
            effect=self.call.endpoint.effect,
            number=len(self.attempts) + 1,
            bytes_sent=0 if self.body is None else self.body.sent,
            seconds=self.rules.host.monotonic() - self.began,
            **facts,
        )

    def _wait(self, error: RequestError) -> float | None:
        """Seconds to wait by the policy, the budget and the deadline; none where its other path is tried."""
        if isinstance(error, NotFound) and self.call.fallback not in (None, self.path):
            self.path = self.call.fallback
            return 0.0
        host = self.rules.host
        elapsed = host.monotonic() - max(self._started, self.refused_since)
        wait = self.rules.policy.wait(error, self.call.endpoint.effect, len(self.attempts), elapsed, host.random)
        throttled = isinstance(error, RateLimited)
        self.pause = wait if wait is not None and throttled else 0.0
        return self._afford(wait, in_line=throttled)

    def _afford(self, wait: float | None, *, in_line: bool = False) -> float | None:
        if wait is None:
            return None
        budget = self.rules.line if in_line else self.rules.budget
        line = budget.take(self.rules.host.monotonic(), in_line=in_line)
        if line is None:
            self._note = "It was not sent again: the session has no retries left (RetryPolicy.budget)."
            return None
        self._held = budget
        if (wait := max(wait, line)) >= self.left():
            self._note = "It was not sent again: its deadline leaves no time for it."
            self.give_back()
            return None
        return wait

    async def _in_doubt(self, error: RequestError) -> Literal["raise", "resend"] | Found:
        """What is done about a call that may have taken effect."""
        again, self._doubt = self._doubt is not None, error
        on_doubt = self.rules.on_doubt
        if observer.get() is not None:
            return "raise"  # who journals what he sends looks for it himself
        if callable(on_doubt):
            found = await on_doubt(attrs.evolve(error, attempts=self.attempts), self.call)
            if found is None or found == "raise":
                return "raise"
            return "resend" if found == "resend" else Found(found)
        return "resend" if self.call.endpoint.effect is Effect.CHEAP and not again else on_doubt

    def failed(self, error: BriaError) -> BriaError:
        """The error with all attempts; while there is doubt, nothing says that the server did not do it."""
        doubt = self._doubt
        if doubt is not None and not (isinstance(error, RequestError) and error.in_doubt):
            error = attrs.evolve(doubt, message=f"{doubt.message}, then {error.message}")
        if isinstance(error, RequestError):
            error = attrs.evolve(error, attempts=self.attempts)
        if self._note and self.attempts:
            error.add_note(self._note)
        return error
