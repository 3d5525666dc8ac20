"""How much of the rate that a server allows is reached, and how often it says no: on a virtual clock.

Client and simulator are one process whose clock is pushed, so that twenty minutes of a limit take seconds, and nothing
is timed. The server counts by fixed minutes and starts with what is left of one. `share` is what was served between
the first and the last request, of what the rate allows in that time: somebody who fills a minute at its beginning gets
a little more than all of it. `refused` is the share of 429s among all requests. The loop that is pushed is never that
of uvloop, so of the extra `fast` only the codec has a part in it.
"""

import asyncio
import contextlib
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from .contender import Round, drive
from .contest import Bar, Contender, Question

Work = Mapping[str, Any]

BEGIN = 20.0
"""Seconds of the server's first minute that have passed."""
LIST, UPLOAD = "projects.list", "images.upload"


def measured(work: Work, operation: str, run: Callable[[Any], Awaitable[None]]) -> dict[str, float]:
    """Let somebody work against a simulator with a limit, and look at what it saw of an operation."""
    from bria_async.sim import Options
    from tests.simulation.loop import run_virtually
    from tests.simulation.world import land

    async def main() -> dict[str, float]:
        options = Options(seed=1, rate_limits=work["rate"], decode=False, caption_delay=30.0)
        async with land(1, options) as here:
            here.sim.requests = deque()  # all of them, not the last ones
            await asyncio.sleep(BEGIN)
            await run(here)
            seen = [each for each in here.sim.requests if each.operation == operation]
            served = sum(each.status != 429 for each in seen)
            assert served == work["calls"], f"{served} of {work['calls']} were served"
            minutes = (seen[-1].time - seen[0].time) / 60
            refused = sum(each.status == 429 for each in here.sim.requests) / len(here.sim.requests)
            return {"share": (served - 1) / minutes / work["rate"], "refused": refused, "minutes": minutes}

    found: dict[str, float] = run_virtually(main, turns=1000 * work["calls"])
    return found


@contextlib.contextmanager
def rounds(work: Work, operation: str, run: Callable[[Any], Awaitable[None]]) -> Iterator[Round]:
    """Rounds of one contender, each in a world of its own, on a thread of its own."""

    async def measure() -> dict[str, float]:
        return await asyncio.get_running_loop().run_in_executor(None, measured, work, operation, run)

    yield Round(measure)


# --- many calls ------------------------------------------------------------------------------------------------------


def bria_calls(work: Work) -> contextlib.AbstractContextManager[Round]:
    """This library, which was told the rate, or was not and learns it."""

    async def run(here: Any) -> None:
        from tests.simulation.loop import VirtualHost
        from tests.simulation.world import connected

        told = {"requests_per_minute": work["rate"]} if work["told"] else {}
        async with connected(VirtualHost(1), here.connector(), here.connector(), **told) as bria:

            async def call(_: int) -> None:
                assert await bria.projects.list() == ()

            await drive(call, work["calls"], work["in_flight"])

    return rounds(work, LIST, run)


@attrs.define
class Bucket:
    """A bucket that leaks, as aiolimiter has it: a minute's worth at once, and then one after the other."""

    rate: float
    level: float = 0.0
    at: float = 0.0

    async def turn(self) -> None:
        """Wait for room."""
        loop = asyncio.get_running_loop()
        while True:
            self.level = max(0.0, self.level - (loop.time() - self.at) * self.rate / 60)
            self.at = loop.time()
            if self.level + 1 <= self.rate:
                self.level += 1
                return
            await asyncio.sleep((self.level + 1 - self.rate) * 60 / self.rate)


@attrs.define
class Pace:
    """One after the other, each at its time: nobody who is never refused does better for long."""

    rate: float
    due: float = 0.0

    async def turn(self) -> None:
        """Wait for the next moment that is free."""
        now = asyncio.get_running_loop().time()
        at = max(self.due, now)
        self.due = at + 60 / self.rate
        await asyncio.sleep(at - now)


def aiohttp_calls(work: Work) -> contextlib.AbstractContextManager[Round]:
    """What one would write by hand: wait as long as a 429 says, then send again; with turns or without."""

    async def run(here: Any) -> None:
        import aiohttp

        from tests.simulation.world import ADDRESS, TOKEN

        turns = {"bucket": Bucket, "pace": Pace}[work["turns"]](work["rate"]) if work["turns"] else None
        async with aiohttp.ClientSession(connector=here.connector(), headers={"api_token": TOKEN}) as http:

            async def call(_: int) -> None:
                while True:
                    if turns:
                        await turns.turn()
                    async with http.get(f"{ADDRESS}/v1/tailored-gen/projects") as response:
                        if response.status != 429:
                            assert await response.json() == []
                            return
                        wait = float(response.headers["Retry-After"])
                    await asyncio.sleep(wait)

            await drive(call, work["calls"], work["in_flight"])

    return rounds(work, LIST, run)


# --- a batch of trainings --------------------------------------------------------------------------------------------


def bria_batch(work: Work) -> contextlib.AbstractContextManager[Round]:
    """A batch whose images are as many as the calls of the others."""

    async def run(here: Any) -> None:
        from bria_async.training import Plan, Settings, train_many
        from tests.simulation.climate import pictures
        from tests.simulation.loop import VirtualHost
        from tests.simulation.world import connected

        folder = pictures(work["calls"] // work["runs"], 256)
        shape: dict[str, Any] = {"family": "legacy", "ip_type": "stylized_scene", "ip_medium": "photography"}
        plans = [Plan(images=folder, name=f"Run {number}", **shape) for number in range(work["runs"])]
        async with (
            _state() as state,
            connected(VirtualHost(1), here.connector(), here.connector(), requests_per_minute=work["rate"]) as bria,
        ):
            settings = Settings(state=state, control_interval=30.0)
            batched = await train_many(bria, plans, name="many", settings=settings)
            assert len(batched.trained) == work["runs"], batched.failed

    return rounds(work, UPLOAD, run)


@contextlib.asynccontextmanager
async def _state() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _contender(name: str, run: str, *, fast: bool = False, **options: Any) -> Contender:
    return Contender(name, f"{__name__}:{run}", fast, needs=("PIL",), options=options)


LIMIT = Question(
    name="limit",
    asks="The share of an allowed rate that is reached, on a virtual clock",
    figure="share",
    unit="of the rate",
    contenders=(
        _contender("bria_async: a batch", "bria_batch"),
        _contender("bria_async: a batch, fast", "bria_batch", fast=True),
        _contender("bria_async: calls", "bria_calls", told=True),
        _contender("bria_async: calls, fast", "bria_calls", fast=True, told=True),
        _contender("bria_async: calls, the rate unknown", "bria_calls", told=False),
        _contender("aiohttp, evenly paced", "aiohttp_calls", turns="pace"),
        _contender("aiohttp, a leaky bucket, wait when refused", "aiohttp_calls", turns="bucket"),
        _contender("aiohttp, wait when refused", "aiohttp_calls", turns=""),
    ),
    bars=tuple(
        Bar(f"bria_async: {what}{end}", most, figure=figure, least=figure == "share")
        for what in ("a batch", "calls")
        for end in ("", ", fast")
        for figure, most in (("share", 0.97), ("refused", 0.01))
    ),
    work={"calls": 1200, "rate": 60, "in_flight": 64, "runs": 20},
    quick={"calls": 160},
    rounds=5,
    also=("refused", "minutes"),
)
