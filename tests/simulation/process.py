"""A process of the client in a simulated world: it can be told to stop, and it can die between two instructions.

A dead process does nothing any more: its threads, timers and connections are gone, and what its disk held at that
moment is what the next process finds. What its coroutines still do while Python unwinds them is undone.
"""

import asyncio
import functools
import random
import shutil
import sqlite3
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, TypeVar

import attrs

from bria_async.host import Worker

from .loop import VirtualHost

T = TypeVar("T")
_here: ContextVar["Process | None"] = ContextVar("process", default=None)
Moment = Literal["before", "torn", "after", "error"]
SLOWEST_WRITE = 0.02
"""Seconds that the disk takes at most: as long as a request takes to the server."""


class Killed(BaseException):
    """The process is gone."""


Disk = dict[Path, bytes]


def look_at_disk(folder: Path) -> Disk:
    """Everything in a folder; SQLite's shared memory is none of it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".db-shm")
    return {path.relative_to(folder): path.read_bytes() for path in files}


def put_back(folder: Path, disk: Disk) -> None:
    """Make a folder hold this again, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in disk.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def torn(before: Disk, after: Disk, rng: random.Random) -> Disk:
    """A disk that the last write reached in part: each file that grew or changed lacks the end of the change."""
    found = dict(before)
    for path, new in after.items():
        old = before.get(path, b"")
        if new != old:
            changed = [at for at, byte in enumerate(new) if byte != (old[at] if at < len(old) else None)]
            cut = rng.randint(changed[0], changed[-1]) if changed else len(new)
            found[path] = new[:cut] + old[cut:]
    return found


@attrs.frozen
class Fate:
    """What will happen to a process: it dies around its nth journal write, or after so many seconds, or is told to
    stop then; `None` is nothing. A write is what may change the journal's files: a transaction, or a checkpoint.
    """

    write: int | None = None
    moment: Moment = "before"
    seconds: float | None = None
    told: bool = False


@attrs.define(eq=False)
class Process:
    """One process: its host, and whoever must hear when it dies."""

    folder: Path
    seed: int
    fate: Fate
    alive: bool = attrs.field(default=True, init=False)
    host: "ProcessHost" = attrs.field(init=False)
    dying: list[Callable[[], None]] = attrs.field(factory=list, init=False)
    told: bool = attrs.field(default=False, init=False)
    """Whether it was told to stop."""
    met: str | None = attrs.field(default=None, init=False)
    """Which part of its fate it met."""
    tasks: "weakref.WeakSet[asyncio.Task[Any]]" = attrs.field(factory=weakref.WeakSet, init=False)
    """Every task that was started in it."""
    _disk: Disk | None = attrs.field(default=None, init=False)
    _task: "asyncio.Task[Any] | None" = attrs.field(default=None, init=False)
    writes: int = attrs.field(default=0, init=False)
    """How often it wrote to its journal."""

    def __attrs_post_init__(self) -> None:
        """Give it a machine."""
        self.host = ProcessHost(self)

    async def live(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do its work until that is done or its fate is met.

        Raises:
            Killed: it died; the disk is as it was then.
            asyncio.CancelledError: it was told to stop, and did.
        """
        loop = asyncio.get_running_loop()
        token = _here.set(self)
        self._task = loop.create_task(_run(work))
        _here.reset(token)
        timer = None
        if self.fate.seconds is not None:
            timer = loop.call_later(self.fate.seconds, self._tell if self.fate.told else self.die, "at some moment")
        try:
            return await self._task  # type: ignore[no-any-return]  # of work
        except BaseException:
            if not self.alive:
                raise Killed from None
            raise
        finally:
            if timer is not None:
                timer.cancel()
            await self._last_breath()
            if not self.alive:
                assert self._disk is not None, "a process that died left a disk"
                put_back(self.folder, self._disk)

    async def _last_breath(self) -> None:
        """Whoever is over leaves no task behind."""
        left = [task for task in self.tasks if not task.done()]
        if left:
            await asyncio.wait(left, timeout=1.0)
            left = [task for task in left if not task.done()]
            assert not left, f"tasks left behind: {left}"

    def die(self, how: str, disk: Disk | None = None) -> None:
        """Be gone, now."""
        if self.alive:
            self.alive, self.met = False, how
            self._disk = look_at_disk(self.folder) if disk is None else disk
            for hear in self.dying:
                hear()
            if self._task is not None:
                self._task.cancel()

    def _tell(self, how: str) -> None:
        if self.alive and self._task is not None:
            self.told, self.met = True, f"told to stop {how}"
            self._task.cancel()

    def check(self) -> None:
        """Let the dead do nothing."""
        if not self.alive:
            raise Killed

    def write(self, function: Callable[..., T], *args: Any) -> T:
        """A write to the journal, which may be its last."""
        self.writes += 1
        if self.writes != self.fate.write:
            return function(*args)
        moment = self.fate.moment
        if moment == "error":
            self.met = "an error of the disk"
            raise sqlite3.OperationalError("disk I/O error")
        disk = look_at_disk(self.folder) if moment != "after" else {}
        if moment != "before":
            function(*args)
            after = look_at_disk(self.folder)
            disk = torn(disk, after, random.Random(self.seed)) if moment == "torn" else after
        self.die(f"{moment} a journal write", disk)
        raise Killed


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


class ProcessHost(VirtualHost):
    """The machine as a process sees it, as long as it lives."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.seed)
        self._process = process

    async def sleep(self, seconds: float) -> None:
        """Sleep, if alive."""
        self._process.check()
        await super().sleep(seconds)

    async def in_thread(self, function: Callable[..., T], *args: object) -> T:
        """Run blocking work, if alive."""
        self._process.check()
        return await super().in_thread(function, *args)

    def worker(self, name: str) -> Worker:
        """The thread of the journal, which notices what is written."""
        return _Writer(self._process)


class _Writer(Worker):
    """A journal's thread on a disk that takes its time: everything happens in order, and some of it last of all."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._rng = random.Random(f"{process.seed}/disk")
        self._queue: deque[Callable[[], None]] = deque()

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run it after all that was handed in before; whoever is cancelled meanwhile has still handed it in."""
        self._process.check()
        seen = [_Database(one, self._process) if isinstance(one, sqlite3.Connection) else one for one in args]
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._queue.append(functools.partial(self._work, done, functools.partial(function, *seen)))
        loop.call_later(self._rng.uniform(0, SLOWEST_WRITE), self._next)
        return await done

    def _next(self) -> None:
        if self._queue:
            self._queue.popleft()()

    def _work(self, done: "asyncio.Future[T]", work: Callable[[], T]) -> None:
        try:
            self._process.check()
            tell, value = done.set_result, work()
        except BaseException as error:  # noqa: BLE001  # a thread hands any exception over, too
            tell, value = done.set_exception, error  # type: ignore[assignment]  # whichever it is
        if not done.done():
            tell(value)

    def close(self) -> None:
        """Finish what is queued."""
        while self._queue:
            self._next()


class _Database:
    """A journal as its functions get it: whatever changes its files goes by the fate of the process."""

    def __init__(self, database: sqlite3.Connection, process: Process) -> None:
        self._database = database
        self._process = process

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement, and notice a transaction's end, one of a single statement, and a checkpoint."""
        word = sql.split(maxsplit=1)[0]
        alone = not self._database.in_transaction and word in ("INSERT", "UPDATE", "DELETE")
        if alone or word == "COMMIT" or "wal_checkpoint" in sql:
            return self._process.write(self._database.execute, sql, *values)
        return self._database.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the journal's own."""
        return getattr(self._database, name)


def only_the_living(loop: asyncio.AbstractEventLoop) -> None:
    """Remember which process started which task, and forgive tasks of dead ones their end with `Killed`."""

    def start(running: asyncio.AbstractEventLoop, coroutine: Any, **how: Any) -> "asyncio.Task[Any]":
        task = asyncio.Task(coroutine, loop=running, **how)
        if (process := _here.get()) is not None:
            process.tasks.add(task)
        return task

    def handle(running: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Killed):
            running.default_exception_handler(context)

    loop.set_task_factory(start)
    loop.set_exception_handler(handle)
