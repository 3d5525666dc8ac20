"""The state of one run in memory, and every change of it on its way into the journal."""

import contextlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from bria_async.errors import JournalError
from bria_async.host import Host

from .events import Event, Happened, Listener, Told, level_of, log, readable, tell, write_down
from .records import Changed, Entry, Keeper, Record, Row, RunRow, Settled
from .states import CLOSED, Change, State, after

if TYPE_CHECKING:
    import asyncio


class Codec(Protocol):
    """How results become JSON and come back."""

    def dump(self, value: Any) -> Any:
        """JSON data of a result."""

    def load(self, data: Any, kind: Any) -> Any:
        """The result of this type that the data stands for."""


@attrs.define
class Ledger:
    """All tasks of a run; a change is in memory when it is handed to the journal, and durable when awaited."""

    journal: Keeper
    run: RunRow
    host: Host
    rows: Mapping[str, Mapping[str, Row]]
    listeners: list[Listener] = attrs.field(factory=list)
    title: str = attrs.field()
    """What the log calls the run."""
    _since: float = attrs.field(init=False)
    """When this process took the run over, on its own clock."""

    @title.default
    def _name(self) -> str:
        return self.run.name

    @_since.default
    def _now(self) -> float:
        return self.host.monotonic()

    @classmethod
    async def load(cls, journal: Keeper, run: RunRow, host: Host, listeners: Iterable[Listener] = ()) -> "Ledger":
        """Read the tasks of a run from its journal."""
        return cls.of_rows(journal, run, host, await journal.rows(run.id), listeners)

    @classmethod
    def of_rows(
        cls, journal: Keeper, run: RunRow, host: Host, rows: Iterable[Row], listeners: Iterable[Listener] = ()
    ) -> "Ledger":
        """The ledger of a run, or of some of its tasks."""
        found: dict[str, dict[str, Row]] = {}
        for row in rows:
            found.setdefault(row.name, {})[row.key] = row
        return cls(journal, run, host, found, list(listeners))

    def take(self, row: Row, other: Row) -> None:
        """Take over how a task stands now, which another process wrote; what it may have sent, it sent before now."""
        row.state, row.attempt, row.sent, row.via = other.state, other.attempt, other.sent, other.via
        row.result, row.reason = other.result, other.reason
        row.left = None if other.sent is None else self.host.monotonic()

    async def reload(self) -> None:
        """Take over how all tasks stand now."""
        for row in await self.journal.rows(self.run.id):
            self.take(self.rows[row.name][row.key], row)

    def of(self, name: str, *states: State) -> list[Row]:
        """The rows of a task in these states, in order; all of them when none is named."""
        return [row for row in self.rows.get(name, {}).values() if not states or row.state in states]

    def closed(self, name: str) -> bool:
        """Whether nothing is left to do for this task."""
        return all(row.state in CLOSED for row in self.rows.get(name, {}).values())

    def age(self, row: Row) -> float:
        """Seconds that have certainly passed since its latest request left; infinite when none ever left.

        Told by this process's own clock alone. What another process sent, it sent before this one took over: when
        exactly, only the wall clock could tell, and that may have been set meanwhile.
        """
        if row.left is not None:
            return self.host.monotonic() - row.left
        return math.inf if row.sent is None else self.idle

    @property
    def idle(self) -> float:
        """Seconds since a process before this one can have sent anything."""
        return self.host.monotonic() - self._since

    async def change(
        self,
        row: Row,
        change: Change,
        *,
        result: Any = None,
        via: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Take a transition of the table, and return when it is durable."""
        changed, entry = self._changed(row, change, result, via, reason)
        row.durable = False
        await self.journal.write(changed, entry)
        row.durable = True
        self._emit(entry, row, _because(reason))

    def leave(self, row: Row, change: Change, reason: str) -> None:
        """Hand in a transition that nobody waits for; a journal that is broken already misses it."""
        changed, entry = self._changed(row, change, None, None, reason)
        with contextlib.suppress(JournalError):
            self._tell_once_durable(self.journal.queue(changed, entry), entry, row, _because(reason))

    def _changed(
        self, row: Row, change: Change, result: Any, via: str | None, reason: str | None
    ) -> tuple[Changed, Entry]:
        now, sent, left = self.host.now(), row.sent, row.left
        state, attempt, reason = after(row.state, change), row.attempt, reason and readable(reason)
        told = json.dumps(_because(reason)) if reason else None
        if change is Change.ANNOUNCED:
            sent, left, attempt = now, self.host.monotonic(), attempt + 1
        elif change is Change.RELEASED:
            attempt -= 1
        if state is State.DONE:
            text: str | None = json.dumps(result)
        else:
            via, text = (None, None) if change is Change.REOPENED else (row.via, row.result)
        values = (state, attempt, sent, now if state in CLOSED else None, via, text, reason)
        record = Changed(row.id, self.run.id, row.name, row.key, *values), Entry(now, self.run.id, row.id, change, told)
        # Last: a row whose change finds no memory must not be ahead of its journal.
        row.state, row.attempt, row.reason = state, attempt, reason
        row.sent, row.left, row.via, row.result = sent, left, via, text
        return record

    def note(self, what: Happened, row: Row | None = None, **data: Any) -> None:
        """Record something that is no transition; nobody waits for it, and it is told once it is durable."""
        entry = self._event(what, row, data)
        self._tell_once_durable(self.journal.queue(entry), entry, row, data)

    async def record(self, what: Happened, **data: Any) -> None:
        """Record something that is no transition, and return when it is durable."""
        await self.record_all([(what, data)])

    async def record_all(self, happened: Iterable[Told], *beside: Record) -> None:
        """Record several things that are no transitions, all or none of them, and return when they are durable."""
        entries = [(self._event(what, None, data), data) for what, data in happened]
        await self.journal.write(*beside, *(entry for entry, _ in entries))
        for entry, data in entries:
            self._emit(entry, None, data)

    def _event(self, what: Happened, row: Row | None, data: Mapping[str, Any]) -> Entry:
        text = json.dumps(data) if data else None
        return Entry(self.host.now(), self.run.id, row.id if row else None, what, text)

    async def settle_run(self, state: str, reason: str | None, what: Happened, *more: Told, **data: Any) -> None:
        """Record what became of the run, what else there is to know, and what happened with that."""
        await self.record_all([(what, {**_because(reason), **data}), *more], self._settled(state, reason))

    def leave_run(self, reason: str) -> None:
        """Record that the run paused without waiting: for a process that is on its way out."""
        data = _because(reason)
        settled, entry = self._settled("paused", reason), self._event(Happened.PAUSED, None, data)
        with contextlib.suppress(JournalError):
            self._tell_once_durable(self.journal.queue(settled, entry), entry, None, data)

    def _settled(self, state: str, reason: str | None) -> Settled:
        return Settled(self.run.id, state, readable(reason) if reason else None, self.host.now())

    def _tell_once_durable(
        self, written: "asyncio.Future[None]", entry: Entry, row: Row | None, data: Mapping[str, Any]
    ) -> None:
        def emit(written: "asyncio.Future[None]") -> None:
            if not written.cancelled() and written.exception() is None:
                self._emit(entry, row, data)

        written.add_done_callback(emit)

    def _emit(self, entry: Entry, row: Row | None, data: Mapping[str, Any]) -> None:
        name, key = (row.name, row.key) if row else ("", "")
        is_logged = log.isEnabledFor(level_of(name))
        if self.listeners or is_logged:
            event = Event(entry.at, self.run.name, entry.what, name, key, data)
            if is_logged:
                write_down(attrs.evolve(event, run=self.title))
            tell(self.listeners, event)


def _because(reason: str | None) -> Mapping[str, Any]:
    return {"reason": readable(reason)} if reason else {}
