"""Servers that cannot be reached, cannot be trusted, or take for ever: the run ends or pauses, and says why."""

import asyncio
import datetime as dt
import ssl
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from bria_async.errors import RunPaused
from bria_async.sim import Simulator
from bria_async.wire.retry import Failure
from tests.support import TOKEN
from tests.transport.raw import Connection, certified, http, raw

from .proxy import Bandwidth, Latency, LimitData, ResetPeer, Slicer, SlowClose, Timeout, Toxic, proxy
from .studio import COUNT, HASTE, ONCE, Studio, connected, for_requests, once, right, soon


@pytest.mark.fault("N1")
async def test_a_server_that_goes_down_pauses_the_run_and_is_taken_up_again(studio: Studio, sim: Simulator) -> None:
    """Tried again within bounds, each time with a reason; then a pause that says why, and a second go that ends."""
    tasks: list[asyncio.Task[None]] = []
    async with proxy(sim.base_url) as chaos, connected(chaos.base_url) as session:
        with pytest.raises(RunPaused, match=Failure.UNREACHABLE.words):
            await studio.train(session, None, once("finished", "upload", soon(chaos.down, tasks)), uploads_at_once=2)
        await asyncio.gather(*tasks)
        repeated = [reason for reason in studio.reasons("retried") if reason == Failure.UNREACHABLE.words]
        assert 0 < len(repeated) <= 3 * HASTE.attempts, studio.reasons("retried")
        assert studio.happened("paused")[-1].data["reason"], "nobody says why"
        assert 0 < sim.counts["images.upload"] < COUNT, "the server went down too early or too late"
        await chaos.up()
        result = await studio.train(session)
    assert result.images == COUNT
    assert not right(sim, ONCE), right(sim, ONCE)


class Forgetful(AbstractResolver):
    """A resolver that knows no host until it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.knows = False

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """No, or this machine."""
        self.asked += 1
        if not self.knows:
            raise OSError(None, "no such host")
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0),
        ]

    async def close(self) -> None:
        """Nothing to do."""


@pytest.mark.fault("N2")
async def test_a_name_that_is_not_resolved_pauses_the_run(studio: Studio, sim: Simulator) -> None:
    """After a few attempts the run says that it is the name; nothing was created, and once it is known the run ends."""
    resolver = Forgetful()
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    named = sim.base_url.replace("127.0.0.1", "localhost")
    async with connected(named, connector=connector) as session:
        with pytest.raises(RunPaused, match=Failure.UNRESOLVED.words):
            await studio.train(session)
        assert resolver.asked == HASTE.attempts, "more or fewer attempts than the policy says"
        assert not sim.requests
        resolver.knows = True
        await studio.train(session)
    assert not right(sim, ONCE), right(sim, ONCE)


def expired(authority: trustme.CA) -> ssl.SSLContext:
    """A certificate for this host whose time is over."""
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return certified(authority.issue_cert("127.0.0.1", not_before=past, not_after=past + dt.timedelta(days=1)))


def of_another(authority: trustme.CA) -> ssl.SSLContext:
    """A certificate for another host."""
    return certified(authority.issue_cert("engine.example.org"))


@pytest.mark.fault("N3")
@pytest.mark.parametrize("certificate", [expired, of_another])
async def test_a_certificate_that_does_not_hold_gets_no_request(studio: Studio, certificate: Any) -> None:
    """Expired, or of another host, though its authority is trusted: one attempt, a pause, and no token."""
    authority, heard = trustme.CA(), []

    async def listen(connection: Connection) -> None:
        heard.append(connection.head)
        await connection.answer(http(b"[]"))

    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with (
        raw(listen, tls=certificate(authority)) as server,
        connected(server.base_url, connector=aiohttp.TCPConnector(ssl=trusting)) as session,
    ):
        with pytest.raises(RunPaused, match=Failure.UNTRUSTED.words):
            await studio.train(session)
    assert heard == [], "a request left"
    assert not studio.happened("retried"), "a certificate was asked again"
    assert TOKEN not in "".join(event.words for event in studio.events)


SLOW: list[Toxic] = [
    Timeout("upstream"),
    Bandwidth("upstream", 500.0),
    Timeout("downstream"),
    Bandwidth("downstream", 20.0),
    Latency("downstream", 60.0),
]


@pytest.mark.fault("N11")
@pytest.mark.parametrize("toxic", SLOW, ids=lambda toxic: f"{type(toxic).__name__} {toxic.stream}")
async def test_one_upload_that_stands_still_holds_up_nobody_else(studio: Studio, sim: Simulator, toxic: Toxic) -> None:
    """It is given up after its time, while all others have been sent; then somebody looks, and it is there once."""
    async with (
        proxy(sim.base_url, for_requests(b"/images HTTP", (toxic,))) as chaos,
        connected(chaos.base_url, timeout=2.0) as session,
    ):
        result = await studio.train(session, uploads_at_once=2)
    lost = next(number for number, event in enumerate(studio.events) if event.what == "lost")
    done = [event for event in studio.events[:lost] if (event.what, event.task) == ("finished", "upload")]
    assert len(done) == COUNT - 1, f"only {len(done)} others went on"
    assert studio.happened("lost")[0].data["reason"] == Failure.TIMEOUT.words
    assert result.images == COUNT
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N11")
async def test_a_bad_line_is_only_slow(studio: Studio, sim: Simulator) -> None:
    """Late, in slices, narrow, and slow to close: everything arrives, and nothing is taken for lost."""

    def bad(_: bytes) -> tuple[Toxic, ...]:
        return (
            Latency("upstream", 0.004, 0.003),
            Slicer("upstream", 900, 500),
            Bandwidth("downstream", 400_000.0),
            Slicer("downstream", 30, 20),
            SlowClose("downstream", 0.01),
        )

    async with proxy(sim.base_url, bad) as chaos, connected(chaos.base_url) as session:
        result = await studio.train(session, studio.plan(samples=("a lighthouse",)))
    assert (result.images, len(result.samples), result.adopted) == (COUNT, 1, 0), result
    assert not studio.happened("lost"), studio.reasons("lost")
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N18")
async def test_a_result_that_breaks_off_is_whole_in_the_end(studio: Studio, sim: Simulator) -> None:
    """A download cut and reset in the middle starts over, and no half of a file is ever there under its name."""
    cut, reset = LimitData("downstream", 300), ResetPeer("downstream")
    broken = for_requests(b"GET /_sim/", (cut,), (cut, reset))
    async with proxy(sim.base_url, broken) as chaos, connected(chaos.base_url) as session:
        result = await studio.train(session, studio.plan(samples=("a lighthouse",)))
    [sample] = result.samples
    assert [path.name for path in sample.path.parent.iterdir()] == [sample.path.name], "something else lies there"
    assert sample.path.stat().st_size > 300
