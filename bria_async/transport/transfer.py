"""A transfer from its first attempt to its last: what it met, whether it is tried again, and who is told.

What `tries` is for calls of the API this is for addresses outside of it, where nothing is created or billed, and nobody
is in doubt.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import attrs
from yarl import URL

from bria_async.errors import Attempt, DownloadFailed, Outcome
from bria_async.host import deadline
from bria_async.wire.redaction import shown
from bria_async.wire.retry import Failure, Rules, Sending

from .guard import Dropped, classify
from .hooks import beside, fields, is_told, log, tell, tell_retry
from .payload import CountedPayload

Failed = TypeVar("Failed", bound=DownloadFailed)

MOMENT = 0.001
"""Seconds in which nothing can be done."""
LATE = "its deadline passed"
NO_TIME = "It was not tried again: its deadline leaves no time for it."
PASSING = frozenset({408, 429})
"""Refusals that pass by themselves, as failures of a server do."""

_LOST = (aiohttp.ClientError, TimeoutError, Dropped)
"""What the network raises."""
_NO_ADDRESS = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
"""What looks like the network, and is an address that cannot be read."""
_LASTING = frozenset({Failure.UNTRUSTED, Failure.PRIVATE, Failure.TLS})
"""What asking again does not change."""
_FAILED = (*_LOST, OSError, ValueError)
"""What a transfer can raise: beyond the network a fault of this machine, and again an address."""


@attrs.frozen
class Problem:
    """What became of an attempt: `gone` is a verdict of the server, `again` says that it may pass by itself."""

    words: str
    status: int | None = None
    gone: bool = False
    again: bool = False
    outcome: Outcome = Outcome.UNKNOWN


Request = Callable[[], AbstractAsyncContextManager[aiohttp.ClientResponse]]
Take = Callable[[aiohttp.ClientResponse], Awaitable[Problem | None]]
"""What takes an answer in: nothing when all is well, else the problem."""


@attrs.define
class Transfer:
    """The attempts at one address; `once` is for what is not repeated, `body` is what is sent."""

    rules: Rules
    operation: str
    effect: str
    url: str
    method: str = "GET"
    once: bool = False
    body: CountedPayload | None = None
    attempts: list[Attempt] = attrs.field(factory=list, init=False)
    _until: float = attrs.field(factory=deadline.get, init=False)
    _began: float = attrs.field(default=0.0, init=False)
    _note: str = attrs.field(default="", init=False)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self._until - self.rules.host.monotonic()

    def seconds(self) -> float:
        """Seconds since the attempt under way began."""
        return self.rules.host.monotonic() - self._began

    async def run(self, request: Request, take: Take) -> Problem | None:
        """Attempt it until an answer is taken: nothing then, else what it met last."""
        problem: Problem | None = Problem(LATE, again=True, outcome=Outcome.NOT_SENT)
        while self.left() > MOMENT:
            if (problem := await self._attempt(request, take)) is None:
                return None
            wait = self._wait(problem)
            self._failed(problem, wait)
            if wait is None:
                break
            await self.rules.host.sleep(wait)
        else:
            self._note = NO_TIME if self.attempts else ""
        return problem

    def accompanied(self) -> AbstractContextManager[None]:
        """Around all of it: `on_call` is with it."""
        return beside(self.rules, Sending(self.operation, self.effect, self.method, "", _origin(self.url)))

    def failure(self, kind: type[Failed], problem: Problem) -> Failed:
        """The error that a problem is, for good."""
        error = kind(problem.words, shown(self.url), problem.status, problem.gone, tuple(self.attempts))
        if self._note:
            error.add_note(self._note)
        return error

    async def _attempt(self, request: Request, take: Take) -> Problem | None:
        """One attempt: nothing when the answer was taken, else what it met."""
        status: int | None = None
        self._began = self.rules.host.monotonic()
        try:
            async with request() as response:
                status = response.status
                problem = await take(response)
        except _FAILED as error:
            problem = self._met(error, status)
        if problem is None and is_told(self.rules):
            tell(self.rules, self._told(status=status))
        return problem

    def _wait(self, problem: Problem) -> float | None:
        """Seconds until the next attempt by the policy, the deadline and the budget, None for none."""
        if self.once or not problem.again:
            return None
        wait = self.rules.policy.backoff(len(self.attempts) + 1, self.rules.host.random)
        if wait is not None and wait >= self.left():
            self._note = NO_TIME
            return None
        if wait is not None and self.rules.budget.take(self.rules.host.monotonic(), in_line=False) is None:
            self._note = "It was not tried again: the session has no retries left (RetryPolicy.budget)."
            return None
        return wait

    def _failed(self, problem: Problem, wait: float | None) -> None:
        """Keep the attempt, and tell of it."""
        attempt = self._told(outcome=problem.outcome, reason=problem.words, status=problem.status, wait=wait)
        self.attempts.append(attempt)
        tell(self.rules, attempt)
        if wait is not None:
            words = self.operation, shown(self.url), problem.words, wait
            log.info("%s of %s: %s, again in %.1f s", *words, extra=fields(attempt))
            tell_retry(self.rules, attempt)

    def _told(self, **facts: Any) -> Attempt:
        return Attempt(
            operation=self.operation,
            effect=self.effect,
            number=len(self.attempts) + 1,
            bytes_sent=0 if self.body is None else self.body.sent,
            seconds=self.seconds(),
            **facts,
        )

    def _met(self, error: BaseException, status: int | None) -> Problem:
        """What an exception means: a fault of this machine in its own words, one of the network as it is classified."""
        if self.body is not None and self.body.failure is not None:
            return Problem(self.body.failure.message, status, outcome=Outcome.NOT_SENT)
        if isinstance(error, _LOST) and not isinstance(error, _NO_ADDRESS):
            failure = classify(error)
            if isinstance(error, TimeoutError) and self.left() <= MOMENT:
                return Problem(LATE, status, again=True, outcome=failure.outcome)
            return Problem(failure.words, status, again=failure not in _LASTING, outcome=failure.outcome)
        if isinstance(error, OSError):
            return Problem(error.strerror or str(error), status)
        return Problem("the address cannot be read", gone=True, outcome=Outcome.NOT_SENT)


def _origin(url: str) -> str:
    try:
        return str(URL(url, encoded=True).origin())
    except ValueError:
        return ""


def answered(status: int) -> Problem:
    """What an answer without a result means: a verdict, unless the server is throttled or failed."""
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    passing = failed or status in PASSING
    outcome = Outcome.UNKNOWN if failed else Outcome.REJECTED
    return Problem(f"answered {status}", status, gone=not passing, again=passing, outcome=outcome)
