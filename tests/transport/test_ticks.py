"""Ticks of the loop that bodies share: first come, first served, and nobody waits for who is gone."""

import asyncio

from bria_async.transport.ticks import MOST, Ticks


async def test_first_come_first_served() -> None:
    """Each tick has as much as fits into one; who comes while others wait stands behind them."""
    ticks, order = Ticks(), list[str]()

    async def body(name: str) -> None:
        for number in range(3):
            await ticks.take(MOST // 2)
            order.append(f"{name}{number}")

    await asyncio.gather(*map(body, "abcd"))
    assert " ".join(order) == "a0 a1 a2 b0 c0 d0 b1 c1 d1 b2 c2 d2"


async def test_who_is_cancelled_keeps_nobody_waiting() -> None:
    """Neither while it waits for its tick, nor when that has just come."""
    ticks = Ticks()
    waiting = [asyncio.create_task(ticks.take(MOST)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    waiting[3].cancel()
    await asyncio.wait(waiting)
    assert [task.cancelled() for task in waiting] == [False, True, False, True, False]


async def test_a_tick_after_nothing_was_written_is_a_whole_one() -> None:
    """And one that was used up is over with its tick."""
    ticks = Ticks()
    for _ in range(3):
        first, second = (asyncio.create_task(ticks.take(MOST)) for _ in range(2))
        await asyncio.sleep(0)
        assert first.done() and not second.done()
        await second
        await asyncio.sleep(0)
        await asyncio.sleep(0)
