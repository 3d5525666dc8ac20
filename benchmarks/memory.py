"""How much memory uploads take at their peak, 64 in flight: however large the files, and however many.

Peers and floor send 200 files of either size: the 5,000 show that ours does not grow with them. The largest 5,000 are
sent as multipart and over TLS only, because that alone takes a quarter of an hour.
"""

import contextlib
import functools
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from . import uploads
from .contender import Round, drive, entered, resident
from .contest import Bar, Contender, Question
from .small import Work

MOST = 64 * 0.5 + 10
"""MiB: half a MiB for each that is in flight, and ten."""


def begin_anew() -> None:
    """Forget the peak, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


@contextlib.asynccontextmanager
async def above(work: Work) -> AsyncIterator[Round]:
    """Somebody of `uploads`, his session open and nothing sent yet; options say who, how many files, of which size."""
    work = {**work, "calls": work[work["count"]], "size": work[work["file"]]}
    async with contextlib.AsyncExitStack() as stack:
        call = await entered(stack, getattr(uploads, work["client"])(work))

        async def measure() -> dict[str, float]:
            before = resident("VmRSS")
            begin_anew()
            await (call.measure() if isinstance(call, Round) else drive(call, work["calls"], work["in_flight"]))
            return {"mib": resident("VmHWM") - before}

        yield Round(measure)


_FEW = (("200 x 1 MiB", "few", "small"), ("200 x 12 MiB", "few", "large"))
_MANY = ("5,000 x 1 MiB", "many", "small")
_LARGEST = ("5,000 x 12 MiB", "many", "large")


def _ours(*multipart: tuple[str, str, str]) -> tuple[Contender, ...]:
    shapes = {"multipart": (*_FEW, _MANY, *multipart), "base64": (*_FEW, _MANY)}
    return tuple(
        Contender(
            f"{kind}, {words}{', uvloop' if fast else ''}",
            f"{__name__}:above",
            fast=fast,
            options={"client": "bria", "as_json": kind == "base64", "count": count, "file": file},
        )
        for fast in (False, True)
        for kind in shapes
        for words, count, file in shapes[kind]
    )


_OTHERS = tuple(
    Contender(
        f"{name}, {words}{', uvloop' if fast else ''}",
        f"{__name__}:above",
        fast=fast,
        needs=needs,
        options={"client": client, "count": count, "file": file},
    )
    for name, client, needs, loops in (
        ("by hand", "floor", (), (False, True)),
        ("aiohttp FormData", "aiohttp", (), (False, True)),
        ("httpx", "httpx", ("httpx",), (False,)),
        ("requests in 64 threads", "requests", ("requests",), (False,)),
        ("openai", "openai", ("openai",), (False,)),
    )
    for fast in loops
    for words, count, file in _FEW
)


def _sizes(small: int, large: int) -> dict[str, Any]:
    return {"small": small, "large": large, "sizes": [small, large]}


def _bars(contenders: Iterable[Contender]) -> tuple[Bar, ...]:
    return tuple(Bar(each.name, MOST) for each in contenders)


_question = functools.partial(
    Question,
    figure="mib",
    unit="MiB above the open session",
    work={"in_flight": 64, "files": 8, "few": 200, "many": 5000, **_sizes(2**20, 12 * 2**20)},
    quick={"few": 64, "many": 128, **_sizes(2**16, 2**18)},
    prepared=uploads.prepared,
    fresh=True,
    rounds=5,
)

MEMORY = _question(
    name="memory",
    asks="Memory of uploads over TLS, 64 in flight",
    server=("benchmarks.server", "drain", "--tls"),
    contenders=(*_ours(_LARGEST), *_OTHERS),
    bars=_bars(_ours(_LARGEST)),
)
MEMORY_PLAIN = _question(
    name="memory_plain",
    asks="The same over plain HTTP",
    server=("benchmarks.server", "drain"),
    contenders=(*_ours(), *_OTHERS),
    bars=_bars(_ours()),
)
QUESTIONS = (MEMORY, MEMORY_PLAIN)
