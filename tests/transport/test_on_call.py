"""Who is with a call: from before its turn until it is over, whatever it meets, and without a say in it."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import attrs
import pytest
from aiohttp import web

from bria_async import Attempt, DownloadFailed, NotFound, Sending, Session
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, Request
from tests.transport.sessions import CANARY, errors_logged, session

inside: ContextVar[str] = ContextVar("inside", default="")


@attrs.define
class Companion:
    """Is with calls, and remembers them."""

    met: list[tuple[Sending, BaseException | None]] = attrs.field(factory=list)

    @contextlib.contextmanager
    def __call__(self, sending: Sending) -> Iterator[None]:
        """Be with a call."""
        token, error = inside.set(sending.operation), None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            inside.reset(token)
            self.met.append((sending, error))


async def test_one_is_with_a_call_and_all_its_attempts(server: Recorder) -> None:
    """It begins before the turn, with the path as it is declared, and what it sets its attempts see."""
    answers = iter([web.Response(status=503)])
    server.answer = lambda _: next(answers, None) or web.json_response({"id": 7})
    seen: list[tuple[int, str]] = []

    def attempted(attempt: Attempt) -> None:
        seen.append((attempt.number, inside.get()))

    companion = Companion()
    async with session(server, on_call=companion, on_attempt=attempted) as bria:
        assert (await bria.models.update(7, name=CANARY)).id == 7
    assert seen == [(1, "models.update"), (2, "models.update")]
    ((sending, error),) = companion.met
    assert error is None
    assert sending == Sending("models.update", "safe", "PUT", "/v1/tailored-gen/models/{model_id}", server.base_url)
    assert inside.get() == ""


async def test_it_is_told_of_the_error(server: Recorder) -> None:
    """The one that the caller gets."""
    server.answers({}, 404)
    companion = Companion()
    async with session(server, on_call=companion) as bria:
        with pytest.raises(NotFound) as caught:
            await bria.models.get(7)
    assert [error for _, error in companion.met] == [caught.value]


async def test_transfers_have_one_too(server: Recorder, tmp_path: Path) -> None:
    """Of their addresses it is told scheme and host alone."""
    server.answer = lambda seen: web.Response(body=b"1", status=200 if seen.path != "/gone" else 410)
    file = tmp_path / "a.png"
    file.write_bytes(b"1")
    companion = Companion()
    async with session(server, on_call=companion) as bria:
        url = f"{server.base_url}/a/{CANARY}?signature={CANARY}"
        await bria.fetch(url)
        await bria.download(url, tmp_path / "b.png")
        assert await bria.probe(url)
        await bria.put_file(url, file, content_type="image/png")
        await bria.post_file(url, file, fields={}, content_type="image/png")
        for gone in (f"{server.base_url}/gone", "http://[nonsense"):
            with pytest.raises(DownloadFailed):
                await bria.fetch(gone)
    assert CANARY not in str(companion.met)
    told = [(sending.operation, sending.effect, sending.method, sending.path) for sending, _ in companion.met]
    assert told == [
        ("download", "safe", "GET", ""),
        ("download", "safe", "GET", ""),
        ("probe", "safe", "GET", ""),
        ("upload", "", "PUT", ""),
        ("upload", "", "POST", ""),
        ("download", "safe", "GET", ""),
        ("download", "safe", "GET", ""),
    ]
    assert [sending.origin for sending, _ in companion.met] == [server.base_url] * 6 + [""]
    assert [type(error) for _, error in companion.met] == [type(None)] * 5 + [DownloadFailed] * 2


@attrs.define
class Faulty:
    """Fails at one moment."""

    when: str

    def __call__(self, sending: Sending) -> "Faulty":
        """Be with a call."""
        self._fail("call")
        return self

    def __enter__(self) -> None:
        """It begins."""
        self._fail("enter")

    def __exit__(self, *error: object) -> bool:
        """It is over; tries to hide its error."""
        self._fail("exit")
        return True

    def _fail(self, when: str) -> None:
        if when == self.when:
            raise RuntimeError("the hook's own fault")


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("when", ["call", "enter", "exit", "never"])
async def test_one_that_fails_is_logged_and_changes_nothing(
    server: Recorder, when: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The call succeeds or fails as it would without: no hook can hide an error either."""
    failed = await errors_logged(server, status, caplog, on_call=Faulty(when), retry=RetryPolicy(attempts=1))
    assert len(failed) == (0 if when == "never" else 1)
    assert all("a hook of the session failed on a call of models.list" in record.getMessage() for record in failed)
    assert all(vars(record)["operation"] == "models.list" for record in failed)


async def test_it_is_with_a_call_that_waits_for_its_turn(server: Recorder) -> None:
    """The wait is a part of the call."""
    server.answers([])
    began: list[float] = []
    sent: list[float] = []

    @contextlib.contextmanager
    def beside(_: Sending) -> Iterator[None]:
        began.append(host.time)
        yield

    def answer(_: Request) -> web.Response:
        sent.append(host.time)
        return web.json_response([])

    server.answer = answer
    host = PushedHost(seed=1)
    async with Session(TOKEN, server.base_url, host=host, on_call=beside, requests_per_minute=1) as bria:
        await bria.models.list()
        await bria.models.list()
    assert sent[1] - began[1] > 50
