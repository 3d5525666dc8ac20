"""The same graph on many machines: one worker leads the run, and leaves every task to whoever takes it.

Theory. A run is a job, and so is each of its tasks. Whoever takes the run goes through the graph as the local engine
does, but for this: each task it comes to is opened as a job, and whoever takes that performs it under the effect
protocol. The ledger of the leader is brought up to date when a job is over.

A task that was begun and given back, because its worker died, has an intent without an outcome. Its run looks at the
server for it after the settle delay, as after any lost answer.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar, Protocol

import anyio
import attrs

from bria_async.errors import BriaError, GraphError, RunCancelled, RunFailed, RunPaused
from bria_async.graph.graph import Task
from bria_async.graph.records import Row
from bria_async.graph.runner import Reopen
from bria_async.graph.states import Change, State

from .local import LocalEngine
from .postgres.jobs import GIVEN_BACK, Job, Over


class Office(Protocol):
    """Where tasks are left to others."""

    def take_up(self, whole: Job) -> Awaitable[frozenset[int]]:
        """Have tasks of a run begun again; those that somebody does, or is to do."""

    def have_done(self, run: int, row: int, task: Task) -> Awaitable[Over]:
        """Have a task done by whoever takes it, and wait until it is over."""

    def call_off(self, whole: Job) -> Awaitable[None]:
        """Have nobody begin another task of a run, and those stop who do one."""


@attrs.define
class SharedEngine(LocalEngine):
    """Leads one run: goes through its graph, and leaves every task to whoever takes its workflow."""

    hands_over: ClassVar[bool] = True
    office: Office | None = None
    whole: Job | None = None
    """The job of leading this run."""
    _open: set[int] = attrs.field(factory=set, init=False)
    """Tasks that somebody does, or is to do."""

    async def execute(self) -> None:
        """Run everything that is not done yet; what is on its way elsewhere is waited for."""
        office, whole = self._place
        try:
            if self._halted is None:
                self._open |= await office.take_up(whole)
            await self.ledger.reload()  # after that: what was open then may be over now, and not the other way round
            await super().execute()
        finally:
            if self._halted is not None:  # before anybody is told that the run has stopped, nobody sends any more
                with anyio.CancelScope(shield=True):
                    await office.call_off(whole)

    @property
    def _place(self) -> tuple[Office, Job]:
        if self.office is None or self.whole is None:
            raise GraphError("An engine that leads a run for many workers needs an office, and a job.")
        return self.office, self.whole

    def _left(self, task: Task) -> list[Row]:
        return [row for row in super()._left(task) if row.id not in self._open]

    def halt(self, reason: BaseException) -> None:
        """Stop taking work, and let those know who do some of it."""
        if self._halted is None and self._group is not None:
            office, whole = self._place
            self._group.start_soon(self._guarded, office.call_off, whole)
        super().halt(reason)

    async def perform(self, task: Task, row: Row) -> None:
        """Leave one item of a task to whoever takes it, as often as it is given back."""
        office, whole = self._place
        while self._halted is None:
            self._open.add(row.id)
            over = await office.have_done(whole.run, row.id, task)
            self._open.discard(row.id)
            if over.row is not None:
                self.ledger.take(row, over.row)
            if row.state is State.INTENT:
                await self.ledger.change(row, Change.LOST, reason="the worker died before the answer came")
            if over.error is not None and over.error != GIVEN_BACK:
                raise error_of(over.error, self.ledger.run.name)
            if row.state is not State.PENDING:
                return


def told(error: BriaError) -> dict[str, Any]:
    """What a leader is told of the error that stopped a task."""
    words: dict[str, Any] = {"kind": type(error).__name__, "message": error.message}
    if isinstance(error, Reopen):
        words |= {"task": error.task, "keys": list(error.keys)}
    return words


def error_of(words: Mapping[str, Any], run: str) -> BriaError:
    """The error that stopped a task elsewhere."""
    kinds = {"RunFailed": RunFailed, "RunCancelled": RunCancelled}
    if words["kind"] == Reopen.__name__:
        return Reopen(words["message"], words["task"], tuple(words["keys"]))
    return kinds.get(words["kind"], RunPaused)(words["message"], run)
