"""How late the loop runs what is ready, while 16 uploads give it all that it can do."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator

from . import uploads
from .contender import Round, drive
from .contest import Bar, Contender, Question
from .small import Work

EVERY = 0.005
"""Seconds between two of the handlers that measure."""


@contextlib.asynccontextmanager
async def beside(work: Work) -> AsyncIterator[Round]:
    """Handlers on the same loop as `client` of `uploads`, each due at a moment: how long after it they run."""
    async with getattr(uploads, work["client"])(work) as call:
        await drive(call, 2 * work["in_flight"], work["in_flight"])  # connections are open, all is imported

        async def measure() -> dict[str, float]:
            late: list[float] = []

            async def handlers() -> None:
                while True:
                    due = time.perf_counter() + EVERY  # the clock of uvloop stands still between its turns
                    await asyncio.sleep(EVERY)
                    late.append(time.perf_counter() - due)

            measuring = asyncio.create_task(handlers())
            await drive(call, work["calls"], work["in_flight"])
            if not late:  # a quick round may be over before the first is due
                await asyncio.sleep(2 * EVERY)
            measuring.cancel()
            late.sort()
            return {"p99_ms": late[len(late) * 99 // 100] * 1e3, "p50_ms": late[len(late) // 2] * 1e3}

        yield Round(measure)


_question = functools.partial(
    Question,
    figure="p99_ms",
    unit="ms late, p99",
    also=("p50_ms",),
    contenders=(
        *uploads.both("bria_async", beside, client="bria"),
        *uploads.both("aiohttp FormData", beside, client="aiohttp"),
        *uploads.both("by hand", beside, client="floor"),
        *(
            Contender(name, f"{__name__}:beside", needs=(name,), options={"client": name})
            for name in ("httpx", "openai")  # requests does not run on a loop
        ),
    ),
    bars=tuple(Bar(f"bria_async{loop}", 1.0, f"aiohttp FormData{loop}") for loop in ("", ", uvloop")),
    work={**uploads.WORK, "calls": 500},
    quick=uploads.QUICK,
    prepared=uploads.prepared,
)

LAG = _question(
    name="lag",
    asks="How late a ready handler runs beside 16 uploads over TLS",
    server=("benchmarks.server", "drain", "--tls"),
)
LAG_PLAIN = _question(name="lag_plain", asks="The same over plain HTTP", server=("benchmarks.server", "drain"))
QUESTIONS = (LAG, LAG_PLAIN)
