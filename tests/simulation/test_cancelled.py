"""A host may cancel a training at any await: nothing is left behind, and the same session goes on with it."""

import asyncio
import functools
import itertools
import threading
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.sim import Options
from bria_async.training import Plan, Settings, train

from .climate import pictures
from .loop import VirtualHost, VirtualLoop, run_virtually
from .network import MemoryConnector
from .world import connected, land

COUNT = 5


def plan(family: str) -> Plan:
    fields: dict[str, Any] = {"ip_type": "stylized_scene", "ip_medium": "photography", "family": family}
    if family == "2024":
        fields |= {"use_case": "illustrative_style", "style_description": "flat"}
    return Plan(images=pictures(COUNT, 256), name="world", samples=("a lighthouse",), on_doubt="resend", **fields)


@attrs.frozen
class Held:
    """What the client holds: tasks, connections taken from its pools, open files, threads."""

    tasks: frozenset["asyncio.Task[Any]"]
    connections: int
    files: int
    threads: int

    @classmethod
    def now(cls, wires: tuple[MemoryConnector, ...]) -> "Held":
        """Look; handlers of the server are none of the client's tasks."""
        tasks = frozenset(task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task))
        connections = sum(wire.in_use for wire in wires)
        return cls(tasks, connections, len(list(Path("/proc/self/fd").iterdir())), threading.active_count())


async def cancelled(family: str, at: int, state: Path) -> bool:
    """Cancel a training after so many turns of the loop, look what is left, and let the same session finish it.

    Returns whether there was anything left to cancel.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    settings = Settings(state=state, control_interval=3600.0, settle=100.0)
    async with land(1, Options(seed=1, decode=False, caption_delay=5.0, training_time=60.0)) as here:
        wires = here.connector(), here.connector()
        async with connected(VirtualHost(1), *wires) as session:
            before = Held.now(wires)
            task = loop.create_task(train(session, plan(family), settings=settings))
            loop.at_turn(loop.turns + at, task.cancel)
            try:
                await task
            except asyncio.CancelledError:
                await asyncio.sleep(1)
                assert Held.now(wires) == before, f"cancelled after {at} turns"
                await train(session, plan(family), settings=settings)
            audit = here.sim.audit()
            assert not audit.twice(), f"cancelled after {at} turns: {audit}"
            assert len(audit.uploaded) == COUNT, f"cancelled after {at} turns: {audit}"
            assert here.sim.counts["models.start_training"] == 1
            return task.cancelled()


@pytest.mark.fault("P5")
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files where the system shows them")
@pytest.mark.parametrize(
    ("family", "first", "step"),
    [*(("fibo", first, 4) for first in range(1, 5)), ("legacy", 3, 14), ("2024", 5, 14)],
)
def test_cancelled_at_every_await(family: str, first: int, step: int, tmp_path: Path) -> None:
    """Wherever a training is cancelled, no task, connection, file or thread is left, and it can go on at once."""
    for at in itertools.count(first, step):
        if not run_virtually(functools.partial(cancelled, family, at, tmp_path / str(at))):
            break
    assert at > 200, f"a whole lifecycle has more than {at} turns"
