"""What a session tells while it sends: one value per attempt, with nothing in it that is secret."""

from typing import Any

import attrs
import pytest
from aiohttp import web

from bria_async.errors import Attempt, NotFound, Outcome, ServerFailed
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, Recorder, Request
from tests.transport.sessions import CANARY, errors_logged, host_of, session


async def test_every_attempt_is_told_once_it_is_over(server: Recorder) -> None:
    """Failures with what they met and the wait after them, the success at last; repeats by a hook of their own."""
    answers = iter([web.Response(status=503, text=CANARY), web.Response(status=429, text=CANARY)])
    server.answer = lambda _: next(answers, None) or web.json_response({"id": 1})
    attempts: list[Attempt] = []
    retries: list[Attempt] = []
    async with session(server, on_attempt=attempts.append, on_retry=retries.append) as bria:
        await bria.models.update(1, name="x")
        slept = host_of(bria).slept
    facts = [(seen.number, seen.outcome, seen.reason, seen.status) for seen in attempts]
    assert facts == [
        (1, Outcome.UNKNOWN, "503", 503),
        (2, Outcome.REJECTED, "429", 429),
        (3, None, "", 200),
    ]
    assert retries == attempts[:2]
    assert {(seen.operation, seen.effect) for seen in attempts} == {("models.update", "safe")}
    assert {seen.bytes_sent for seen in attempts} == {len(b'{"name": "x"}')}
    assert attempts[0].wait == slept[0]
    assert attempts[1].wait is not None
    assert attempts[1].wait > 0
    assert attempts[2].wait is None


async def test_errors_keep_what_was_told(server: Recorder) -> None:
    """The attempts of an error are those of the hook."""
    server.answers("down", 503)
    told: list[Attempt] = []
    async with session(server, on_attempt=told.append, retry=RetryPolicy(attempts=3)) as bria:
        with pytest.raises(ServerFailed) as caught:
            await bria.models.list()
    assert list(caught.value.attempts) == told
    assert len(told) == 3


async def test_attempts_tell_how_long_they_took(server: Recorder) -> None:
    """Seconds from its beginning to the end of the answer, without the wait for a turn."""
    told: list[Attempt] = []
    async with session(server, on_attempt=told.append, requests_per_minute=1) as bria:

        def slowly(_: Request) -> web.Response:
            host_of(bria).time += 4
            return web.json_response([])

        server.answer = slowly
        await bria.models.list()
        await bria.models.list()
        assert sum(host_of(bria).slept) > 50, "the second had to wait for its turn"
    assert [seen.seconds for seen in told] == [4, 4]


async def test_nothing_secret_is_told(server: Recorder) -> None:
    """Neither token nor address, neither body nor header, whatever the server says."""
    server.answers({"error": f"{CANARY} {TOKEN}"}, 404, X_Canary=CANARY)
    told: list[Attempt] = []
    async with session(server, on_attempt=told.append) as bria:
        with pytest.raises(NotFound):
            await bria.models.update(1, name=CANARY)
    assert len(told) == 1
    assert CANARY not in str(told)
    assert TOKEN not in str(told)
    assert server.base_url not in str(told)
    kinds = {type(value) for value in attrs.asdict(told[0]).values()}
    assert {kind.__name__ for kind in kinds} <= {"str", "int", "float", "Outcome", "Effect", "NoneType"}


@pytest.mark.parametrize("status", [200, 503])
async def test_a_hook_that_fails_is_logged_and_changes_nothing(
    server: Recorder, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The call succeeds or fails as it would without."""

    def broken(attempt: Attempt) -> None:
        raise RuntimeError("the hook's own fault")

    policy = RetryPolicy(attempts=2)
    failed = await errors_logged(server, status, caplog, on_attempt=broken, on_retry=broken, retry=policy)
    assert len(failed) == (1 if status == 200 else 3)
    assert "a hook of the session failed on an attempt at models.list" in failed[0].getMessage()
    assert len(server.requests) == (1 if status == 200 else 2)


async def test_without_a_hook_a_success_makes_no_value(server: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked, so nothing is built."""

    def made(**_: Any) -> Attempt:
        raise AssertionError("an Attempt was made")

    monkeypatch.setattr("bria_async.transport.tries.Attempt", made)
    server.answers([])
    async with session(server) as bria:
        assert await bria.models.list() == ()
