"""Results by URL: without the token, whole or not at all, and from nowhere private."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web

from bria_async.errors import ConfigurationError, DownloadFailed, UploadFailed
from bria_async.session import Session
from bria_async.transport.guard import connector_for, public_only, public_or_here
from bria_async.wire import retry
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder
from tests.transport.raw import Connection, http, raw

DATA = bytes(range(256)) * 4096


async def fetch(base_url: str, to: Path, host: PushedHost | None = None) -> Path:
    """Download from this host, with a clock that is pushed."""
    async with Session(TOKEN, base_url, host=host or PushedHost(seed=1)) as bria:
        return await bria.download(f"{base_url}/result.png?signature=s3", to)


async def test_a_result_is_downloaded_without_the_token(server: Recorder, tmp_path: Path) -> None:
    """The file holds the very bytes, and even the API's own origin does not see the token."""
    server.answer = lambda _: web.Response(body=DATA)
    assert await fetch(server.base_url, tmp_path / "a.png") == tmp_path / "a.png"
    assert (tmp_path / "a.png").read_bytes() == DATA
    (seen,) = server.requests
    assert seen.query == {"signature": "s3"}
    assert TOKEN not in str(seen.headers)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.fault("N18", "N19")
@pytest.mark.parametrize(
    ("answer", "words", "gone"),
    [
        (http(b"gone", status="403 Forbidden"), "answered 403", True),
        (http(b"", status="404 Not Found"), "answered 404", True),
        (http(b"", status="410 Gone"), "answered 410", True),
        (http(b"", status="416 Range Not Satisfiable"), "answered 416", True),
        (http(b"", status="302 Found", Location="http://127.0.0.1:1/"), "answered 302", True),
        (http(b""), "is empty: it was stopped by moderation", True),
        (http(b"", status="429 Too Many Requests"), "answered 429", False),
        (http(b"", status="500 Internal Server Error"), "answered 500", False),
        (http(b"", status="503 Service Unavailable"), "answered 503", False),
        (http(DATA)[:-10], "the answer was cut short", False),
        (b"nonsense\r\n\r\n", "the answer is not HTTP", False),
        (b"", "the server closed the connection without an answer", False),
    ],
)
async def test_a_download_that_fails_leaves_what_was_there(
    tmp_path: Path, answer: bytes, words: str, gone: bool
) -> None:
    """The error says why, without the signature; an older file stays, and no part of a new one.

    A verdict is accepted at once and told as such, what may pass is asked for again.
    """
    target = tmp_path / "a.png"
    target.write_bytes(b"older")

    async def behave(connection: Connection) -> None:
        await connection.answer(answer)

    host = PushedHost(seed=1)
    async with raw(behave) as server:
        with pytest.raises(DownloadFailed, match=words) as caught:
            await fetch(server.base_url, target, host)
    assert (caught.value.gone, len(host.slept)) == ((True, 0) if gone else (False, 5))
    assert caught.value.url == f"{server.base_url}/result.png"
    assert "s3" not in str(caught.value)
    assert target.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


async def silent_midway(connection: Connection) -> None:
    """Half of the result, and nothing more."""
    await connection.answer(http(DATA)[: len(DATA) // 2])
    await asyncio.Event().wait()


async def whole(connection: Connection) -> None:
    """The result."""
    await connection.answer(http(DATA))


@pytest.mark.parametrize("first", [b"nonsense\r\n\r\n", http(DATA)[:-10], http(b"", status="502 Bad Gateway")])
async def test_a_download_that_failed_once_starts_over(tmp_path: Path, first: bytes) -> None:
    """Lost before or in the middle of the body, or refused for the moment: the next attempt has it whole."""
    answers = [first, http(DATA)]

    async def behave(connection: Connection) -> None:
        await connection.answer(answers.pop(0))

    async with raw(behave) as server:
        await fetch(server.base_url, tmp_path / "a.png")
    assert answers == []
    assert (tmp_path / "a.png").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.fault("N11")
async def test_a_download_that_hangs_is_asked_for_again(tmp_path: Path) -> None:
    """A server that falls silent in the middle is given up, and the next attempt has the result."""
    behaviours = [silent_midway, whole]

    async def behave(connection: Connection) -> None:
        await behaviours.pop(0)(connection)

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=1), timeout=0.3) as bria:
        await bria.download(f"{server.base_url}/a.png", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == DATA


async def test_downloads_are_as_patient_as_the_session(server: Recorder, tmp_path: Path) -> None:
    """The policy of requests is that of downloads, with waits on the host's clock."""
    server.answers("down", 503)
    host = PushedHost(seed=1)
    policy = RetryPolicy(attempts=3, base=8, cap=10)
    async with Session(TOKEN, server.base_url, host=host, retry=policy) as bria:
        with pytest.raises(DownloadFailed, match="answered 503"):
            await bria.download(f"{server.base_url}/a", tmp_path / "a")
    assert len(server.requests) == 3
    assert len(host.slept) == 2
    assert all(0 < wait <= 10 for wait in host.slept), host.slept


@pytest.mark.fault("N18")
async def test_a_result_beyond_the_limit_is_not_kept(server: Recorder, tmp_path: Path) -> None:
    """A server cannot fill the disk."""
    server.answer = lambda _: web.Response(body=DATA)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(DownloadFailed, match="is larger than 1000 bytes") as caught:
            await bria._connected().downloads.fetch(f"{server.base_url}/a", tmp_path / "a.png", limit=1000)
    assert (caught.value.gone, len(server.requests)) == (True, 1)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_not_there_is_said(server: Recorder, tmp_path: Path) -> None:
    """A fault of this machine is told in its own words; the result is not asked for again, and is not gone."""
    server.answer = lambda _: web.Response(body=DATA)
    with pytest.raises(DownloadFailed, match="No such file or directory") as caught:
        await fetch(server.base_url, tmp_path / "missing" / "a.png")
    assert (caught.value.gone, len(server.requests)) == (False, 1)


@pytest.mark.fault("N3")
async def test_a_host_that_is_not_trusted_is_not_asked_again(tmp_path: Path) -> None:
    """A certificate does not become good."""

    async def behave(connection: Connection) -> None:
        raise AssertionError("a request arrived")

    host = PushedHost(seed=1)
    async with raw(behave, tls=True) as server, Session(TOKEN, server.base_url, host=host) as bria:
        with pytest.raises(DownloadFailed, match="not trusted") as caught:
            await bria.download(f"{server.base_url}/a", tmp_path / "a")
    assert not caught.value.gone
    assert host.slept == []


@pytest.mark.fault("N19")
@pytest.mark.parametrize("url", ["http://[bad", "file:///etc/passwd", "result.png", ""])
async def test_what_is_no_address_is_not_fetched(server: Recorder, tmp_path: Path, url: str) -> None:
    """An answer with nonsense for a URL is a failed download like any other."""
    async with Session(TOKEN, server.base_url) as bria:
        for fetch in (lambda: bria.download(url, tmp_path / "a.png"), lambda: bria.probe(url)):
            with pytest.raises(DownloadFailed, match="the address cannot be read") as caught:
                await fetch()
            assert caught.value.gone
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("N18")
@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, b"image", True),
        (206, b"i", True),
        (200, b"", False),
        (416, b"", False),
        (404, b"not yet", None),
        (302, b"", None),
        (500, b"", None),
    ],
)
async def test_probing_asks_for_one_byte(server: Recorder, status: int, body: bytes, found: bool | None) -> None:
    """Something there is ready, zero bytes were moderated, anything else is not there yet."""
    server.answer = lambda _: web.Response(status=status, body=body)
    async with Session(TOKEN, server.base_url) as bria:
        assert await bria.probe(f"{server.base_url}/a.png") is found
    assert server.requests[0].headers["range"] == "bytes=0-0"
    assert TOKEN not in str(server.requests[0].headers)


@pytest.mark.fault("N18")
async def test_probing_tells_what_is_gone(server: Recorder) -> None:
    """Nobody waits for a result whose time is over; a 403 may also mean that it is not ready yet."""
    server.answer = lambda _: web.Response(status=410)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(DownloadFailed, match="answered 410") as caught:
            await bria.probe(f"{server.base_url}/a.png?signature=s3")
        server.answer = lambda _: web.Response(status=403)
        assert await bria.probe(f"{server.base_url}/a.png?signature=s3") is None
    assert (caught.value.gone, caught.value.status) == (True, 410)
    assert "s3" not in str(caught.value)


async def test_a_host_that_is_away_is_not_there_yet() -> None:
    """A probe is asked again anyway, so a broken connection is no error."""

    async def behave(connection: Connection) -> None:
        connection.reset()

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        assert await bria.probe(f"{server.base_url}/a.png") is None


@pytest.mark.fault("N22")
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_results_are_not_fetched_from_this_network(server: Recorder, tmp_path: Path, name: str) -> None:
    """With the real API a URL that points at this machine, by however many addresses, is refused where the socket is
    made: at once, because asking again does not help.
    """
    server.answer = lambda _: web.Response(body=DATA)
    url = f"{server.base_url}/a.png?signature=s3".replace("127.0.0.1", name)
    host = PushedHost(seed=1)
    async with Session(TOKEN, "https://engine.prod.bria-api.com", host=host) as bria:
        for fetch in (lambda: bria.download(url, tmp_path / "a.png"), lambda: bria.probe(url)):
            with pytest.raises(DownloadFailed, match=r"/a\.png: it is not a public address") as caught:
                await fetch()
            assert not caught.value.gone, "from elsewhere it may be fetched"
    assert server.requests == []
    assert host.slept == []


@pytest.mark.parametrize("name", ["http", "downloads", "uploads"])
async def test_a_borrowed_pool_that_was_closed_says_so(server: Recorder, tmp_path: Path, name: str) -> None:
    """Whoever lent it learns in a sentence what is wrong, instead of an error of aiohttp."""
    (tmp_path / "a.zip").write_bytes(b"PK")
    use: dict[str, Callable[[Session], Awaitable[Any]]] = {
        "http": lambda bria: bria.models.create(name="x"),
        "downloads": lambda bria: bria.fetch(f"{server.base_url}/a"),
        "uploads": lambda bria: bria.put_file(f"{server.base_url}/a", tmp_path / "a.zip", content_type="a/b"),
    }
    pool = aiohttp.ClientSession()
    borrowed: Any = {name: pool}
    async with Session(TOKEN, server.base_url, **borrowed) as bria:
        await pool.close()
        with pytest.raises(ConfigurationError, match=r"given to Session\(\.\.\.\) is closed"):
            await use[name](bria)
    assert server.requests == []


@pytest.mark.fault("N22")
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "::1", "::ffff:10.0.0.1", "fe80::1%1"],  # noqa: S104  # refused, not bound
)
def test_private_addresses_are_refused(address: str) -> None:
    """Loopback, private and link-local, in every notation."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(OSError, match="not a public address"):
        public_only((family, socket.SOCK_STREAM, 0, "", (address, 443)))


@pytest.mark.fault("N22")
@pytest.mark.parametrize("address", ["93.184.216.34", "::ffff:93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_get_a_socket(address: str) -> None:
    """What is public is connected to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with public_only((family, socket.SOCK_STREAM, 0, "", (address, 443))) as made:
        assert made.family is family


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_a_simulator_on_this_machine_may_serve_results(host: str) -> None:
    """Only a session on this machine downloads from it."""
    local, public = connector_for(host), connector_for("engine.prod.bria-api.com")
    assert local._socket_factory is public_or_here
    assert public._socket_factory is public_only
    await local.close()
    await public.close()


async def test_a_file_is_put_to_a_presigned_url(server: Recorder, tmp_path: Path) -> None:
    """The very bytes with their length and type, and without the token."""
    path = tmp_path / "images.zip"
    path.write_bytes(DATA)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.put_file(f"{server.base_url}/z?signature=s3", path, content_type="application/zip")
    (seen,) = server.requests
    assert (seen.method, seen.body) == ("PUT", DATA)
    assert seen.headers["content-type"] == "application/zip"
    assert int(seen.headers["content-length"]) == len(DATA)
    assert TOKEN not in str(seen.headers)


@pytest.mark.parametrize(
    ("answer", "words", "gone"),
    [
        (http(b"expired", status="403 Forbidden"), "answered 403", True),
        (http(b"", status="307 Temporary", Location="http://127.0.0.1:1/"), "answered 307", True),
        (http(b"", status="503 Service Unavailable"), "answered 503", False),
        (b"", "the server closed the connection without an answer", False),
    ],
)
async def test_a_file_that_is_not_taken_is_an_error(tmp_path: Path, answer: bytes, words: str, gone: bool) -> None:
    """The error says why, without the signature."""
    path = tmp_path / "images.zip"
    path.write_bytes(DATA)

    async def behave(connection: Connection) -> None:
        await connection.body()
        await connection.answer(answer)

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        with pytest.raises(UploadFailed, match=words) as caught:
            await bria.put_file(f"{server.base_url}/z?signature=s3", path, content_type="application/zip")
    assert caught.value.gone is gone
    assert caught.value.url == f"{server.base_url}/z"
    assert "s3" not in str(caught.value)


async def test_a_server_that_stops_reading_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has the time of a slow line and no more, or one dead connection would hold up a run for ever."""
    path = tmp_path / "images.zip"
    path.write_bytes(bytes(16 * 2**20))
    monkeypatch.setattr(retry, "SLOWEST_RATE", 16 * 2**20 / 0.3)

    async def behave(connection: Connection) -> None:
        await asyncio.Event().wait()

    loop = asyncio.get_running_loop()
    async with raw(behave) as server, Session(TOKEN, server.base_url, timeout=0.1) as bria:
        began = loop.time()
        with anyio.fail_after(10), pytest.raises(UploadFailed, match="no answer in time"):
            await bria.put_file(f"{server.base_url}/z", path, content_type="application/zip")
        assert loop.time() - began >= 0.4


async def test_a_file_that_is_not_there_is_not_put(server: Recorder, tmp_path: Path) -> None:
    """A fault of this machine is told in its own words, and so is a bad address."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(UploadFailed, match="No such file"):
            await bria.put_file(server.base_url, tmp_path / "missing.zip", content_type="application/zip")
        (tmp_path / "a.zip").write_bytes(b"x")
        with pytest.raises(UploadFailed, match="the address cannot be read"):
            await bria.put_file("http://[bad", tmp_path / "a.zip", content_type="application/zip")
    assert server.requests == []


async def test_borrowed_pools_that_raise_for_status_change_nothing(server: Recorder, tmp_path: Path) -> None:
    """A result that is not there yet stays one that is not there yet."""
    server.answers("no", 404)
    async with (
        aiohttp.ClientSession(raise_for_status=True) as borrowed,
        Session(TOKEN, server.base_url, downloads=borrowed) as bria,
    ):
        with pytest.raises(DownloadFailed, match="answered 404"):
            await bria.download(f"{server.base_url}/a", tmp_path / "a")


async def test_a_session_that_is_not_open_says_so(tmp_path: Path) -> None:
    """There is nothing to fetch with."""
    with pytest.raises(ConfigurationError, match="async with"):
        await Session(TOKEN, "http://127.0.0.1:1").download("http://127.0.0.1:1/a", tmp_path / "a")
