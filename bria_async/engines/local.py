"""The local engine: one process runs the whole graph, with bounds on what runs at once.

Theory. Every task is a stage that waits for the stages it needs. A stage that fans out has as many workers as its
bound allows; they take pending items in order. When the workers are through, what is in doubt is settled by one
look at the server, what turned out absent is sent again, and the stage is over when nothing is left.

A run stops in one way, `halt`: no work is taken any more, what has not left is interrupted at once, what has left
gets `grace` seconds to finish, and whatever remains is in doubt, which the journal knows already.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import anyio
import attrs

from bria_async.errors import GraphError, RunCancelled, RunPaused
from bria_async.graph.control import APPROVE, PAUSE, STOP, Request
from bria_async.graph.graph import DOUBTS, KNOWN, Graph, Task, names_of
from bria_async.graph.items import Kept
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Row
from bria_async.graph.runner import Reopen, Runner
from bria_async.graph.states import CLOSED, Change, State

from .inbox import Inbox
from .run import Run
from .turns import Turns


@attrs.frozen
class Bounds:
    """How much runs at once: `turns` by task name, perhaps those of many runs, and `otherwise` so many of the rest."""

    turns: Mapping[str, Turns] = attrs.field(factory=dict)
    weight: float = 1.0
    """How many turns this run gets, beside another one with weight 1."""
    otherwise: int = 16
    grace: float = 8.0
    """Seconds that requests on their way get when the run stops."""


@attrs.define
class LocalEngine:
    """Runs one graph over one ledger."""

    hands_over: ClassVar[bool] = False
    """Whether somebody else goes on when this process ends, so that the run does not pause."""

    graph: Graph
    runner: Runner
    inputs: Mapping[str, Any]
    bounds: Bounds
    run: Run
    unclean: bool = False
    """The process before this one did not close the journal."""
    inbox: Inbox | None = None
    """Where requests come from; None where somebody delivers those of many runs."""
    handlers: Mapping[str, Callable[[Request], Awaitable[None]]] = attrs.field(factory=dict)
    """What else can be asked for, by the request's word. A handler returns when that is over, and what came of it is
    durable; what it raises halts the run, and the request stays."""
    _over: dict[str, anyio.Event] = attrs.field(factory=dict, init=False)
    _item_over: dict[tuple[str, str], anyio.Event] = attrs.field(factory=dict, init=False)
    _results: dict[str, Any] = attrs.field(factory=dict, init=False)
    _halted: BaseException | None = attrs.field(default=None, init=False)
    _heard: set[Any] = attrs.field(factory=set, init=False)
    _turn: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    """To do what was asked for: what is asked for later is done later."""
    _reopened: int = attrs.field(default=0, init=False)
    _group: anyio.abc.TaskGroup | None = attrs.field(default=None, init=False)

    @property
    def ledger(self) -> Ledger:
        """The state of the run."""
        return self.runner.ledger

    async def execute(self) -> None:
        """Run everything that is not done yet.

        Raises:
            RunPaused: it stopped where it can go on.
            RunFailed: it ended for good.
        """
        for task in self.graph.order():
            self._over[task.name] = anyio.Event()
            for row in self.ledger.of(task.name, State.FAILED):
                await self.ledger.change(row, Change.REOPENED)
            for row in self._left(task):
                await self.ledger.change(row, Change.LOST, reason="the process ended before the answer came")
        try:
            async with anyio.create_task_group() as outer:
                self._group = outer
                if self.inbox is not None:
                    outer.start_soon(self._guarded, self.inbox.deliver, self.hear)
                async with anyio.create_task_group() as stages:
                    for task in self.graph.order():
                        stages.start_soon(self._stage, task)
                outer.cancel_scope.cancel()
        finally:
            for task in self.graph.tasks:
                for row in self._left(task):
                    self.ledger.leave(row, Change.LOST, "the run stopped before the answer came")
        if self._halted is not None:
            raise self._halted
        if open_tasks := [task.name for task in self.graph.tasks if not self.ledger.closed(task.name)]:
            raise GraphError(f"The run ended, and {', '.join(open_tasks)} did not: this is a bug.")

    def _left(self, task: Task) -> list[Row]:
        """What has an intent, and nobody who works on it now."""
        return self.ledger.of(task.name, State.INTENT)

    def halt(self, reason: BaseException) -> None:
        """Stop taking work; the first reason is the one that is raised."""
        if self._halted is not None:
            return
        self._halted = reason
        self.runner.interruptible.stop()
        if self._group is not None:
            self._group.start_soon(self._run_out)

    async def _run_out(self) -> None:
        await self.ledger.host.sleep(self.bounds.grace)
        if self._group is not None:
            self._group.cancel_scope.cancel()

    # --- stages ----------------------------------------------------------------------------------------------

    async def _stage(self, task: Task) -> None:
        """One task from start to end; errors halt the run instead of tearing its other stages down."""
        try:
            with self._interruptible():
                for edge in self.graph.edges(task):
                    if edge.over is None or edge.over != task.over:
                        await self._over[edge.name].wait()
            if self._halted is None:
                await self._work_off(task)
        except Reopen as gone:
            await self._reopen(task, gone)
        except Exception as error:  # noqa: BLE001  # whatever it is, the run must stop in order; it is raised in the end
            self.halt(error)

    async def _work_off(self, task: Task) -> None:
        if self.unclean and task.effect == "findable":
            # Nothing unfinished is sent before somebody looked, intent or not: the journal may have lost some.
            unfinished = self.ledger.of(task.name, State.PENDING, State.IN_DOUBT)
            await self._settle(task, unfinished, unrecorded=True)
        for _ in range(self.runner.protocol.rounds):
            await self._work(task)
            await self._settle(task, self.ledger.of(task.name, State.IN_DOUBT))
            if self._halted is not None:
                return
            if self.ledger.closed(task.name):
                self._over[task.name].set()
                return
        self.halt(RunPaused(f"The server keeps losing the answers to {task.name!r}.", self.run.name))

    async def _settle(self, task: Task, rows: list[Row], *, unrecorded: bool = False) -> None:
        """Give the server its time, then resolve all these rows by one look.

        `unrecorded`: the journal may have lost some of what was sent, so that look confirms the finished ones too.
        """
        if not rows or self._halted is not None:
            return
        with self._interruptible():
            await self.runner.wait_for_settle(rows, unrecorded=unrecorded)
            names = names_of(task.adopt) if task.adopt else ()
            arguments = {name: self._argument(task, name, "") for name in names if name not in (DOUBTS, KNOWN)}
            items = self.run.items[task.over] if task.over else {}
            await self.runner.resolve(task, rows, arguments, items, confirm=unrecorded)
            for row in rows:
                self._mark(task, row)

    async def _work(self, task: Task) -> None:
        """Perform all pending items, a bounded number at once."""
        pending = self.ledger.of(task.name, State.PENDING, State.INTENT)
        if task.over is None:
            for row in pending:
                await self._perform(task, row)
            return
        turns = self.bounds.turns.get(task.name) or Turns(self.bounds.otherwise)
        async with anyio.create_task_group() as items:
            with turns.many(self.run.name, len(pending), self.bounds.weight) as turn, self._interruptible():
                for row in pending:
                    await turn()
                    items.start_soon(self._item, task, row, turns)

    async def _item(self, task: Task, row: Row, turns: Turns) -> None:
        try:
            await self._guarded(self._perform, task, row)
        finally:
            turns.leave()

    async def _guarded(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        try:
            await function(*args)
        except Exception as error:  # noqa: BLE001  # as in a stage: halt, and raise it in the end
            self.halt(error)

    async def _perform(self, task: Task, row: Row) -> None:
        if self._halted is not None:
            return
        if await self._is_due(task, row):
            await self.perform(task, row)
        self._mark(task, row)

    async def perform(self, task: Task, row: Row) -> None:
        """Do one item of a task, which is due."""
        arguments = {name: self._argument(task, name, row.key) for name in task.parameters}
        await self.runner.perform(task, row, arguments)

    async def _is_due(self, task: Task, row: Row) -> bool:
        """Whether the same item's earlier tasks are done; an item that was left out stays left out."""
        for edge in self.graph.edges(task):
            if edge.over is not None and edge.over != task.over:
                continue
            before = self.ledger.rows[edge.name][row.key if edge.over else ""]
            with self._interruptible():
                while before.state not in CLOSED or not before.durable:
                    await self._item_over.setdefault((edge.name, row.key), anyio.Event()).wait()
            if self._halted is not None:
                return False
            if before.state is State.SKIPPED:
                await self.ledger.change(row, Change.SKIPPED, reason=f"{edge.name} was left out")
                return False
        return True

    def _mark(self, task: Task, row: Row) -> None:
        if row.state in CLOSED and (event := self._item_over.pop((task.name, row.key), None)):
            event.set()

    # --- what tasks are given ----------------------------------------------------------------------------------

    def _argument(self, task: Task, name: str, key: str) -> Any:
        if name == task.over:
            return self.run.items[name][key]
        if name in self.inputs:
            return self.inputs[name]
        edge = self.graph.by_name[name]
        if edge.over is not None and edge.over == task.over:
            return self.runner.load(edge, self.ledger.rows[name][key])
        if name not in self._results:
            done = {row.key: row.result or "null" for row in self.ledger.of(name, State.DONE)}
            kept = Kept(done, lambda data: self.runner.codec.load(data, edge.returns))
            self._results[name] = kept if edge.over is not None else kept[""]
        return self._results[name]

    # --- going back, and being asked ---------------------------------------------------------------------------

    async def _reopen(self, task: Task, gone: Reopen) -> None:
        """Do items again whose results are gone, then what lies between them and the task that noticed."""
        self._reopened += 1
        if self._reopened > self.runner.protocol.rounds:
            self.halt(RunPaused(gone.message, self.run.name))
            return
        try:
            lost = self.graph.by_name[gone.task]
            between = [
                item
                for item in self.graph.order()
                if item.name != task.name
                and item.effect == "safe"  # what others made is still there, and must not be made twice
                and lost in self.graph.ancestors(item)
                and item in self.graph.ancestors(task)
            ]
            for item in [lost, *between]:
                self._results.pop(item.name, None)
                for key in gone.keys if item.over == lost.over else self.ledger.rows[item.name]:
                    row = self.ledger.rows[item.name][key]
                    if row.state is State.DONE:
                        await self.ledger.change(row, Change.REOPENED, reason=gone.message)
                if self._over[item.name].is_set():  # else somebody waits for this very event
                    self._over[item.name] = anyio.Event()
                if self._halted is None:
                    await self._work_off(item)
        except Exception as error:  # noqa: BLE001  # as in a stage
            self.halt(error)
            return
        if self._halted is None:
            await self._stage(task)

    async def hear(self, which: Any, request: Request, *, stale: bool) -> bool:
        """Do what is asked for; false while it is to stay: an approval, until somebody asks for it and no edit waits;
        what has a handler, which takes it away itself; and all but a stop until the run goes on. A request to stop that
        is `stale` was meant for another process.
        """
        if request.what in (STOP, PAUSE):
            if not stale:
                self.run.stop_requests.append(request)
                self.halt(RunCancelled("The run was asked to stop.", self.run.name))
            return True
        if self._group is None:
            return False
        if request.what == APPROVE:
            return await self.run.take_approval()
        if request.what not in self.handlers:
            return True
        if which not in self._heard:
            self._heard.add(which)
            self._group.start_soon(self._in_turn, which, request)
        return False

    async def _in_turn(self, which: Any, request: Request) -> None:
        async with self._turn:
            if self._halted is None:
                await self._guarded(self._handle, which, request)

    async def _handle(self, which: Any, request: Request) -> None:
        await self.handlers[request.what](request)
        with anyio.CancelScope(shield=True):
            await self.ledger.host.in_thread(self.run.control.remove, which)

    @contextmanager
    def _interruptible(self) -> Iterator[anyio.CancelScope]:
        """Waiting that ends at once when the run halts."""
        with anyio.CancelScope() as scope:
            self.runner.interruptible.add(scope)
            try:
                yield scope
            finally:
                self.runner.interruptible.discard(scope)
