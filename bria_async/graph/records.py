"""What a journal holds, whatever it is kept in: runs, their tasks, and what happened; and what is written of them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import attrs

from .items import Kept
from .states import State

if TYPE_CHECKING:
    import asyncio


class Entry(NamedTuple):
    """Something that happened; the journal numbers it."""

    at: float
    run: int
    task: int | None
    what: str
    data: str | None = None
    """JSON."""


class Changed(NamedTuple):
    """How a task stands from now on; `result` is JSON text."""

    task: int
    run: int
    name: str
    key: str
    state: State
    attempt: int
    sent: float | None
    done: float | None
    via: str | None
    result: str | None
    reason: str | None


class Settled(NamedTuple):
    """How a run stands from now on."""

    run: int
    state: str
    reason: str | None
    updated: float


Record = Entry | Changed | Settled


@attrs.define
class Row:
    """A task as the journal has it; `result` is JSON text."""

    id: int
    name: str
    key: str
    state: State
    attempt: int = 0
    sent: float | None = None
    via: str | None = None
    result: str | None = attrs.field(default=None, repr=False)
    reason: str | None = None
    durable: bool = True
    """Whether the journal on disk says the same."""
    left: float | None = None
    """When its latest request left, on this process's own clock; None where another process sent it."""


@attrs.frozen
class RunRow:
    """A run as the journal has it."""

    id: int
    name: str
    tag: str
    plan: Mapping[str, Any]
    state: str
    reason: str | None
    created: float
    updated: float
    graph: str = ""
    """Its tasks, as they were drawn when it began."""
    fresh: bool = attrs.field(default=False, eq=False)
    """This very process began it: nothing of it can have been sent before."""


class Readable(Protocol):
    """A session that records are read through: of SQLite, or one that understands the same."""

    def execute(self, sql: str, values: tuple[Any, ...] = (), /) -> Any:
        """The rows of a query, which has a `?` for each value."""


class Keeper(Protocol):
    """Whatever keeps records: the journal of one process (`journal.py`), or a database that many share."""

    @property
    def unclean(self) -> bool:
        """Whether what was written last may be lost."""

    async def write(self, *records: Record) -> None:
        """Make these records durable, all of them or none."""

    def queue(self, *records: Record) -> "asyncio.Future[None]":
        """Hand in records in order; the future is done when they are durable."""

    async def find_run(self, name: str) -> RunRow | None:
        """The run of this name."""

    async def rows(self, run: int) -> list[Row]:
        """All tasks of a run."""

    async def items(self, run: int, name: str) -> Kept[Any]:
        """The items of an input, in the order of their keys."""

    async def largest(self, run: int, name: str, field: str) -> int:
        """The largest number that the items of an input have in a field; 0 without any."""

    async def count(self, run: int, what: str) -> int:
        """How many events of this kind were recorded for the run."""

    async def latest(self, run: int, what: str) -> tuple[float, dict[str, Any]] | None:
        """When something of this kind last happened in the run, and its data."""

    async def behind(self, run: int, what: str, after: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """The data of the first events of this kind in the run behind this number, and up to which those are all."""

    async def create_run(
        self,
        name: str,
        tag: str,
        plan: Mapping[str, Any],
        graph: str,
        inputs: Mapping[str, Mapping[str, Any]],
        keys: Iterable[tuple[str, str]],
    ) -> RunRow:
        """Write a run, its items and all its tasks (name, item key) in one transaction."""
