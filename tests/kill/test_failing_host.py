"""A machine without memory or threads: the error surfaces, nothing is half done, and the next start finishes."""

import asyncio
import concurrent.futures
import functools
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bria_async.errors import BriaError, JournalError
from bria_async.host import Host, Worker
from bria_async.session import Session
from bria_async.sim import Clock, Options, simulator
from bria_async.training import Plan, Settings, train
from bria_async.wire import Polling
from tests.simulation.climate import pictures
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import connected, land
from tests.support import TOKEN

T = TypeVar("T")
IMAGES = 3
EVERY = 4
"""One piece of work in so many finds no memory in the loop's thread: there are 150."""


def plan() -> Plan:
    identity: dict[str, Any] = {"ip_type": "stylized_scene", "ip_medium": "photography", "family": "legacy"}
    return Plan(images=pictures(IMAGES, 256), name="run", samples=("a harbour",), on_doubt="resend", **identity)


class StarvedHost(VirtualHost):
    """A machine that has no memory for its nth piece of work, in a thread or in the loop's own."""

    def __init__(self, number: int, *, in_loop: bool) -> None:
        super().__init__(1)
        self._number = number
        self._in_loop = in_loop
        self.pieces = 0

    def now(self) -> float:
        """What everything asks for that is done in the loop's thread."""
        self.work(in_loop=True)
        return super().now()

    def monotonic(self) -> float:
        """As above."""
        self.work(in_loop=True)
        return super().monotonic()

    async def in_thread(self, function: Callable[..., T], *args: object) -> T:
        """Run it, if there is memory."""
        self.work(in_loop=False)
        return await super().in_thread(function, *args)

    def worker(self, name: str) -> Worker:
        """The journal's thread, in which memory ends as well."""
        return _Starved(self)

    def relieve(self) -> int:
        """Have memory again; what there was to do until now."""
        self._number = 0
        return self.pieces

    def work(self, *, in_loop: bool) -> None:
        """Come to a piece of work."""
        if in_loop == self._in_loop:
            self.pieces += 1
            if self.pieces == self._number:
                raise MemoryError


class _Starved(Worker):
    def __init__(self, host: StarvedHost) -> None:
        self._host = host

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run it here and now."""
        self._host.work(in_loop=False)
        return function(*args)

    def close(self) -> None:
        """Nothing is queued."""


async def starved(number: int, state: Path, *, in_loop: bool) -> tuple[bool, int]:
    """Train on a machine without memory for this piece of work, then on a sound one; whether that was told."""
    settings = Settings(state=state, settle=10.0, control_interval=3600.0)
    came = False
    async with land(1, Options(seed=1, decode=False, caption_delay=5.0, training_time=60.0)) as here:
        host = StarvedHost(number, in_loop=in_loop)
        try:
            async with connected(host, here.connector(), here.connector()) as session:
                await train(session, plan(), settings=settings)
        except (MemoryError, JournalError):
            came = True
        pieces = host.relieve()
        left = [task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task)]
        assert left == [asyncio.current_task()], f"at {number}: {left}"
        async with connected(VirtualHost(1), here.connector(), here.connector()) as session:
            await train(session, plan(), settings=settings)
        assert not here.sim.audit().twice(), f"at {number}: {here.sim.audit()}"
        assert len(here.sim.audit().uploaded) == IMAGES
        assert here.sim.counts["models.start_training"] == 1
    return came, pieces


@pytest.mark.exhaustive
@pytest.mark.fault("P4")
def test_no_memory(tmp_path: Path) -> None:
    """Whichever piece of work finds no memory, that is told, as itself or as what it did to the journal; but a body
    that could not be read was lost on its way, and what is lost is looked for and sent again.
    """
    outcomes = Counter[bool]()
    for number in itertools.count(1):
        told, pieces = run_virtually(functools.partial(starved, number, tmp_path / f"{number}", in_loop=False))
        if pieces < number:
            break
        outcomes[told] += 1
    assert outcomes[True] > 30, outcomes
    assert outcomes[False] <= 2 * IMAGES + 1, f"only a body that is being read, and the journal's end: {outcomes}"


@pytest.mark.exhaustive
@pytest.mark.fault("P4")
def test_no_memory_in_the_loop(tmp_path: Path) -> None:
    """Whatever the loop's thread is at, a request, a wait or a record: that is told, and nothing is done by halves."""
    outcomes = Counter[bool]()
    for number in itertools.count(1, EVERY):
        told, pieces = run_virtually(functools.partial(starved, number, tmp_path / f"{number}", in_loop=True))
        if pieces < number:
            break
        outcomes[told] += 1
    assert outcomes[True] > 30, outcomes
    assert outcomes[False] == 0, outcomes


@pytest.mark.fault("P4")
@pytest.mark.parametrize("whose", ["the loop's", "the journal's"])
async def test_a_dead_thread_pool(whose: str, tmp_path: Path) -> None:
    """A pool that the host application has shut down, or the journal's own thread: the run ends with that, and goes on
    once there are threads again.
    """

    class Mortal(Host):
        pool: concurrent.futures.ThreadPoolExecutor

        def worker(self, name: str) -> Worker:
            self.pool = concurrent.futures.ThreadPoolExecutor(1)
            return Worker(self.pool)

    host = Mortal()
    loops = concurrent.futures.ThreadPoolExecutor()
    asyncio.get_running_loop().set_default_executor(loops)

    def die(event: Any) -> None:
        if (event.what, event.task) == ("finished", "dataset"):
            (loops if whose == "the loop's" else host.pool).shutdown(wait=False)

    waiting = Polling(start=0.01, cap=0.02, timeout=60)
    settings = Settings(state=tmp_path, settle=0.1, waiting=waiting, training=waiting)
    options = Options(caption_delay=0.0, training_time=0.0, job_time=0.0)
    async with simulator(options=options, clock=Clock()) as sim:
        async with Session(TOKEN, sim.base_url, host=host) as session:
            with pytest.raises((RuntimeError, BriaError), match="cannot schedule new futures after shutdown"):
                await train(session, plan(), settings=settings, on_event=[die])
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor())
        async with Session(TOKEN, sim.base_url) as session:
            await train(session, plan(), settings=settings)
        assert not sim.audit().twice(), sim.audit()
        assert sim.counts["models.start_training"] == 1
