"""The table of outcomes, row by row against raw sockets: the error, what may be assumed, and what happens next.

A row is asked three times: by a call that is safe, by one that creates and by one that is billed.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import attrs
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from bria_async import errors
from bria_async.errors import Outcome, RequestError
from bria_async.session import FAMILIES, Session
from bria_async.wire import Effect
from bria_async.wire.retry import Failure, RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder
from tests.transport.raw import Behaviour, Connection, certified, http, raw

POLICY = RetryPolicy(attempts=3)
LARGE = {"name": "x" * 2**23}
"""What makes a body that no buffer of a socket takes whole."""


async def read(bria: Session) -> Any:
    """A call that is safe to repeat."""
    return await bria.projects.list()


async def create(bria: Session, **fields: Any) -> Any:
    """A call that creates what a listing shows."""
    return await bria.models.create(**{"name": "vases", "dataset_id": 1, **fields})


async def generate(bria: Session) -> Any:
    """A call that is billed."""
    return await bria.tailored.generate(tailored_model_id=1, prompt="a vase")


async def failure(base_url: str, ask: Callable[[Session], Awaitable[Any]], **options: Any) -> RequestError:
    """The error of a call that is sent up to three times."""
    fields = {"host": PushedHost(seed=1), "retry": POLICY, **options}
    async with Session(TOKEN, base_url, **fields) as bria:
        with pytest.raises(RequestError) as caught:
            await ask(bria)
    return caught.value


async def take(connection: Connection) -> None:
    """Read the request to its end."""
    if b"POST" in connection.head:
        await connection.body()


def says(data: bytes) -> Behaviour:
    """Take the request, answer with these bytes and hang up."""

    async def behave(connection: Connection) -> None:
        await take(connection)
        await connection.answer(data)

    return behave


def drips(first: bytes, then: bytes) -> Behaviour:
    """Answer with bytes, and then the same few again and again, faster than any reading would time out."""

    async def behave(connection: Connection) -> None:
        await take(connection)
        await connection.answer(first)
        while True:
            await connection.answer(then)
            await asyncio.sleep(0.02)

    return behave


async def reset(connection: Connection) -> None:
    """RST after the request."""
    await take(connection)
    connection.reset()


def whole(body: bytes, kind: str = "application/json") -> bytes:
    """An answer whose body says that it is one of JSON."""
    return http(body).replace(b"application/json", kind.encode())


OK = b"HTTP/1.1 200 OK\r\n"


@attrs.frozen
class Row:
    """What a server does to a request, the error that it is, and whether a safe call is sent again."""

    name: str
    behave: Behaviour
    kind: type[RequestError]
    message: str
    again: bool


def lost(name: str, behave: Behaviour, failure: Failure) -> Row:
    """A row in which no answer came that can be read as HTTP."""
    return Row(name, behave, errors.OutcomeUnknown, failure.words, again=True)


def answered(status: int, kind: type[RequestError], *, again: bool = False) -> Row:
    """A row with a status that says no, or that the server failed."""
    return Row(f"{status}", says(http(status=f"{status} x")), kind, f"{status} ", again)


def unreadable(name: str, data: bytes) -> Row:
    """A row with an answer that is HTTP and does not fit the contract."""
    return Row(name, says(data), errors.Unreadable, "200 answered with a body that cannot be read", again=False)


ROWS = [
    lost("reset after the request", reset, Failure.RESET),
    lost("closed after the request", says(b""), Failure.DISCONNECTED),
    lost("no headers in time", drips(b"", b""), Failure.TIMEOUT),
    lost("endless 100-Continue", drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Failure.TIMEOUT),
    lost("slow body", drips(OK + b"Content-Length: 9999\r\n\r\n", b" "), Failure.TIMEOUT),
    lost("body cut", says(OK + b"Content-Length: 100\r\n\r\n[{"), Failure.CUT),
    lost("chunks cut", says(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[{\r\n"), Failure.CUT),
    lost("bad gzip", says(http(b"not gzip at all", Content_Encoding="gzip")), Failure.GARBAGE),
    lost("bad status line", says(b"HTTP/1.1 banana OK\r\n\r\n"), Failure.GARBAGE),
    lost("two lengths", says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), Failure.GARBAGE),
    lost("length and chunks", says(OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"), Failure.GARBAGE),
    lost("20,000 headers", says(OK + b"X: y\r\n" * 20_000 + b"\r\n"), Failure.GARBAGE),
    lost("a header of 1 MB", says(OK + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n"), Failure.GARBAGE),
    unreadable("body cut, its end being that of the connection", OK + b"Connection: close\r\n\r\n[{"),
    unreadable("a page", whole(b"<html>Welcome</html>", "text/html")),
    unreadable("bad UTF-8", whole(b'{"name": "\xff"}')),
    unreadable("deep JSON", whole(b"[" * 100_000)),
    *(answered(status, kind) for status, kind in errors.REFUSALS.items() if kind is not errors.RateLimited),
    answered(307, errors.Redirected),
    *(answered(status, errors.Unreadable) for status in (101, 303, 402, 418, 499)),
    *(answered(status, errors.ServerFailed, again=status in (502, 503, 504)) for status in (500, 502, 503, 504, 599)),
    *(answered(status, kind, again=status in (408, 425)) for status, kind in errors.FAILURES.items()),
]
by_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
creating = pytest.mark.parametrize("ask", [create, generate])


def options(row: Row) -> dict[str, Any]:
    """Little time for those rows that take all they are given."""
    return {"timeout": 0.3} if row.message == Failure.TIMEOUT.words else {}


@by_row
@creating
async def test_a_creating_call_is_sent_once_and_told_as_what_it_is(row: Row, ask: Any) -> None:
    """The error's class and outcome are the row's, one request has left, and all of its body with it."""
    async with raw(row.behave) as server:
        error = await failure(server.base_url, ask, **options(row))
    assert type(error) is row.kind
    assert error.message.startswith(row.message)
    rejected = issubclass(row.kind, errors.Refused)
    assert error.outcome is (Outcome.REJECTED if rejected else Outcome.UNKNOWN)
    assert error.in_doubt is not rejected
    assert len(server.heads) == len(error.attempts) == 1
    (attempt,) = error.attempts
    assert attempt.outcome is error.outcome
    assert attempt.wait is None
    assert attempt.bytes_sent == int(re.findall(rb"Content-Length: (\d+)", server.heads[0])[0])


@by_row
async def test_a_safe_call_is_sent_again_where_that_may_help(row: Row) -> None:
    """As often as the policy says, where the row says so; and the server has seen each attempt once."""
    async with raw(row.behave) as server:
        error = await failure(server.base_url, read, **options(row))
    assert type(error) is row.kind
    assert error.message.startswith(row.message)
    assert not error.in_doubt
    assert len(server.heads) == len(error.attempts) == (3 if row.again else 1)
    assert [attempt.wait is None for attempt in error.attempts] == [False] * (len(error.attempts) - 1) + [True]


def test_the_rows_cover_the_tables() -> None:
    """Every failure and every status with a class of its own is in a row above or below."""
    refusing = {Failure.UNREACHABLE, Failure.UNRESOLVED, Failure.UNTRUSTED, Failure.CONNECT_TIMEOUT}
    # Of downloads; of a body that is decompressed without end; of no socket; of TLS.
    elsewhere = {Failure.PRIVATE, Failure.TOO_LARGE, Failure.ILLEGIBLE, Failure.TLS}
    assert {row.message for row in ROWS} >= {failure.words for failure in set(Failure) - refusing - elsewhere}
    assert {row.kind for row in ROWS} >= {*errors.REFUSALS.values()} - {errors.RateLimited}


@pytest.mark.parametrize("ask", [read, create, generate])
async def test_what_was_throttled_is_sent_again_whatever_it_does(ask: Any, server: Recorder) -> None:
    """A 429 was not done, and says so in the error when patience is over."""
    server.answers("slow down", 429)
    error = await failure(server.base_url, ask, retry=RetryPolicy(patience=3))
    assert type(error) is errors.RateLimited
    assert error.outcome is Outcome.REJECTED
    assert len(server.requests) == len(error.attempts) > 1


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """Nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextlib.contextmanager
def full_port() -> Iterator[str]:
    """Somebody listens and accepts nobody; whoever else comes waits."""
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(2):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


class Nowhere(AbstractResolver):
    """A resolver that knows no host."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """No."""
        raise OSError(None, "no such host")

    async def close(self) -> None:
        """Nothing to do."""


@contextlib.contextmanager
def no_name() -> Iterator[str]:
    """A name that nobody knows."""
    yield "https://engine.invalid"


UNREACHED = [
    (closed_port, Failure.UNREACHABLE),
    (full_port, Failure.CONNECT_TIMEOUT),
    (no_name, Failure.UNRESOLVED),
]


@pytest.mark.parametrize("ask", [read, create, generate])
@pytest.mark.parametrize(("nowhere", "expected"), UNREACHED)
async def test_what_was_not_sent_is_sent_again_whatever_it_does(nowhere: Any, expected: Failure, ask: Any) -> None:
    """No connection came about, so no body left and a creating call is tried again too."""
    connector = aiohttp.TCPConnector(resolver=Nowhere())  # addresses that are numbers need none
    with nowhere() as base_url:
        async with aiohttp.ClientSession(connector=connector) as borrowed:
            error = await failure(base_url, ask, http=borrowed, timeout=0.2 if nowhere is full_port else 30)
    assert type(error) is errors.NotSent
    assert error.message == expected.words
    assert error.outcome is Outcome.NOT_SENT
    assert [attempt.bytes_sent for attempt in error.attempts] == [0, 0, 0]


async def test_what_never_had_a_connection_was_not_sent() -> None:
    """A pool that has no connection left in time leaves no doubt about the call that waited for one."""
    async with (
        raw(drips(b"", b"")) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as borrowed,
        Session(TOKEN, server.base_url, http=borrowed, retry=RetryPolicy(attempts=1), timeout=0.5) as bria,
    ):
        both = await asyncio.gather(create(bria), create(bria), return_exceptions=True)
    assert {type(error) for error in both} == {errors.OutcomeUnknown, errors.NotSent}
    assert len(server.heads) == 1


@contextlib.asynccontextmanager
async def trusting(authority: trustme.CA) -> AsyncIterator[aiohttp.ClientSession]:
    """A pool that trusts this authority alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http_session:
        yield http_session


@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.1"])
@pytest.mark.parametrize("ask", [read, create])
async def test_a_certificate_of_another_host_or_of_nobody_ends_it_at_once(name: str, ask: Any) -> None:
    """Neither a trusted certificate of somebody else nor one of an unknown authority gets to see a request."""
    authority = trustme.CA()
    context = certified(authority.issue_cert(name))
    trusted = authority if name == "elsewhere.example" else trustme.CA()
    async with raw(says(http(b"[]")), tls=context) as server, trusting(trusted) as borrowed:
        error = await failure(server.base_url, ask, http=borrowed)
    assert type(error) is errors.Untrusted
    assert error.outcome is Outcome.NOT_SENT
    assert len(error.attempts) == 1
    assert server.heads == []


async def test_a_connection_that_breaks_in_the_middle_of_a_body_leaves_doubt() -> None:
    """The error tells how much had left, and what had begun is not sent again."""

    async def behave(connection: Connection) -> None:
        await connection.reader.readexactly(100_000)
        connection.reset()

    async with raw(behave) as server:
        error = await failure(server.base_url, lambda bria: create(bria, **LARGE))
    assert type(error) is errors.OutcomeUnknown
    assert error.message == Failure.RESET.words
    assert len(server.heads) == 1
    assert 100_000 <= error.attempts[0].bytes_sent < 2**23


async def test_a_refusal_in_the_middle_of_a_body_is_one() -> None:
    """413 sent early is delivered as what it is: the server did not do it."""

    async def behave(connection: Connection) -> None:
        await connection.reader.readexactly(100_000)
        await connection.answer(http(b'"too large"', status="413 Content Too Large", Connection="close"))
        await connection.body()

    async with raw(behave) as server:
        error = await failure(server.base_url, lambda bria: create(bria, **LARGE))
    assert type(error) is errors.TooLarge
    assert (error.outcome, error.attempts[0].status) == (Outcome.REJECTED, 413)


async def test_a_connection_that_stops_taking_a_body_ends_in_time() -> None:
    """Nobody reads: the total time counts, because no reading ever begins that could time out."""
    async with raw(drips(b"", b"")) as server:
        error = await failure(server.base_url, lambda bria: create(bria, **LARGE), deadline=0.3, host=None)
    assert error.message == Failure.TIMEOUT.words
    assert error.outcome is Outcome.UNKNOWN


def test_what_is_findable_says_where() -> None:
    """Every operation that a listing shows names that listing, which exists; no other one does."""
    for family in FAMILIES.values():
        for endpoint in family.endpoints.values():
            assert bool(endpoint.look) is (endpoint.effect is Effect.FINDABLE), endpoint.operation
            if endpoint.look:
                where, _, operation = endpoint.look.partition(",")[0].partition(".")
                assert operation in FAMILIES[where].endpoints, endpoint.look


async def test_the_error_says_where_to_look() -> None:
    """By name, by status, or nowhere."""
    async with raw(reset) as server:
        texts = {
            str(await failure(server.base_url, ask))
            for ask in (create, lambda bria: bria.models.start_training(7), generate)
        }
    assert any("look at the server before sending it again (models.list, by its name)" in text for text in texts)
    assert any("(models.get, by its status)" in text for text in texts)
    assert any("nothing at the server shows it" in text for text in texts)
