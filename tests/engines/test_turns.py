"""Turns: bounded, fair between those who ask, and lost by nobody who is cancelled."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.engines.local import Bounds
from bria_async.engines.turns import Turns
from bria_async.graph.graph import Graph, each
from tests.graph.toy import Bench, Server, until


async def order(turns: Turns, asks: dict[str, int], weights: dict[str, float] | None = None) -> list[str]:
    """Who gets turns, one after the other, when all ask at once for so many."""
    told: list[str] = []

    async def work(who: str) -> None:
        async with turns.turn(who, (weights or {}).get(who, 1.0)):
            told.append(who)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for who, number in asks.items():
            for _ in range(number):
                group.create_task(work(who))
    assert turns.under_way == 0
    return told


@pytest.mark.parametrize("most", [1, 3, 10])
async def test_no_more_than_so_many(most: int) -> None:
    """As many as are allowed, when so many ask, and never more."""
    turns, peak = Turns(most), 0

    async def work() -> None:
        nonlocal peak
        async with turns.turn("a"):
            peak = max(peak, turns.under_way)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(work())
    assert peak == most


async def test_a_small_one_is_not_stuck_behind_a_large_one() -> None:
    """Whoever wants three turns has them after three rounds, however many another one asked for before."""
    told = await order(Turns(1), {"large": 100, "small": 3, "other": 3})
    assert sorted(told[:9]) == ["large"] * 3 + ["other"] * 3 + ["small"] * 3


async def test_who_comes_later_begins_where_the_others_are() -> None:
    """Nobody saves turns up by not asking, and nobody has to make up for those of the others."""
    turns = Turns(1)
    await order(turns, {"early": 50})
    assert Counter((await order(turns, {"early": 20, "late": 20}))[:20]) == {"early": 10, "late": 10}


async def test_weights_are_shares() -> None:
    """Twice the weight, twice the turns; and a small weight is not nothing."""
    told = await order(Turns(1), {"two": 60, "one": 60, "half": 60}, {"two": 2.0, "half": 0.5})
    counts = Counter(told[:70])
    assert counts == {"two": 40, "one": 20, "half": 10}, counts


@pytest.mark.parametrize("most", [4, 16])
async def test_weights_are_shares_of_turns_that_come_free_together(tmp_path: Path, most: int) -> None:
    """Many at once, whose outcomes become durable at one moment, are shared between runs as one after the other is."""

    @each("thing")
    async def put(server: Server, thing: str) -> str:
        return await server.answer(thing)

    gate = anyio.Event()
    server, turns = Server(gate=gate), Turns(most)

    async def let_through() -> None:
        nonlocal gate
        await until(lambda: server.active == most)
        gate.set()
        gate = server.gate = anyio.Event()
        await until(lambda: server.active == 0)

    async with asyncio.TaskGroup() as group:
        for who, weight in (("heavy", 3.0), ("light", 1.0)):
            bench = Bench(tmp_path / who, Graph("things", (put,)), who, server=server)
            bench.bounds = Bounds({"put": turns}, weight)
            bench.items = {"thing": {f"{number:03}": who for number in range(20 * most)}}
            group.create_task(bench.run())
        while len(set(server.made)) == 1 or not server.made:  # one of them began before the other
            await let_through()
        before = Counter(server.made)
        for _ in range(10):
            await let_through()
        shares = Counter(server.made) - before
        server.gate = None
        gate.set()
    assert shares["heavy"] == pytest.approx(7.5 * most, abs=most / 4), shares


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.integers(0, 3)), max_size=30), st.integers(1, 3)
)
def test_cancelled_at_any_moment_no_turn_is_lost(plan: list[tuple[str, int, int]], most: int) -> None:
    """Whoever is cancelled, before, with or after one of his turns, gives it and the rest to the next one."""

    async def main() -> None:
        turns, done = Turns(most), 0

        async def work(who: str, number: int) -> None:
            nonlocal done
            with turns.many(who, number) as turn:
                for _ in range(number):
                    await turn()
                    try:
                        await asyncio.sleep(0)
                        done += 1
                    finally:
                        turns.leave()

        async with asyncio.TaskGroup() as group:
            for who, number, when in plan:
                task = group.create_task(work(who, number))
                match when:
                    case 1:
                        task.cancel()
                    case 2:
                        await asyncio.sleep(0)
                        task.cancel()
                    case 3:
                        asyncio.get_running_loop().call_soon(task.cancel)
        assert turns.under_way == 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1), asyncio.TaskGroup() as group:
                for _ in range(most):
                    group.create_task(work("z", 1))
        assert done >= most + sum(number for _, number, when in plan if when == 0)
        assert turns.under_way == 0

    asyncio.run(main())


async def test_without_a_bound_nobody_waits() -> None:
    """Any number at once."""
    turns = Turns()
    for number in range(1000):
        await turns.take(f"{number}")
    assert turns.under_way == 1000
