"""Transfers in time: how slow a line may be, and where a deadline ends them; on a virtual clock, without sockets."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from bria_async.errors import DownloadFailed, JobTimedOut, Outcome, UploadFailed
from bria_async.session import Session
from bria_async.types.jobs import GeneratedImage, GeneratedImages
from bria_async.wire import Polling
from bria_async.wire.retry import SLOWEST_RATE, RetryPolicy
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.network import MemoryConnector
from tests.support import TOKEN
from tests.transport.raw import http

ORIGIN = "http://127.0.0.1:9"
URL = f"{ORIGIN}/result?signature=s3"
LENGTH = 40 * 2**20
HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n".encode()
ONCE = RetryPolicy(attempts=1)
PATIENT = RetryPolicy(attempts=1000, base=5, cap=5)

Use = Callable[[Session, Path], Awaitable[Any]]
DOWNLOADS: dict[str, Use] = {
    "download": lambda bria, folder: bria.download(URL, folder / "result"),
    "fetch": lambda bria, _: bria.fetch(URL),
}
UPLOADS: dict[str, Use] = {
    "put": lambda bria, folder: bria.put_file(URL, folder / "file", content_type="image/png"),
    "post": lambda bria, folder: bria.post_file(URL, folder / "file", fields={}, content_type="image/png"),
}
ALL = {**DOWNLOADS, **UPLOADS}


class Server(asyncio.Protocol):
    """A server that sends `first` to each request, and then `then` once a second, `times` times."""

    def __init__(self, first: bytes = b"", then: bytes = b"", times: int = 0) -> None:
        self._first = first
        self._then = then
        self._times = times
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A request, or more of its body."""
        if b" HTTP/1.1\r\n" in data:
            self.requests += 1
            self._transport.write(self._first)
            self._go_on(self._times)

    def _go_on(self, times: int) -> None:
        if times and not self._transport.is_closing():
            self._transport.write(self._then)
            asyncio.get_running_loop().call_later(1, self._go_on, times - 1)


@attrs.frozen
class Seen:
    """What came of a transfer: its result or its error, after how many seconds and requests."""

    result: Any
    seconds: float
    requests: int


def see(use: Use, folder: Path, server: Callable[[], Server], *, deadline: float = 1e6, **options: Any) -> Seen:
    """Do something in a session inside a deadline, on a fresh virtual clock."""
    (folder / "file").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    servers: list[Server] = []

    def connected() -> Server:
        servers.append(server())
        return servers[-1]

    async def main() -> Seen:
        clock = asyncio.get_running_loop().time
        async with (
            aiohttp.ClientSession(connector=MemoryConnector(connected, random.Random(1))) as pool,
            Session(TOKEN, ORIGIN, host=VirtualHost(seed=1), downloads=pool, uploads=pool, **options) as bria,
        ):
            began = clock()
            with bria.deadline(deadline):
                try:
                    result = await use(bria, folder)
                except (DownloadFailed, JobTimedOut) as error:
                    result = error
            return Seen(result, clock() - began, sum(each.requests for each in servers))

    seen: Seen = run_virtually(main)
    return seen


# --- slow lines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", DOWNLOADS)
def test_a_slow_but_steady_line_brings_it_all(way: str, tmp_path: Path) -> None:
    """A result may take many times the timeout, as long as it comes above the slowest rate."""
    rate = SLOWEST_RATE * 5 // 4
    seen = see(DOWNLOADS[way], tmp_path, lambda: Server(HEAD, bytes(rate), LENGTH // rate), timeout=30, retry=ONCE)
    content = seen.result.read_bytes() if isinstance(seen.result, Path) else seen.result
    assert (len(content), seen.requests) == (LENGTH, 1)
    assert seen.seconds > 300


@pytest.mark.fault("N11")
@pytest.mark.parametrize("way", DOWNLOADS)
@pytest.mark.parametrize(
    ("first", "then", "seconds"),
    [
        (b"", b"", 30),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x", 30),
        (HEAD, b"x", 30),
        (HEAD, bytes(SLOWEST_RATE // 2), 60),
        (HEAD + bytes(LENGTH // 2), b"", 30),
    ],
    ids=["silent", "head drips", "body drips", "half the slowest rate", "body stands still"],
)
def test_a_line_that_is_too_slow_is_given_up(way: str, first: bytes, then: bytes, seconds: int, tmp_path: Path) -> None:
    """No read stands still longer than the timeout, and what was received so far has to be worth the time."""
    seen = see(DOWNLOADS[way], tmp_path, lambda: Server(first, then, 10_000), timeout=30, retry=ONCE)
    assert isinstance(seen.result, DownloadFailed)
    assert seen.result.message == "no answer in time"
    assert seen.seconds == pytest.approx(seconds, abs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# --- deadlines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ALL)
def test_an_attempt_at_a_transfer_ends_at_the_deadline(way: str, tmp_path: Path) -> None:
    """It says that its deadline passed; the timeout is far away."""
    seen = see(ALL[way], tmp_path, Server, deadline=3)
    assert isinstance(seen.result, UploadFailed if way in UPLOADS else DownloadFailed)
    assert (seen.result.message, seen.result.gone) == ("its deadline passed", False)
    assert [each.outcome for each in seen.result.attempts] == [Outcome.UNKNOWN]
    assert seen.seconds == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("way", DOWNLOADS)
def test_a_body_under_way_ends_at_the_deadline(way: str, tmp_path: Path) -> None:
    """However well it comes, and nothing of it stays."""
    seen = see(DOWNLOADS[way], tmp_path, lambda: Server(HEAD, bytes(2**20), 39), deadline=7.5)
    assert isinstance(seen.result, DownloadFailed)
    assert seen.result.message == "its deadline passed"
    assert seen.seconds == pytest.approx(7.5, abs=0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("way", ALL)
def test_after_the_deadline_nothing_is_transferred(way: str, tmp_path: Path) -> None:
    """It ends at once, without an attempt."""
    seen = see(ALL[way], tmp_path, lambda: Server(http(b"x")), deadline=0)
    assert isinstance(seen.result, UploadFailed if way in UPLOADS else DownloadFailed)
    assert (seen.result.message, seen.result.attempts) == ("its deadline passed", ())
    assert (seen.seconds, seen.requests) == (0, 0)


@pytest.mark.parametrize("way", DOWNLOADS)
def test_no_wait_of_a_transfer_goes_beyond_the_deadline(way: str, tmp_path: Path) -> None:
    """It is asked for again while there is time, and ends with what it met last and why it is over."""
    answer = http(b"", status="503 Service Unavailable")
    seen = see(DOWNLOADS[way], tmp_path, lambda: Server(answer), deadline=60, retry=PATIENT)
    assert isinstance(seen.result, DownloadFailed)
    assert seen.result.message == "answered 503"
    assert seen.result.__notes__ == ["It was not tried again: its deadline leaves no time for it."]
    assert 50 < seen.seconds < 60
    assert seen.requests == len(seen.result.attempts) > 5


@pytest.mark.parametrize(("deadline", "requests"), [(0, 0), (3, 1)])
def test_what_was_not_seen_by_the_deadline_is_not_there_yet(deadline: int, requests: int, tmp_path: Path) -> None:
    """To a probe a deadline is no verdict."""
    seen = see(lambda bria, _: bria.probe(URL), tmp_path, Server, deadline=deadline)
    assert (seen.result, seen.requests) == (None, requests)
    assert seen.seconds == pytest.approx(deadline, abs=0.01)


def test_waiting_for_addresses_ends_at_the_deadline(tmp_path: Path) -> None:
    """Also in the middle of a look at a server that says nothing; what is waited for can be waited for again."""
    images = GeneratedImages(result=(GeneratedImage(urls=(URL,)),))
    wait = Polling(timeout=None)
    seen = see(lambda bria, _: bria.jobs.wait(images, polling=wait), tmp_path, Server, deadline=20)
    assert isinstance(seen.result, JobTimedOut)
    assert "at its deadline" in seen.result.message
    assert seen.result.job is images
    assert seen.seconds == pytest.approx(20, abs=0.01)
