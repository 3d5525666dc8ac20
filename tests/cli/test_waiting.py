"""What is left of a job when a command that waits for it ends early, and `wait`."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from bria_async.cli.exits import Exit
from bria_async.cli.jobs import WaitingSession
from bria_async.errors import JobError, JobFailed, JobNotFound, JobTimedOut, JobUnreachable
from tests.cli.shell import PATIENCE, Shell
from tests.support import TOKEN, Recorder, Request

DONE = {"status": "COMPLETED", "result": {"image_url": "https://a/1.png"}}
REMOVE = ("call", "editing.remove_background", "image=QUJD")
DRAW = ("call", "generation.text_to_image_base", "model_version=2.3", "prompt=a cat")


def answering(status: dict[str, Any], status_code: int = 200) -> Callable[[Request], web.Response]:
    """A server that takes every v2 job as r1, and tells this of it."""

    def answer(seen: Request) -> web.Response:
        if "/status/" in seen.path:
            return web.json_response(status, status=status_code)
        return web.json_response({"request_id": "r1"}, status=202)

    return answer


def test_a_call_may_wait_for_its_job(lone: Shell, server: Recorder) -> None:
    """`wait=true` tells the id at once and prints the answer with the result; without it the answer as it came."""
    server.answer = answering(DONE)
    asked = lone.run(*REMOVE, "wait=false")
    assert (asked.json, asked.err) == ({"request_id": "r1"}, ""), "not waited for"
    waited = lone.run(*REMOVE, "wait=true")
    assert waited.json["result"] == {"image_url": "https://a/1.png"}, waited.out
    assert waited.json["request_id"] == "r1"
    assert waited.err == "accepted as r1\n", "known before it is done"
    server.answers({"request_id": "r1", "result": {"image_url": "https://a/1.png"}})
    there = lone.run(*REMOVE, "sync=true", "wait=true")
    assert (there.code, there.err) == (0, ""), "a result that came at once is no job"
    assert "wait?: bool" in lone.run("call", "--list", "editing.remove_background").out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_wait_leaves_the_command_that_goes_on(
    number: signal.Signals, code: int, lone: Shell, server: Recorder
) -> None:
    """Ctrl-C and SIGTERM print the id of a job and the command that waits again, which gets its result."""
    server.answer = answering({"status": "IN_PROGRESS"})
    with lone.start(*REMOVE, "wait=true", "--base-url", server.base_url) as running:
        assert running.process.stderr is not None
        assert running.process.stderr.readline() == "accepted as r1\n"
        running.send(number)
        stopped = running.end()
    again = f"bria-async wait --base-url {server.base_url} r1"
    assert stopped.code == code, stopped.err
    assert stopped.err == f"Interrupted. The job goes on at the server.\nWait for it with:\n  {again}\n", stopped.err
    server.answer = answering(DONE)
    done = lone.run(*again.split()[1:])
    assert (done.code, done.json) == (0, {"image_url": "https://a/1.png"}), done.err


def test_an_interrupted_wait_for_addresses_names_them(lone: Shell, server: Recorder) -> None:
    """Images of v1 have no id: their addresses are what `wait` takes."""
    urls = [f"{server.base_url}/{number}.png?a=1&b=2" for number in range(2)]
    drawn = {"result": [{"urls": [url]} for url in urls]}
    server.answer = lambda seen: web.json_response(drawn) if seen.method == "POST" else web.Response(status=404)
    with lone.start(*DRAW, "wait=true") as running:
        assert running.process.stderr is not None
        running.process.stderr.readline()
        running.send(signal.SIGINT)
        stopped = running.end()
    assert stopped.code == 130, stopped.err
    assert stopped.err.endswith(f"  bria-async wait '{urls[0]}' '{urls[1]}'\n"), "quoted for a shell"
    server.answer = lambda _: web.Response(body=b"image")
    done = lone.run("wait", *urls)
    assert (done.code, done.json) == (0, drawn), done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (REMOVE, "Interrupted: if it was sent, it may have taken effect.\n"),
        (("call", "projects.list"), "Interrupted.\n"),
    ],
)
def test_an_interrupted_request_leaves_doubt_only_where_it_has_an_effect(
    arguments: tuple[str, ...], words: str, lone: Shell, server: Recorder
) -> None:
    """Without an answer there is no job to wait for."""
    arrived = threading.Event()

    async def never() -> AsyncIterator[bytes]:
        arrived.set()
        await asyncio.Event().wait()
        yield b""

    server.answer = lambda _: web.Response(body=never())
    with lone.start(*arguments) as running:
        assert arrived.wait(PATIENCE), "the request never arrived"
        running.send(signal.SIGINT)
        stopped = running.end()
    assert (stopped.code, stopped.err) == (130, words)


def test_a_wait_that_the_service_cannot_answer_may_be_taken_up_again(lone: Shell, server: Recorder) -> None:
    """UNKNOWN is no end: exit code 3, and the command; a job that failed is over."""
    server.answer = answering({"status": "UNKNOWN"})
    unknown = lone.run(*REMOVE, "wait=true")
    assert (unknown.code, unknown.err.endswith("Wait for it with:\n  bria-async wait r1\n")) == (3, True), unknown.err
    server.answer = answering({"status": "ERROR", "error": {"message": "no cat"}})
    failed = lone.run(*REMOVE, "wait=true")
    assert (failed.code, "no cat" in failed.err, "bria-async wait" in failed.err) == (5, True, False), failed.err
    forbidden = answering({"error": "no"}, status_code=403)
    server.answer = forbidden
    lost = lone.run(*REMOVE, "wait=true")
    assert lost.code == 3, lost.err
    assert "do not send it again" in lost.err, "it was accepted"
    assert lost.err.count("bria-async wait r1") == 1, lost.err
    assert lone.run("wait", "r1").code == 5, "a refusal of the status service itself"


@pytest.mark.parametrize(
    ("error", "code", "goes_on"),
    [
        (JobTimedOut("still in progress after 600 s", "r1", "r1"), Exit.PAUSED, True),
        (JobUnreachable("no connection", "r1", "r1"), Exit.PAUSED, True),
        (JobFailed("it failed", "r1"), Exit.REQUEST, False),
        (JobNotFound("unknown", "r1"), Exit.REQUEST, False),
    ],
)
def test_every_end_of_a_wait_has_its_code(error: JobError, code: Exit, goes_on: bool) -> None:
    """A deadline and a lost connection leave the command that waits again; a verdict does not."""
    bria = WaitingSession(TOKEN)
    bria.job = ("r1",)
    failure = bria.failure(error, "")
    assert (failure.code, "  bria-async wait r1" in failure.message) == (code, goes_on), failure.message
    assert "jobs.wait" not in failure.message, failure.message


def test_what_is_no_job_is_wrong_usage(lone: Shell, server: Recorder) -> None:
    """Two ids are no job."""
    refused = lone.run("wait", "r1", "r2")
    assert (refused.code, "one request id, or addresses" in refused.err) == (2, True), refused.err
    assert server.requests == []
