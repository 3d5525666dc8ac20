"""Workers that die, freeze, leave, or lose their sessions: others go on, and nobody does what another one does."""

import math
import signal

import pytest

from bria_async.engines.postgres.database import LOCKS
from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.sim import Clock, Options
from bria_async.transport.limit import HEADROOM, LATENESS, MINUTE
from tests.guarantees.conftest import COUNT
from tests.guarantees.stage import RUN, Process, Shared
from tests.guarantees.verdict import in_order, problems
from tests.guarantees.zygote import SETTLE
from tests.kill.stage import SHAPES
from tests.support import TOKEN, picture

pytestmark = pytest.mark.exhaustive

LEADS = "SELECT worker.name FROM job JOIN worker ON number = job.worker WHERE task = 0 AND NOT over"
UPLOADS = (
    "SELECT worker.name FROM job JOIN worker ON number = job.worker JOIN task ON task.id = job.task "
    "WHERE NOT over AND task.name = 'upload' AND task.state = 'intent'"
)
BOTH = (
    "SELECT worker.name FROM job JOIN worker ON number = job.worker JOIN run ON run.id = job.run "
    "WHERE NOT over AND run.name = %s ORDER BY task"
)
"""Who leads a run, and who does the one thing of it that is under way."""
TRIES = [f"try-{number}" for number in range(12)]
SESSIONS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def doing(shared: Shared, sql: str) -> tuple[Process, Process]:
    """Of two workers, one that does what is asked for, and the other one."""
    shared.wait(lambda: shared.rows(sql), "somebody does it", 0.0, RUN)
    name = shared.rows(sql)[0][0]
    one = shared.workers[int(name.removeprefix("worker ")) - 1]
    (other,) = [worker for worker in shared.workers if worker is not one and worker.lives]
    return one, other


def ends_well(shared: Shared, run: str = RUN) -> None:
    """Wait for the end, which is as planned."""
    assert shared.finished(run).state == "done", shared.view(run).run.reason
    assert not problems(shared, run)


def test_a_worker_dies_while_it_leads(shared: Shared) -> None:
    """Another one says so, and leads."""
    shared.have_workers(2)
    shared.hand_over(*SHAPES["legacy"])
    shared.until_uploaded(COUNT)
    one, other = doing(shared, LEADS)
    one.send(signal.SIGKILL)
    other.says("is dead: what it did is given back")
    shared.wait(lambda: len(shared.happened(Happened.RESUMED)) == 1, "the other one leads", 0.0, RUN)
    ends_well(shared)
    assert other.lives and not one.lives


def test_a_worker_dies_between_intent_and_outcome(shared: Shared) -> None:
    """What it may have sent is looked for after the settle delay, and not sent blind."""
    shared.have_workers(2)
    shared.sim.fail("images.upload", hang=True, when="after", match="2--")
    shared.hand_over(*SHAPES["legacy"])
    shared.struck()
    one, other = doing(shared, UPLOADS)
    one.send(signal.SIGKILL)
    ends_well(shared)
    (sent,) = [event for event in shared.happened(Change.ANNOUNCED, "upload") if event.key.startswith("2--")]
    (lost,) = [event for event in shared.happened(Change.LOST, "upload") if event.key == sent.key]
    (adopted,) = [event for event in shared.happened(Change.ADOPTED, "upload") if event.key == sent.key]
    assert adopted.at - lost.at >= SETTLE > 0 and lost.at >= sent.at, (sent, lost, adopted)
    assert other.lives


def test_a_worker_dies_while_another_one_leads(shared: Shared) -> None:
    """Whoever leads the run goes on leading it, and has looked for what the dead one may have sent."""
    shared.have_workers(2)
    for run in TRIES:  # who does what is left to chance
        shared.sim.fail("projects.create", hang=True, when="after", match=run)
        shared.hand_over(*SHAPES["legacy"], run=run)
        shared.struck()
        ((leads,), (does,)) = shared.rows(BOTH, (run,))
        if leads != does:
            break
    else:
        pytest.fail("whoever led a run did all of it")
    shared.workers[int(does.removeprefix("worker ")) - 1].send(signal.SIGKILL)
    shared.until(Change.FINISHED, "dataset", run=run)
    (lost,) = shared.happened(Change.LOST, "project", run=run)
    (adopted,) = shared.happened(Change.ADOPTED, "project", run=run)
    assert adopted.at - lost.at >= SETTLE, (lost, adopted)
    assert not shared.happened(Happened.RESUMED, run=run)
    assert not shared.sim.audit().twice()


def test_a_worker_that_is_stopped_gives_its_work_back(shared: Shared) -> None:
    """At once, and what is on its way may finish: nobody has to find it dead, and nothing is in doubt."""
    shared.have_workers(2)
    shared.sim.fail("images.upload", delay=1.0, times=COUNT)
    shared.hand_over(*SHAPES["legacy"])
    shared.struck()
    one, other = doing(shared, LEADS)
    one.send(signal.SIGTERM)
    assert one.end() == 0, one.said
    ends_well(shared)
    assert "is dead" not in other.said, other.said
    assert not shared.happened(Change.LOST), "what was on its way was given up"


def test_a_frozen_worker(shared: Shared) -> None:
    """Whoever has lost its lock, and wakes up, writes nothing and sends nothing any more; then it works again."""
    shared.have_workers(2)
    shared.sim.fail("images.upload", delay=1.5, times=COUNT)  # all of them are on their way
    shared.hand_over(*SHAPES["legacy"])
    shared.struck()
    one, other = doing(shared, UPLOADS)
    one.send(signal.SIGSTOP)
    number = shared.workers.index(one) + 1
    sql = "SELECT number FROM worker WHERE name = %s"
    ((locked,),) = shared.rows(sql, (f"worker {number}",))
    lock = "FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted"
    shared.rows(f"SELECT pg_terminate_backend(pid) {lock}", (LOCKS, locked))
    other.says(f"worker {locked} is dead")
    ends_well(shared)
    sent, told = len(shared.sim.requests), len(shared.look())
    one.send(signal.SIGCONT)
    shared.wait(lambda: shared.rows(f"SELECT 1 {lock}", (LOCKS, locked)), "it has a place again", 0.0, RUN)
    other.send(signal.SIGKILL)
    other.end()
    assert list(shared.sim.requests)[sent:] == [], "it sent something that another one did"
    shared.hand_over(*SHAPES["legacy"], run="more")
    assert shared.finished("more").state == "done", shared.view("more").run.reason
    assert len(shared.look()) == told, "it wrote something that another one did"
    assert not list(in_order(shared, "more"))
    assert not shared.sim.audit().twice()
    assert [worker.lives for worker in shared.workers] == [worker is one for worker in shared.workers]


def test_all_sessions_end(shared: Shared) -> None:
    """As when the database restarts, in mid-run and more than once: nothing is stranded, and nothing happens twice."""
    shared.have_workers(2)
    shared.sim.fail("images.upload", delay=0.5, times=COUNT)
    shared.hand_over(*SHAPES["fibo"], "--sample", "a harbour")
    shared.until(Change.ANNOUNCED, "upload")
    shared.rows(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    shared.until_uploaded(COUNT)
    shared.rows(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    shared.until(Change.FINISHED, "training", push=1.0)
    shared.rows(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    ends_well(shared)
    assert all(worker.lives for worker in shared.workers)


def test_tables_of_a_newer_version(shared: Shared) -> None:
    """A worker refuses to touch them, with a sentence that says what to do."""
    shared.rows("UPDATE meta SET version = 99")
    code, said = shared.say("worker", "--engine", "dbos")
    assert (code, "Traceback" in said) == (4, False), said
    assert "have format 99" in said and "its workers must be of the newer version" in said, said


def test_a_worker_of_another_release_goes_on(shared: Shared) -> None:
    """What a worker can do is told by the format of the tables, and not by the version of its program."""
    shared.have_workers(DBOS__APPVERSION="an older release")
    shared.hand_over(*SHAPES["legacy"])
    shared.until_uploaded(COUNT)
    shared.kill()
    shared.have_workers(DBOS__APPVERSION="a newer release")
    ends_well(shared)


def test_handed_over_again_while_it_goes_on(shared: Shared) -> None:
    """It is the same run, with one who leads it; once it is done there is nothing to do."""
    shared.hand_over(*SHAPES["legacy"])
    shared.until_uploaded(COUNT)
    for process in shared.hand_over(*SHAPES["legacy"], times=2):
        assert "is with the workers of" in process.said, process.said
    code, said = shared.say("resume", RUN)
    assert (code, len(shared.rows(LEADS))) == (0, 1), said
    ends_well(shared)
    (again,) = shared.hand_over(*SHAPES["legacy"])
    assert "run is done" in again.said, again.said
    assert shared.rows("SELECT count(*) FROM job WHERE task = 0") == [(1,)]


def test_a_worker_that_cannot_see_the_images(shared: Shared) -> None:
    """It refuses at once, before it sends anything, and says which it cannot see."""
    shared.sim.fail("projects.create", status=403)
    shared.hand_over(*SHAPES["legacy"])
    assert shared.finished().state == "paused"
    sent = len(shared.sim.requests)
    shared.images.rename(shared.folder / "elsewhere")
    shared.go_on()
    reason = shared.finished().run.reason
    assert f"The worker worker 1 cannot see {COUNT} of {COUNT} images, such as {shared.images}" in (reason or ""), (
        reason
    )
    assert len(shared.sim.requests) == sent


RATE, SPEED, MANY = 240, 10, 36
SECONDS = MINUTE / SPEED
"""That a minute of the simulator lasts."""
MOST = math.ceil(RATE * (SECONDS + LATENESS) / MINUTE) + 2
"""Requests that may come in so many seconds: what the schedule allows, and two that were slow on their way."""


@pytest.mark.parametrize(
    ("options", "clock"),
    [
        (
            Options(token=TOKEN, caption_delay=0, training_time=1, job_time=0, rate_limits={"images.upload": MOST}),
            Clock(speed=SPEED),
        )
    ],
    ids=["limited"],
)
def test_two_workers_share_a_rate(shared: Shared) -> None:
    """Together they send as fast as one may, and are never refused."""
    for number in range(COUNT, MANY):
        (shared.images / f"{number}.png").write_bytes(picture(256 + number, 256))
    shared.have_workers(2, str(RATE))
    shared.hand_over(*SHAPES["legacy"])
    assert shared.finished(push=0.0).state == "done", shared.view().run.reason
    assert not problems(shared)
    assert not [seen for seen in shared.sim.requests if seen.status == 429]
    times = [seen.time / SPEED for seen in shared.sim.requests if seen.operation == "images.upload"]
    least = (MANY - 1) * MINUTE / (RATE * (1 - HEADROOM)) - LATENESS
    assert times[-1] - times[0] >= least - LATENESS, f"{times[-1] - times[0]:.1f} s instead of {least:.1f}"
    assert {name for (name,) in shared.rows("SELECT name FROM worker JOIN job ON number = job.worker")} == {
        "worker 1",
        "worker 2",
    }
