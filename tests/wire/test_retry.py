"""The decision whether to send again, as a table, and the pauses a server asks for."""

import datetime as dt
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import (
    BadRequest,
    NotSent,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    ServerFailed,
    TlsFailed,
    Unreadable,
    Untrusted,
)
from bria_async.wire import Effect
from bria_async.wire.retry import LONGEST_PAUSE, SLOWEST_RATE, Budget, Failure, RetryPolicy, retry_after, time_for

POLICY = RetryPolicy(attempts=4, base=1.0, cap=5.0, patience=100.0)
CREATING = [Effect.FINDABLE, Effect.CHEAP, Effect.BILLED]


def wait(error: RequestError, effect: Effect = Effect.SAFE, attempt: int = 1, elapsed: float = 0.0) -> float | None:
    """What the policy decides."""
    return POLICY.wait(error, effect, attempt, elapsed, random.Random(1))


def server_failed(status: int) -> ServerFailed:
    """An answer of 5xx."""
    return ServerFailed("x", "op", status=status)


@pytest.mark.parametrize("effect", list(Effect))
def test_what_was_not_sent_is_repeated_whatever_it_does(effect: Effect) -> None:
    """The server has seen nothing of it."""
    assert wait(NotSent("x"), effect) is not None


@pytest.mark.parametrize("effect", list(Effect))
def test_a_bad_certificate_is_never_tried_again(effect: Effect) -> None:
    """It will not become good, and nothing good would answer; no more does TLS that broke later."""
    assert wait(Untrusted("x"), effect) is None
    assert wait(TlsFailed("x"), effect) is None


@pytest.mark.parametrize("effect", list(Effect))
def test_throttled_calls_are_repeated_whatever_they_do(effect: Effect) -> None:
    """A 429 was not done."""
    assert wait(RateLimited("x"), effect) is not None


@pytest.mark.fault("N5", "N13")
@pytest.mark.parametrize(
    "error", [OutcomeUnknown("x"), *map(server_failed, (408, 425, 500, 502, 503, 504, 512)), Unreadable("x")]
)
@pytest.mark.parametrize("effect", CREATING)
def test_what_may_have_happened_is_never_repeated_blind(error: RequestError, effect: Effect) -> None:
    """There is no idempotency key: a second POST would be a second bill."""
    assert wait(error, effect) is None


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OutcomeUnknown("x"), True),
        (server_failed(408), True),
        (server_failed(425), True),
        (server_failed(502), True),
        (server_failed(503), True),
        (server_failed(504), True),
        (server_failed(500), False),
        (server_failed(512), False),
        (Unreadable("x", status=200), False),
        (BadRequest("x"), False),
    ],
)
def test_what_is_safe_is_repeated_after_losses_and_passing_failures(error: RequestError, again: bool) -> None:
    """Lost answers, 408, 425, 502, 503 and 504 pass; 500 and what cannot be read do not."""
    assert (wait(error) is not None) is again


def test_attempts_are_bounded() -> None:
    """The fourth failure of four is the last."""
    assert [wait(NotSent("x"), attempt=attempt) is None for attempt in (1, 2, 3, 4)] == [False] * 3 + [True]


@pytest.mark.fault("N1")
@given(st.integers(1, 3), st.integers())
def test_waits_grow_within_their_cap(attempt: int, seed: int) -> None:
    """Full jitter between nothing and the growing bound."""
    found = POLICY.wait(NotSent("x"), Effect.SAFE, attempt, 0.0, random.Random(seed))
    assert found is not None
    assert 0 <= found <= min(5.0, 2**attempt)


@pytest.mark.parametrize("attempt", [1, 50, 5000])
def test_throttling_is_borne_by_time_not_by_number(attempt: int) -> None:
    """However often, until patience is over."""
    assert wait(RateLimited("x"), attempt=attempt, elapsed=99) is not None
    assert wait(RateLimited("x"), attempt=attempt, elapsed=101) is None


@pytest.mark.fault("N12")
def test_the_server_says_how_long() -> None:
    """Its figure is the least, with a little jitter so that not all come back at once."""
    error = RateLimited("x", "op", retry_after=30.0)
    waits = [POLICY.wait(error, Effect.BILLED, 1, 0.0, random.Random(seed)) for seed in range(20)]
    assert all(found is not None and 30 <= found <= 33 for found in waits)
    assert len(set(waits)) == 20


def test_a_server_that_is_away_says_how_long_too() -> None:
    """Its figure is the least for what is repeated, and makes nothing repeated that would not be."""
    error = ServerFailed("x", "op", status=503, retry_after=30.0)
    waits = [POLICY.wait(error, Effect.SAFE, 1, 0.0, random.Random(seed)) for seed in range(20)]
    assert all(found is not None and 30 <= found <= 32 for found in waits)
    assert len(set(waits)) == 20
    assert wait(error, Effect.BILLED) is None
    assert wait(error, attempt=4) is None
    assert wait(ServerFailed("x", "op", status=500, retry_after=30.0)) is None


def test_a_policy_can_send_once() -> None:
    """For those who want to decide themselves."""
    once = RetryPolicy(attempts=1, patience=0)
    for error in (NotSent("x"), RateLimited("x"), OutcomeUnknown("x")):
        assert once.wait(error, Effect.SAFE, 1, 0.0, random.Random(1)) is None


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=40), st.integers(1, 5), st.floats(0.01, 3))
def test_a_budget_bounds_retries_whoever_takes_them(takes: list[tuple[float, bool]], size: int, refill: float) -> None:
    """By any moment, no more are used than it held and was refilled by; without a line nobody waits."""
    budget = Budget(size, refill)
    now = 0.0
    used = []
    for passed, in_line in takes:
        now += passed
        wait = budget.take(now, in_line=in_line)
        assert (wait is not None and wait >= 0) or not in_line
        assert wait in (None, 0) or in_line
        used += [] if wait is None else [now + wait]
    for number, at in enumerate(sorted(used), 1):
        assert number <= size + at * refill + 1e-6


def test_a_budget_can_be_without_end() -> None:
    """Infinite means that every retry is paid for."""
    budget = Budget(math.inf, 1)
    assert {budget.take(0.0, in_line=False) for _ in range(1000)} == {0.0}


def test_a_body_has_the_time_of_a_slow_line() -> None:
    """An image of 12 MB has more than three minutes for itself, and an empty body nothing."""
    assert time_for(0, 120.0) == 120.0
    assert time_for(12 * 2**20, 120.0) == 120.0 + 192.0
    assert time_for(SLOWEST_RATE, 0.5) == 1.5


def test_failures_say_what_they_mean() -> None:
    """Only those before a connection are certain to have sent nothing."""
    certain = {failure for failure in Failure if failure.outcome is Outcome.NOT_SENT}
    assert certain == {
        Failure.UNREACHABLE,
        Failure.UNRESOLVED,
        Failure.ILLEGIBLE,
        Failure.UNTRUSTED,
        Failure.PRIVATE,
        Failure.CONNECT_TIMEOUT,
    }
    assert all(failure.words for failure in Failure)
    assert len({failure.words for failure in Failure}) == len(Failure), "two failures are one enum member"


NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()


@pytest.mark.fault("N12")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 30 ", 30.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Thu, 01 Jan 2026 00:01:00 -0000", 60.0),
        ("Thu, 01 Jan 2026 01:01:00 +0100", 60.0),
        ("99999999999999999999", LONGEST_PAUSE),
        ("Fri, 01 Jan 2027 00:00:00 GMT", LONGEST_PAUSE),
        ("Wed, 31 Dec 2025 23:59:00 GMT", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("nan", None),
        ("inf", None),
        ("\uff17", None),
        ("Thu, 99 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_pauses_are_numbers_or_dates(header: str, seconds: float | None) -> None:
    """Seconds or an HTTP date; nonsense and the past are no pause, and none is longer than the cap."""
    assert retry_after(header, NOW) == seconds


@pytest.mark.fault("N12")
@given(st.text(max_size=40))
def test_no_header_breaks_the_reader(header: str) -> None:
    """Whatever it says, it is a bounded pause or none."""
    found = retry_after(header, NOW)
    assert found is None or 0 <= found <= LONGEST_PAUSE
