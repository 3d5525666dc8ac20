"""The pauses that a server asks for, from its header to the moment of the next request, at the simulator."""

import email.utils

import pytest

from bria_async.errors import RateLimited, ServerFailed
from bria_async.session import Session
from bria_async.sim import Simulator
from bria_async.sim.faults import Fault
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder


def date(seconds: float) -> str:
    """A date of HTTP."""
    return email.utils.formatdate(seconds, usegmt=True)


@pytest.mark.parametrize("pushed", [0, 86_400 * 400])
async def test_a_date_is_honoured_exactly_whatever_the_clocks_say(sim: Simulator, pushed: float) -> None:
    """The simulator lives in 2026, this machine in its own time: the pause is what lies between the server's dates."""
    sim.clock.push(pushed)
    headers = {"Retry-After": date(sim.clock.now() + 90)}
    sim.arm(Fault(operation="projects.list", status=429, headers=headers))
    sim.arm(Fault(operation="projects.list", status=503, headers=headers))
    async with Session(TOKEN, sim.base_url, host=PushedHost(), retry=RetryPolicy(attempts=1, patience=0)) as bria:
        with pytest.raises(RateLimited) as throttled:
            await bria.projects.list()
        sim.clock.push(30)
        with pytest.raises(ServerFailed) as failed:
            await bria.projects.list()
    assert (throttled.value.retry_after, failed.value.retry_after) == (90, 60)


@pytest.mark.parametrize("status", [429, 503])
async def test_nothing_is_sent_before_the_date(sim: Simulator, status: int) -> None:
    """The second request comes after it, as the server's clock goes."""
    until = sim.clock.now() + 90
    sim.arm(Fault(operation="projects.list", status=status, headers={"Retry-After": date(until)}))
    async with Session(TOKEN, sim.base_url, host=PushedHost(seed=1, push=sim.clock.push)) as bria:
        await bria.projects.list()
    first, second = (seen.time for seen in sim.requests)
    assert first < until <= second < until + 20


async def test_without_a_date_of_the_server_the_host_tells_the_time(server: Recorder) -> None:
    """A date that cannot be read is none."""

    class Host(PushedHost):
        """A host whose clock is wrong."""

        def now(self) -> float:
            """Long ago."""
            return 1_000_000.0

    server.answers("slow down", 429, Retry_After=date(1_000_045), Date="noon")
    async with Session(TOKEN, server.base_url, host=Host(), retry=RetryPolicy(patience=0)) as bria:
        with pytest.raises(RateLimited) as caught:
            await bria.projects.list()
    assert caught.value.retry_after == 45


async def test_the_simulator_dates_all_answers_by_its_clock(sim: Simulator) -> None:
    """What no operation answers, too."""
    sim.clock.push(3600)
    async with Session(TOKEN, sim.base_url) as bria:
        http = bria._connected().http
        for path in ("/v1/tailored-gen/projects", "/nowhere", "/_sim/state"):
            async with http.get(f"{sim.base_url}{path}", headers={"api_token": TOKEN}) as response:
                assert response.headers["Date"] == date(sim.clock.now())
