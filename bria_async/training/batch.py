"""Many trainings in one process: one journal, one limiter, fair turns, and nobody stopped by another's failure.

`train_many` runs a batch to its end; `Batch` is the same for those who want to hear its events one by one.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import anyio
import attrs

from bria_async.engines.inbox import Inbox
from bria_async.engines.local import LocalEngine
from bria_async.engines.turns import Turns
from bria_async.errors import (
    BriaError,
    ConfigurationError,
    ImageError,
    JournalError,
    PlanChanged,
    PlanInvalid,
    RunCancelled,
    RunError,
)
from bria_async.graph.control import PAUSE, STOP, Request
from bria_async.graph.events import Event, Happened, Heard, listeners, tell, write_down
from bria_async.graph.journal import Journal
from bria_async.graph.records import RunRow
from bria_async.partfile import PartFile
from bria_async.session import Session
from bria_async.types.notebook import table

from .changes import plan_of, refuse_other_server
from .earlier import Runs, runs_by_folder
from .fetching import fetch_all
from .members import Member, members_of, merged, remembered, written
from .place import Place
from .plan import Plan, Settings, id_of
from .result import Trained
from .run import Work, look, tell_interrupted

OnFailure = Literal["continue", "stop"]
ASKED = "The batch was asked to stop."
FETCHES = 8
"""Runs whose images are fetched at once, before they begin."""
LOOKS = 2
"""Runs whose images are looked at at once: each look decodes `DECODED_AT_ONCE` files at a time."""


@attrs.frozen
class Batched:
    """What came of a batch, by run: what is trained, and why the others are not."""

    trained: Mapping[str, Trained]
    failed: Mapping[str, BriaError]

    def _repr_html_(self) -> str:
        """A line for each run, for notebooks."""
        why = {run: f"not trained: {in_one_line(error)}" for run, error in self.failed.items()}
        models = {run: f"model {found.model_id}, {found.images:,} images" for run, found in self.trained.items()}
        total = len(self.trained) + len(self.failed)
        return table(f"{len(self.trained):,} of {total:,} trained", {**why, **models})


class Batch:
    """Many trainings: `async with Batch(session, plans, name="studio") as batch: async for event in batch: ...`.

    Left before its end, it stops in order, as every run does; the same batch goes on where it stopped.

    Args:
        session: an open session.
        plans: what to train; a `Member` gives a plan its weight. None continues a batch by its name.
        name: of the batch, and of the folder that holds its journal and its runs.
        settings: how this process works on it; `models_at_once` and `uploads_at_once` are for all runs together.
        on_failure: what a run that cannot go on means for the others.
        how: fields of the plans that may change, for a batch that goes on with the plans it has.
    """

    def __init__(
        self,
        session: Session,
        plans: Iterable[Plan | Member] | None = None,
        *,
        name: str,
        settings: Settings | None = None,
        on_failure: OnFailure = "continue",
        how: Mapping[str, Any] | None = None,
    ) -> None:
        self._settings = settings or Settings()
        if self._settings.zip_url or self._settings.zip_put_url:
            raise ConfigurationError("A batch has no place for zips: each of its runs would need one of its own.")
        self.name = id_of(name)
        self.place = Place.of(self.name, self._settings.state)
        self._session = session
        self._given = {} if plans is None else {member.plan.run: member for member in members_of(plans)}
        self._how = how or {}
        self._members: tuple[Member, ...] = ()
        self._on_failure = on_failure
        self._models = Turns(self._settings.models_at_once or math.inf)
        self._fetching = Turns(FETCHES)
        self._looking = Turns(LOOKS)
        self._begun: dict[str, RunRow] = {}
        self._earlier: Runs = {}
        """What is below the state folder beside it, looked through once for all that begin."""
        self._waiting: dict[str, anyio.CancelScope] = {}
        self._engines: dict[str, LocalEngine] = {}
        self._halted: dict[str, str] = {}
        """Why a run stops; the empty name stands for all."""
        self._broken: Exception | None = None
        self._trained: dict[str, Trained] = {}
        self._failed: dict[str, BriaError] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self.place.refuse_if_locked()
        self._work = asyncio.get_running_loop().create_task(self._run())
        self._work.add_done_callback(lambda _: self._events.put_nowait(None))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop in order what is not over yet.

        Raises:
            Exception: what ended the work, where nothing ended the block before.
        """
        if self._work is None:
            return
        if kind is None or issubclass(kind, Exception):
            self.stop()
        else:
            self._work.cancel()
        await asyncio.wait([self._work])
        problem = None if self._work.cancelled() else self._work.exception()
        if kind is None and problem is not None:
            raise problem

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Its events, each once it is durable, until it is over; a run that does not begin has one in no journal.

        Raises:
            JournalError: the disk is full or broken; nothing was sent that is not recorded.
        """
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put_nowait(None)
        self.result()

    def result(self) -> Batched:
        """What came of it, once it is over, in the order of its plans."""
        if self._work is not None and self._work.done():
            self._work.result()
        runs = [member.plan.run for member in self._members]
        return Batched(
            {run: self._trained[run] for run in runs if run in self._trained},
            {run: self._failed[run] for run in runs if run in self._failed},
        )

    def stop(self, reason: str = ASKED) -> None:
        """Take no more work; what is on its way may finish."""
        self._halt("", reason)

    def _halt(self, whom: str, reason: str) -> None:
        """Stop a run, or all of them."""
        self._halted.setdefault(whom, reason)
        for run, scope in self._waiting.items():
            if whom in ("", run):
                scope.cancel()
        for run, engine in self._engines.items():
            if whom in ("", run):
                engine.halt(RunCancelled(reason, run))

    def _why_halted(self, run: str) -> str | None:
        return self._halted.get(run, self._halted.get(""))

    # --- running -----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        before = await self._session.host.in_thread(self._before)
        async with Journal(self.place.journal, self._session.host) as journal:
            await tell_interrupted(self._session, journal)
            await self._agree(journal, before)
            uploads = Turns(self._settings.uploads_at_once)
            work = Work(self._session, self._settings, journal, (self._events.put_nowait,), {"upload": uploads})
            inbox = Inbox(self.place.control, self._session.host, self._settings.control_interval)
            async with anyio.create_task_group() as listening:
                listening.start_soon(self._listen, inbox)
                async with anyio.create_task_group() as runs:
                    for member in sorted(self._members, key=lambda member: -member.weight):
                        runs.start_soon(self._member, work, self._given.get(member.plan.run, member))
                listening.cancel_scope.cancel()
        if self._broken is not None:
            raise self._broken

    async def _member(self, work: Work, member: Member) -> None:
        run = member.plan.run
        try:
            async with contextlib.AsyncExitStack() as turn:
                with self._unless_halted(run):
                    await turn.enter_async_context(self._models.turn(run, member.weight))
                self._trained[run] = await self._train(work, member)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others stop in order; it is raised in the end
            if isinstance(error, JournalError) or not isinstance(error, BriaError):
                self._break(error)
                return
            self._failed[run] = error
            if run not in self._begun and (run in self._halted or not isinstance(error, RunCancelled)):
                await self._tell_not_begun(run, in_one_line(error))
            if self._on_failure == "stop" and not isinstance(error, RunCancelled):
                self.stop(f"The run {run!r} of the same batch stopped.")

    async def _train(self, work: Work, member: Member) -> Trained:
        plan, place = member.plan, self.place.run(member.plan.run)
        try:
            await self._session.host.in_thread(_make, place.folder)
            row = await self._begin(work, plan, place)
        except (OSError, ValueError) as error:
            raise RunError(f"It cannot begin: {error}.", place.title) from None
        self._begun[plan.run] = row
        try:
            return await work.carry_out(plan, row, place, weight=member.weight, working=self._working)
        finally:
            self._engines.pop(plan.run, None)

    async def _begin(self, work: Work, plan: Plan, place: Place) -> RunRow:
        """The run of a plan; one that has begun is compared only with a plan that was given."""
        row, fetched = self._begun.get(plan.run), None
        if row is not None and plan.run not in self._given:
            refuse_other_server(self._session, row)
            return row
        with self._unless_halted(plan.run):
            if row is None:
                fetched = await fetch_all(self._session, plan, place.folder, self._fetching)
        async with self._looking.turn(plan.run):  # until it is written: what was seen of its images takes memory
            with self._unless_halted(plan.run):
                if row is not None:
                    return await work.open(plan, place)
                looked = await look(self._session, plan, self._settings, place, fetched, self._earlier)
            return await work.open(plan, place, looked)

    @contextlib.contextmanager
    def _unless_halted(self, run: str) -> Iterator[None]:
        """Let a run wait, or look, only until it is to stop.

        Raises:
            RunCancelled: it is.
        """
        with anyio.CancelScope() as scope:
            self._waiting[run] = scope
            if self._why_halted(run) is not None:
                scope.cancel()
            try:
                yield
            finally:
                del self._waiting[run]
        if (reason := self._why_halted(run)) is not None:
            raise RunCancelled(reason, self.place.run(run).title if run in self._begun else self.name)

    async def _tell_not_begun(self, run: str, reason: str) -> None:
        """Say at once why a run does not begin, and keep it for those who ask later."""
        event = Event(self._session.host.now(), run, Happened.NOT_BEGUN, data={"reason": reason})
        write_down(attrs.evolve(event, run=self.place.run(run).title))
        self._events.put_nowait(event)
        with contextlib.suppress(OSError):
            await self._session.host.in_thread(_write, self.place.run(run).not_begun, reason)

    def _break(self, error: Exception) -> None:
        """Stop all in order by an error that is raised in the end."""
        self._broken = self._broken or error
        self.stop(str(error))

    def _working(self, engine: LocalEngine) -> None:
        run = engine.run.name
        self._engines[run] = engine
        if (reason := self._why_halted(run)) is not None:
            engine.halt(RunCancelled(reason, run))

    async def _listen(self, inbox: Inbox) -> None:
        try:
            await inbox.deliver(self._hear)
        except Exception as error:  # noqa: BLE001  # as in a run
            self._break(error)

    async def _hear(self, which: Any, request: Request, *, stale: bool) -> bool:
        """Hand a request to the run that it is for, or to all; one for a run that is not at work waits for it, but for
        a request to stop, after which it does not begin.
        """
        if request.run in self._engines:
            return await self._engines[request.run].hear(which, request, stale=stale)
        if request.what not in (STOP, PAUSE):
            return not request.run
        if not stale:
            for engine in () if request.run else self._engines.values():
                engine.run.stop_requests.append(request)
            self._halt(request.run, "The run was asked to stop." if request.run else ASKED)
        return True

    # --- what is to be trained -----------------------------------------------------------------------------------

    def _before(self) -> tuple[Member, ...]:
        """What the batch remembers; a new one begins with what it is given."""
        if not self._given:
            return remembered(self.place)
        if not self.place.is_batch:
            if self.place.journal.exists():
                raise RunError(f"{self.name!r} is a run: give the batch another name.", self.name)
            self._remember(tuple(self._given.values()))
        with contextlib.suppress(RunError):  # where they cannot be read, they are given again here
            return remembered(self.place)
        return ()

    async def _agree(self, journal: Journal, before: Sequence[Member]) -> None:
        """Settle what is to be trained, and remember it."""
        self._begun = {row.name: row for row in await journal.runs()}
        begun = {run: plan_of(row) for run, row in self._begun.items()}
        found = merged(tuple(self._given.values()) or before, before, begun)
        self._members = tuple(attrs.evolve(member, plan=attrs.evolve(member.plan, **self._how)) for member in found)
        await self._session.host.in_thread(self._remember, self._members)
        if any(member.plan.run not in self._begun for member in self._members):
            look = partial(runs_by_folder, self._settings.state, but=self.place.source)
            self._earlier = await self._session.host.in_thread(look)

    def _remember(self, members: Sequence[Member]) -> None:
        try:
            _write(self.place.plans, written(members))
        except OSError as error:
            raise JournalError(f"The file {self.place.plans} cannot be written: {error.strerror}.") from None
        for member in members:
            with contextlib.suppress(OSError):
                self.place.run(member.plan.run).not_begun.unlink()


async def train_many(
    session: Session,
    plans: Iterable[Plan | Member] | None = None,
    *,
    name: str,
    settings: Settings | None = None,
    on_failure: OnFailure = "continue",
    how: Mapping[str, Any] | None = None,
    on_event: Heard = (),
) -> Batched:
    """Train many models in one process; called again with the same name, it continues where it stopped.

    What has begun belongs to the batch for good: with other plans it goes on as well, without a look at its images.

    Args:
        session: an open session.
        plans: what to train; a `Member` gives a plan its weight. None continues the batch with the plans it has.
        name: of the batch.
        settings: how this process works on it; `models_at_once` and `uploads_at_once` are for all runs together.
        on_failure: "continue" with the other runs when one cannot go on, or "stop" them all in order.
        how: fields of the plans that may change, for a batch that goes on with the plans it has.
        on_event: called with every event, after it is durable; a function, or several. Like the hooks of a session
            it must not block; what it raises is logged and goes no further.

    Returns:
        What is trained, and why the others are not; one failed run does not raise.

    Raises:
        PlanInvalid: there are no plans, two of one name, or one of a name that the batch needs for itself.
        JournalLocked: another process works on the batch.
        JournalError: the disk is full or broken; nothing was sent that is not recorded.
    """
    told = listeners(on_event)
    async with Batch(session, plans, name=name, settings=settings, on_failure=on_failure, how=how) as batch:
        async for event in batch:
            tell(told, event)
    return batch.result()


def in_one_line(error: BriaError) -> str:
    """Why a run is not trained, without what to do about it."""
    message = str(error) if isinstance(error, ImageError) else error.message
    details = error.problems if isinstance(error, PlanInvalid) else error.diff if isinstance(error, PlanChanged) else ()
    return f"{message} {'; '.join(details)}".strip()


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _write(path: Path, text: str) -> None:
    _make(path.parent)
    with PartFile(path) as part:
        part.write(text.encode())
        part.commit()
