"""One task under the effect protocol: intent before, outcome after, doubt resolved by looking.

Every engine runs tasks through `Runner.perform` and settles doubts through `Runner.resolve`; how tasks are scheduled
is the engine's business, what a lost answer means is decided here and nowhere else.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.lowlevel
import attrs

from bria_async.errors import BriaError, GraphError, Outcome, RunError, RunPaused
from bria_async.host import observer

from .events import Happened
from .graph import DOUBTS, KNOWN, Task, names_of
from .ledger import Codec, Ledger
from .records import Row
from .states import Change, State

Policy = Callable[[Task, str, BriaError], RunError | None]
"""What to do about a task that was refused: the error that stops the run, or None to skip this item."""

LATE = 5.0
"""Seconds after which an intent is made anew before its request leaves: this process was frozen, or its journal slow,
and who took it for dead would look at the server before the request is there."""


@attrs.frozen
class Protocol:
    """How patient the effect protocol is.

    `settle` seconds pass between a request whose answer was lost and the look at the server, because a slow server
    may still be working on it; `on_doubt` says what happens to billed calls that cannot be looked up: `ask` pauses
    the run, `resend` sends again (and may pay twice), `skip` leaves them out; `rounds` bounds how often one stage
    looks and sends again.
    """

    settle: float = 150.0
    on_doubt: str = "ask"
    rounds: int = 5


@attrs.define(slots=False)
class Reopen(BriaError):
    """Raised by a task that found results gone: these items of that task are done again, and so is what follows."""

    task: str = ""
    keys: tuple[str, ...] = ()


@attrs.define
class Interruptible:
    """Scopes that end at once when the run stops, because nothing of theirs has left."""

    _scopes: set[anyio.CancelScope] = attrs.field(factory=set, init=False)
    _stopped: bool = attrs.field(default=False, init=False)

    def add(self, scope: anyio.CancelScope) -> None:
        """From here on it may be interrupted; at once, if the run has stopped already."""
        self._scopes.add(scope)
        if self._stopped:
            scope.cancel()

    def discard(self, scope: anyio.CancelScope) -> None:
        """It is over, or something of it is about to leave."""
        self._scopes.discard(scope)

    def stop(self) -> None:
        """Interrupt them all, and those that come."""
        self._stopped = True
        for scope in tuple(self._scopes):
            scope.cancel()


@attrs.define(eq=False)
class Watch:
    """Sits between a task and its requests: makes the intent durable before one leaves."""

    ledger: Ledger
    task: Task
    row: Row
    scope: anyio.CancelScope
    interruptible: Interruptible

    async def announced(self, effect: str) -> None:
        """A request with an effect is about to leave: from here on the task is not interrupted lightly."""
        if self.task.effect == "safe":
            raise GraphError(f"Task {self.task.name} is declared safe and sends a {effect} request.")
        await anyio.lowlevel.checkpoint_if_cancelled()
        self.interruptible.discard(self.scope)
        await self.ledger.change(self.row, Change.ANNOUNCED)
        if self._is_late():
            await self.ledger.change(self.row, Change.RELEASED)
            await self.ledger.change(self.row, Change.ANNOUNCED)

    def _is_late(self) -> bool:
        """Whether much time has passed since the intent; clocks may stand still while a machine sleeps, or be set."""
        passed = self.ledger.host.now() - (self.row.sent or 0.0)
        return max(self.ledger.age(self.row), passed) > LATE

    def retried(self, operation: str, reason: str, wait: float) -> None:
        """A request is repeated. One with an effect certainly had none, so nothing is out while it waits."""
        if self.row.state is State.INTENT:
            self.ledger.leave(self.row, Change.RELEASED, reason)
            self.interruptible.add(self.scope)
        self.ledger.note(Happened.RETRIED, self.row, operation=operation, reason=reason, wait=round(wait, 2))


@attrs.define
class Runner:
    """Performs tasks of one run."""

    ledger: Ledger
    codec: Codec
    protocol: Protocol
    policy: Policy
    interruptible: Interruptible = attrs.field(factory=Interruptible)

    async def perform(self, task: Task, row: Row, arguments: Mapping[str, Any]) -> None:
        """Run a task once and record what came of it; a lost answer leaves it in doubt.

        Raises:
            RunError: the run cannot go on.
        """
        with anyio.CancelScope() as scope:
            self.interruptible.add(scope)
            token = observer.set(Watch(self.ledger, task, row, scope, self.interruptible))
            try:
                result = await task.function(**arguments)
            except BriaError as error:
                await self._failed(task, row, error)
            else:
                await self._finished(row, self.codec.dump(result))
            finally:
                observer.reset(token)
                self.interruptible.discard(scope)

    async def _finished(self, row: Row, result: Any) -> None:
        via = "resent" if row.attempt > 1 else "sent"
        await self.ledger.change(row, Change.FINISHED, result=result, via=via)

    async def _failed(self, task: Task, row: Row, error: BriaError) -> None:
        """After a request has left, only an error that says so makes sure that it had no effect."""
        reason = error.message
        if row.state is State.INTENT:
            change = Change.LOST if error.outcome is Outcome.UNKNOWN else Change.RELEASED
            await self.ledger.change(row, change, reason=reason)
        if isinstance(error, RunError | GraphError | Reopen):
            raise error
        if row.state is State.IN_DOUBT:
            return
        stop = self.policy(task, row.key, error)
        if stop is None:
            await self.ledger.change(row, Change.SKIPPED, reason=reason)
            return
        await self.ledger.change(row, Change.FAILED, reason=reason)
        raise stop

    # --- doubt -----------------------------------------------------------------------------------------------

    async def wait_for_settle(self, rows: list[Row], *, unrecorded: bool = False) -> None:
        """Wait until a slow server must be done with what these rows may have sent.

        `unrecorded`: a process before this one may have sent some of them without a record.
        """
        host = self.ledger.host
        latest = self.ledger.idle if unrecorded else math.inf
        wait = self.protocol.settle - min([latest, *map(self.ledger.age, rows)])
        if wait > 0:
            self.ledger.note(
                Happened.WAITED,
                rows[0],
                reason=f"{wait:.0f} s until the server must be done with it",
                wait=round(wait, 1),
            )
            await host.sleep(wait)

    async def resolve(
        self,
        task: Task,
        rows: list[Row],
        arguments: Mapping[str, Any],
        items: Mapping[str, Any],
        *,
        confirm: bool = False,
    ) -> None:
        """Resolve what is in doubt: adopt what the server has, release what it has not.

        `rows` are in doubt, or pending after an unclean close, when even an intent may be missing; then the same look
        has to `confirm` what is done.

        Raises:
            RunPaused: it cannot be decided without the user.
            Reopen: something that is done is not there.
        """
        if task.adopt is not None:
            found = await self._look(task, task.adopt, rows, arguments, items)
            gone = [row.key for row in self.ledger.of(task.name, State.DONE) if row.key not in found]
            if confirm and gone and KNOWN in names_of(task.adopt):
                raise Reopen(f"{len(gone)} of {task.name} are gone from the server", task.name, tuple(gone))
            return
        for row in rows:
            if row.state is State.IN_DOUBT:
                await self._without_a_look(task, row)

    async def _look(
        self, task: Task, adopt: Any, rows: list[Row], arguments: Mapping[str, Any], items: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        known = (
            {row.key: self.load(task, row) for row in self.ledger.of(task.name, State.DONE)}
            if KNOWN in names_of(adopt)
            else {}
        )
        doubts = {row.key: items.get(row.key) for row in rows}
        extra = {DOUBTS: doubts, KNOWN: known}
        given = {name: extra[name] if name in extra else arguments[name] for name in names_of(adopt)}
        found: Mapping[str, Any] = await adopt(**given)
        for row in rows:
            if row.key in found:
                await self.ledger.change(row, Change.ADOPTED, result=self.codec.dump(found[row.key]), via="adopted")
            elif row.state is State.IN_DOUBT:
                await self.ledger.change(row, Change.ABSENT)
        return found

    async def _without_a_look(self, task: Task, row: Row) -> None:
        """Nothing on the server shows this effect: it was perhaps charged, which is reported once it is decided."""
        if self.protocol.on_doubt == "skip" and task.effect == "billed":
            self.ledger.note(Happened.CHARGED, row, reason="its answer was lost; it is left out")
            await self.ledger.change(row, Change.SKIPPED, reason="perhaps charged; its answer was lost")
        elif self.protocol.on_doubt == "resend" or (task.effect == "cheap" and row.attempt <= 1):
            self.ledger.note(Happened.CHARGED, row, reason="its answer was lost; it is sent again")
            await self.ledger.change(row, Change.ABSENT)
        else:
            name = f"{task.name} {row.key}".strip()
            skip = " or --on-doubt skip" if task.effect == "billed" else ""
            raise RunPaused(
                f"The answer to {name!r} was lost: it was perhaps charged, and nothing on the server tells. "
                f"Decide with --on-doubt resend (may pay twice){skip}.",
                self.ledger.run.name,
            )

    def load(self, task: Task, row: Row) -> Any:
        """The result of a task that is done."""
        return self.codec.load(json.loads(row.result or "null"), task.returns)
