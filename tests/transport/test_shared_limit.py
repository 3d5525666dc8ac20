"""The limiter of many processes: what one learns, another keeps to."""

from collections.abc import Callable
from typing import TypeVar

import attrs
import pytest

from bria_async.transport.limit import HEADROOM, LATENESS, Pace, Rates
from bria_async.transport.shared_limit import SharedLimiter, read, write
from tests.support import PushedHost

T = TypeVar("T")
LIST = "images.list"


@attrs.define
class Kept:
    """A keeper in memory, with a clock that has nothing to do with those of its users but runs along."""

    host: PushedHost
    states: dict[str, str] = attrs.field(factory=dict)

    async def change(self, name: str, change: Callable[[str | None, float], tuple[str, T]]) -> T:
        """Keep what the function returns."""
        self.states[name], result = change(self.states.get(name), 1e9 + self.host.time)
        return result


def two(rate: float) -> tuple[PushedHost, SharedLimiter, SharedLimiter]:
    """Two limiters with one keeper."""
    host = PushedHost()
    keeper = Kept(host)
    one, other = [SharedLimiter(host, Rates(rate), keeper=keeper) for _ in range(2)]
    return host, one, other


@pytest.mark.fault("N12")
async def test_two_share_a_rate() -> None:
    """Requests of both leave at the pace of one."""
    host, one, other = two(60)
    began, left = host.time, []
    for limiter in [one, other] * 3:
        with await limiter.acquire(LIST):
            left.append(host.time - began)
    interval = 1 / (1 - HEADROOM)
    assert left == pytest.approx([0, *(number * interval - LATENESS for number in range(1, 6))])


@pytest.mark.fault("N12")
async def test_a_pause_of_one_holds_the_other() -> None:
    """After a 429 nobody sends until it is over, and the rate has fallen for both."""
    host, one, other = two(1000)
    for _ in range(20):
        with await one.acquire(LIST) as turn:
            pass
    assert await turn.refused(30.0) == host.time
    began = host.time
    with await other.acquire(LIST):
        assert host.time - began == pytest.approx(30)
    assert await other.change(LIST, lambda pace, _: pace.rate) == 19


async def test_a_pace_comes_back_as_it_was() -> None:
    """What is kept of a pace is all of it, but for its ceiling."""
    pace = Pace(1000)
    for second in range(12):
        pace.leave(5.0 + second)
    pace.refuse(6.0, 20.0)
    pace.pause(40.0)
    assert attrs.asdict(read(write(pace), 1000)) == attrs.asdict(pace)
    assert read(write(pace), 5).rate == 5
