"""A worker: where jobs come in and go out.

What a worker does it begins by claiming, and writes below the fence that it had then. What happens elsewhere it hears
of, and looks for every now and then all the same: what is over, what was handed over, what people ask for, which runs
are halted, and who died. A job that ends in any other way than done is given back; a run that its worker led is led by
another one.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
import attrs

from bria_async.errors import BriaError, JournalAway, JournalError
from bria_async.graph.control import PAUSE, STOP, Request
from bria_async.graph.graph import Task
from bria_async.graph.records import Row
from bria_async.graph.states import State

from .dbos import Carrier
from .janitor import Janitor
from .local import LocalEngine
from .postgres.ears import Ears
from .postgres.jobs import BEGUN, WHOLE, Job, Jobs, Over
from .postgres.requests import waiting_for
from .postgres.seat import Fenced, Seat
from .shared import told

log = logging.getLogger(__name__)

RUNS, LOOKS, CALLS = "runs", "looks", "calls"
"""Queues: whole runs; tasks that change nothing, and may wait for hours; tasks that do, but those with queues of their
own."""


class Bench(Protocol):
    """Whoever knows the graphs: what a worker works with."""

    def whole(self, job: Job, desk: "Desk") -> Awaitable[None]:
        """Lead a run, with a `SharedEngine`, until it is over or stops; what became of it is in its journal."""

    def part(self, job: Job) -> Awaitable[tuple[LocalEngine, Task, Row]]:
        """An engine that knows what this task needs, the task, and its row; it writes below the fence of the job."""


@attrs.frozen(kw_only=True)
class Pulse:
    """How a worker keeps time; all in seconds."""

    poll: float = 0.5
    """Between two looks into a queue."""
    sweep: float = 2.0
    """Between two looks for workers that died; who is found without his lock twice in a row is dead."""
    grace: float = 8.0
    """That requests on their way get when the worker is stopped."""
    tidy: float = 10.0
    """Between two looks for workflows that are over."""


@attrs.define(eq=False)
class Desk:
    """Where the workflows of a worker come in and go out: `async with Desk(seat, bench) as desk: await desk.work()`.

    Args:
        seat: the worker's place at the database.
        bench: what it works with.
        models_at_once: how many runs each worker leads at once.
        at_once: how many items of these tasks, or of `CALLS`, are under way at once, on all workers. DBOS keeps both
            with its queues, so whoever started last says them for all.
        pulse: how it keeps time.
    """

    seat: Seat
    bench: Bench
    models_at_once: int = 50
    at_once: Mapping[str, int] = attrs.field(factory=dict)
    pulse: Pulse = Pulse()
    jobs: Jobs = attrs.field(init=False)
    _under_way: dict[str, "_Going"] = attrs.field(factory=dict, init=False)
    _awaited: dict[str, set["asyncio.Future[Over]"]] = attrs.field(factory=dict, init=False)
    """Those who wait for a job to be over, by job: two may, while one who led its run does not know yet that he is not
    to any more."""
    _over: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _begun: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _stopping: anyio.Event = attrs.field(factory=anyio.Event, init=False)
    _ended: anyio.Event = attrs.field(factory=anyio.Event, init=False)
    _ears: "Ears" = attrs.field(init=False)
    _carrier: Carrier = attrs.field(init=False)
    _janitor: Janitor = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """What it has of its own."""
        self.jobs = Jobs(self.seat)
        self._ears = Ears(self.seat.database, self._hear)
        self._carrier = Carrier(self.seat.database, self.seat.number, self.do)
        self._janitor = Janitor(self.jobs, self._carrier, self._under_way.keys)

    # --- beginning and ending ----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Launch the engine."""
        self._carrier.launch()
        try:
            await self._open_queues()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._carrier.end()
            raise
        self._ears.listen()
        return self

    async def _open_queues(self) -> None:
        poll = self.pulse.poll
        await self._carrier.open_queue(RUNS, poll, here=self.models_at_once)
        await self._carrier.open_queue(LOOKS, poll)
        for queue, most in {CALLS: 16, **self.at_once}.items():
            await self._carrier.open_queue(queue, poll, everywhere=most)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back whatever is not over; where the database is away, whoever notices that this worker is gone does."""
        with anyio.CancelScope(shield=True):
            await self._wind_up()
            self._ears.stop()
            await self._carrier.end()
            await self.seat.written()
            with contextlib.suppress(JournalError):
                await self.jobs.leave()

    def stop(self) -> None:
        """Take no more work, and give back what is not over when `work` returns."""
        self._stopping.set()

    async def work(self) -> None:
        """Work until it is stopped."""
        sweep = self.pulse.sweep
        async with anyio.create_task_group() as group:
            group.start_soon(self._repeat, self._hand_on, self._over, sweep)
            group.start_soon(self._repeat, self._janitor.bring, self._begun, sweep)
            group.start_soon(self._repeat, self._janitor.look_after, asyncio.Event(), sweep)
            group.start_soon(self._repeat, self._janitor.tidy, asyncio.Event(), self.pulse.tidy)
            await self._stopping.wait()
            group.cancel_scope.cancel()

    async def _wind_up(self) -> None:
        """Let finish what has left, for so long, and end the rest."""
        self._stopping.set()
        going = list(self._under_way.values())
        for one in going:
            if one.is_part and one.engine is not None:
                one.engine.runner.interruptible.stop()
            else:
                one.scope.cancel()
        with anyio.move_on_after(self.pulse.grace):
            for one in going:
                await one.over.wait()
        self.seat.leave_soon()
        for one in going:
            one.scope.cancel()
        for one in going:
            await one.over.wait()
        self._ended.set()

    # --- workflows -----------------------------------------------------------------------------------------------

    async def do(self, job_id: str) -> None:
        """The workflow of a job."""
        if job_id in self._under_way:
            return  # it was brought twice
        if self._stopping.is_set():
            await self._ended.wait()  # as long as it is held here, not more is brought; others bring it on its way anew
            return
        going = self._under_way[job_id] = _Going()
        try:
            with going.scope:
                job = going.job = await self.jobs.claim(job_id)
                if job is None or self._stopping.is_set():
                    return  # it is over, or given back when this worker ends
                error = await (self._whole(job) if job.task == WHOLE else self._part(job, going))
                await self.jobs.finish(job, error)
        except JournalError as problem:
            about = {"work": job_id, "reason": problem.message}
            log.warning("job %s: %s", job_id, problem.message, extra=about)  # it is given back
        finally:
            del self._under_way[job_id]
            going.over.set()

    async def _whole(self, job: Job) -> None:
        try:
            await self.bench.whole(job, self)
        except JournalError:
            raise
        except BriaError as error:
            about = {"work": job.id, "reason": error.message}
            log.debug("job %s: %s", job.id, error.message, extra=about)  # an event of the run says the same

    async def _part(self, job: Job, going: "_Going") -> Mapping[str, Any] | None:
        try:
            engine, task, row = await self.bench.part(job)
            if row.state is not State.PENDING:
                return None  # somebody has begun it before: its run settles what that means
            going.engine = engine
            if going.is_stopped:
                engine.runner.interruptible.stop()
            with going.called_off:
                await engine.perform(task, row)
        except (Fenced, JournalAway):
            raise
        except BriaError as error:
            return told(error)
        except Exception as error:
            log.exception("job %s", job.id, extra={"work": job.id})
            return {"kind": type(error).__name__, "message": f"{type(error).__name__}: {error}"}
        return None

    # --- the tasks of a run that is led here ---------------------------------------------------------------------

    def leads(self, whole: Job, engine: LocalEngine) -> None:
        """A run is led by this engine: what people ask for is handed to it."""
        self._under_way[whole.id].engine = engine

    async def have_done(self, run: int, row: int, task: Task) -> Over:
        """Have a task done by whoever takes it, and wait until it is over."""
        queue = task.name if task.name in self.at_once else LOOKS if task.effect == "safe" else CALLS
        job = await self.jobs.open(run, row, queue)
        over: asyncio.Future[Over] = asyncio.get_running_loop().create_future()
        self._awaited.setdefault(job.id, set()).add(over)
        try:
            await self._janitor.send(job)
            return await over
        finally:
            self._awaited[job.id].discard(over)
            if not self._awaited[job.id]:
                del self._awaited[job.id]

    async def take_up(self, whole: Job) -> frozenset[int]:
        """Have tasks of a run begun again; those that somebody does, or is to do."""
        return await self.jobs.take_up(whole)

    async def call_off(self, whole: Job) -> None:
        """Have nobody begin another task of a run, and those stop who do one, which is waited for."""
        await self._carrier.forget(await self.jobs.call_off(whole))
        with anyio.move_on_after(self.pulse.grace + 2 * self.pulse.sweep):
            while await self.jobs.open_tasks(whole):  # noqa: ASYNC110  # others end them
                await anyio.sleep(self.pulse.sweep / 4)

    # --- what happens elsewhere ------------------------------------------------------------------------------------

    def _hear(self, words: str) -> None:
        """Something happened somewhere; after a broken connection nobody knows what."""
        what, _, run = words.partition(" ")
        if what == "stop":
            self._stop_parts({int(run)})
        elif what == BEGUN:
            self._begun.set()
        else:
            self._over.set()

    def _stop_parts(self, runs: AbstractSet[int]) -> None:
        for going in self._under_way.values():
            if not going.is_part or going.run not in runs or going.is_stopped:
                continue
            going.is_stopped = True
            if going.engine is not None:
                going.engine.runner.interruptible.stop()
            asyncio.get_running_loop().call_later(self.pulse.grace, going.called_off.cancel)

    async def _repeat(self, function: Callable[[], Awaitable[None]], news: asyncio.Event, every: float) -> None:
        """Do something at every news, and every now and then unasked; it may fail, the next time tells."""
        while True:
            with anyio.move_on_after(every):
                await news.wait()
            news.clear()
            with self._forgiving():
                await function()

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        """What is done every now and then anyway may fail."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # of the database, of the engine: the next try tells
            why = self.seat.database.without_secrets(str(error).partition("\n")[0])
            log.warning("%s: %s", type(error).__name__, why, extra={"reason": why})

    async def _hand_on(self) -> None:
        """Hand on what is over, and what people ask for; end what somebody else does by now, or is halted."""
        for going in self._under_way.values():
            if going.job is not None and going.job.fence != self.seat.fence:
                going.scope.cancel()
        if self._awaited:
            for job_id, over in (await self.jobs.over(self._awaited)).items():
                for waiting in self._awaited.get(job_id, ()):
                    if not waiting.done():
                        waiting.set_result(over)
        if parts := {going.run for going in self._under_way.values() if going.is_part}:
            self._stop_parts(await self.jobs.halted(parts))
        if led := {going.run: going for going in self._under_way.values() if going.engine and not going.is_part}:
            for run, number, request in await waiting_for(self.seat, led):
                await self._ask(led[run], number, request)

    async def _ask(self, leading: "_Going", number: int, request: Request) -> None:
        """Hand a request to the engine of its run. One to stop stays, for whoever may have to lead the run next."""
        engine = leading.engine
        if engine is None or number in leading.heard or not await engine.hear(number, request, stale=False):
            return
        leading.heard.add(number)
        if request.what not in (STOP, PAUSE):
            await self.seat.host.in_thread(engine.run.control.remove, number)


@attrs.define(eq=False)
class _Going:
    """A job under way, its engine once there is one; `called_off` ends a task alone, `scope` all of the workflow."""

    job: Job | None = None
    engine: LocalEngine | None = None
    is_stopped: bool = False
    heard: set[int] = attrs.field(factory=set)
    """Requests that the engine of a run has heard."""
    scope: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)
    called_off: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)
    over: anyio.Event = attrs.field(factory=anyio.Event)

    @property
    def run(self) -> int:
        """The run that it is about; of one that has not begun, none."""
        return 0 if self.job is None else self.job.run

    @property
    def is_part(self) -> bool:
        """Whether it is a task of a run."""
        return self.job is not None and self.job.task != WHOLE
