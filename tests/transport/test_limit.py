"""The pace of requests on a clock that is pushed."""

import asyncio

import anyio

from bria_async.session import Session
from bria_async.transport.limit import SPREAD, Limiter
from tests.support import TOKEN, PushedHost, Recorder, reply


async def starts(limiter: Limiter, host: PushedHost, count: int, operation: str = "projects.list") -> list[float]:
    """When each of so many requests may leave, counted from the first."""
    began = host.time
    found = []
    for _ in range(count):
        await limiter.acquire(operation)
        found.append(host.time - began)
    return found


async def test_without_a_limit_nobody_waits() -> None:
    """None is no pace."""
    host = PushedHost()
    assert await starts(Limiter(host), host, 5) == [0] * 5
    assert host.slept == []


async def test_a_limit_is_spread_over_the_minute() -> None:
    """60 a minute is one a second."""
    host = PushedHost()
    assert await starts(Limiter(host, 60), host, 4) == [0, 1, 2, 3]


async def test_every_endpoint_has_its_own_pace() -> None:
    """The API counts per endpoint: uploads do not slow polls down."""
    host = PushedHost()
    limiter = Limiter(host, {"images.upload": 10})
    assert await starts(limiter, host, 3, "images.upload") == [0, 6, 12]
    assert await starts(limiter, host, 3, "models.get") == [0, 0, 0]


async def test_time_that_passes_otherwise_counts() -> None:
    """Nobody waits for a place that is free already."""
    host = PushedHost()
    limiter = Limiter(host, 60)
    await limiter.acquire("projects.list")
    host.time += 100
    assert await starts(limiter, host, 2) == [0, 1]


async def test_a_pause_stops_an_endpoint() -> None:
    """Nobody sends until it is over, and the pace goes on from there."""
    host = PushedHost()
    limiter = Limiter(host, 60)
    limiter.pause("projects.list", 30)
    limiter.pause("projects.list", 10)
    first, second = await starts(limiter, host, 2)
    assert 30 < first <= 30 + SPREAD, first
    assert 31 <= second <= 31 + SPREAD, second
    assert await starts(limiter, host, 1, "models.get") == [0]


async def test_a_pause_that_begins_while_one_waits_is_waited_out() -> None:
    """What was about to leave when the server said 429 stays."""
    host = PushedHost()
    limiter = Limiter(host, 6)
    await limiter.acquire("projects.list")
    began = host.time
    host.push = lambda _: limiter.pause("projects.list", 0 if host.time > began + 10 else 50)
    await limiter.acquire("projects.list")
    assert 60 < host.time - began <= 60 + SPREAD


async def test_who_waited_for_a_pause_does_not_leave_with_the_others() -> None:
    """Each adds a moment of its own, or a crowd would be throttled again."""

    class Parked(PushedHost):
        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            await asyncio.Event().wait()

    host = Parked(seed=1)
    limiter = Limiter(host)
    limiter.pause("projects.list", 30)
    async with anyio.create_task_group() as waiting:
        for _ in range(5):
            waiting.start_soon(limiter.acquire, "projects.list")
        await anyio.wait_all_tasks_blocked()
        waiting.cancel_scope.cancel()
    assert len(set(host.slept)) == 5, host.slept
    assert all(30 < seconds <= 30 + SPREAD for seconds in host.slept), host.slept


async def test_a_place_that_is_not_used_is_given_back() -> None:
    """A cancelled request costs nobody a turn."""

    class Stuck(PushedHost):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    host = Stuck()
    limiter = Limiter(host, 6)
    await limiter.acquire("projects.list")
    with anyio.move_on_after(0):
        await limiter.acquire("projects.list")
    assert limiter.pace("projects.list").free_at == host.time + 10


async def test_a_session_keeps_its_pace(server: Recorder) -> None:
    """The limit of the session is that of its requests."""
    host = PushedHost()
    server.answers(reply("projects.list")["body"])
    async with Session(TOKEN, server.base_url, requests_per_minute=30, host=host) as bria:
        for _ in range(3):
            await bria.projects.list()
    assert host.slept == [2, 2]


async def test_a_429_pauses_everybody_on_that_endpoint(server: Recorder) -> None:
    """One throttled answer is enough: whoever comes next waits without asking."""
    asleep: asyncio.Queue[float] = asyncio.Queue()
    awake = asyncio.Event()

    class Sleeping(PushedHost):
        async def sleep(self, seconds: float) -> None:
            asleep.put_nowait(seconds)
            await awake.wait()
            self.time += seconds

    server.answers("slow down", 429, Retry_After="20")
    async with Session(TOKEN, server.base_url, host=Sleeping(seed=1)) as bria:
        first = asyncio.create_task(bria.projects.list())
        assert await asleep.get() >= 20
        second = asyncio.create_task(bria.projects.list())
        assert await asleep.get() >= 20
        assert len(server.requests) == 1, "the second one asked"
        server.answers([])
        awake.set()
        assert [await first, await second] == [(), ()]
