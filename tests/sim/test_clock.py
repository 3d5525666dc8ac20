"""The simulator's clock: frozen, fast or borrowed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bria_async.sim import Clock
from tests.sim.helpers import V1, running


def test_a_clock_stands_still_until_it_is_pushed() -> None:
    """Nothing but a push moves a plain clock."""
    clock = Clock()
    before = clock.now()
    assert clock.now() == before
    clock.push(3600)
    assert clock.now() == before + 3600


def test_a_clock_follows_its_source() -> None:
    """A given function of seconds is the clock, counted from its first value."""
    seconds = 500.0
    clock = Clock(source=lambda: seconds)
    before = clock.now()
    seconds += 90
    clock.push(10)
    assert clock.now() == before + 100


def test_a_fast_clock_runs() -> None:
    """A speed makes real time pass that many times as fast."""
    clock = Clock(speed=1e9)
    assert clock.now() < clock.now()


def test_a_clock_resumes_only_forwards() -> None:
    """A world kept on disk goes on from its last moment, and never back."""
    clock = Clock()
    start = clock.now()
    clock.resume(start + 50)
    clock.resume(start + 20)
    assert clock.now() == start + 50


def test_a_clock_resumes_from_any_moment() -> None:
    """A fast clock passes centuries in days: a world kept then still opens, and goes on to the year 9000."""
    clock = Clock()
    moment = datetime(8999, 12, 31, tzinfo=UTC).timestamp()
    clock.resume(moment)
    clock.push(24 * 3600)
    assert clock.now() == moment + 24 * 3600
    with pytest.raises(ValueError, match="year 9000"):
        clock.push(1)


async def test_time_stops_with_the_year_9000() -> None:
    """A clock too fast for the calendar stands still there, and the simulator still answers."""
    wall = iter([0.0])
    async with running(clock=Clock(source=lambda: next(wall, 1e15))) as api:
        assert (await api.project())["created_at"].startswith("9000-01-01T00:00:00")
        assert repr(api.sim.clock) == "<Clock 9000-01-01T00:00:00Z>"


async def test_a_world_of_the_far_future_is_opened_again(tmp_path: Path) -> None:
    """Three centuries on, the state is kept and served as before."""
    async with running(state=tmp_path) as api:
        api.sim.clock.push(300 * 366 * 24 * 3600)
        project = await api.project()
        now = api.sim.clock.now()
    async with running(state=tmp_path) as api:
        assert api.sim.clock.now() == now
        assert await api.call("GET", f"{V1}/projects/{project['id']}") == project


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_time_is_pushed_forwards_within_reason(seconds: float) -> None:
    """A push below 0, beyond all dates, or by no number, is refused."""
    with pytest.raises(ValueError, match="forwards"):
        Clock().push(seconds)


@pytest.mark.parametrize("speed", [0, -2, float("nan")])
def test_a_speed_is_positive(speed: float) -> None:
    """A clock that stands or runs backwards by speed is refused."""
    with pytest.raises(ValueError, match="speed"):
        Clock(speed=speed)


def test_a_clock_has_one_motor() -> None:
    """Speed and source together are refused."""
    with pytest.raises(ValueError, match="not both"):
        Clock(speed=2, source=lambda: 0.0)


def test_the_repr_of_a_clock_is_its_date() -> None:
    """A clock shows where it stands."""
    assert repr(Clock()) == "<Clock 2026-01-01T00:00:00Z>"
