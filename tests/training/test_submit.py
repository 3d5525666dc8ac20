"""Plans that are handed over to workers: what stands in the database then, whoever works on it later."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from bria_async.engines.local import LocalEngine
from bria_async.engines.postgres.database import Database
from bria_async.engines.postgres.jobs import WHOLE, Job, Jobs, Over
from bria_async.engines.postgres.requests import Requests
from bria_async.engines.postgres.seat import Guest, Seat
from bria_async.errors import (
    ConfigurationError,
    ImageError,
    JournalLocked,
    PlanChanged,
    PlanInvalid,
    RunCancelled,
    RunError,
    RunPaused,
)
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, STOP, Request
from bria_async.graph.graph import Task
from bria_async.host import Host
from bria_async.session import Session
from bria_async.sim import Options, simulator
from bria_async.training import Member, Plan, Settings
from bria_async.training.distributed import Workbench, reopen, submit, submit_each
from bria_async.training.fetching import at_hand
from bria_async.training.members import remembered
from bria_async.training.shared import SharedPlace
from bria_async.training.stop import stop_training
from bria_async.training.worker import worker
from bria_async.types.trainings import MOST_EACH
from tests.support import TOKEN, PushedHost, picture

from .conftest import drawings


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan that works."""
    folder = tmp_path / "cats"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture(1024, 1024, colour=(40 * number, 9, 9)))
    return Plan(images=folder, name="Cats", ip_type="icons", ip_medium="illustration")


@attrs.frozen
class Tables:
    """What stands in the tables."""

    guest: Guest

    async def read(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return await self.guest.do(lambda session: session.execute(sql).fetchall())

    async def how(self) -> Any:
        """What was changed of the plan of the only run."""
        ((text,),) = await self.read("SELECT how FROM run")
        return json.loads(text)


@pytest.fixture
async def tables(database: Database) -> AsyncIterator[Tables]:
    """The tables of the database."""
    async with Guest(database, Host()) as guest:
        yield Tables(guest)


async def test_a_plan_is_handed_over_once(bria: Session, database: Database, tables: Tables, plan: Plan) -> None:
    """However often it is submitted there is one run and one open job; what may change is kept, the rest refused."""
    for _ in range(2):
        assert await submit(bria, [plan], database) == ["cats"]
    assert await tables.read("SELECT journal, name, state FROM run") == [("cats", "cats", "running")]
    assert await tables.read("SELECT task, over, worker FROM job") == [(0, False, None)]
    assert await tables.how() == {}
    assert await submit(bria, [attrs.evolve(plan, review=True)], database) == ["cats"]
    assert await tables.how() == {"review": True}
    await reopen(SharedPlace.found(database, "cats"), Host(), on_doubt="resend")
    assert await tables.how() == {"review": True, "on_doubt": "resend"}
    with pytest.raises(PlanChanged):
        await submit(bria, [attrs.evolve(plan, refine="bluer")], database)
    assert len(await tables.read("SELECT 1 FROM job")) == 1
    with pytest.raises(ConfigurationError, match="no place for zips"):
        await submit(bria, [plan], database, settings=Settings(zip_url="https://example.org/a.zip"))


async def test_what_is_over_stays_over(bria: Session, database: Database, tables: Tables, plan: Plan) -> None:
    """A run that is done has nothing to do, one that failed says why, one that stopped goes on."""
    await submit(bria, [plan], database)
    place = SharedPlace.found(database, "cats")
    end = "UPDATE job SET over = true; UPDATE run SET state = '{}', reason = 'so it is'"
    for state in ("done", "failed", "paused"):
        await tables.guest.do(lambda session, state=state: session.execute(end.format(state)))  # type: ignore[misc]  # its default
        (submitted,) = [each async for each in submit_each(bria, [plan], database)]
        (opened,) = await reopen(place, Host())
        assert str(submitted.error) == str(opened.error) == {"failed": "so it is"}.get(state, "None")
        assert submitted.is_done is opened.is_done is (state == "done")
        assert len(await tables.read("SELECT 1 FROM job WHERE NOT over")) == (state == "paused")


async def test_going_on_takes_back_a_stop(bria: Session, database: Database, tables: Tables, plan: Plan) -> None:
    """One that nobody has heard; an approval stays."""
    await submit(bria, [plan], database)
    requests = Requests(database, "cats", "cats")
    for what in (STOP, APPROVE):
        requests.ask(Request(what), Host())
    await reopen(SharedPlace.found(database, "cats"), Host())
    assert [request.what for _, request in requests.waiting()] == [APPROVE]


async def test_a_batch_is_remembered(bria: Session, database: Database, plan: Plan, tmp_path: Path) -> None:
    """With all its plans and weights; those that cannot work are told, and the others are handed over."""
    (tmp_path / "none").mkdir()
    members = [
        Member(plan=attrs.evolve(plan, name="none", images=tmp_path / "none")),
        Member(plan=plan, weight=3.0),
    ]
    found = [each async for each in submit_each(bria, members, database, name="My Studio")]
    assert [each.run for each in found] == ["my-studio/none", "my-studio/cats"]
    assert isinstance(found[0].error, PlanInvalid) and found[1].error is None
    with pytest.raises(PlanInvalid):
        await submit(bria, members, database, name="My Studio")
    place = SharedPlace.found(database, "my-studio")
    assert place.is_batch and remembered(place) == tuple(members)
    assert [view.state for view in feed.views(place.source)] == ["waiting"]
    with pytest.raises(PlanChanged):
        await submit(bria, [attrs.evolve(plan, ip_medium="photography")], database, name="My Studio")
    assert remembered(place) == (members[1],), "what has begun stays as it is, what has not is as it is given"
    with pytest.raises(RunError, match="is a batch"):
        await submit(bria, [attrs.evolve(plan, name="My Studio")], database)
    await submit(bria, [plan], database)
    with pytest.raises(RunError, match="is a run"):
        await submit(bria, [plan], database, name="Cats")


async def test_a_worker_that_cannot_see_the_images_says_so(
    bria: Session, database: Database, plan: Plan, tmp_path: Path
) -> None:
    """At once: the run pauses with a sentence that names it, before anything is sent."""
    await submit(bria, [plan], database)
    plan.images.rename(tmp_path / "elsewhere")
    async with Seat(database, Host(), name="the blind one") as seat:
        bench = Workbench(bria, Settings(state=tmp_path), seat)
        with pytest.raises(RunPaused, match="the blind one cannot see 5 of 5 images, such as"):
            await bench.whole(await claimed(seat, 1), cast("Any", desk := Alone(bench)))
    assert desk.halted == [1], "what others do of it ends first"
    view = feed.view(SharedPlace.found(database, "cats").source, "cats")
    assert view is not None and (view.run.state, "cannot see 5 of 5" in (view.run.reason or "")) == ("paused", True)


async def test_an_image_that_a_worker_cannot_see_is_not_a_bad_one(
    bria: Session, database: Database, plan: Plan, tmp_path: Path
) -> None:
    """A worker without the folder pauses the run: left out, they would be missed in what is trained."""
    await submit(bria, [attrs.evolve(plan, on_bad_image="skip")], database)
    async with Seat(database, Host(), name="the blind one") as seat:
        bench = Workbench(bria, Settings(state=tmp_path), seat)
        sql = "SELECT id FROM task WHERE name = 'upload' ORDER BY id LIMIT 1"
        task = await seat.do(lambda session: session.execute(sql).fetchall()[0][0])
        job = Job(f"1/{task}/1", 1, task, "upload", seat.fence)
        await bench.part(job)
        plan.images.rename(tmp_path / "elsewhere")
        with pytest.raises(RunPaused, match="the blind one cannot see 1 of 1 images"):
            await bench.part(job)


async def test_of_a_large_set_workers_decode_what_they_send(
    bria: Session, database: Database, plan: Plan, tmp_path: Path
) -> None:
    """It is handed over before all its images are decoded; whoever sends one of the others decodes it first."""
    for number in range(5, MOST_EACH + 9):
        (plan.images / f"{number:03d}.png").write_bytes(picture(256, 256, colour=(number, 9, 90)))
    last = max(path for path in plan.images.iterdir() if len(path.stem) == 3)
    last.write_bytes(last.read_bytes()[:-20])
    await submit(bria, [attrs.evolve(plan, upload="each")], database)
    async with Seat(database, Host()) as seat:
        bench = Workbench(bria, Settings(state=tmp_path), seat)
        sql = f"SELECT id FROM task WHERE name = 'upload' AND key LIKE '{last.stem}--%'"  # noqa: S608  # our own name
        task = await seat.do(lambda session: session.execute(sql).fetchall()[0][0])
        engine, _, row = await bench.part(Job(f"1/{task}/1", 1, task, "upload", seat.fence))
        assert engine.run.processors is bench.processors, "what one of them decodes, the others do not count"
        with pytest.raises(ImageError, match=f"{last.name}: cannot be decoded.*; nothing was sent"):
            await at_hand(bria, engine.run, engine.run.items["image"][row.key])


async def test_whoever_leads_a_run_tells_what_was_found(bria: Session, database: Database, plan: Plan) -> None:
    """When it was handed over, of its images: with its start."""
    (submitted,) = [each async for each in submit_each(bria, [plan], database)]
    async with Seat(database, Host()) as seat:
        desk = Alone(Workbench(bria, Settings(), seat))
        await desk.bench.whole(await claimed(seat, 1), cast("Any", desk))
    events = [event for _, event in feed.events(SharedPlace.found(database, "cats").source, "cats")]
    found = [str(finding) for finding in submitted.findings if finding.level == "warning"]
    assert [event.data["reason"] for event in events if event.what == "warned"] == found
    assert [event.what for event in events[: len(found) + 1]] == ["started", *("warned" for _ in found)] != ["started"]


@pytest.mark.exhaustive
async def test_workers_compare_what_each_of_them_has_decoded(database: Database, plan: Plan, tmp_path: Path) -> None:
    """All images of a large set with each other, once, by whoever waits for their captions."""
    (folder := tmp_path / "drawings").mkdir()
    drawings(folder, MOST_EACH + 4)
    async with simulator(options=Options(max_images=2 * MOST_EACH)) as sim:
        host = PushedHost(seed=7, push=sim.clock.push)
        async with Session(TOKEN, sim.base_url, host=host) as bria, Seat(database, Host()) as seat:
            await submit(bria, [attrs.evolve(plan, images=folder, upload="each")], database)
            desk = Alone(Workbench(bria, Settings(), seat))
            await desk.bench.whole(await claimed(seat, 1), cast("Any", desk))
    events = [event for _, event in feed.events(SharedPlace.found(database, "cats").source, "cats")]
    warned = [str(event.data["reason"]) for event in events if event.what == "warned"]
    told = Counter(words.partition(":")[0] for words in warned if "sides below" not in words)
    found = ("201.png", "000.png, 203.png", "002.png, 003.png", "202.png")
    assert [told[about] for about in found] == [1] * len(found), told
    assert [event.data["reason"] for event in events if event.what == "compared"] == [
        f"{MOST_EACH + 4} images were compared with each other"
    ]


async def test_workers_of_two_servers_share_nothing(
    bria: Session, database: Database, plan: Plan, tmp_path: Path
) -> None:
    """Neither what was handed over for one of them, nor its pace; however its address is written."""
    await submit(bria, [plan], database)
    async with Seat(database, Host()) as seat:
        elsewhere = Session(TOKEN, "http://127.0.0.1:1")
        with pytest.raises(RunError, match=r"127\.0\.0\.1:1"):
            await Workbench(elsewhere, Settings(state=tmp_path), seat).part(Job("1/1/1", 1, 1, "calls", seat.fence))
    names = []
    for address in (str(bria.base_url), f"{bria.base_url}/"):
        async with worker(database, base_url=address, token=TOKEN) as desk:
            names.append(cast("Any", desk.bench).session._limiter.keeper.limiter)
    assert names[0] == names[1]


async def claimed(seat: Seat, run: int) -> Job:
    """The job of leading a run, which this worker has begun."""
    job = await Jobs(seat).claim(f"{run}/{WHOLE}/1")
    assert job is not None
    return job


@attrs.define
class Alone:
    """A desk without colleagues: it does itself what is left to it, and counts the uploads that were at once."""

    bench: Workbench
    halted: list[int] = attrs.field(factory=list)
    uploads: int = 0
    most: int = 0

    def leads(self, whole: Job, engine: LocalEngine) -> None:
        """Nobody asks for anything."""

    async def call_off(self, whole: Job) -> None:
        """Nobody else does anything."""
        self.halted.append(whole.run)

    async def take_up(self, whole: Job) -> frozenset[int]:
        """Nobody else does anything."""
        return frozenset()

    async def have_done(self, run: int, row: int, task: Task) -> Over:
        """Do it, once all had the chance to leave theirs."""
        self.uploads += task.name == "upload"
        self.most = max(self.most, self.uploads)
        engine, mine, found = await self.bench.part(Job(f"{run}/{row}/1", run, row, "calls"))
        await engine.perform(mine, found)
        self.uploads -= task.name == "upload"
        return Over(None, found)


async def test_a_stop_that_comes_before_the_run_goes_on(bria: Session, database: Database, plan: Plan) -> None:
    """As when whoever heard it died: what others do of the run ends before anybody is told that it has paused."""

    @attrs.define
    class Halted(Alone):
        def leads(self, whole: Job, engine: LocalEngine) -> None:
            engine.halt(RunCancelled("The run was asked to stop.", "cats"))

    await submit(bria, [plan], database)
    async with Seat(database, Host()) as seat:
        desk = Halted(Workbench(bria, Settings(), seat))
        with pytest.raises(RunCancelled):
            await desk.bench.whole(await claimed(seat, 1), cast("Any", desk))
        assert await seat.do(lambda session: session.execute("SELECT state FROM run").fetchall()) == [("paused",)]
    assert desk.halted == [1]


async def test_weight_is_how_much_of_a_run_is_under_way(bria: Session, database: Database, plan: Plan) -> None:
    """Beside runs of weight 1, one of weight 3 leaves three times as many uploads to the workers at once."""
    heavy = Member(plan=attrs.evolve(plan, name="Heavy"), weight=3.0)
    assert await submit(bria, [plan, heavy], database, name="Two") == ["two/cats", "two/heavy"]
    async with Seat(database, Host()) as seat:
        bench = Workbench(bria, Settings(uploads_at_once=1), seat)
        desks = [Alone(bench), Alone(bench)]
        for run, desk in enumerate(desks, start=1):
            await bench.whole(await claimed(seat, run), cast("Any", desk))
    assert [desk.most for desk in desks] == [1, 3]


async def test_a_training_is_stopped_where_nobody_works(
    bria: Session, database: Database, tables: Tables, plan: Plan
) -> None:
    """Not while the run is with the workers; what is said stands in its journal."""
    await submit(bria, [plan], database)
    with pytest.raises(JournalLocked, match="is with the workers"):
        await stop_training(bria, "cats", database=database)
    await tables.guest.do(lambda session: session.execute("UPDATE job SET over = true"))
    assert await stop_training(bria, "cats", database=database) == [
        "The run has no model yet, so nothing is in training."
    ]
