"""The pace of requests on a clock that is pushed: kept, learned, shared."""

import asyncio
import contextlib
from random import Random

import anyio
import pytest
from aiohttp import web

from bria_async.errors import NotFound, RateLimited, RequestError
from bria_async.session import Session
from bria_async.transport.limit import AT_ONCE, HEADROOM, LARGEST_PLAN, LATENESS, Limiter, Rates, polls
from bria_async.wire.retry import LONGEST_PAUSE, RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder

LIST = "projects.list"


async def starts(limiter: Limiter, host: PushedHost, count: int, operation: str = LIST) -> list[float]:
    """When each of so many requests may leave, counted from now."""
    began = host.time
    found = []
    for _ in range(count):
        with await limiter.acquire(operation):
            found.append(host.time - began)
    return found


async def refused(limiter: Limiter, operation: str = LIST) -> None:
    """A request that is answered with 429, and with no time to wait."""
    with await limiter.acquire(operation) as turn:
        await turn.refused(0.0)


# --- the pace --------------------------------------------------------------------------------------------------------


async def test_without_a_limit_nobody_waits() -> None:
    """As long as nothing is known of an endpoint, there is no pace."""
    host = PushedHost()
    assert await starts(Limiter(host), host, 5) == [0] * 5
    assert host.slept == []


async def test_a_limit_is_spread_over_the_minute() -> None:
    """60 a minute is one a second, with some room; idle time is not saved up beyond the lateness that is forgiven."""
    host = PushedHost()
    interval = 1 / (1 - HEADROOM)
    expected = [0, *(number * interval - LATENESS for number in range(1, 4))]
    assert await starts(Limiter(host, Rates(60)), host, 4) == pytest.approx(expected)


@pytest.mark.fault("N12")
async def test_every_endpoint_has_its_own_pace() -> None:
    """The API counts per endpoint: uploads do not slow polls down."""
    host = PushedHost()
    limiter = Limiter(host, Rates(by_operation={"images.upload": 10}))
    assert (await starts(limiter, host, 3, "images.upload"))[-1] > 11
    assert await starts(limiter, host, 3, "models.get") == [0, 0, 0]


@pytest.mark.parametrize("rate", [10, 60, 600])
async def test_no_minute_sees_too_many_and_nothing_drifts(rate: int) -> None:
    """Whoever wakes up late catches up, whoever was idle does not; the way to the server differs by half a second."""

    class Late(PushedHost):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds + self.random.uniform(0, 0.1))

    host, ways = Late(seed=rate), Random(rate)
    limiter = Limiter(host, Rates(rate))
    await starts(limiter, host, 1)
    host.time += 300
    leaving = await starts(limiter, host, 5 * rate)
    arrived = sorted(moment + ways.uniform(0, 0.5) for moment in leaving)
    crowded = [first for first, last in zip(arrived, arrived[rate:], strict=False) if last - first < 60]
    assert not crowded, f"more than {rate} within a minute from {crowded[0]:.1f} s on"
    share = len(leaving) * 60 / leaving[-1] / rate
    assert share >= 0.975, f"{share:.4f} of the rate was used"


async def test_a_turn_that_is_not_taken_is_nobody_s() -> None:
    """A request that is cancelled while it waits costs nobody a turn."""

    class Stuck(PushedHost):
        stuck: bool = False

        async def sleep(self, seconds: float) -> None:
            if self.stuck:
                await asyncio.Event().wait()
            await super().sleep(seconds)

    host = Stuck()
    limiter = Limiter(host, Rates(6))
    await starts(limiter, host, 1)
    host.stuck = True
    with anyio.move_on_after(0):
        await limiter.acquire(LIST)
    host.stuck = False
    assert (await starts(limiter, host, 1))[0] < 11


async def test_while_nothing_is_known_not_all_leave_at_once() -> None:
    """What would only wait for a connection waits where a pause still reaches it; what fails makes room."""
    limiter = Limiter(PushedHost())
    turns = [await limiter.acquire(LIST) for _ in range(AT_ONCE)]
    with anyio.move_on_after(0.01) as waiting:
        await limiter.acquire(LIST)
    assert waiting.cancelled_caught, f"more than {AT_ONCE} are under way"
    with pytest.raises(ZeroDivisionError), turns[0]:
        raise ZeroDivisionError
    with anyio.fail_after(1):
        await limiter.acquire(LIST)


# --- lines -----------------------------------------------------------------------------------------------------------


async def test_a_known_rate_bounds_what_is_under_way_too() -> None:
    """Beyond the connections of a pool requests would wait there, announced, where no pause could hold them."""
    host = PushedHost()
    limiter = Limiter(host, Rates(60_000))
    turns = [await limiter.acquire(LIST) for _ in range(AT_ONCE)]
    async with anyio.create_task_group() as group:
        group.start_soon(limiter.acquire, LIST)
        await anyio.wait_all_tasks_blocked()
        began = host.time
        with turns[0]:
            limiter.gate(LIST).pace.pause(host.time + 20)
    assert host.time - began == pytest.approx(20)


@pytest.mark.fault("N12")
async def test_polls_and_requests_take_turns() -> None:
    """A poll does not wait behind a batch of requests on the same endpoint, nor they behind many polls."""
    host = PushedHost()
    limiter = Limiter(host, Rates(60))
    order: list[str] = []

    async def request(name: str) -> None:
        with await limiter.acquire(LIST):
            order.append(name)

    async def poll() -> None:
        with polls():
            await request("poll")

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(request, "request")
        for _ in range(3):
            group.start_soon(poll)
    assert order.count("poll") == 3
    assert max(place for place, name in enumerate(order) if name == "poll") <= 7, order


async def test_who_was_refused_is_not_at_the_end_of_the_line() -> None:
    """What is sent again takes turns with what was never sent."""
    host = PushedHost()
    limiter = Limiter(host, Rates(60))
    order: list[str] = []

    async def request(name: str) -> None:
        with await limiter.acquire(LIST, again=name == "again"):
            order.append(name)

    async with anyio.create_task_group() as group:
        for name in [*["first"] * 20, "again"]:
            group.start_soon(request, name)
    assert order.index("again") <= 3, order


# --- what a 429 means ------------------------------------------------------------------------------------------------


@pytest.mark.fault("N12")
async def test_a_pause_stops_an_endpoint() -> None:
    """Nobody sends until it is over, and the pace goes on from there."""
    host = PushedHost()
    limiter = Limiter(host, Rates(60))
    with await limiter.acquire(LIST) as turn:
        await turn.pause(30)
        await turn.pause(10)
    first, second = await starts(limiter, host, 2)
    assert first == 30
    assert second == pytest.approx(30 + 1 / (1 - HEADROOM) - LATENESS)
    assert await starts(limiter, host, 1, "models.get") == [0]


async def test_a_pause_that_begins_while_one_waits_is_waited_out() -> None:
    """What was about to leave when the server said 429 stays."""
    host = PushedHost()
    limiter = Limiter(host, Rates(6))
    await limiter.acquire(LIST)
    began = host.time
    host.push = lambda _: limiter.gate(LIST).pace.pause(host.time + (0 if host.time > began + 10 else 50))
    await limiter.acquire(LIST)
    assert host.time - began == pytest.approx(59.7, abs=0.1)


async def test_a_429_tells_the_rate() -> None:
    """What was not refused within the last minute is what the server takes; whoever waited leaves at that pace."""
    host = PushedHost()
    limiter = Limiter(host)
    await starts(limiter, host, 500)
    host.time += 70
    await starts(limiter, host, 120)
    for _ in range(5):
        await refused(limiter)
    assert limiter.gate(LIST).pace.rate == 120
    assert (await starts(limiter, host, 121))[-1] == pytest.approx(60 / (1 - HEADROOM), abs=1)


async def test_a_429_after_few_requests_tells_little() -> None:
    """Others have used the minute up: no plan is that small, so the pace becomes that of the largest."""
    host = PushedHost()
    limiter = Limiter(host)
    await starts(limiter, host, 3)
    await refused(limiter)
    assert limiter.gate(LIST).pace.rate == LARGEST_PLAN


async def test_a_rate_rises_again() -> None:
    """Hardly at first, then faster, as far as was configured and no further."""
    host = PushedHost()
    limiter = Limiter(host, Rates(1000))
    pace = limiter.gate(LIST).pace
    await starts(limiter, host, 100)
    while pace.rate > 50:
        await refused(limiter)
    learned = pace.rate
    rates = []
    while pace.rate < 1000:
        await starts(limiter, host, 1)
        if pace.rate not in rates:
            rates.append(pace.rate)
    assert rates[1] == pytest.approx(learned * 1.02)
    assert rates[2] == pytest.approx(learned * 1.02 * 1.04)
    await starts(limiter, host, 3000)
    assert pace.rate == 1000
    assert len(rates) < 12, f"{rates} are many minutes"


@pytest.mark.fault("N12")
@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("20", 20, 22),
        ("0", 0, 1),
        ("1000000000", LONGEST_PAUSE, LONGEST_PAUSE * 1.1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE, LONGEST_PAUSE * 1.1),
        *((told, 1, 2) for told in ("Thu, 01 Jan 1970 00:00:00 GMT", "nan", "inf", "-5", "1e9", "soon", "")),
    ],
)
async def test_retry_after_is_one_pause_for_all(server: Recorder, told: str, least: float, most: float) -> None:
    """Whatever a 429 says of the time to wait is capped, never below 0, a little more than asked for, and shared."""
    host = PushedHost(seed=4)
    server.answers("slow down", 429, **{"Retry_After": told} if told else {})
    async with Session(TOKEN, server.base_url, host=host) as bria:

        def recover(_: float) -> None:
            server.answers([])

        host.push = recover
        began = host.time
        async with anyio.create_task_group() as group:
            group.start_soon(bria.projects.list)
            while not host.slept:
                await anyio.lowlevel.checkpoint()
            group.start_soon(bria.projects.list)
        assert len(server.requests) == 3, "the second one asked during the pause"
        assert least < host.time - began <= most + 1, f"paused for {host.time - began} s"


@pytest.mark.fault("N12")
async def test_a_call_that_gives_up_pauses_the_others_too(server: Recorder) -> None:
    """Whoever has no patience still tells the rest of the process what the server asked for."""
    host = PushedHost()
    server.answers("slow down", 429, Retry_After="20")
    async with Session(TOKEN, server.base_url, host=host, retry=RetryPolicy(patience=0)) as bria:
        for _ in range(2):
            with pytest.raises(RateLimited):
                await bria.projects.list()
    assert host.slept == [20]


async def test_patience_ends_when_an_endpoint_takes_nothing(server: Recorder) -> None:
    """A call is repeated for ten minutes in which nobody else gets through either."""
    host = PushedHost(seed=1)
    server.answers("slow down", 429)
    async with Session(TOKEN, server.base_url, host=host) as bria:
        began = host.time
        with pytest.raises(RateLimited):
            await bria.projects.list()
    assert 600 <= host.time - began < 640


@pytest.mark.parametrize("other", [200, 404, 503])
async def test_an_endpoint_that_answers_anything_else_takes_requests(server: Recorder, other: int) -> None:
    """What others are told in between, a refusal or a failure too, shows that patience is not in vain."""
    host = PushedHost(seed=1)
    server.answer = lambda _: web.json_response([], status=other if len(server.requests) % 2 == 0 else 429,
                                                headers={"Retry-After": "60"})  # fmt: skip
    met: list[object] = []

    async def ask(bria: Session) -> None:
        try:
            met.append(await bria.projects.list())
        except RequestError as error:
            met.append(type(error))

    policy = RetryPolicy(patience=200, attempts=1)
    async with Session(TOKEN, server.base_url, host=host, retry=policy) as bria, anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(ask, bria)
    assert len(met) == 30
    assert RateLimited not in met


async def test_a_new_call_has_patience_of_its_own(server: Recorder) -> None:
    """That an endpoint took nothing for ten minutes some hours ago ends no call of today."""
    host = PushedHost(seed=1)
    server.answers("slow down", 429)
    async with Session(TOKEN, server.base_url, host=host) as bria:
        with pytest.raises(RateLimited):
            await bria.projects.list()
        host.time += 7200
        host.push = lambda _: server.answers([])
        assert await bria.projects.list() == ()


async def test_a_throttled_call_is_sent_again_before_the_others(server: Recorder) -> None:
    """The calls of a batch that were never sent do not all go first."""
    host = PushedHost(seed=1)
    server.answer = lambda _: web.json_response({}, status=429 if len(server.requests) == 1 else 404)

    async def get(model: str) -> None:
        with contextlib.suppress(NotFound):
            await bria.models.get(model)

    async with (
        Session(TOKEN, server.base_url, host=host, requests_per_minute=60) as bria,
        anyio.create_task_group() as group,
    ):
        group.start_soon(get, "first")
        for _ in range(20):
            group.start_soon(get, "other")
    order = [seen.path.rpartition("/")[2] for seen in server.requests]
    assert order.index("first", 1) <= 12, order
