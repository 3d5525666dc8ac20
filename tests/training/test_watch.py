"""Several trainings that are waited for through one session share their looks."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from aiohttp import web

from bria_async.session import Session
from bria_async.training.waiting import patiently
from bria_async.training.watch import ModelWatch
from bria_async.transport.limit import Limiter, Rates
from bria_async.types.models import ModelStatus
from tests.simulation.world import World
from tests.support import TOKEN, PushedHost, Recorder, Request

from .conftest import Studio

Within = Callable[..., Any]
HOURS = 3600.0
MODELS = "/v1/tailored-gen/models"


async def train_all(studio: Studio, here: World, count: int) -> Counter[str]:
    """Train so many plans at once; how often models were listed and asked for while they trained."""
    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(studio.train, here, studio.plan(name=f"Studio {number}"))
    assert {model.status for model in await here.session.models.list()} == {ModelStatus.COMPLETED}
    looks = [seen for seen in here.sim.requests if seen.method == "GET"]
    return Counter("get" if seen.path != MODELS else "list" for seen in looks if re.match(MODELS, seen.path))


def test_many_trainings_share_a_listing(studio: Studio, within: Within) -> None:
    """Five trainings of three hours cost a listing each half minute, and no more than a few looks at each model."""

    async def main(here: World) -> None:
        looks = await train_all(studio, here, 5)
        assert looks["get"] <= 5 * 5, f"{looks} in three hours"
        assert 100 <= looks["list"] <= 3 * 120 + 10, f"{looks} in three hours"

    within(main, training_time=3 * HOURS)


def test_one_training_is_looked_at_by_itself(studio: Studio, within: Within) -> None:
    """A listing may hold thousands of models: one is not worth it."""

    async def main(here: World) -> None:
        looks = await train_all(studio, here, 1)
        assert looks["get"] >= 100, f"{looks} in three hours"
        assert looks["list"] <= 3, f"{looks} in three hours: more than those that look for the model once"

    within(main, training_time=3 * HOURS)


def test_models_that_are_not_listed_yet_are_looked_at(studio: Studio, within: Within) -> None:
    """A listing that lags behind for longer than the trainings take costs looks, and nothing else."""

    async def main(here: World) -> None:
        results = []

        async def one(number: int) -> None:
            results.append(await studio.train(here, studio.plan(name=f"Studio {number}"), settle=150.0))

        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(one, number)
        assert len({result.model_id for result in results}) == 2

    within(main, training_time=100.0, listing_lag=140.0)


def described(status: str) -> dict[str, Any]:
    """A model as the API shows it."""
    return {"id": 7, "name": "seven", "status": status}


@pytest.mark.parametrize("listing", ["Created", "Completed", "Failed", "Stopping", "Deleted", None])
async def test_only_that_it_goes_on_is_believed(server: Recorder, listing: str | None) -> None:
    """Whatever else a listing says of a model, or that it says nothing, the model by itself knows better."""
    listed = [] if listing is None else [described(listing)]

    def answer(seen: Request) -> web.Response:
        return web.json_response(listed if seen.path == MODELS else described("InProgress"))

    server.answer = answer
    async with Session(TOKEN, server.base_url, host=PushedHost()) as bria:
        watch = ModelWatch.of(bria)
        with watch.waiting_for(7), watch.waiting_for(8):
            for _ in range(3):
                assert (await watch.look(bria, 7, 30.0)).status is ModelStatus.IN_PROGRESS
    assert [seen.path for seen in server.requests] == [MODELS, f"{MODELS}/7"], "and it is believed for as long"


async def test_a_listing_lasts_for_a_while(server: Recorder) -> None:
    """Everybody who looks within that time is served by it, at once or later, and nobody after it."""
    host = PushedHost()
    server.answers([described("InProgress")])
    async with Session(TOKEN, server.base_url, host=host) as bria:
        watch = ModelWatch.of(bria)
        with watch.waiting_for(7), watch.waiting_for(8):
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(watch.look, bria, 7, 30.0)
            host.time += 30
            await watch.look(bria, "7", 30.0)
            assert len(server.requests) == 1
            host.time += 1
            await watch.look(bria, 7, 30.0)
            assert len(server.requests) == 2
            assert ModelWatch.of(bria) is watch


async def test_a_listing_that_is_not_waited_for_is_none(server: Recorder) -> None:
    """When whoever lists is cancelled, the next one lists, and the others need not ask for each."""
    server.answers([described("InProgress")])
    async with Session(TOKEN, server.base_url) as bria:
        watch = ModelWatch.of(bria)
        with watch.waiting_for(7), watch.waiting_for(8):
            first, *others = [asyncio.create_task(watch.look(bria, 7, 30.0)) for _ in range(5)]
            await asyncio.sleep(0)
            first.cancel()
            assert {model.id for model in await asyncio.gather(*others)} == {7}
    assert [seen.path for seen in server.requests if seen.path != MODELS] == []


async def test_a_listing_that_fails_is_none(server: Recorder) -> None:
    """Whoever cannot list may still look, and learns from that what is the matter."""

    def answer(seen: Request) -> web.Response:
        return web.json_response(described("Completed"), status=403 if seen.path == MODELS else 200)

    server.answer = answer
    host = PushedHost()
    async with Session(TOKEN, server.base_url, host=host) as bria:
        watch = ModelWatch.of(bria)
        with watch.waiting_for(7), watch.waiting_for(8):
            assert (await watch.look(bria, 7, 30.0)).status is ModelStatus.COMPLETED
        host.time += 100
        assert (await watch.look(bria, 7, 30.0)).status is ModelStatus.COMPLETED
    paths = [seen.path for seen in server.requests]
    assert paths == [MODELS, f"{MODELS}/7", f"{MODELS}/7"], "nobody waits any more, and it was listed"


async def test_a_long_wait_looks_in_a_line_of_its_own() -> None:
    """Whoever waits for hours is not behind everybody who works on the same endpoint."""
    limiter = Limiter(PushedHost(), Rates(60))
    order: list[str] = []
    no_run: Any = None  # only failures are told to it

    async def request(name: str) -> str:
        with await limiter.acquire("datasets.get"):
            order.append(name)
        return name

    async def look() -> None:
        await patiently(no_run, lambda: request("look"))()

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(request, "work")
        group.start_soon(look)
    assert order.index("look") <= 3, order
