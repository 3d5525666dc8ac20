"""Connections that go wrong: what the error says, what is tried again, and that the token shows nowhere."""

import asyncio
import gzip
import logging
import pickle
import socket
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bria_async import errors
from bria_async.session import Session
from bria_async.transport import direct
from bria_async.transport.guard import AnswerTooLarge, classify
from bria_async.wire import retry
from bria_async.wire.retry import Failure
from tests.support import TOKEN, PushedHost, Recorder
from tests.transport.raw import Behaviour, Connection, http, raw

Ask = Callable[[Session], Awaitable[Any]]


async def read(bria: Session) -> Any:
    """A call that is safe to repeat."""
    return await bria.projects.list()


async def create(bria: Session) -> Any:
    """A call that is not."""
    return await bria.models.create(name="vases", dataset_id=1)


async def failure(base_url: str, ask: Ask = create, **options: Any) -> errors.RequestError:
    """The error of a call, checked to be free of the token in every form in which an error is ever shown."""
    async with Session(TOKEN, base_url, host=PushedHost(seed=1), **options) as bria:
        with pytest.raises(errors.RequestError) as caught:
            await ask(bria)
    error = caught.value
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts = ["".join(shown.format()), repr(error), str(error), repr(pickle.dumps(error)), repr(vars(error))]
    for text in texts:
        assert TOKEN not in text, f"the token shows in {text[:500]}"
    assert error.__cause__ is None
    assert error.__context__ is None, f"hangs on to {error.__context__!r}"
    return error


@pytest.fixture(autouse=True, params=["the short way", "aiohttp's own way"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever way requests take through aiohttp."""
    if request.param != "the short way":
        monkeypatch.setattr(direct, "_KNOWN", False)


@pytest.fixture(autouse=True)
def no_token_in_logs(caplog: pytest.LogCaptureFixture) -> Any:
    """Whatever happens, no logger of any library writes the token."""
    caplog.set_level(logging.DEBUG)
    yield
    assert TOKEN not in caplog.text


async def reset(connection: Connection) -> None:
    """RST after the request."""
    await connection.body() if b"POST" in connection.head else None
    connection.reset()


async def reset_early(connection: Connection) -> None:
    """RST before the body was read."""
    connection.reset()


async def hang_up(connection: Connection) -> None:
    """FIN without an answer."""
    await connection.body() if b"POST" in connection.head else None


async def silence(connection: Connection) -> None:
    """No answer, ever."""
    await asyncio.Event().wait()


async def slow_body(connection: Connection) -> None:
    """Headers, the first byte of the body, and nothing more."""
    await connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await asyncio.Event().wait()


async def cut(connection: Connection) -> None:
    """Less of a body than its length said."""
    await connection.answer(b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id": 1')


async def cut_chunks(connection: Connection) -> None:
    """A chunked body without its end."""
    await connection.answer(b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"id": 1\r\n')


async def bad_gzip(connection: Connection) -> None:
    """A body that says it is compressed, and is not."""
    await connection.answer(http(b"not gzip at all", Content_Encoding="gzip"))


async def bomb(connection: Connection) -> None:
    """A small body that becomes larger than any answer of the API."""
    await connection.answer(http(gzip.compress(bytes(65 * 2**20), 1), Content_Encoding="gzip"))


def garbage(data: bytes) -> Behaviour:
    """Bytes that are not HTTP."""

    async def behave(connection: Connection) -> None:
        await connection.answer(data)

    return behave


GARBAGE = [
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    b"HTTP/1.1 banana OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
]
LOST: list[tuple[str, Behaviour, Failure]] = [
    ("reset", reset, Failure.RESET),
    ("reset early", reset_early, Failure.RESET),
    ("hang up", hang_up, Failure.DISCONNECTED),
    ("silence", silence, Failure.TIMEOUT),
    ("slow body", slow_body, Failure.TIMEOUT),
    ("cut", cut, Failure.CUT),
    ("cut chunks", cut_chunks, Failure.CUT),
    ("bad gzip", bad_gzip, Failure.GARBAGE),
    ("bomb", bomb, Failure.TOO_LARGE),
    *((f"garbage {number}", garbage(data), Failure.GARBAGE) for number, data in enumerate(GARBAGE)),
]


@pytest.mark.fault("N5", "N10", "N11", "N20")
@pytest.mark.parametrize(("behave", "expected"), [case[1:] for case in LOST], ids=[case[0] for case in LOST])
async def test_a_lost_answer_to_a_creating_call_is_unknown_and_sent_once(behave: Behaviour, expected: Failure) -> None:
    """It may have taken effect, so it is not sent again, and the error says what happened and how much had left."""
    async with raw(behave) as server:
        error = await failure(server.base_url, timeout=0.3 if expected is Failure.TIMEOUT else 30)
    assert type(error) is errors.OutcomeUnknown
    assert error.outcome is errors.Outcome.UNKNOWN
    assert error.message == expected.words
    assert len(server.heads) == len(error.attempts) == 1
    assert error.attempts[0].bytes_sent == len(b'{"name": "vases", "dataset_id": 1}')
    assert "look at the server" in str(error)


@pytest.mark.fault("N11")
async def test_a_body_has_its_own_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that takes nothing is waited for as long as the body needs on a slow line, and no longer."""
    path = tmp_path / "large.png"
    path.write_bytes(bytes(16 * 2**20))
    monkeypatch.setattr(retry, "SLOWEST_RATE", 16 * 2**20 / 0.3)
    loop = asyncio.get_running_loop()
    async with raw(silence) as server:
        began = loop.time()
        error = await failure(server.base_url, lambda bria: bria.images.upload_file(1, path), timeout=0.1, strict=False)
    assert error.message == Failure.TIMEOUT.words
    assert 0.4 <= loop.time() - began < 10


@pytest.mark.parametrize("behave", [reset, hang_up, cut, garbage(GARBAGE[0])])
async def test_a_lost_answer_to_a_safe_call_is_asked_for_again(behave: Behaviour) -> None:
    """As often as the policy says, with what happened each time, and waits that are told."""
    async with raw(behave) as server:
        error = await failure(server.base_url, read)
    assert type(error) is errors.OutcomeUnknown
    assert len(error.attempts) == 6
    assert error.attempts[-1].wait is None
    assert str(error).endswith("(after 6 attempts). It is safe to try again.")


async def test_a_safe_call_that_succeeds_later_succeeds() -> None:
    """One lost answer costs nothing but time."""
    answers = [b"", b"", http(b"[]")]

    async def behave(connection: Connection) -> None:
        await connection.answer(answers.pop(0))

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        assert await bria.projects.list() == ()
    assert answers == []


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.fault("N1")
@pytest.mark.parametrize("ask", [read, create])
async def test_a_refused_connection_was_not_sent(ask: Ask) -> None:
    """Nothing reached the server, so creating calls are tried again too."""
    error = await failure(f"http://127.0.0.1:{closed_port()}", ask)
    assert type(error) is errors.NotSent
    assert error.outcome is errors.Outcome.NOT_SENT
    assert len(error.attempts) == 6
    assert all(attempt.bytes_sent == 0 for attempt in error.attempts)


class Nowhere(AbstractResolver):
    """A resolver that knows no host."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """No."""
        raise OSError(None, "no such host")

    async def close(self) -> None:
        """Nothing to do."""


@pytest.mark.fault("N2")
async def test_a_host_that_cannot_be_resolved_was_not_sent() -> None:
    """The words say that it is the name."""
    connector = aiohttp.TCPConnector(resolver=Nowhere())
    async with aiohttp.ClientSession(connector=connector) as borrowed:
        error = await failure("https://engine.example.invalid", http=borrowed)
    assert type(error) is errors.NotSent
    assert error.message == Failure.UNRESOLVED.words


@pytest.mark.fault("N3")
async def test_an_untrusted_certificate_ends_it_at_once() -> None:
    """No second attempt, and not a byte of the request left."""
    async with raw(silence, tls=True) as server:
        error = await failure(server.base_url)
    assert type(error) is errors.Untrusted
    assert error.outcome is errors.Outcome.NOT_SENT
    assert len(error.attempts) == 1
    assert server.heads == []


@pytest.mark.fault("N3")
async def test_a_server_without_tls_is_not_trusted(server: Recorder) -> None:
    """A plain server behind an https address gets no request."""
    error = await failure(server.base_url.replace("http://", "https://"))
    assert type(error) is errors.Untrusted
    assert server.requests == []


@pytest.mark.fault("N10")
@pytest.mark.parametrize("ask", [read, create])
async def test_a_page_instead_of_json_is_unreadable(ask: Ask) -> None:
    """A proxy's page with a 200 leaves the outcome open, is shown, and is not asked for again."""

    async def behave(connection: Connection) -> None:
        await connection.answer(http(b"<html>Welcome</html>").replace(b"application/json", b"text/html"))

    async with raw(behave) as server:
        error = await failure(server.base_url, ask)
    assert isinstance(error, errors.Unreadable)
    assert error.body == "<html>Welcome</html>"
    assert error.effect == ("safe" if ask is read else "findable")
    assert len(error.attempts) == len(server.heads) == 1


@pytest.mark.fault("N19")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("ask", [read, create])
async def test_redirects_are_not_followed(status: str, ask: Ask, server: Recorder) -> None:
    """The other host hears nothing, let alone the token."""

    async def behave(connection: Connection) -> None:
        await connection.answer(http(status=status, Location=f"{server.base_url}/v1/elsewhere"))

    async with raw(behave) as redirecting:
        error = await failure(redirecting.base_url, ask)
    assert isinstance(error, errors.Unreadable if "303" in status else errors.Redirected), "303 follows something done"
    assert server.requests == []


@pytest.mark.fault("N13")
@pytest.mark.parametrize(("status", "attempts"), [(503, 6), (502, 6), (504, 6), (500, 1), (512, 1), (404, 1)])
async def test_server_failures_of_a_safe_call(status: int, attempts: int, server: Recorder) -> None:
    """Passing ones are asked again, the others are not."""
    server.answers({"error": "down"}, status)
    error = await failure(server.base_url, read)
    assert len(error.attempts) == len(server.requests) == attempts
    assert error.attempts[0].status == status


@pytest.mark.fault("N13")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_server_failures_of_a_creating_call(status: int, server: Recorder) -> None:
    """It may have acted first: sent once."""
    server.answers({"error": "down"}, status)
    error = await failure(server.base_url, create)
    assert isinstance(error, errors.ServerFailed)
    assert len(server.requests) == 1


async def test_a_server_that_answers_before_it_read_everything(tmp_path: Any) -> None:
    """A 413 in the middle of an upload is delivered as what it is."""
    path = tmp_path / "large.png"
    path.write_bytes(bytes(8 * 2**20))

    async def behave(connection: Connection) -> None:
        await connection.reader.readexactly(100_000)
        await connection.answer(http(b'"too large"', status="413 Content Too Large", Connection="close"))
        await connection.body()

    async with raw(behave) as server:
        error = await failure(server.base_url, lambda bria: bria.images.upload_file(1, path))
    assert isinstance(error, errors.TooLarge)
    assert error.message == "413 too large"


async def test_a_borrowed_session_that_raises_for_status_changes_nothing(server: Recorder) -> None:
    """The errors are ours, however the borrowed session is set up."""
    server.answers({"error": "gone"}, 404)
    async with aiohttp.ClientSession(raise_for_status=True) as borrowed:
        error = await failure(server.base_url, read, http=borrowed)
    assert isinstance(error, errors.NotFound)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiohttp.ConnectionTimeoutError(), Failure.CONNECT_TIMEOUT),
        (aiohttp.SocketTimeoutError(), Failure.TIMEOUT),
        (TimeoutError(), Failure.TIMEOUT),
        (aiohttp.ServerDisconnectedError(), Failure.DISCONNECTED),
        (aiohttp.ClientOSError(104, "reset"), Failure.RESET),
        (ConnectionResetError(), Failure.RESET),
        (aiohttp.ClientPayloadError(), Failure.CUT),
        (aiohttp.InvalidURL("x"), Failure.ILLEGIBLE),
        (aiohttp.ServerFingerprintMismatch(b"", b"", "h", 1), Failure.UNTRUSTED),
        (AnswerTooLarge(), Failure.TOO_LARGE),
        (aiohttp.ClientError(), Failure.RESET),
    ],
)
def test_exceptions_are_classified(error: BaseException, expected: Failure) -> None:
    """The table from what is raised to what it means, also where no socket can be made to raise it."""
    assert classify(error) is expected
