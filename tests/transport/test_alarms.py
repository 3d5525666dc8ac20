"""Time limits of many requests by one timer: exactly those of `asyncio.timeout`."""

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.transport.alarms import Alarm, Alarms
from tests.simulation.loop import run_virtually

Within = Callable[[float], Any]


class Twin:
    """`asyncio.timeout` with the manners of an alarm."""

    def __init__(self, seconds: float) -> None:
        self.timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self.timeout.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self.timeout.__aexit__(*error)  # type: ignore[arg-type]  # as it came


class Ours:
    """An alarm with the manners of `asyncio.timeout`."""

    def __init__(self, alarms: Alarms, seconds: float) -> None:
        self.alarm = Alarm(alarms, seconds)

    async def __aenter__(self) -> None:
        self.alarm.__enter__()

    async def __aexit__(self, *error: object) -> None:
        self.alarm.__exit__(*error)  # type: ignore[arg-type]  # as it came


@attrs.frozen
class Work:
    """Begins, works under a limit of its own and one around it, and is perhaps cancelled by somebody else."""

    begins: int
    lasts: int
    limit: int
    outer: int
    cancelled: int | None
    fails: bool


MOMENT = st.integers(0, 12)
WORK = st.builds(
    Work, begins=MOMENT, lasts=MOMENT, limit=MOMENT, outer=MOMENT, cancelled=st.none() | MOMENT, fails=st.booleans()
)


def story(works: list[Work], *, twin: bool) -> list[Any]:
    """What becomes of each, when, and what the loop is left with."""

    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        alarms = Alarms()
        within: Within = Twin if twin else lambda seconds: Ours(alarms, seconds)

        async def work(each: Work) -> str:
            await asyncio.sleep(each.begins)
            try:
                async with within(each.outer + 0.25):
                    try:
                        async with within(each.limit + 0.5):
                            await asyncio.sleep(each.lasts)
                            if each.fails:
                                raise LookupError
                    except TimeoutError:
                        return f"inner at {loop.time()}"
            except TimeoutError:
                return f"outer at {loop.time()}"
            return f"done at {loop.time()}"

        tasks = [asyncio.create_task(work(each)) for each in works]
        for each, task in zip(works, tasks, strict=True):
            if each.cancelled is not None:
                loop.call_at(each.cancelled + 0.5, task.cancel)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert alarms.wakes_at == float("inf"), "a timer was left behind"
        return [repr(each) for each in found] + [loop.time()]

    return list(run_virtually(main))


@given(st.lists(WORK, max_size=6))
def test_alarms_ring_as_timeouts_do(works: list[Work]) -> None:
    """Whoever begins, ends, fails or is cancelled when: all that can be seen is the same."""
    assert story(works, twin=False) == story(works, twin=True)


def test_many_have_one_timer() -> None:
    """However many are set, the loop has one timer for all; that of the earliest."""

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        alarms = Alarms()

        async def work() -> None:
            async with Ours(alarms, 90):
                for number in range(100):
                    with Alarm(alarms, 100 - number / 10):
                        assert sum(not handle.cancelled() for handle in loop._scheduled) == 1
                await asyncio.sleep(1000)

        with pytest.raises(TimeoutError):
            await work()
        assert loop.time() == 90

    run_virtually(main)


def test_what_ended_in_the_same_turn_is_not_interrupted() -> None:
    """A limit within it that a late loop notices together with the alarm is the one that counts."""

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()

        async def within_a_second() -> None:
            async with asyncio.timeout(1.0):
                loop.call_soon(setattr, loop._clock, "now", 5.0)
                await asyncio.sleep(100)

        with Alarm(Alarms(), 2.0), pytest.raises(TimeoutError):
            await within_a_second()
        await asyncio.sleep(0)
        assert loop.time() == 5.0

    run_virtually(main)
