"""The front object: its settings, what it owns, and what it tells of a call."""

import pickle
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from bria_async.errors import (
    BriaError,
    ConfigurationError,
    ImageError,
    InvalidParameter,
    NotFound,
    Outcome,
    RateLimited,
)
from bria_async.host import observer
from bria_async.session import BASE_URL, FAMILIES, Session
from bria_async.sim import Options, Simulator, simulator
from bria_async.wire.retry import RetryPolicy
from bria_async.wire.secret import Secret
from tests.support import TOKEN, PushedHost, Recorder, reply


async def test_every_family_is_an_attribute(bria: Session) -> None:
    """The words of the contract are the words of the session."""
    for name, family in FAMILIES.items():
        assert type(getattr(bria, name)) is family


def test_token_and_base_url_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not given is looked up, and the production host is the last resort."""
    monkeypatch.setenv("BRIA_API_TOKEN", TOKEN)
    monkeypatch.setenv("BRIA_BASE_URL", "http://localhost:8080/")
    assert str(Session().base_url) == "http://localhost:8080"
    monkeypatch.delenv("BRIA_BASE_URL")
    assert str(Session().base_url) == BASE_URL
    assert str(Session(base_url="http://127.0.0.1:9").base_url) == "http://127.0.0.1:9"


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "nul\0", "schlüssel", "tab\tbed"])
def test_a_token_that_is_none_is_refused_without_showing_it(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is named, the value is not."""
    monkeypatch.delenv("BRIA_API_TOKEN", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        Session(token)
    assert not token.strip() or token not in str(caught.value)


async def test_blanks_around_a_token_do_not_matter(server: Recorder) -> None:
    """A line break copied along is cut off."""
    server.answers([])
    async with Session(f" {TOKEN}\n", server.base_url) as bria:
        await bria.projects.list()
    assert server.requests[0].headers["api_token"] == TOKEN
    assert server.requests[0].headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "url",
    [
        "http://engine.prod.bria-api.com",
        "http://10.0.0.1:8080",
        "ftp://localhost",
        "localhost:8080",
        "https://",
        "https://example.com/v1",
        "https://example.com?x=1",
        "https://user:pw@example.com",
        "http://[bad",
    ],
)
def test_base_urls_that_would_leak_or_fail_are_refused(url: str) -> None:
    """https, or http to this machine, and nothing beyond the host."""
    with pytest.raises(ConfigurationError, match="base URL"):
        Session(TOKEN, url)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://example.com"])
def test_base_urls_that_are_safe_are_taken(url: str) -> None:
    """This machine in its three names, and https anywhere."""
    assert str(Session(TOKEN, url).base_url) == url


async def test_the_token_shows_nowhere(server: Recorder) -> None:
    """Neither session, nor client, nor its parts tell it, and it is not pickled."""
    async with Session(TOKEN, server.base_url) as bria:
        client = bria._connected()
        shown = [repr(bria), str(bria), repr(client), repr(client.token), repr(bria._secret), repr(bria.models)]
        assert not any(TOKEN in text for text in shown)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(TOKEN))


async def test_what_is_owned_is_closed(server: Recorder) -> None:
    """At the end both pools are closed, and a call says that the session is not open."""
    bria = Session(TOKEN, server.base_url)
    async with bria:
        pools = [bria._connected().http, bria._connected().downloads.http]
    assert all(pool.closed for pool in pools)
    assert repr(bria).endswith("closed)")
    with pytest.raises(ConfigurationError, match="not open"):
        await bria.projects.list()


async def test_what_is_borrowed_stays_open(server: Recorder) -> None:
    """Sessions of others are used and left alone, their headers and cookies included."""
    server.answers([])
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession() as downloads:
        async with Session(TOKEN, server.base_url, http=http, downloads=downloads) as bria:
            await bria.projects.list()
            assert await bria.probe(f"{server.base_url}/a") is True
        assert not http.closed
        assert not downloads.closed
        assert "api_token" not in http.headers
    assert ["api_token" in seen.headers for seen in server.requests] == [True, False]


async def test_headers_of_a_borrowed_session_go_to_the_api_only(server: Recorder, tmp_path: Path) -> None:
    """Somebody keeps a token among his default headers: no presigned address and no result gets to see it."""
    (tmp_path / "a.zip").write_bytes(b"PK")
    async with (
        aiohttp.ClientSession(headers={"api_token": TOKEN, "Authorization": TOKEN}) as http,
        Session(TOKEN, server.base_url, http=http) as bria,
    ):
        await bria.put_file(f"{server.base_url}/put", tmp_path / "a.zip", content_type="application/zip")
        await bria.post_file(f"{server.base_url}/post", tmp_path / "a.zip", fields={}, content_type="application/zip")
        server.answers({})
        await bria.fetch(f"{server.base_url}/get")
    assert len(server.requests) == 3
    assert TOKEN not in str([seen.headers for seen in server.requests])


async def test_a_session_opens_again(server: Recorder) -> None:
    """Settings live longer than connections."""
    server.answers([])
    bria = Session(TOKEN, server.base_url)
    for _ in range(2):
        async with bria:
            assert await bria.projects.list() == ()


async def test_cookies_are_not_kept(server: Recorder) -> None:
    """A server cannot mark a client."""
    server.answers([], Set_Cookie="a=b")
    async with Session(TOKEN, server.base_url.replace("127.0.0.1", "localhost")) as bria:
        await bria.projects.list()
        await bria.projects.list()
    assert "cookie" not in server.requests[1].headers


async def test_a_wrong_token_is_refused_by_name() -> None:
    """The advice says where tokens come from."""
    async with simulator(options=Options(token="right")) as sim, Session("wrong", sim.base_url) as bria:
        with pytest.raises(Exception, match=r"projects\.list: 401 .*BRIA_API_TOKEN"):
            await bria.projects.list()


class Watcher:
    """Somebody who wants to know what requests do."""

    def __init__(self, count: Callable[[], int]) -> None:
        self.count = count
        self.announcements: list[tuple[str, int]] = []
        self.retries: list[tuple[str, str]] = []

    async def announced(self, effect: str) -> None:
        """Note the effect, and how many requests had come before."""
        self.announcements.append((effect, self.count()))

    def retried(self, operation: str, reason: str, wait: float) -> None:
        """Note the reason."""
        assert wait >= 0
        self.retries.append((operation, reason))


async def test_a_creating_call_is_announced_before_it_leaves(server: Recorder) -> None:
    """Each attempt once, after all waiting; what is safe is not announced."""
    watcher = Watcher(lambda: len(server.requests))
    server.answers("slow down", 429)
    host = PushedHost(seed=1, push=lambda _: server.answers(reply("models.create")["body"], 201))
    token = observer.set(watcher)
    try:
        async with Session(TOKEN, server.base_url, host=host) as bria:
            await bria.models.create(name="x")
            server.answers([])
            await bria.models.list()
    finally:
        observer.reset(token)
    assert watcher.announcements == [("findable", 0), ("findable", 1)]
    assert watcher.retries == [("models.create", "429 slow down")]


async def test_a_call_whose_announcement_fails_is_not_sent(server: Recorder) -> None:
    """Without a durable intent nothing leaves."""

    class Full(Watcher):
        async def announced(self, effect: str) -> None:
            raise OSError("disk full")

    token = observer.set(Full(lambda: 0))
    try:
        async with Session(TOKEN, server.base_url) as bria:
            with pytest.raises(OSError, match="disk full"):
                await bria.models.create(name="x")
    finally:
        observer.reset(token)
    assert server.requests == []


@pytest.mark.parametrize(
    ("value", "problem"), [({1, 2}, InvalidParameter), (Path("nowhere/a.png"), ImageError)], ids=["no JSON", "no file"]
)
async def test_a_body_that_cannot_be_is_not_announced(
    server: Recorder, value: object, problem: type[BriaError]
) -> None:
    """Whoever journals an intent must not be left in doubt about a request that never was."""
    watcher = Watcher(lambda: len(server.requests))
    token = observer.set(watcher)
    try:
        async with Session(TOKEN, server.base_url) as bria:
            with pytest.raises(problem) as caught:
                await bria.products.consistent_shots(value=value)
    finally:
        observer.reset(token)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert (watcher.announcements, server.requests) == ([], [])


async def test_patience_is_configuration(server: Recorder) -> None:
    """With a policy that never repeats, a 429 is an error at once."""
    server.answers("slow down", 429, Retry_After="9")
    never = RetryPolicy(attempts=1, patience=0)
    async with Session(TOKEN, server.base_url, host=PushedHost(), retry=never) as bria:
        with pytest.raises(RateLimited) as caught:
            await bria.projects.list()
    assert caught.value.retry_after == 9
    assert len(server.requests) == 1


async def test_errors_of_the_simulator_are_errors_of_the_library(bria: Session, sim: Simulator) -> None:
    """Both sides agree on what is not there."""
    with pytest.raises(NotFound, match=r"models\.get: 404"):
        await bria.models.get(424242)
    assert sim.requests[-1].status == 404
