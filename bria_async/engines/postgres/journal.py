"""The journal of runs in PostgreSQL: what `graph.journal.Journal` is for a file."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bria_async.errors import JournalError
from bria_async.graph.items import Kept
from bria_async.graph.records import Changed, Entry, Record, Row, RunRow, Settled
from bria_async.graph.states import State

from .seat import Batch, Guest, Seat, Statement

if TYPE_CHECKING:
    import asyncio

    import psycopg

_RUN = "SELECT id, name, tag, plan, state, reason, created, updated, graph FROM run"
_ROW = "SELECT id, name, key, state, attempt, sent, via, result, reason FROM task"
_TASK = (
    "UPDATE task SET state = %s, attempt = %s, sent = %s, done = %s, via = %s, result = %s, reason = %s WHERE id = %s"
)
_SETTLED = "UPDATE run SET state = %s, reason = %s, updated = %s WHERE id = %s"


class PostgresJournal:
    """The journal of this name, as its owner's seat lets him write it; a guest only reads, and begins runs.

    Who does a job writes below the fence of that job, whatever has become of his own meanwhile.

    What was written is durable, so nothing is ever `unclean`.

    Raises:
        Fenced: another worker took over.
        JournalError: the database cannot be used.
    """

    unclean = False

    def __init__(self, seat: Guest, name: str, fence: int | None = None) -> None:
        self.name = name
        self.fence = seat.fence if fence is None else fence
        self._seat = seat

    # --- writing ---------------------------------------------------------------------------------------------

    async def write(self, *records: Record) -> None:
        """Make these records durable, all of them or none."""
        await self.queue(*records)

    def queue(self, *records: Record) -> "asyncio.Future[None]":
        """Hand in records in order; the future is done when they are durable."""
        if not isinstance(self._seat, Seat):
            raise JournalError("Only a worker writes what happens in a run.")
        statements = tuple(_statement(record) for record in records if not isinstance(record, Entry))
        events = tuple(tuple(record) for record in records if isinstance(record, Entry))
        return self._seat.queue(Batch(self.fence, statements, self.name, events))

    # --- reading ---------------------------------------------------------------------------------------------

    async def find_run(self, name: str) -> RunRow | None:
        """The run of this name."""
        return await self._seat.do(lambda session: _find(session, self.name, name))

    async def rows(self, run: int, key: str | None = None) -> list[Row]:
        """All tasks of a run; for one item only, its own and those that run once."""
        where = "WHERE run = %s ORDER BY id" if key is None else "WHERE run = %s AND key IN ('', %s) ORDER BY id"
        values = (run,) if key is None else (run, key)
        found = await self._seat.do(lambda session: session.execute(f"{_ROW} {where}", values).fetchall())
        return [row_of(*values) for values in found]

    async def row(self, task: int) -> tuple[Row, str]:
        """A task by its number, and what was changed of its run's plan, as JSON."""
        sql = f"{_ROW} WHERE id = %s"
        changed = "SELECT how FROM run JOIN task ON task.run = run.id WHERE task.id = %s"

        def read(session: "psycopg.Connection[Any]") -> Any:
            with session.pipeline():
                return session.execute(sql, (task,)).fetchone(), session.execute(changed, (task,)).fetchone()

        found, how = await self._seat.do(read)
        if found is None:
            raise JournalError(f"There is no task {task} any more.")
        return row_of(*found), how[0]

    async def items(self, run: int, name: str) -> Kept[Any]:
        """The items of an input, in the order of their keys."""
        sql = 'SELECT key, data FROM item WHERE run = %s AND input = %s ORDER BY key COLLATE "C"'
        found = await self._seat.do(lambda session: session.execute(sql, (run, name)).fetchall())
        return Kept(dict(found))

    async def largest(self, run: int, name: str, field: str) -> int:
        """The largest number that the items of an input have in a field; 0 without any."""
        sql = "SELECT coalesce(max((data::json ->> %s)::bigint), 0) FROM item WHERE run = %s AND input = %s"
        (found,) = await self._seat.do(lambda session: session.execute(sql, (field, run, name)).fetchall())
        return int(found[0])

    async def count(self, run: int, what: str) -> int:
        """How many events of this kind were recorded for the run."""
        sql = "SELECT count(*) FROM event WHERE run = %s AND what = %s"
        (found,) = await self._seat.do(lambda session: session.execute(sql, (run, what)).fetchall())
        return int(found[0])

    async def latest(self, run: int, what: str) -> tuple[float, dict[str, Any]] | None:
        """When something of this kind last happened in the run, and its data."""
        sql = "SELECT at, data FROM event WHERE run = %s AND what = %s ORDER BY seq DESC LIMIT 1"
        found = await self._seat.do(lambda session: session.execute(sql, (run, what)).fetchone())
        return None if found is None else (float(found[0]), json.loads(found[1] or "{}"))

    async def behind(self, run: int, what: str, after: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """The data of the first events of this kind in the run behind this number, and up to which those are all."""
        sql = "SELECT seq, data FROM event WHERE run = %s AND seq > %s AND what = %s ORDER BY seq LIMIT %s"
        rows = await self._seat.do(lambda session: session.execute(sql, (run, after, what, most)).fetchall())
        return [json.loads(data or "{}") for _, data in rows], int(rows[-1][0]) if rows else after

    async def create_run(
        self,
        name: str,
        tag: str,
        plan: Mapping[str, Any],
        graph: str,
        inputs: Mapping[str, Mapping[str, Any]],
        keys: Iterable[tuple[str, str]],
    ) -> RunRow:
        """Write a run, its items and all its tasks (name, item key) in one transaction.

        Where somebody else has just done so, it is his.
        """
        now, wanted = self._seat.host.now(), list(keys)

        def create(session: "psycopg.Connection[Any]") -> RunRow:
            session.execute("INSERT INTO journal (name) VALUES (%s) ON CONFLICT DO NOTHING", (self.name,))
            made = session.execute(
                "INSERT INTO run (journal, name, tag, plan, graph, created, updated) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
                (self.name, name, tag, json.dumps(plan), graph, now, now),
            ).fetchone()
            if made is not None:
                (run,) = made
                with session.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO item VALUES (%s, %s, %s, %s)",
                        [
                            (run, one, key, json.dumps(data))
                            for one, found in inputs.items()
                            for key, data in found.items()
                        ],
                    )
                    cursor.executemany(
                        "INSERT INTO task (run, name, key) VALUES (%s, %s, %s)", [(run, *each) for each in wanted]
                    )
            found = _find(session, self.name, name)
            if found is None:
                raise JournalError(f"The run {name!r} is gone while it was begun.")
            return found

        return await self._seat.do(create)


def _find(session: "psycopg.Connection[Any]", journal: str, name: str) -> RunRow | None:
    row = session.execute(f"{_RUN} WHERE journal = %s AND name = %s", (journal, name)).fetchone()
    return row and RunRow(row[0], row[1], row[2], json.loads(row[3]), *row[4:])


def row_of(number: int, name: str, key: str, state: str, *rest: Any) -> Row:
    """A task as a row of the table tells it."""
    return Row(number, name, key, State(state), *rest)


def _statement(record: Changed | Settled) -> Statement:
    if isinstance(record, Changed):
        return _TASK, (*map(_kept, record[4:]), record.task)
    return _SETTLED, (*map(_kept, record[1:]), record.run)


def _kept(value: Any) -> Any:
    """A value as PostgreSQL takes it: a reason may be what a server said, with NUL in it."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
