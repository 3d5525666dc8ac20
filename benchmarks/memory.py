"""How much memory uploads take at their peak, 64 in flight: however large the files, and however many."""

import contextlib
import functools
import resource
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from . import uploads
from .contender import Round, drive
from .contest import Bar, Contender, Question
from .small import Work

MOST = 64 * 0.5 + 10
"""MiB: half a MiB for each that is in flight, and ten."""

STATUS = Path("/proc/self/status")


def resident(what: str) -> float:
    """MiB that this process holds now (`VmRSS`), or has held at its peak (`VmHWM`), which is all some systems tell."""
    if STATUS.exists():
        lines = (line.split() for line in STATUS.read_text().splitlines())
        return next(int(line[1]) for line in lines if line and line[0] == f"{what}:") / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def begin_anew() -> None:
    """Forget the peak, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


@contextlib.asynccontextmanager
async def bria(work: Work) -> AsyncIterator[Round]:
    """This library, its session open and nothing sent yet; options name how many files of which size."""
    work = {**work, "calls": work[work["count"]], "size": work[work["file"]]}
    async with uploads.bria(work) as call:

        async def measure() -> dict[str, float]:
            before = resident("VmRSS")
            begin_anew()
            await drive(call, work["calls"], work["in_flight"])
            return {"mib": resident("VmHWM") - before}

        yield Round(measure)


_CONTENDERS = tuple(
    Contender(
        f"{kind}, {words}{', uvloop' if fast else ''}",
        f"{__name__}:bria",
        fast=fast,
        options={"as_json": kind == "base64", "count": count, "file": file},
    )
    for fast in (False, True)
    for kind in ("multipart", "base64")
    for words, count, file in (
        ("200 x 1 MiB", "few", "small"),
        ("200 x 12 MiB", "few", "large"),
        ("5,000 x 1 MiB", "many", "small"),
        ("5,000 x 12 MiB", "many", "large"),
    )
)


def _sizes(small: int, large: int) -> dict[str, Any]:
    return {"small": small, "large": large, "sizes": [small, large]}


def _bars(contenders: Iterable[Contender]) -> tuple[Bar, ...]:
    return tuple(Bar(each.name, MOST) for each in contenders)


_question = functools.partial(
    Question,
    figure="mib",
    unit="MiB above the open session",
    contenders=_CONTENDERS,
    bars=_bars(_CONTENDERS),
    work={"in_flight": 64, "files": 8, "few": 200, "many": 5000, **_sizes(2**20, 12 * 2**20)},
    quick={"few": 64, "many": 128, **_sizes(2**16, 2**18)},
    prepared=uploads.prepared,
    fresh=True,
    rounds=5,
)

MEMORY = _question(
    name="memory", asks="Memory of uploads over TLS, 64 in flight", server=("benchmarks.server", "drain", "--tls")
)
_FEWER = tuple(each for each in _CONTENDERS if "5,000 x 12 MiB" not in each.name)
"""The largest take half an hour, and plain a third of what TLS takes."""

MEMORY_PLAIN = _question(
    name="memory_plain",
    asks="The same over plain HTTP",
    server=("benchmarks.server", "drain"),
    contenders=_FEWER,
    bars=_bars(_FEWER),
)
QUESTIONS = (MEMORY, MEMORY_PLAIN)
