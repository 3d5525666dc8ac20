"""Runs that many workers share: handing them over, and working on them."""

import functools
import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from bria_async.engines.desk import RUNS, Desk
from bria_async.engines.local import LocalEngine
from bria_async.engines.postgres.database import Database, one
from bria_async.engines.postgres.jobs import Job, hand_over
from bria_async.engines.postgres.journal import PostgresJournal
from bria_async.engines.postgres.reading import Reader, SharedJournal
from bria_async.engines.postgres.seat import Fenced, Guest, Seat
from bria_async.engines.shared import SharedEngine
from bria_async.engines.turns import Turns
from bria_async.errors import BriaError, ConfigurationError, JournalAway, JournalError, RunError, RunFailed, RunPaused
from bria_async.graph.control import PAUSE, STOP
from bria_async.graph.events import Happened
from bria_async.graph.graph import Task
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Row, RunRow
from bria_async.host import Host
from bria_async.images.findings import Finding
from bria_async.images.folder import DECODED_BESIDE_UPLOADS
from bria_async.session import Session

from .batch import in_one_line
from .changes import plan_in, plan_of, refuse_other_server
from .members import Member, members_of, merged, parsed, written
from .place import Place
from .plan import Plan, Settings, id_of
from .run import Prepared, Work, look
from .shared import SharedPlace

if TYPE_CHECKING:
    import psycopg

    from bria_async.images.probe import ImageFile

REMEMBERED = 200
"""Runs of which a worker remembers what never changes."""


@attrs.frozen
class _Known:
    """What a worker knows of a run; `how` is what was changed of its plan, as JSON."""

    journal: SharedJournal
    row: RunRow
    how: str
    weight: float

    @property
    def plan(self) -> Plan:
        """Its plan as it is now."""
        return attrs.evolve(plan_of(self.row), **json.loads(self.how))


@attrs.define(eq=False)
class Workbench:
    """What a worker works with: `engines.desk.Bench` for runs of plans."""

    session: Session
    settings: Settings
    seat: Seat
    processors: Turns = attrs.field(factory=lambda: Turns(DECODED_BESIDE_UPLOADS))
    _prepared: dict[int, tuple[_Known, Prepared]] = attrs.field(factory=dict, init=False)

    async def whole(self, job: Job, desk: Desk) -> None:
        """Lead a run until it is over or stops."""
        known = await self._find(job.run)
        row, place = known.row, self._place(known)
        if row.state in ("done", "failed"):
            return
        work = self._work(known, job, SharedEngine)

        def working(engine: LocalEngine) -> None:
            if isinstance(engine, SharedEngine):
                engine.office, engine.whole = desk, job
            desk.leads(job, engine)

        try:
            prepared = await work.prepare(known.plan, row)
            refuse_other_server(self.session, row)
            await self._refuse_unseen(row, prepared.items["image"].values())
        except (Fenced, JournalAway):
            raise
        except Exception as error:  # whatever it is, nobody else says so
            raise await self._paused(known, job, desk, error) from error
        try:
            await work.carry_out(known.plan, row, place, weight=known.weight, working=working)
        except (RunError, Fenced, JournalAway):
            raise  # the journal says the same, or cannot
        except Exception as error:  # as above
            raise await self._paused(known, job, desk, error) from error

    async def part(self, job: Job) -> tuple[LocalEngine, Task, Row]:
        """An engine that knows what this task needs, the task, and its row; it writes below the fence of the job."""
        known, prepared = self._prepared.get(job.run) or await self._prepare(job)
        journal = PostgresJournal(self.seat, known.journal.name, job.fence)
        found, how = await journal.row(job.task)
        if how != known.how:
            known, prepared = await self._prepare(job)
        task = prepared.graph.by_name[found.name]
        if task.over == "image":
            await self._refuse_unseen(known.row, [prepared.items["image"][found.key]])
        rows = await journal.rows(job.run, found.key if task.over else None)
        ledger = Ledger.of_rows(journal, known.row, self.session.host, rows)
        engine = self._work(known, job).engine_of(prepared, ledger, self._place(known))
        return engine, task, ledger.rows[found.name][found.key]

    def _work(self, known: _Known, job: Job, engine: Any = LocalEngine) -> Work:
        journal = PostgresJournal(self.seat, known.journal.name, job.fence)
        return Work(self.session, self.settings, journal, engine=engine, processors=self.processors)

    def _place(self, known: _Known) -> SharedPlace:
        place = SharedPlace.of_journal(known.journal, self.settings.state)
        return place.run(known.row.name) if place.is_batch else place

    async def _prepare(self, job: Job) -> tuple[_Known, Prepared]:
        known = await self._find(job.run)
        refuse_other_server(self.session, known.row)
        prepared = await self._work(known, job).prepare(known.plan, known.row)
        self._prepared.pop(job.run, None)
        while len(self._prepared) >= REMEMBERED:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[job.run] = known, prepared
        return known, prepared

    async def _find(self, run: int) -> _Known:
        sql = (
            "SELECT journal.name, plans IS NOT NULL, run.name, how, weight "
            "FROM run JOIN journal ON journal.name = journal WHERE run.id = %s"
        )

        def find(session: "psycopg.Connection[Any]") -> Any:
            return session.execute(sql, (run,)).fetchone()

        if (found := await self.seat.do(find)) is None:
            raise RunError(f"There is no run {run} any more.", str(run))
        journal, is_batch, name, how, weight = found
        row = await PostgresJournal(self.seat, journal).find_run(name)
        if row is None:
            raise RunError(f"There is no run {name!r} any more.", name)
        return _Known(SharedJournal(Reader(self.seat.database), journal, is_batch=is_batch), row, how, weight)

    async def _paused(self, known: _Known, job: Job, desk: Desk, error: Exception) -> RunPaused:
        """Record why a run does not go on, where nobody else does; what is left of it with others is called off."""
        await desk.call_off(job)
        why = in_one_line(error) if isinstance(error, BriaError) else f"{type(error).__name__}: {error}"
        journal = PostgresJournal(self.seat, known.journal.name, job.fence)
        title = self._place(known).title
        await Ledger(journal, known.row, self.session.host, {}, title=title).settle_run("paused", why, Happened.PAUSED)
        return RunPaused(why, title)

    async def _refuse_unseen(self, row: RunRow, images: "Iterable[ImageFile]") -> None:
        """Refuse a run whose images this worker can neither read nor fetch, before hours have passed.

        Raises:
            RunPaused: some are not there.
        """
        paths = [image.path for image in images if image.url is None]
        if unseen := await self.session.host.in_thread(_unseen, paths):
            raise RunPaused(
                f"The worker {self.seat.name} cannot see {len(unseen)} of {len(paths)} images, such as {unseen[0]}: "
                "the folder must be shared by all workers, under the same path, or the plan must list addresses.",
                row.name,
            )


def _unseen(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if not os.access(path, os.R_OK)]


# --- handing over -------------------------------------------------------------------------------------------------


@attrs.frozen
class Submitted:
    """A run that was handed over to the workers, as it is named in commands; or why it could not be."""

    run: str
    error: BriaError | None = None
    findings: tuple[Finding, ...] = ()
    """What there is to say of its images, warnings first."""
    is_done: bool = False
    """It was done before."""


async def submit(
    session: Session,
    plans: Iterable[Plan | Member],
    database: Database,
    *,
    name: str | None = None,
    settings: Settings | None = None,
) -> list[str]:
    """Hand plans over to the workers of a database; plans that were handed over before go on where they stopped.

    Args:
        session: an open session, with the server that the workers talk to.
        plans: what to train.
        database: where the runs are kept.
        name: of the batch they belong to; None for runs by themselves.
        settings: as for `train`.

    Returns:
        The runs, as they are named in commands.

    Raises:
        PlanInvalid: a plan cannot work; nothing of it was created. The others are handed over.
        PlanChanged: a run exists with another plan. The others are handed over.
        RunFailed: a run failed for good before. The others are handed over.
        JournalError: the database cannot be used.
    """
    found = [each async for each in submit_each(session, plans, database, name=name, settings=settings)]
    for each in found:
        if each.error is not None:
            raise each.error
    return [each.run for each in found]


async def submit_each(
    session: Session,
    plans: Iterable[Plan | Member],
    database: Database,
    *,
    name: str | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Submitted]:
    """The same, one by one, and told of each what came of it."""
    if settings is not None and (settings.zip_url or settings.zip_put_url):
        raise ConfigurationError("Workers have no place for zips: have the images sent one by one (upload=each).")
    members = members_of(plans)
    batch = None if name is None else id_of(name)
    async with Guest(database, session.host) as guest:
        if batch is not None:
            await guest.do(functools.partial(_keep_plans, batch=batch, given=members))
        for member in members:
            plan = member.plan
            title = f"{batch}/{plan.run}" if batch else plan.run
            work = Work(session, settings or Settings(), PostgresJournal(guest, batch or plan.run))
            try:
                if batch is None:
                    await guest.do(functools.partial(_refuse_batch, name=plan.run))
                place, looked = Place.of(title, work.settings.state), None
                if await work.journal.find_run(plan.run) is None:
                    # What lies below the state folder of one machine is not the last run of those that share.
                    looked = await look(session, plan, work.settings, place, earlier={})
                row = await work.open(plan, place, looked)
                _refuse_failed(row.state, row.reason, title)
            except JournalError:
                raise
            except BriaError as error:
                yield Submitted(title, error)
            else:
                if row.state != "done":
                    how = plan.how_it_differs(plan_of(row))
                    await guest.do(functools.partial(_begin, run=row.id, how=how, weight=member.weight))
                findings = () if looked is None else looked.findings
                yield Submitted(title, findings=findings, is_done=row.state == "done")


async def reopen(place: SharedPlace, host: Host, **how: Any) -> list[Submitted]:
    """Have a run, or all of a batch, go on where it stopped, without looking at its images anew.

    Args:
        place: the run, or the batch.
        host: the machine.
        **how: fields of the plan that may change: `review`, `on_bad_image`, `on_doubt`.

    Raises:
        JournalError: the database cannot be used.
    """
    sql = "SELECT id, name, state, reason, how FROM run WHERE journal = %s AND %s IN ('', name) ORDER BY id"
    wanted = (place.source.name, "" if place.is_batch else place.name)
    found = []
    async with Guest(place.source.reader.database, host) as guest:
        for run, name, state, reason, before in await guest.do(lambda session: session.execute(sql, wanted).fetchall()):
            title = place.run(name).title if place.is_batch else place.title
            try:
                _refuse_failed(state, reason, title)
            except RunFailed as error:
                found.append(Submitted(title, error))
                continue
            if state != "done":
                await guest.do(functools.partial(_begin, run=run, how={**json.loads(before), **how}))
            found.append(Submitted(title, is_done=state == "done"))
    return found


def _refuse_failed(state: str, reason: str | None, title: str) -> None:
    if state == "failed":
        raise RunFailed(reason or "The run failed.", title)


def _begin(session: "psycopg.Connection[Any]", run: int, how: Mapping[str, Any], weight: float | None = None) -> None:
    """Give a run to whoever takes it; that it was asked to stop before counts no more."""
    session.execute(
        "UPDATE run SET how = %s, weight = coalesce(%s, weight) WHERE id = %s", (json.dumps(how), weight, run)
    )
    session.execute(
        "DELETE FROM request USING run WHERE run.id = %s AND request.journal = run.journal AND request.run = run.name "
        "AND what IN (%s, %s)",
        (run, STOP, PAUSE),
    )
    hand_over(session, run, RUNS)


def _keep_plans(session: "psycopg.Connection[Any]", batch: str, given: Sequence[Member]) -> None:
    """Remember what a batch is given, and what of it has begun."""
    session.execute("INSERT INTO journal (name, plans) VALUES (%s, %s) ON CONFLICT DO NOTHING", (batch, written(given)))
    kept = one(session.execute("SELECT plans FROM journal WHERE name = %s FOR UPDATE", (batch,)))
    if kept is None:
        raise RunError(f"{batch!r} is a run: give the batch another name.", batch)
    found = session.execute("SELECT name, plan FROM run WHERE journal = %s", (batch,)).fetchall()
    begun = {name: plan_in(json.loads(plan)) for name, plan in found}
    plans = written(merged(given, parsed(kept), begun))
    session.execute("UPDATE journal SET plans = %s WHERE name = %s", (plans, batch))


def _refuse_batch(session: "psycopg.Connection[Any]", name: str) -> None:
    if session.execute("SELECT 1 FROM journal WHERE name = %s AND plans IS NOT NULL", (name,)).fetchone():
        raise RunError(f"{name!r} is a batch: give the run another name.", name)
