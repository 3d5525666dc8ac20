"""How long a whole call may take, its turn and its repeats included, and how often a session repeats at all."""

import asyncio
from collections import Counter

import pytest
from aiohttp import web

from bria_async.errors import (
    Attempt,
    ConfigurationError,
    DeadlinePassed,
    DownloadFailed,
    JobTimedOut,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    ServerFailed,
)
from bria_async.session import Session
from bria_async.wire import Polling
from bria_async.wire.retry import RetryPolicy
from tests.simulation.loop import VirtualHost, run_virtually
from tests.support import TOKEN, PushedHost, Recorder, Request
from tests.transport.raw import Connection, raw
from tests.transport.sessions import host_of, session

PATIENT = RetryPolicy(attempts=1000, base=5, cap=5)


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("inside", [False, True])
async def test_no_repeat_begins_beyond_the_deadline(server: Recorder, status: int, inside: bool) -> None:
    """The call ends with what it met last, in time; the deadline is the session's or that of a block."""
    server.answers("later", status)
    async with session(server, retry=PATIENT, deadline=None if inside else 60) as bria:
        began = host_of(bria).time
        with pytest.raises((ServerFailed, RateLimited)) as caught, bria.deadline(60 if inside else 1e6):
            await bria.models.list()
        assert host_of(bria).time - began <= 60
        assert len(server.requests) == len(caught.value.attempts) > 5
        assert caught.value.__notes__ == ["It was not sent again: its deadline leaves no time for it."]


async def test_the_earliest_deadline_counts(server: Recorder) -> None:
    """A block within a block cannot have more time, and after it all is as before."""
    server.answers("later", 503)
    async with session(server, retry=PATIENT, deadline=100) as bria:
        began = host_of(bria).time
        with bria.deadline(30):
            with bria.deadline(1000), pytest.raises(ServerFailed):
                await bria.models.list()
            assert host_of(bria).time - began <= 30
        with pytest.raises(ServerFailed):
            await bria.models.list()
        assert host_of(bria).time - began > 60


async def test_a_call_whose_turn_does_not_come_is_not_sent(server: Recorder) -> None:
    """It was not sent, and says so."""
    server.answers([])
    async with session(server, requests_per_minute=1, deadline=30) as bria:
        await bria.models.list()
        with pytest.raises(DeadlinePassed, match="Nothing was sent") as caught:
            await bria.models.list()
    assert caught.value.outcome is Outcome.NOT_SENT
    assert caught.value.attempts == ()
    assert len(server.requests) == 1


def test_a_turn_is_not_waited_for_beyond_the_deadline() -> None:
    """On a clock that is the loop's own the wait ends at the deadline, not when the turn comes."""

    async def main() -> float:
        bria = Session(TOKEN, "http://127.0.0.1:9", host=VirtualHost(seed=1), requests_per_minute=1,
                       retry=RetryPolicy(attempts=1))  # fmt: skip
        async with bria:
            limiter = bria._connected().limiter
            with await limiter.acquire("models.list"):
                pass
            began = asyncio.get_running_loop().time()
            with bria.deadline(7), pytest.raises(DeadlinePassed):
                await bria.models.list()
            return asyncio.get_running_loop().time() - began

    assert run_virtually(main) == pytest.approx(7)


async def test_an_attempt_ends_at_the_deadline() -> None:
    """What is under way then has left, so its outcome is unknown."""

    async def silence(connection: Connection) -> None:
        await asyncio.Event().wait()

    async with raw(silence) as server, Session(TOKEN, server.base_url) as bria:
        began = asyncio.get_running_loop().time()
        with bria.deadline(0.3), pytest.raises(OutcomeUnknown, match="no answer in time"):
            await bria.models.create(name="x")
        assert asyncio.get_running_loop().time() - began < 5, "the timeout of a request is 120 s"
        assert len(server.heads) == 1


async def test_the_timeout_of_whoever_calls_keeps_working() -> None:
    """`asyncio.timeout` ends a call as it ends anything, and the session goes on."""

    async def silence(connection: Connection) -> None:
        if b"projects" in connection.head:
            await connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        else:
            await asyncio.Event().wait()

    async with raw(silence) as server, Session(TOKEN, server.base_url) as bria:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await bria.models.create(name="x")
        assert await bria.projects.list() == ()


async def test_waiting_for_a_job_ends_at_the_deadline(server: Recorder) -> None:
    """As it does at its own: with an error that holds what is needed to wait again."""
    server.answers({"status": "IN_PROGRESS"})
    async with session(server) as bria:
        began = host_of(bria).time
        with bria.deadline(30), pytest.raises(JobTimedOut, match="still in progress at its deadline") as caught:
            await bria.jobs.wait("r1", polling=Polling(start=7, timeout=None))
        assert host_of(bria).time - began == pytest.approx(30, abs=1)
    assert caught.value.job == "r1"


async def test_a_job_is_not_lost_to_the_deadline(server: Recorder) -> None:
    """It was accepted: what ends the wait names it, also when the status service was away until the end."""
    server.answers({"request_id": "r9", "status_url": "u"}, 202)
    host = PushedHost(seed=1)
    async with session(server, host=host) as bria:
        host.push = lambda _: server.answers("away", 503)
        with bria.deadline(40), pytest.raises(JobTimedOut) as caught:
            await bria.editing.remove_background(image="QUJD", wait=True)
    assert caught.value.job == "r9"


async def test_an_outage_does_not_multiply_the_load(server: Recorder) -> None:
    """A hundred calls at once share ten retries: the others give up at their first failure, and say why."""
    server.answers("down", 503)
    policy = RetryPolicy(attempts=5, budget=10, refill=0.001)
    async with session(server, retry=policy) as bria:
        met = await asyncio.gather(*(bria.models.get(number) for number in range(100)), return_exceptions=True)
    assert all(isinstance(error, ServerFailed) for error in met)
    assert len(server.requests) == 100 + 10
    notes = [error.__notes__ for error in met if isinstance(error, ServerFailed) and hasattr(error, "__notes__")]
    assert notes[0] == ["It was not sent again: the session has no retries left (RetryPolicy.budget)."]


async def test_the_budget_grows_again(server: Recorder) -> None:
    """After some quiet there are retries again."""
    server.answers("down", 503)
    async with session(server, retry=RetryPolicy(attempts=3, budget=2, refill=0.1)) as bria:
        for quiet, requests in ((0, 3), (0, 1), (100, 3)):
            host_of(bria).time += quiet
            server.requests.clear()
            with pytest.raises(ServerFailed):
                await bria.models.list()
            assert len(server.requests) == requests


async def test_downloads_share_the_budget(server: Recorder) -> None:
    """It is one for all that a session sends."""
    server.answers("down", 503)
    async with session(server, retry=RetryPolicy(attempts=3, budget=2, refill=0.001)) as bria:
        for requests in (3, 1):
            server.requests.clear()
            with pytest.raises(DownloadFailed):
                await bria.fetch(f"{server.base_url}/result")
            assert len(server.requests) == requests


async def test_what_was_throttled_waits_in_line(server: Recorder) -> None:
    """The server is well and asked for time: nobody gives up, and the retries are spread by the budget."""
    times: list[float] = []
    refused: set[str] = set()
    host = PushedHost(seed=1)

    def answer(request: Request) -> web.Response:
        times.append(host.time)
        first = request.path not in refused
        refused.add(request.path)
        return web.json_response("slow down", status=429) if first else web.json_response({"id": 1})

    server.answer = answer
    async with session(server, host=host, retry=RetryPolicy(budget=1, refill=0.1)) as bria:
        models = [await bria.models.get(number) for number in range(3)]
    assert [model.id for model in models] == [1, 1, 1]
    assert times[-1] - times[0] >= 10, "the second and the third retry had to be earned"


async def test_what_was_throttled_takes_no_retry_from_what_failed(server: Recorder) -> None:
    """However many wait in line elsewhere, a lost answer is asked for again, and who no longer waits gives way."""
    asked: Counter[str] = Counter()
    all_wait = asyncio.Event()

    def count(attempt: Attempt) -> None:
        asked[attempt.reason] += 1
        if asked["429"] == 30:
            all_wait.set()

    def answer(request: Request) -> web.Response:
        asked[request.path] += 1
        if request.path.endswith("/models"):
            return web.json_response([], status=503 if asked[request.path] == 1 else 200)
        return web.json_response("slow down", status=429, headers={"Retry-After": "600"})

    server.answer = answer
    policy = RetryPolicy(budget=10, refill=0.1, base=0.01)
    async with Session(TOKEN, server.base_url, retry=policy, on_retry=count) as bria:
        waiting = [asyncio.create_task(bria.models.get(number)) for number in range(30)]
        await all_wait.wait()
        assert await bria.models.list() == ()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        now = bria.host.monotonic()
        assert bria._rules.line.take(now, in_line=True) == 0, "their retries were not given back"


def test_a_budget_that_never_grows_is_refused() -> None:
    """Whoever waits in line would wait for ever."""
    with pytest.raises(ConfigurationError, match="above 0"):
        RetryPolicy(refill=0)
