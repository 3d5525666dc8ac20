"""One worker at its desk, who does what a test says, over a real database."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import anyio.lowlevel
import attrs

from bria_async.engines.desk import CALLS, RUNS, Desk, Pulse
from bria_async.engines.local import LocalEngine
from bria_async.engines.postgres.database import LOCKS, Database
from bria_async.engines.postgres.jobs import Job, hand_over, open_job
from bria_async.engines.postgres.seat import Seat
from bria_async.graph.graph import Task
from bria_async.graph.records import Row
from bria_async.graph.runner import Interruptible
from bria_async.graph.states import State

QUICK = Pulse(poll=0.05, sweep=0.1, grace=0.3, tidy=0.2)
PATIENCE = 30.0
NOBODY = 999
"""The number of a worker that is no more."""


@attrs.frozen
class _Named:
    """What a desk asks of a task."""

    name: str
    effect: str


UPLOAD = cast("Task", _Named("upload", "billed"))


async def seen(look: Callable[[], Awaitable[object]]) -> None:
    """Wait until something is seen that others bring about."""
    with anyio.fail_after(PATIENCE):
        while not await look():  # noqa: ASYNC110  # it may be another thread, or the database
            await anyio.sleep(0.02)


@attrs.define
class Sent:
    """A task's engine: what it does is a function; whoever stops it interrupts that."""

    does: Callable[[], Awaitable[None]]
    interruptible: Interruptible = attrs.field(factory=Interruptible)

    @property
    def runner(self) -> "Sent":
        """Where it is interrupted."""
        return self

    async def perform(self, task: Task, row: Row) -> None:
        """Do it."""
        with anyio.CancelScope() as scope:
            self.interruptible.add(scope)
            await anyio.lowlevel.checkpoint()
            await self.does()


@attrs.define
class Stage:
    """One worker at its desk; `leads` and `does` are what it does with runs and with tasks."""

    database: Database
    seat: Seat
    run: int
    leads: Callable[[Job, Desk], Awaitable[None]] | None = None
    does: Callable[[Job], Awaitable[None]] | None = None
    prepares: Callable[[Job], Awaitable[None]] | None = None
    led: list[Job] = attrs.field(factory=list)
    done: list[Job] = attrs.field(factory=list)

    async def whole(self, job: Job, desk: Desk) -> None:
        """Lead a run."""
        self.led.append(job)
        if self.leads is not None:
            await self.leads(job, desk)

    async def part(self, job: Job) -> tuple[LocalEngine, Task, Row]:
        """Prepare a task."""
        if self.prepares is not None:
            await self.prepares(job)

        async def do() -> None:
            if self.does is not None:
                await self.does(job)
            self.done.append(job)

        row = Row(job.task, "upload", "", State.PENDING, 0, None, None, None, None)
        return cast("LocalEngine", Sent(do)), cast("Task", None), row

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """What the database holds, or what came of a change."""
        with self.database.session() as session:
            found = session.execute(sql, values)
            return list(found.fetchall()) if found.description else []

    async def has(self, sql: str, *values: Any) -> bool:
        """Whether the database holds something."""
        return bool(await anyio.to_thread.run_sync(lambda: self.rows(sql, *values)))

    async def hand_over(self) -> None:
        """Have the run led."""
        await self.seat.do(lambda session: hand_over(session, self.run, RUNS))

    async def open(self, task: int, queue: str = CALLS) -> Job:
        """Have a task done."""
        return await self.seat.do(lambda session: open_job(session, self.run, task, queue))

    def taken_over(self) -> None:
        """Another one takes this worker for dead: its session is gone, its fence raised, its work given back."""
        number = self.seat.number
        self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s "
            "AND objid = %s AND granted",
            LOCKS,
            number,
        )
        self.rows("UPDATE worker SET fence = fence + 1 WHERE number = %s", number)
        self.rows("UPDATE job SET over = true WHERE worker = %s AND NOT over", number)
