"""One contender in its process: `python -m benchmarks.contender TASK`, told to do its rounds line by line.

A contender is a context manager that takes the work (a mapping) and gives one function of it:

- an asynchronous one gives `async def call(number)`, which is called `calls` times a round, `in_flight` at a time;
- a synchronous one gives `def call(number)`, called `calls` times;
- one whose rounds are something else gives a `Round`, which measures itself.

A call raises when its answer is not what it should be. CPU seconds are those that the operating system has counted.
"""

import asyncio
import contextlib
import importlib
import inspect
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import attrs

FAST = ("uvloop", "msgspec", "pybase64")
"""Packages of the extra `fast`."""

LARGE = 2**24
"""Bytes that everybody takes and gives back at first, like a program that has read an image or two. Without that it is
luck whether glibc gives each slice of an upload back to the system and takes it again: the protocol by hand then costs
0.7 CPU seconds per GiB in one process, and 1.0 in the next.
"""


@attrs.frozen
class Round:
    """A round that measures itself: what it returns are its figures."""

    measure: Callable[[], Awaitable[dict[str, float]]]


def cpu() -> float:
    """CPU seconds of this process and of those it has waited for, as the operating system counts them."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


STATUS = Path("/proc/self/status")


def resident(what: str) -> float:
    """MiB that this process holds now (`VmRSS`), or has held at its peak (`VmHWM`), which is all some systems tell.

    On Linux the peak is not what its parent held when it began, too.
    """
    if STATUS.exists():
        lines = (line.split() for line in STATUS.read_text().splitlines())
        return next(int(line[1]) for line in lines if line and line[0] == f"{what}:") / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


@attrs.define
class Meter:
    """What passes inside `with`, in CPU and wall seconds."""

    cpu: float = 0.0
    wall: float = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        self.cpu, self.wall = -cpu(), -time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.cpu += cpu()
        self.wall += time.perf_counter()


async def drive(call: Callable[[int], Awaitable[None]], calls: int, in_flight: int) -> None:
    """Call so many times, so many at once."""
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await call(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


def figures(meter: Meter, calls: int, size: int = 0) -> dict[str, float]:
    """What a round of calls took, each and in all, and per GiB where each call moves so many bytes."""
    found = {
        "cpu_us": meter.cpu / calls * 1e6,
        "wall_us": meter.wall / calls * 1e6,
        "wall": meter.wall,
        "cpu": meter.cpu,
    }
    return {**found, "cpu_gib": meter.cpu / (calls * size) * 2**30} if size else found


async def entered(stack: contextlib.AsyncExitStack, made: Any) -> Any:
    """What a contender of either kind gives."""
    if isinstance(made, contextlib.AbstractAsyncContextManager):
        return await stack.enter_async_context(made)
    return stack.enter_context(made)


async def rounds(made: Any, work: Mapping[str, Any]) -> AsyncIterator[dict[str, float]]:
    """The figures of one round after the other; a first one that nobody sees warms up."""
    async with contextlib.AsyncExitStack() as stack:
        call = await entered(stack, made)
        if isinstance(call, Round):
            while True:
                yield await call.measure()
        calls, in_flight = work["calls"], work.get("in_flight", 1)
        warm = True
        while True:
            with Meter() as meter:
                if inspect.iscoroutinefunction(call):
                    await drive(call, calls if not warm else max(1, calls // 10), in_flight)
                else:
                    for number in range(calls):
                        call(number)
            if not warm:
                yield figures(meter, calls, work.get("size", 0))
            warm = False


async def serve(run: str, work: Mapping[str, Any]) -> None:
    """Do a round for each line that is read."""
    module, _, name = run.partition(":")
    found = rounds(getattr(importlib.import_module(module), name)(work), work)
    print("{}", flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await anext(found)), flush=True)


def main(task: Mapping[str, Any]) -> None:
    """Be the contender that the task names, on the event loop that it has."""
    sys.path[:] = [way for way in sys.path if way]
    bytes(LARGE)
    if task["fast"]:
        import uvloop  # only here is it allowed

        uvloop.run(serve(task["run"], task["work"]))
        return
    for name in FAST:
        sys.modules[name] = None  # type: ignore[assignment]  # what this means to import: there is no such module
    asyncio.run(serve(task["run"], task["work"]))


@contextlib.contextmanager
def doing(call: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """A contender that needs nothing around it."""
    yield call


if __name__ == "__main__":
    # Not as `__main__`: the `Round` of this module has to be that of the contenders.
    importlib.import_module("benchmarks.contender").main(json.loads(sys.argv[1]))
