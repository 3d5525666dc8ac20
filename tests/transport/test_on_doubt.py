"""What a session does about a call that may have taken effect: never again unasked, and as its user decides."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import (
    Attempt,
    ConfigurationError,
    Outcome,
    OutcomeUnknown,
    RequestError,
    ServerFailed,
    Unreadable,
)
from bria_async.host import observer
from bria_async.session import Session
from bria_async.sim import Simulator
from bria_async.types.models import Model
from bria_async.wire import Call
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, Request, picture, reply
from tests.transport.sessions import session

MODEL = reply("models.create")["body"]
SUBMITTED = reply("tailored.generate")["body"]
SCHEMA = reply("tailored.generate_visual_schema")["body"]


def fails(server: Recorder, times: int, then: Any, status: int = 503) -> None:
    """Answer so many times with a failure that leaves doubt, and then so."""
    server.answer = lambda _: (
        web.json_response(then) if len(server.requests) > times else web.json_response("later", status=status)
    )


async def create(bria: Session) -> Any:
    """A findable call."""
    return await bria.models.create(name="x", dataset_id=1)


async def generate(bria: Session) -> Any:
    """A billed call."""
    return await bria.tailored.generate(tailored_model_id=1, prompt="a")


async def schema(bria: Session) -> Any:
    """A cheap call."""
    return await bria.tailored.generate_visual_schema(images=["QUJD"] * 5)


@pytest.mark.parametrize("ask", [create, generate])
async def test_by_default_doubt_is_raised(server: Recorder, ask: Callable[[Session], Awaitable[Any]]) -> None:
    """Sent once, and the error says that it may have taken effect."""
    fails(server, 1, MODEL)
    async with session(server) as bria:
        with pytest.raises(ServerFailed, match="It may have taken effect"):
            await ask(bria)
    assert len(server.requests) == 1


async def test_a_cheap_call_is_sent_once_more_and_reported(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    """A small cost that nothing shows is not worth a question; the hook and the log say that it was perhaps charged."""
    fails(server, 1, SCHEMA)
    told: list[Attempt] = []
    async with session(server, on_retry=told.append) as bria:
        assert await schema(bria)
    assert len(server.requests) == 2
    assert [(seen.effect, seen.outcome) for seen in told] == [("cheap", Outcome.UNKNOWN)]
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "tailored.generate_visual_schema: 503; sent again, it was perhaps charged" in record.getMessage()


async def test_a_cheap_call_is_in_doubt_the_second_time(server: Recorder) -> None:
    """Once more means once, and never when the policy says that everything is sent once."""
    fails(server, 9, SCHEMA)
    for policy, requests in ((RetryPolicy(), 2), (RetryPolicy(attempts=1), 1)):
        server.requests.clear()
        async with session(server, retry=policy) as bria:
            with pytest.raises(ServerFailed) as caught:
                await schema(bria)
        assert len(server.requests) == len(caught.value.attempts) == requests


@pytest.mark.parametrize(("ask", "then"), [(create, MODEL), (generate, SUBMITTED), (schema, SCHEMA)])
async def test_who_accepts_to_pay_twice_resends(
    server: Recorder, ask: Callable[[Session], Awaitable[Any]], then: Any
) -> None:
    """As often as the policy says, and each time reported."""
    fails(server, 9, {})
    told: list[Attempt] = []
    async with session(server, on_doubt="resend", retry=RetryPolicy(attempts=4), on_retry=told.append) as bria:
        with pytest.raises(ServerFailed) as caught:
            await ask(bria)
        assert len(server.requests) == len(caught.value.attempts) == 4
        assert [seen.number for seen in told] == [1, 2, 3]
        server.requests.clear()
        fails(server, 1, then)
        assert await ask(bria)
    assert len(server.requests) == 2


async def test_an_answer_that_cannot_be_read_leaves_doubt_too(server: Recorder) -> None:
    """Somebody acted, perhaps."""
    server.answer = lambda _: web.Response(text="<html>" if len(server.requests) == 1 else "[1]")
    async with session(server, on_doubt="resend", retry=RetryPolicy(attempts=2)) as bria:
        with pytest.raises(Unreadable):
            await create(bria)
    assert len(server.requests) == 2


async def test_somebody_is_asked_and_finds_the_answer(bria: Session, sim: Simulator, host: PushedHost) -> None:
    """The model is there, because only its answer was lost; it becomes the answer of the call."""
    asked: list[tuple[str, int, str]] = []

    async def look(error: RequestError, call: Call) -> Model | None:
        asked.append((call.operation, len(error.attempts), error.look))
        assert call.json is not None
        return next((model for model in await doubting.models.list() if model.name == call.json["name"]), None)

    project = await bria.projects.create(project_name="p", ip_type="other", ip_medium="photography")
    dataset = await bria.datasets.create(project_id=project.id, name="d")
    sim.fail("models.create", drop=True, when="after")
    async with Session(TOKEN, sim.base_url, host=host, on_doubt=look) as doubting:
        model = await doubting.models.create(name="vases", dataset_id=dataset.id)
    assert [found.id for found in await bria.models.list()] == [model.id]
    assert asked == [("models.create", 1, "models.list, by its name")]


@pytest.mark.parametrize(("decision", "requests"), [("raise", 1), (None, 1), ("resend", 3)])
async def test_somebody_decides(server: Recorder, decision: str | None, requests: int) -> None:
    """Each time anew, a cheap call included, until the policy has no attempt left."""
    asked: list[str] = []
    fails(server, 9, {})

    async def decide(error: RequestError, call: Call) -> str | None:
        asked.append(call.endpoint.effect)
        return decision

    for ask, effect in ((generate, "billed"), (schema, "cheap")):
        asked.clear()
        server.requests.clear()
        async with session(server, on_doubt=decide, retry=RetryPolicy(attempts=3)) as bria:
            with pytest.raises(ServerFailed):
                await ask(bria)
        assert (len(server.requests), asked) == (requests, [effect] * requests)


@pytest.mark.parametrize(("status", "ask"), [(404, create), (503, lambda bria: bria.models.list())])
async def test_nobody_is_asked_without_doubt(server: Recorder, status: int, ask: Any) -> None:
    """What was refused was not done, and what is safe does no harm."""

    async def decide(error: RequestError, call: Call) -> str:
        raise AssertionError(error)

    server.answers("no", status)
    async with session(server, on_doubt=decide) as bria:
        with pytest.raises(RequestError):
            await ask(bria)


async def test_doubt_outlives_later_attempts(server: Recorder) -> None:
    """The first request may have done it: no later refusal and no lost network says that it was not done."""
    server.answer = lambda _: web.json_response("lost" if len(server.requests) == 1 else "started before",
                                                status=503 if len(server.requests) == 1 else 409)  # fmt: skip
    async with session(server, on_doubt="resend") as bria:
        with pytest.raises(ServerFailed) as caught:
            await bria.models.start_training(1)
    error = caught.value
    assert error.message == "503 lost, then 409 started before"
    assert error.outcome is Outcome.UNKNOWN
    assert [attempt.status for attempt in error.attempts] == [503, 409]
    assert "models.get, by its status" in str(error)


async def test_doubt_outlives_a_file_that_changed(server: Recorder, tmp_path: Path) -> None:
    """The first request had it all: that the file is another one by now does not say that it was not accepted."""
    path = tmp_path / "a.png"
    path.write_bytes(picture(8, 8))

    def lose(_: Request) -> web.Response:
        path.write_bytes(picture(9, 9))
        return web.json_response("lost", status=503)

    server.answer = lose
    async with session(server, on_doubt="resend") as bria:
        with pytest.raises(ServerFailed, match="503 lost, then changed") as caught:
            await bria.images.upload_file(1, path)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(caught.value.attempts) == 1


@pytest.mark.parametrize("word", ["skip", "", None, 7])
def test_a_word_that_nobody_knows_is_refused(word: Any) -> None:
    """Rather than to become the answer of a call; `skip` is a word of runs."""
    with pytest.raises(ConfigurationError, match="on_doubt is 'raise', 'resend' or a function"):
        Session(TOKEN, on_doubt=word)


async def test_doubt_outlives_a_lost_network() -> None:
    """The answer was lost, and then there was no server left to ask."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listening:
        base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        gone = PushedHost(seed=1, push=lambda _: listening.close())  # while the client waits
        async with Session(TOKEN, base_url, host=gone, on_doubt="resend", retry=RetryPolicy(attempts=3)) as bria:
            with pytest.raises(OutcomeUnknown) as caught:
                await generate(bria)
    assert caught.value.message == "the server closed the connection without an answer, then no connection"
    outcomes = [attempt.outcome for attempt in caught.value.attempts]
    assert outcomes == [Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.NOT_SENT]


async def test_who_watches_decides_himself(server: Recorder) -> None:
    """A run looks for what it has journalled: beneath it a session that would resend does not."""

    class Watcher:
        async def announced(self, effect: str) -> None:
            """Nothing to do."""

        def retried(self, operation: str, reason: str, wait: float) -> None:
            raise AssertionError(reason)

    fails(server, 9, {})
    token = observer.set(Watcher())
    try:
        async with session(server, on_doubt="resend") as bria:
            for ask in (create, generate, schema):
                with pytest.raises(ServerFailed):
                    await ask(bria)
    finally:
        observer.reset(token)
    assert len(server.requests) == 3
