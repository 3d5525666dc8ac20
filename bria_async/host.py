"""The effects that a simulation must own: clock, sleep, randomness, ids and threads.

Everything above takes a `Host`; a test hands in one whose loop runs on a virtual clock and whose threads run
inline, and a whole run of hours becomes a deterministic function of a seed.
"""

import asyncio
import concurrent.futures
import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from random import Random
from typing import Protocol, TypeVar

import anyio
import attrs

T = TypeVar("T")


class Observer(Protocol):
    """Whoever wants to know what the requests below him do, and decides himself about those in doubt."""

    async def announced(self, effect: str) -> None:
        """A request that is not safe to repeat is about to leave: awaited before its first byte, and after
        everything that could make it wait. Whoever must make an intent durable does it here.
        """

    def retried(self, operation: str, reason: str, wait: float) -> None:
        """A request failed with this reason and is repeated after so many seconds."""


observer: ContextVar[Observer | None] = ContextVar("observer", default=None)
"""Set around a piece of work; what is started inside inherits it."""

deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)
"""When a piece of work has to be over, on the host's `monotonic` clock; what is started inside inherits it."""


@attrs.define
class Host:
    """The machine as the library sees it; `seed` makes its randomness reproducible."""

    seed: int | None = None
    random: Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Seed the generator once."""
        self.random = Random(self.seed)

    def now(self) -> float:
        """Seconds since the epoch: for records that outlive the process."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds on the loop's own clock: for intervals and deadlines."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the loop's clock."""
        await anyio.sleep(max(0.0, seconds))

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give the work inside a deadline; of several around it the earliest counts."""
        token = deadline.set(min(deadline.get(), self.monotonic() + seconds))
        try:
            yield
        finally:
            deadline.reset(token)

    def uuid(self) -> uuid.UUID:
        """A random identifier."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    async def in_thread(self, function: Callable[..., T], *args: object) -> T:
        """Run blocking work in one of the loop's worker threads."""
        return await asyncio.get_running_loop().run_in_executor(None, function, *args)

    def worker(self, name: str) -> "Worker":
        """One thread of its own, for work that must stay in order and on one thread."""
        return Worker(concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix=name))


@attrs.define
class Worker:
    """A single thread with a queue."""

    _executor: concurrent.futures.ThreadPoolExecutor

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run in the thread, after all that was handed in before."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._executor.shutdown(wait=True)
