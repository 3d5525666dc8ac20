"""What is told of transfers: every attempt, to the hooks of the session and with the error."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import Attempt, DownloadFailed, Outcome, UploadFailed
from bria_async.session import Session
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, Request
from tests.transport.raw import Connection, raw

DATA = bytes(2**20)
NO_RETRIES = "It was not tried again: the session has no retries left (RetryPolicy.budget)."
UPLOADS: dict[str, Callable[[Session, str, Path], Awaitable[None]]] = {
    "put": lambda bria, url, path: bria.put_file(url, path, content_type="image/png"),
    "post": lambda bria, url, path: bria.post_file(url, path, fields={}, content_type="image/png"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to send."""
    path = tmp_path / "a.png"
    path.write_bytes(DATA)
    return path


async def test_every_attempt_at_a_download_is_told(server: Recorder) -> None:
    """Failures with what they met, how long they took and the wait after them, and the success at last."""
    host = PushedHost(seed=1)
    answers = iter([web.Response(status=503), web.Response(status=429)])

    def answer(_: Request) -> web.Response:
        host.time += 4
        return next(answers, None) or web.Response(body=DATA)

    server.answer = answer
    told: list[Attempt] = []
    retries: list[Attempt] = []
    async with Session(TOKEN, server.base_url, host=host, on_attempt=told.append, on_retry=retries.append) as bria:
        assert await bria.fetch(f"{server.base_url}/a?signature=s3") == DATA
    facts = [(seen.number, seen.outcome, seen.reason, seen.status, seen.wait) for seen in told]
    assert facts == [
        (1, Outcome.UNKNOWN, "answered 503", 503, host.slept[0]),
        (2, Outcome.REJECTED, "answered 429", 429, host.slept[1]),
        (3, None, "", 200, None),
    ]
    assert retries == told[:2]
    assert {(seen.operation, seen.effect, seen.bytes_sent, seen.seconds) for seen in told} == {
        ("download", "safe", 0, 4)
    }
    assert not any(secret in str(told) for secret in ("s3", TOKEN, server.base_url))


async def test_a_failed_download_keeps_what_was_told(tmp_path: Path) -> None:
    """Its error has the attempts that the hook had, and so has one that was given up for want of retries."""
    told: list[Attempt] = []

    async def behave(connection: Connection) -> None:
        connection.reset()

    policy = RetryPolicy(attempts=3, budget=3, refill=0.001)
    async with (
        raw(behave) as server,
        Session(TOKEN, server.base_url, host=PushedHost(seed=1), retry=policy, on_attempt=told.append) as bria,
    ):
        for attempts, notes in ((3, None), (2, [NO_RETRIES])):
            told.clear()
            with pytest.raises(DownloadFailed) as caught:
                await bria.download(f"{server.base_url}/a", tmp_path / "a")
            assert list(caught.value.attempts) == told
            assert [seen.reason for seen in told] == ["the connection was reset"] * attempts
            assert {seen.outcome for seen in told} == {Outcome.UNKNOWN}
            assert getattr(caught.value, "__notes__", None) == notes


async def test_a_wait_that_outlasts_the_deadline_is_the_last(server: Recorder) -> None:
    """A machine that slept meanwhile does not ask again, and the error says why."""
    server.answers("down", 503)
    host = PushedHost(seed=1)

    def oversleep(_: float) -> None:
        host.time += 1000

    host.push = oversleep
    async with Session(TOKEN, server.base_url, host=host) as bria:
        with bria.deadline(100), pytest.raises(DownloadFailed, match="answered 503") as caught:
            await bria.fetch(f"{server.base_url}/a")
    assert caught.value.__notes__ == ["It was not tried again: its deadline leaves no time for it."]
    assert len(server.requests) == len(caught.value.attempts) == 1


@pytest.mark.parametrize(
    ("status", "found", "outcome"),
    [(206, True, None), (404, None, Outcome.REJECTED), (416, False, Outcome.REJECTED), (503, None, Outcome.UNKNOWN)],
)
async def test_a_probe_is_told_once(server: Recorder, status: int, found: bool | None, outcome: Outcome | None) -> None:
    """Whatever it finds: it is a request, and nothing follows it."""
    server.answer = lambda _: web.Response(status=status, body=b"x")
    told: list[Attempt] = []
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1), on_attempt=told.append) as bria:
        assert await bria.probe(f"{server.base_url}/a") is found
    assert [(seen.operation, seen.effect, seen.status, seen.outcome, seen.wait) for seen in told] == [
        ("probe", "safe", status, outcome, None)
    ]


@pytest.mark.parametrize("way", UPLOADS)
async def test_an_upload_is_told_with_its_bytes(way: str, server: Recorder, file: Path) -> None:
    """Taken or not, and that it is not known what a second one would do."""
    told: list[Attempt] = []
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1), on_attempt=told.append) as bria:
        server.answer = lambda _: web.Response(status=200)
        await UPLOADS[way](bria, f"{server.base_url}/a?signature=s3", file)
        server.answer = lambda _: web.Response(status=503)
        with pytest.raises(UploadFailed, match="answered 503") as caught:
            await UPLOADS[way](bria, f"{server.base_url}/a?signature=s3", file)
    assert caught.value.attempts == (told[1],)
    assert [(seen.number, seen.outcome, seen.status, seen.wait) for seen in told] == [
        (1, None, 200, None),
        (1, Outcome.UNKNOWN, 503, None),
    ]
    assert [seen.bytes_sent for seen in told] == [len(seen.body) for seen in server.requests]
    assert {(seen.operation, seen.effect) for seen in told} == {("upload", "")}


async def test_a_file_that_changes_while_it_is_put_is_not_uploaded(file: Path) -> None:
    """What was looked at is what is sent, or the upload fails and says why."""
    file.write_bytes(DATA * 24)

    async def behave(connection: Connection) -> None:
        with file.open("r+b") as opened:
            opened.truncate(1000)
        await connection.body()

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        with pytest.raises(UploadFailed, match="changed since it was checked") as caught:
            await bria.put_file(f"{server.base_url}/a", file, content_type="image/png")
    (attempt,) = caught.value.attempts
    assert attempt.outcome is Outcome.NOT_SENT
    assert 0 < attempt.bytes_sent < len(DATA) * 24


async def test_a_hook_that_fails_does_not_cost_the_result(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged."""

    def broken(attempt: Attempt) -> Any:
        raise RuntimeError("the hook's own fault")

    server.answer = lambda _: web.Response(body=DATA)
    async with Session(TOKEN, server.base_url, on_attempt=broken) as bria:
        assert await bria.fetch(f"{server.base_url}/a") == DATA
    assert "a hook of the session failed on an attempt at download" in caplog.text
