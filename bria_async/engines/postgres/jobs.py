"""What there is to do: a job per run at work, and per task that somebody is to do; at most one of each is open.

A job is a row beside the workflow of the same id. The workflow brings it to a worker; the row tells who does it, and
how it ended. So nothing hangs on what the engine keeps of a workflow that died: its job is given back, and a new one is
opened. A run that its leader halts has none of its tasks begun until somebody leads it again.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from bria_async.graph.records import Row

from .database import CHANNEL, LOCKS, one
from .journal import row_of
from .seat import Batch, Seat

if TYPE_CHECKING:
    import psycopg

WHOLE = 0
"""The task of a job that is a whole run."""
BEGUN = "begun"
"""What is told when a run was handed over."""
GIVEN_BACK: Mapping[str, Any] = {"kind": "given back"}
"""How a job ended whose worker could not go on."""
_NEXT = """
INSERT INTO job (id, run, task, queue)
SELECT format('%%s/%%s/%%s', %(run)s::bigint, %(task)s::bigint, count(*) + 1), %(run)s, %(task)s, %(queue)s
"""
_ONCE_MORE = f"""{_NEXT} FROM job JOIN run ON run.id = job.run
WHERE job.run = %(run)s AND task = %(task)s AND run.state NOT IN ('done', 'failed')
HAVING bool_or(again AND job.id = %(job)s) ON CONFLICT DO NOTHING"""
_OPEN = f"{_NEXT} FROM job WHERE run = %(run)s AND task = %(task)s ON CONFLICT DO NOTHING"


@attrs.frozen
class Job:
    """Something to do: `task` of `run`, or all of it; `fence` is that of the worker who began it."""

    id: str
    run: int
    task: int
    queue: str
    fence: int | None = None


@attrs.frozen
class Over:
    """A job that is over: why it stopped, if it did not end well, and how its task stands."""

    error: Mapping[str, Any] | None
    row: Row | None


def open_job(session: "psycopg.Connection[Any]", run: int, task: int, queue: str) -> Job:
    """The open job of a task, a new one if there is none; it stays open until this transaction ends."""
    open_one = "SELECT id, run, task, queue FROM job WHERE run = %s AND task = %s AND NOT over FOR UPDATE"
    while (found := session.execute(open_one, (run, task)).fetchone()) is None:  # others open and end it meanwhile
        session.execute(_OPEN, {"run": run, "task": task, "queue": queue})
    return Job(*found)


def hand_over(session: "psycopg.Connection[Any]", run: int, queue: str) -> None:
    """Have a run led; once more where somebody leads it who may be about to end."""
    job = open_job(session, run, WHOLE, queue)
    session.execute("UPDATE job SET again = true WHERE id = %s AND worker IS NOT NULL", (job.id,))
    tell(session, BEGUN)


def tell(session: "psycopg.Connection[Any]", what: str) -> None:
    """Tell all workers something, when this transaction is durable."""
    session.execute("SELECT pg_notify(%s, %s)", (CHANNEL, what))


@attrs.frozen
class Jobs:
    """The jobs, as a worker sees them."""

    seat: Seat

    async def open(self, run: int, task: int, queue: str) -> Job:
        """The open job of a task, a new one if there is none."""
        return await self.seat.do(lambda session: open_job(session, run, task, queue))

    async def claim(self, job: str) -> Job | None:
        """Begin a job; None where it is over, somebody else's, or of a run that is halted: then it is given back."""
        seat = self.seat

        def claim(session: "psycopg.Connection[Any]") -> Job | None:
            found = session.execute(
                "UPDATE job SET worker = %(me)s, fence = %(fence)s FROM run WHERE job.id = %(job)s AND NOT over "
                "AND run.id = job.run AND (worker IS NULL OR (worker = %(me)s AND fence = %(fence)s)) "
                "AND EXISTS (SELECT 1 FROM worker WHERE number = %(me)s AND fence = %(fence)s) "
                "RETURNING job.id, job.run, task, queue, fence, halted",
                {"me": seat.number, "fence": seat.fence, "job": job},
            ).fetchone()
            if found is None:
                return None
            *fields, halted = found
            begun = Job(*fields)
            if halted and begun.task != WHOLE:
                _close(session, [begun.id])
                return None
            return begun

        return await seat.do(claim)

    async def finish(self, job: Job, error: Mapping[str, Any] | None) -> None:
        """End a job, after all that was written of it; a run that was handed over again meanwhile is a job again."""
        text = None if error is None else json.dumps(error)
        statements = (
            (
                "UPDATE job SET over = true, error = %s WHERE id = %s AND worker = %s AND fence = %s",
                (text, job.id, self.seat.number, job.fence),
            ),
            (
                _ONCE_MORE,
                {"run": job.run, "task": job.task, "queue": job.queue, "job": job.id},
            ),
            ("SELECT pg_notify(%s, %s)", (CHANNEL, "over" if job.task != WHOLE else BEGUN)),
        )
        await self.seat.queue(Batch(job.fence or 0, statements))

    async def over(self, jobs: Iterable[str]) -> dict[str, Over]:
        """Those of these jobs that are over."""
        wanted = list(jobs)
        sql = (
            "SELECT job.id, job.error, task.id, task.name, task.key, task.state, task.attempt, task.sent, task.via, "
            "task.result, task.reason FROM job LEFT JOIN task ON task.id = job.task WHERE job.id = ANY(%s) AND job.over"
        )
        found = await self.seat.do(lambda session: session.execute(sql, (wanted,)).fetchall())
        return {
            job: Over(error and json.loads(error), row_of(*row) if row[0] is not None else None)
            for job, error, *row in found
        }

    async def unbegun(self, seconds: float) -> list[Job]:
        """Jobs that nobody has begun for so long; runs at once, because nobody brings those on their way but this."""
        sql = (
            "SELECT id, run, task, queue FROM job WHERE NOT over AND worker IS NULL "
            "AND (task = %s OR since < now() - make_interval(secs => %s)) ORDER BY since"
        )
        found = await self.seat.do(lambda session: session.execute(sql, (WHOLE, seconds)).fetchall())
        return [Job(*values) for values in found]

    async def unbegun_of(self, jobs: Iterable[str]) -> list[Job]:
        """Those of these jobs that nobody has begun."""
        wanted = list(jobs)
        sql = "SELECT id, run, task, queue FROM job WHERE id = ANY(%s) AND NOT over AND worker IS NULL"
        found = await self.seat.do(lambda session: session.execute(sql, (wanted,)).fetchall())
        return [Job(*values) for values in found]

    # --- runs that are led -------------------------------------------------------------------------------------

    async def take_up(self, whole: Job) -> frozenset[int]:
        """Lead a run: its tasks may be begun.

        Returns:
            Those that somebody does, or is to do.
        """
        await self.seat.do(lambda session: self._set_halted(session, whole, halted=False))
        return await self.open_tasks(whole)

    async def call_off(self, whole: Job) -> list[str]:
        """Have no task of a run begun any more, and those stop who do one.

        Returns:
            The jobs that nobody had begun, which are closed.
        """
        sql = "SELECT id FROM job WHERE run = %s AND task <> %s AND NOT over AND worker IS NULL FOR UPDATE"

        def halt(session: "psycopg.Connection[Any]") -> list[str]:
            if not self._set_halted(session, whole, halted=True):
                return []  # another one leads it by now
            unbegun = [job for (job,) in session.execute(sql, (whole.run, WHOLE))]
            _close(session, unbegun)
            tell(session, f"stop {whole.run}")
            return unbegun

        return await self.seat.do(halt)

    def _set_halted(self, session: "psycopg.Connection[Any]", whole: Job, *, halted: bool) -> bool:
        sql = (
            "UPDATE run SET halted = %s WHERE id = %s "
            "AND EXISTS (SELECT 1 FROM job WHERE id = %s AND worker = %s AND fence = %s AND NOT over)"
        )
        return session.execute(sql, (halted, whole.run, whole.id, self.seat.number, whole.fence)).rowcount > 0

    async def open_tasks(self, whole: Job) -> frozenset[int]:
        """The tasks of a run that somebody does, or is to do, as whoever leads it sees it."""
        sql = (
            "SELECT part.task FROM job AS part JOIN job AS whole ON whole.run = part.run WHERE NOT part.over "
            "AND part.task <> %s AND whole.id = %s AND NOT whole.over AND whole.worker = %s AND whole.fence = %s"
        )
        values = (WHOLE, whole.id, self.seat.number, whole.fence)
        found = await self.seat.do(lambda session: session.execute(sql, values).fetchall())
        return frozenset(task for (task,) in found)

    async def halted(self, runs: Iterable[int]) -> frozenset[int]:
        """Those of these runs that are halted."""
        wanted = list(set(runs))
        sql = "SELECT id FROM run WHERE id = ANY(%s) AND halted"
        found = await self.seat.do(lambda session: session.execute(sql, (wanted,)).fetchall())
        return frozenset(run for (run,) in found)

    # --- workers that died, and what slipped through their fingers ---------------------------------------------

    async def living(self) -> frozenset[int]:
        """The workers that hold their locks."""
        return frozenset(await self.seat.do(living))

    async def dead(self, given: Iterable[int]) -> frozenset[int]:
        """Workers with something to do, or with workflows given to them, whose lock nobody holds at this moment."""
        claimed = "SELECT DISTINCT worker FROM job WHERE NOT over AND worker IS NOT NULL"

        def look(session: "psycopg.Connection[Any]") -> frozenset[int]:
            busy = {number for (number,) in session.execute(claimed)} | set(given)
            return frozenset(busy - living(session))

        return await self.seat.do(look)

    async def take_over(self, worker: int) -> int | None:
        """Give back all that a dead worker did, and raise its fence, so that nothing that it began is written any more.

        Returns:
            How many jobs that were; None where it lives after all.
        """

        def take(session: "psycopg.Connection[Any]") -> int | None:
            free = one(session.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (LOCKS, worker)))
            return _give_back(session, worker) if free else None

        return await self.seat.do(take)

    async def mine(self) -> frozenset[str]:
        """The jobs that this worker has begun."""
        sql = "SELECT id FROM job WHERE worker = %s AND NOT over"
        found = await self.seat.do(lambda session: session.execute(sql, (self.seat.number,)).fetchall())
        return frozenset(job for (job,) in found)

    async def give_back(self, jobs: Iterable[str]) -> None:
        """Give back these jobs, which this worker has begun."""
        wanted = list(jobs)
        await self.seat.do(lambda session: _close(session, wanted))

    async def leave(self) -> None:
        """Give back all that this worker does, before it goes."""

        def leave(session: "psycopg.Connection[Any]") -> None:
            _give_back(session, self.seat.number)
            session.execute("DELETE FROM worker WHERE number = %s", (self.seat.number,))

        await self.seat.do(leave)


def living(session: "psycopg.Connection[Any]") -> set[int]:
    """The workers that hold their locks."""
    sql = (
        "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid <> 0 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return {number for (number,) in session.execute(sql, (LOCKS,))}


def _give_back(session: "psycopg.Connection[Any]", worker: int) -> int:
    session.execute("UPDATE worker SET fence = fence + 1 WHERE number = %s", (worker,))
    sql = "SELECT id FROM job WHERE worker = %s AND NOT over FOR UPDATE"
    return _close(session, [job for (job,) in session.execute(sql, (worker,))])


def _close(session: "psycopg.Connection[Any]", jobs: list[str]) -> int:
    """Close jobs that are not done: tasks are opened again by those who lead their runs, runs at once.

    Returns:
        How many were closed.
    """
    closed = session.execute(
        "UPDATE job SET over = true, error = %s WHERE NOT over AND id = ANY(%s) RETURNING run, task, queue",
        (json.dumps(GIVEN_BACK), jobs),
    ).fetchall()
    for run, task, queue in closed:
        if task == WHOLE:
            open_job(session, run, WHOLE, queue)
    tell(session, "over")
    tell(session, BEGUN)
    return len(closed)
