"""The short way through aiohttp sends and answers what aiohttp's own way does, and is taken only where it is known."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bria_async.errors import BriaError, ConfigurationError
from bria_async.session import Session
from bria_async.transport import direct
from bria_async.transport.direct import ShortWay
from tests.support import TOKEN, PushedHost
from tests.transport.raw import Connection, http, raw

Ask = Callable[[Session], Awaitable[Any]]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1000

ASKS: Mapping[str, Ask] = {
    "read": lambda bria: bria.models.get(1),
    "read with a query": lambda bria: bria.datasets.get(2, max_images=7),
    "read what is not there": lambda bria: bria.models.get(404),
    "change": lambda bria: bria.models.update(1, name="vases"),
    "set without a body": lambda bria: bria.images.regenerate_captions(2),
    "delete": lambda bria: bria.models.delete(1),
    "create": lambda bria: bria.models.create(name="vases, größer", dataset_id=1),
    "create another": lambda bria: bria.models.create(name="v", dataset_id=1, description="d" * 100_000),
    "post bytes": lambda bria: bria.images.upload(2, file=PICTURE),
    "ask for what is moved": lambda bria: bria.models.get(302),
}


class OwnRequest(aiohttp.ClientRequest):
    """A request of somebody's own kind."""


def way(bria: Session) -> ShortWay:
    """The short way of a session."""
    found = bria._connected()._short_way
    assert found is not None
    return found


def is_open(bria: Session) -> bool:
    """Whether it is taken."""
    return way(bria).open


async def answer(connection: Connection, seen: list[bytes]) -> None:
    """Keep what came, and answer each request of a connection by its address."""
    head = connection.head
    while True:
        body = await connection.body() if b"Content-Length" in head else b""
        seen.append(head + body)
        status = next(
            (code for code in ("404 Not Found", "302 Found") if code[:3].encode() in head.split()[1]), "200 OK"
        )
        await connection.answer(
            http(b'{"id": 1, "name": "x"}', status=status, Location="/v2/elsewhere", Set_Cookie="a=b")
        )
        head = connection.head = await connection.reader.readuntil(b"\r\n\r\n")


async def exchanged(server: str, folder: Path) -> list[object]:
    """What came of all calls, each made twice, and of an upload."""
    file = folder / "a.png"
    file.write_bytes(PICTURE)

    def upload(bria: Session) -> Awaitable[Any]:
        return bria.images.upload_file(2, file)

    found: list[object] = []
    async with Session(TOKEN, server, host=PushedHost(seed=1)) as bria:
        for ask in [*ASKS.values(), upload] * 2:
            try:
                found.append(await ask(bria))
            except BriaError as error:
                found.append(repr(error))
    return found


async def test_both_ways_send_and_answer_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of every request, those that aiohttp has made and those made after them; one connection for all."""
    seen: list[bytes] = []
    async with raw(lambda connection: answer(connection, seen)) as server:
        short = await exchanged(server.base_url, tmp_path), seen.copy()
        assert len(server.heads) == 1, "connections are kept"
        seen.clear()
        monkeypatch.setattr(direct, "_KNOWN", False)
        long = await exchanged(server.base_url, tmp_path), seen.copy()
    assert short[0] == long[0]
    assert short[1] == long[1]
    assert len(short[1]) == 2 * (len(ASKS) + 1), "nothing is sent twice, nowhere else, and no redirect is followed"
    assert all(f"api_token: {TOKEN}".encode() in each for each in short[1])


async def test_a_request_after_the_first_is_made_like_it() -> None:
    """What it has taken over is all that aiohttp would have made of it."""
    seen: list[tuple[dict[str, Any], dict[str, Any]]] = []

    class Watched(ShortWay):
        def _request(self, *about: Any) -> aiohttp.ClientRequest:
            made, own = super()._request(*about), self._first(*about)
            seen.append(({**vars(made), "_timer": None}, {**vars(own), "_timer": None}))
            return made

    server = raw(lambda connection: answer(connection, []))
    async with server as home, Session(TOKEN, home.base_url, host=PushedHost(seed=1)) as bria:
        client = bria._connected()
        client._short_way = Watched(client.http, client.token, way(bria).headers)
        for ask in [*ASKS.values()] * 2:
            with contextlib.suppress(BriaError):
                await ask(bria)
    assert len(seen) == 2 * len(ASKS)
    for made, own in seen:
        assert made == own
        assert list(made["headers"].items()) == list(own["headers"].items())


async def test_it_is_not_taken_past_those_who_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces, something in the place of aiohttp's own, or an aiohttp that it was not compared with: the long way."""
    traced: list[str] = []

    async def told(*_: object) -> None:
        traced.append("told")

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(told)
    server = raw(lambda connection: answer(connection, []))
    async with server as home, Session(TOKEN, home.base_url) as bria:
        assert is_open(bria)
        trace.freeze()
        way(bria).pool.trace_configs.append(trace)
        assert not is_open(bria)
        await bria.models.get(1)
        assert traced == ["told"]
        way(bria).pool.trace_configs.clear()
        for name in ("request", "_request"):
            with monkeypatch.context() as patched:
                patched.setattr(aiohttp.ClientSession, name, told)
                assert not is_open(bria)
        with monkeypatch.context() as patched:
            patched.setattr(direct, "_KNOWN", False)
            assert not is_open(bria)
        assert is_open(bria)


async def test_it_is_known_in_the_version_that_is_installed() -> None:
    """Whoever moves to a new aiohttp compares the two ways again, and says so."""
    assert aiohttp.__version__ in direct.COMPARED_WITH


@pytest.mark.parametrize(
    "more",
    [{"trust_env": True}, {"proxy": "http://127.0.0.1:9"}, {"headers": {"X": "y"}}, {"request_class": OwnRequest}],
    ids=lambda more: next(iter(more)),
)
async def test_it_is_not_taken_where_pools_are_made_to_do_more(more: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who sends all of this program's requests through a proxy means ours too."""
    made = aiohttp.ClientSession.__init__
    monkeypatch.setattr(aiohttp.ClientSession, "__init__", lambda self, **given: made(self, **given, **more))
    async with Session(TOKEN, "http://127.0.0.1:1") as bria:
        assert not is_open(bria)


async def test_it_is_not_taken_through_a_borrowed_pool() -> None:
    """Its owner may have middlewares, cookies or a proxy in it."""
    async with aiohttp.ClientSession() as pool, Session(TOKEN, "http://127.0.0.1:1", http=pool) as bria:
        assert bria._connected()._short_way is None


async def test_it_leads_home_only() -> None:
    """An address elsewhere is refused before anything is made, let alone sent."""
    async with Session(TOKEN, "http://127.0.0.1:1") as bria:
        for elsewhere in ("http://127.0.0.1:2/", "https://127.0.0.1:1/", "http://127.0.0.1:1@example.com/"):
            with pytest.raises(ValueError, match="leads home only"):
                await way(bria).send("GET", URL(elsewhere), None, aiohttp.ClientTimeout())


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("turns", range(2, 7))
async def test_a_session_that_is_closed_meanwhile_says_so(
    turns: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By both ways, as an error of this library that leaves no doubt, and from when it begins to close."""
    monkeypatch.setattr(direct, "_KNOWN", known)
    seen: list[bytes] = []
    async with raw(lambda connection: answer(connection, seen)) as server, Session(TOKEN, server.base_url) as bria:
        client = bria._connected()
        await bria.models.get(1)
        closing = asyncio.create_task(client.http.close())
        for _ in range(turns):
            await asyncio.sleep(0)
        call = type(bria.models).endpoints["start_training"].call({"model_id": 1})
        with pytest.raises(ConfigurationError, match="is closed"):
            await client.send(call)
        await closing
    assert len(seen) == 1, "nothing is sent"
