"""A worker's desk where something gets lost: between the database and its answer, or between two workers.

The desk, its carrier and the database are real; who knows graphs is not needed here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import anyio
import anyio.lowlevel
import attrs
import pytest

from bria_async.engines.desk import CALLS, RUNS, Desk
from bria_async.engines.postgres.database import Database, driver
from bria_async.engines.postgres.jobs import WHOLE, Job, Jobs, hand_over
from bria_async.engines.postgres.journal import PostgresJournal
from bria_async.engines.postgres.requests import Requests
from bria_async.engines.postgres.seat import Fenced, Guest, Seat
from bria_async.errors import JournalError, RunPaused
from bria_async.graph.control import STOP, Request
from bria_async.graph.records import Settled
from bria_async.host import Host

from .staff import NOBODY, PATIENCE, QUICK, UPLOAD, Stage, seen

pytestmark = pytest.mark.exhaustive

pytest.importorskip("dbos")


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """A worker, and a run of three tasks."""
    async with Guest(database, Host()) as guest:
        keys = [("upload", str(number)) for number in range(3)]
        row = await PostgresJournal(guest, "r").create_run("r", "t", {}, "", {}, keys)
    async with Seat(database, Host(), name="idle"), Seat(database, Host(), name="one") as seat:
        yield Stage(database, seat, row.id)


@contextlib.asynccontextmanager
async def at_work(stage: Stage, **how: Any) -> AsyncIterator[Desk]:
    """The worker at work."""
    async with Desk(stage.seat, stage, **{"pulse": QUICK, **how}) as desk:
        work = asyncio.create_task(desk.work())
        yield desk
        desk.stop()
        await work


async def test_what_was_given_to_a_worker_that_never_heard_of_it(stage: Stage) -> None:
    """As when the database restarts while a queue is looked into: it is brought on its way anew."""
    async with at_work(stage) as desk:
        job = await stage.open(1, "elsewhere")
        await desk._janitor.send(job)
        given = "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = %s WHERE workflow_uuid = %s"
        stage.rows(given, f"worker-{stage.seat.number}", job.id)
        stage.rows("UPDATE job SET queue = %s WHERE id = %s", CALLS, job.id)
        await seen(lambda: stage.has("SELECT 1 FROM job WHERE id = %s AND over", job.id))
    assert [done.id for done in stage.done] == [job.id]


async def test_a_workflow_that_is_over_before_its_job(stage: Stage) -> None:
    """Whatever ended it: its job is brought on its way anew, and nothing is kept of what is over."""
    async with at_work(stage) as desk:
        job = await stage.open(1, "elsewhere")
        await desk._janitor.send(job)
        stage.rows("UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = %s", job.id)
        stage.rows("UPDATE job SET queue = %s WHERE id = %s", CALLS, job.id)
        await seen(lambda: stage.has("SELECT 1 FROM job WHERE id = %s AND over", job.id))
        await stage.hand_over()
        await seen(lambda: stage.has("SELECT 1 FROM job WHERE task = %s AND over", WHOLE))
        await seen(lambda: stage.has("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM dbos.workflow_status)"))
    assert (len(stage.done), len(stage.led)) == (1, 1)


async def test_a_job_without_a_workflow(stage: Stage) -> None:
    """As when somebody dies who was about to send it anew: others do, although they have sent it before."""
    async with at_work(stage):
        await stage.seat.do(lambda session: hand_over(session, stage.run, "elsewhere"))
        await seen(lambda: stage.has("SELECT 1 FROM dbos.workflow_status"))
        stage.rows("UPDATE job SET queue = %s", RUNS)
        stage.rows("DELETE FROM dbos.workflow_status")
        await seen(lambda: _(stage.led))


async def test_two_wait_for_one_job(stage: Stage) -> None:
    """Whoever led the run before is ended; whoever leads it now hears of the job all the same."""
    go_on = anyio.Event()

    async def wait(job: Job) -> None:
        await go_on.wait()

    stage.does = wait
    async with at_work(stage) as desk:
        before, now = (asyncio.create_task(desk.have_done(stage.run, 1, UPLOAD)) for _ in range(2))
        await seen(lambda: _(desk._under_way))
        before.cancel()
        go_on.set()
        over = await now
    assert before.cancelled() and over.error is None


async def test_who_is_stopped_takes_nothing(stage: Stage) -> None:
    """While what has left may finish, others can take the rest."""
    waiting = anyio.Event()

    async def wait(job: Job) -> None:
        waiting.set()
        await anyio.sleep_forever()

    stage.does = wait
    async with at_work(stage) as desk:
        await desk._janitor.send(await stage.open(1))
        await waiting.wait()
        desk.stop()
        late = await stage.open(2)
        await desk._janitor.send(late)
    assert stage.rows("SELECT worker, over FROM job WHERE id = %s", late.id) == [(None, False)]


async def test_a_dead_worker_keeps_no_place_in_a_queue(stage: Stage) -> None:
    """Not even one who died when all that it did was over, and its workflow was not."""
    async with at_work(stage, at_once={"upload": 1}) as desk:
        over = await stage.open(1, "elsewhere")
        await desk._janitor.send(over)
        given = (
            "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = %s, queue_name = 'upload' "
            "WHERE workflow_uuid = %s"
        )
        stage.rows(given, f"worker-{NOBODY}", over.id)
        stage.rows("UPDATE job SET over = true WHERE id = %s", over.id)
        job = await stage.open(2, "upload")
        await desk._janitor.send(job)
        await seen(lambda: stage.has("SELECT 1 FROM job WHERE id = %s AND over", job.id))
    assert [done.id for done in stage.done] == [job.id]


async def test_who_is_taken_over_while_it_prepares_writes_nothing(stage: Stage) -> None:
    """Although it has a place again by then: it writes below the fence that its job had."""
    wrote: list[str] = []

    async def prepare(job: Job) -> None:
        if not wrote:
            await anyio.to_thread.run_sync(stage.taken_over)
            await stage.seat.do(lambda session: session.execute("SELECT 1"))

    async def write(job: Job) -> None:
        journal = PostgresJournal(stage.seat, "r", job.fence)
        try:
            await journal.write(Settled(stage.run, "running", "about to send", 0.0))
        except Fenced:
            wrote.append("refused")
            raise
        wrote.append("written")

    stage.prepares, stage.does = prepare, write
    async with at_work(stage, pulse=attrs.evolve(QUICK, sweep=PATIENCE)) as desk:  # nobody looks whether it goes on
        await desk._janitor.send(await stage.open(1))
        await seen(lambda: _(wrote and not desk._under_way))  # what is brought while it is under way is brought twice
        await desk._janitor.send(await stage.open(1))
        await seen(lambda: stage.has("SELECT 1 FROM job WHERE over AND worker IS NOT NULL AND fence = 1"))
    assert wrote == ["refused", "written"]


async def test_a_stop_reaches_what_is_being_prepared(stage: Stage) -> None:
    """It sends nothing any more, nor does what is opened too late; when the run is led again its tasks are begun."""
    preparing, halted = anyio.Event(), anyio.Event()

    async def prepare(job: Job) -> None:
        preparing.set()
        await halted.wait()

    async def lead(whole: Job, desk: Desk) -> None:
        await desk.take_up(whole)
        first = asyncio.create_task(desk.have_done(stage.run, 1, UPLOAD))
        if len(stage.led) == 1:
            await preparing.wait()
            await desk.call_off(whole)
            await seen(lambda: _(any(going.is_stopped for going in desk._under_way.values())))
            halted.set()
            await first
            late = await desk.have_done(stage.run, 2, UPLOAD)
            assert late.error == {"kind": "given back"}
            raise RunPaused("it was stopped", "r")
        await first

    stage.prepares, stage.leads = prepare, lead
    async with at_work(stage):
        await stage.hand_over()
        await seen(lambda: stage.has("SELECT 1 FROM job WHERE task = %s AND over", WHOLE))
        assert stage.done == []
        await stage.hand_over()
        await seen(lambda: _(stage.done))
    assert [job.task for job in stage.done] == [1]


async def test_going_on_while_the_leader_ends(stage: Stage) -> None:
    """Who asks a run to go on that has just paused is not told so in vain."""

    async def lead(whole: Job, desk: Desk) -> None:
        state = "paused" if len(stage.led) == 1 else "done"
        await PostgresJournal(stage.seat, "r", whole.fence).write(Settled(stage.run, state, None, 0.0))
        await stage.hand_over()

    stage.leads = lead
    async with at_work(stage):
        await stage.hand_over()
        await seen(lambda: stage.has("SELECT 1 FROM run WHERE state = 'done'"))
        await seen(lambda: stage.has("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM job WHERE NOT over)"))
    assert len(stage.led) == 2, "a run that is done is not led once more"


async def test_going_on_in_the_moment_in_which_the_leader_ends(stage: Stage) -> None:
    """Whichever of the two is durable first, somebody leads the run afterwards."""
    await stage.hand_over()
    job = await Jobs(stage.seat).claim(f"{stage.run}/{WHOLE}/1")
    assert job is not None
    with stage.database.connect() as ending, ending.transaction():
        ending.execute("UPDATE job SET over = true WHERE id = %s", (job.id,))
        asking = asyncio.create_task(stage.hand_over())
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
        await seen(lambda: stage.has(waits))
    await asking
    assert stage.rows("SELECT worker FROM job WHERE NOT over") == [(None,)]


async def test_a_request_to_stop_outlives_who_heard_it(stage: Stage) -> None:
    """If he dies before the run has stopped, the next one hears it too."""
    heard: list[int] = []

    async def lead(whole: Job, desk: Desk) -> None:
        over = anyio.Event()

        @attrs.define
        class Engine:
            async def hear(self, which: int, request: Request, *, stale: bool) -> bool:
                heard.append(len(stage.led))
                over.set()
                return True

        desk.leads(whole, cast("Any", Engine()))
        await over.wait()
        if len(stage.led) == 1:
            raise JournalError("as if he had died")

    stage.leads = lead
    Requests(stage.database, "r", "r").ask(Request(STOP), Host())
    async with at_work(stage):
        await stage.hand_over()
        await seen(lambda: _(len(stage.led) == 2 and len(heard) == 2))
    assert heard == [1, 2]


async def test_a_worker_leaves_without_the_database(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within its grace: nobody waits for a database that does not come back."""
    async with at_work(stage):
        await stage.hand_over()
        await seen(lambda: _(stage.led))
        await anyio.to_thread.run_sync(stage.taken_over)
        monkeypatch.setattr(Database, "connect", _away)
        left = anyio.current_time()
    assert anyio.current_time() - left < 10.0


def _away(database: Database, **_: Any) -> Any:
    raise database.fault(driver().OperationalError("it is away"))


async def test_changes_that_cannot_be_written_fail_alone(stage: Stage) -> None:
    """Those that were to be committed with them are."""
    good = PostgresJournal(stage.seat, "r")
    bad = PostgresJournal(stage.seat, "r", fence=stage.seat.fence)
    written = good.queue(Settled(stage.run, "paused", "what a server said: \0", 1.0))
    refused = bad.queue(Settled(stage.run, "paused", None, cast("float", "never")))
    also = good.queue(Settled(stage.run, "running", None, 3.0))
    await asyncio.wait([written, refused, also])
    assert (written.exception(), also.exception()) == (None, None)
    assert isinstance(refused.exception(), JournalError)
    assert stage.rows("SELECT state, updated FROM run") == [("running", 3.0)]


async def test_what_was_handed_in_is_waited_for(stage: Stage) -> None:
    """Also what waits behind a commit that takes its time; a worker does so before it leaves."""
    journal = PostgresJournal(stage.seat, "r")
    with stage.database.connect() as busy:
        async with at_work(stage):
            with busy.transaction():
                busy.execute("SELECT 1 FROM worker FOR UPDATE")
                first = journal.queue(Settled(stage.run, "running", "first", 1.0))
                await anyio.lowlevel.checkpoint()
                second = journal.queue(Settled(stage.run, "running", "second", 2.0))
                written = asyncio.create_task(stage.seat.written())
                await seen(lambda: _(len(stage.rows("SELECT 1 FROM pg_locks WHERE NOT granted")) == 1))
                assert not written.done()
        await written
    assert (first.exception(), second.exception()) == (None, None)
    assert stage.rows("SELECT reason FROM run") == [("second",)]


async def test_changes_below_two_fences_are_told_apart(stage: Stage) -> None:
    """What was begun below the old one is refused, what was begun below the new one is written."""
    jobs = Jobs(stage.seat)
    old = await jobs.claim((await stage.open(1)).id)
    assert old is not None
    stale = PostgresJournal(stage.seat, "r", old.fence)
    await anyio.to_thread.run_sync(stage.taken_over)
    first = stale.queue(Settled(stage.run, "running", "stale", 1.0))  # nobody has told it yet
    await anyio.lowlevel.checkpoint()
    second = stale.queue(Settled(stage.run, "running", "stale", 2.0))
    new = await jobs.claim((await stage.open(1)).id)
    assert new is not None and new.fence == (old.fence or 0) + 1
    await PostgresJournal(stage.seat, "r", new.fence).write(Settled(stage.run, "running", "fresh", 3.0))
    for queued in (first, second):
        with pytest.raises(Fenced):
            await queued
    assert stage.rows("SELECT reason FROM run") == [("fresh",)]


async def _(found: object) -> object:
    return found
