"""Cancellation by whoever awaits: nothing is swallowed, nothing leaks, and the run goes on later."""

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from bria_async.graph import feed
from tests.simulation.world import World

from .conftest import COUNT, Studio, clean

Within = Callable[..., Any]


async def by_timeout(studio: Studio, here: World, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await studio.train(here, studio.plan())


async def by_task(studio: Studio, here: World, seconds: float) -> None:
    task = asyncio.create_task(studio.train(here, studio.plan()))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_scope(studio: Studio, here: World, seconds: float) -> None:
    with anyio.move_on_after(seconds) as scope:
        await studio.train(here, studio.plan())
    assert scope.cancelled_caught, "the run ended before it could be cancelled"


@pytest.mark.fault("P5")
@pytest.mark.parametrize("cancel", [by_timeout, by_task, by_scope])
@pytest.mark.parametrize("seconds", [0.01, 0.12, 0.2, 0.25, 0.3, 5.0, 3000.0])
def test_cancelled_and_resumed(studio: Studio, within: Within, cancel: Any, seconds: float) -> None:
    """Cancelled at any moment, the run closes its journal and goes on without losing or repeating anything."""

    async def main(here: World) -> None:
        tasks, threads = asyncio.all_tasks(), threading.active_count()
        await cancel(studio, here, seconds)
        await asyncio.sleep(60)
        gc.collect()
        left = {task for task in asyncio.all_tasks() - tasks if "RequestHandler" not in repr(task)}
        assert not left, f"tasks were left behind: {left}"
        assert threading.active_count() == threads
        if studio.place.journal.exists():
            view = feed.views(studio.place.journal)[0]
            assert (view.alive, view.state) == (False, "paused"), view
        result = await studio.train(here, studio.plan())
        assert result.images == COUNT
        assert here.sim.counts["models.start_training"] == 1
        assert clean(here.sim), here.sim.audit()

    within(main)
