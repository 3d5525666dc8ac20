"""Many trainings in one process: one journal, fair turns, and nobody stopped by another's failure."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bria_async.errors import JournalLocked, PlanChanged, PlanInvalid, RunCancelled, RunError, RunFailed
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, STOP, Request
from bria_async.graph.journal import Journal
from bria_async.training import Plan
from bria_async.training.batch import Batch, Batched, train_many
from bria_async.training.members import Member
from bria_async.training.place import Place
from bria_async.training.run import DIED, Work
from tests.simulation.world import World

from .conftest import Studio, clean

Within = Callable[..., Any]
RUNS = 4
FEW = 2
"""Images of a small run."""


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of few images."""
    folder = tmp_path_factory.mktemp("few")
    for number in range(FEW):
        Image.new("RGB", (300, 300 + number), (200, 30 * number, 9)).save(folder / f"{number}.png")
    return folder


def plans(studio: Studio, count: int = RUNS, **fields: Any) -> list[Plan]:
    """Plans that differ in their names."""
    return [studio.plan(name=f"Run {number}", family="legacy", **fields) for number in range(count)]


async def batched(here: World, studio: Studio, given: Any, **how: Any) -> Batched:
    """Train a batch, and keep its events."""
    studio.events = []
    settings = studio.settings(**{name: how.pop(name) for name in ("uploads_at_once", "models_at_once") if name in how})
    listeners = [studio.events.append, *how.pop("on_event", ())]
    return await train_many(here.session, given, name="many", settings=settings, on_event=listeners, **how)


def uploads(studio: Studio) -> Iterator[str]:
    """Whose images were done, in order."""
    return (event.run for event in studio.events if (event.what, event.task) == ("finished", "upload"))


def test_all_are_trained_in_one_journal(studio: Studio, within: Within) -> None:
    """Each run is what it would be by itself, in a folder of its own; one file has the journals of all."""

    async def main(here: World) -> None:
        result = await batched(here, studio, plans(studio, samples=("a vase",)))
        assert result.failed == {}
        assert list(result.trained) == [f"run-{number}" for number in range(RUNS)]
        assert clean(here.sim)
        assert here.sim.counts["models.start_training"] == RUNS
        views = feed.views(studio.state / "many" / "journal.db")
        assert {view.run.name: view.state for view in views} == dict.fromkeys(result.trained, "done")
        for run, trained in result.trained.items():
            assert trained.samples[0].path.parent == studio.state / "many" / run / "samples"
        again = await batched(here, studio, None)
        assert again.trained.keys() == result.trained.keys()
        assert here.sim.counts["models.start_training"] == RUNS

    within(main)


def test_a_small_run_is_not_stuck_behind_a_large_one(studio: Studio, few: Path, within: Within) -> None:
    """With one upload at a time they take turns."""

    async def main(here: World) -> None:
        given = [*plans(studio, 2), studio.plan(name="small", images=few, family="legacy")]
        await batched(here, studio, given, uploads_at_once=1)
        order = list(uploads(studio))
        assert len(order) - 1 - order[::-1].index("small") < 3 * FEW + 3, order

    within(main)


def test_weights_are_shares_of_the_uploads(studio: Studio, within: Within) -> None:
    """A run of weight 3 has three images uploaded for each of the others."""

    async def main(here: World) -> None:
        heavy, light = plans(studio, 2)
        await batched(here, studio, [Member(plan=heavy, weight=3.0), light], uploads_at_once=1)
        first = Counter(list(uploads(studio))[:8])
        assert first["run-0"] >= 5, first
        assert first["run-1"] >= 1, first

    within(main)


@pytest.mark.parametrize("most", [1, 2])
def test_so_many_models_at_once(studio: Studio, within: Within, most: int) -> None:
    """No project is made before there is room for its model."""
    under_way: set[str] = set()
    peaks: list[int] = []

    async def main(here: World) -> None:
        settings = studio.settings(models_at_once=most)
        async with Batch(here.session, plans(studio), name="many", settings=settings) as batch:
            async for event in batch:
                if event.what == "started":
                    under_way.add(event.run)
                if event.what == "completed":
                    under_way.discard(event.run)
                peaks.append(len(under_way))
        assert len(batch.result().trained) == RUNS
        assert max(peaks) == most

    within(main)


def test_a_run_that_fails_stops_nobody(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Neither one that cannot begin, nor one that ends badly; each tells why."""

    async def main(here: World) -> None:
        given = [*plans(studio, 3), studio.plan(name="nothing", images=tmp_path, family="legacy")]
        here.sim.fail("projects.create", status=403)
        result = await batched(here, studio, given)
        failed = dict(result.failed)
        assert isinstance(failed.pop("nothing"), PlanInvalid)
        (stopped,) = failed.values()
        assert "403" in str(stopped)
        assert len(result.trained) == 2
        result = await batched(here, studio, given[:3])
        assert len(result.trained) == 3
        assert here.sim.counts["projects.create"] == 3
        assert clean(here.sim)

    within(main)


def test_or_it_stops_them_all(studio: Studio, within: Within) -> None:
    """In order: what has begun can go on, and what has not says so."""

    async def main(here: World) -> None:
        here.sim.fail("models.create", status=403)
        result = await batched(here, studio, plans(studio), on_failure="stop")
        assert len(result.failed) == RUNS
        words = Counter(type(error) for error in result.failed.values())
        assert words[RunCancelled] == RUNS - 1, result.failed
        result = await batched(here, studio, None)
        assert len(result.trained) == RUNS
        assert clean(here.sim)

    within(main)


def test_a_batch_can_be_left_and_taken_up_again(studio: Studio, within: Within) -> None:
    """Whoever leaves the block stops it in order; five times cancelled outright, everything is there once."""

    async def main(here: World) -> None:
        settings = studio.settings()
        async with Batch(here.session, plans(studio), name="many", settings=settings) as batch:
            async for event in batch:
                if event.what == "finished" and event.task == "upload":
                    break
        assert {type(error) for error in batch.result().failed.values()} == {RunCancelled}
        for seen in range(5):
            working = asyncio.ensure_future(batched(here, studio, None))
            while len(studio.events) < 15 + seen and not working.done():  # noqa: ASYNC110  # on a virtual clock
                await asyncio.sleep(0.01)
            working.cancel()
            await asyncio.wait([working])
        result = await batched(here, studio, None)
        assert len(result.trained) == RUNS
        assert clean(here.sim)
        assert {trained.images for trained in result.trained.values()} == {7}

    within(main)


def test_after_an_unclean_close_only_older_runs_look(studio: Studio, within: Within) -> None:
    """Nothing of a run that this process begins can be on the server; of one that was there before anything may be."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", status=403)
        assert (await batched(here, studio, plans(studio, 1))).failed
        async with Journal(studio.state / "many" / "journal.db", here.session.host) as journal:
            await journal.distrust()
        assert not (await batched(here, studio, plans(studio, 3))).failed
        assert here.sim.counts["projects.list"] == 0, "that of the first is known, and the others have none"
        assert {event.run for event in studio.happened("waited")} == {"run-0"}, "until the server is done with it"
        assert clean(here.sim)

    within(main)


def test_after_an_unclean_close_one_listing_serves_all(studio: Studio, within: Within) -> None:
    """Each run looks for its model before it creates one, and none needs a listing of its own for that."""

    async def main(here: World) -> None:
        here.sim.fail("models.create", status=403, times=RUNS)
        assert len((await batched(here, studio, plans(studio))).failed) == RUNS
        async with Journal(studio.state / "many" / "journal.db", here.session.host) as journal:
            await journal.distrust()
        here.sim.requests.clear()
        assert not (await batched(here, studio, plans(studio))).failed
        asked = [seen.operation for seen in here.sim.requests]
        assert 1 <= asked[: asked.index("models.create")].count("models.list") <= 2, asked
        assert clean(here.sim)

    within(main)


def test_what_a_dead_process_left_is_paused_until_it_goes_on(studio: Studio, within: Within) -> None:
    """Somebody works on the batch, and not yet on all of its runs."""
    seen: set[tuple[str, str | None]] = set()

    async def main(here: World) -> None:
        settings = studio.settings(models_at_once=1)
        async with Batch(here.session, plans(studio), name="many", settings=settings) as batch:
            pass
        async with Journal(studio.state / "many" / "journal.db", here.session.host) as journal:
            for plan in plans(studio):
                await Work(here.session, settings, journal).open(plan, Place.of(plan.run, studio.state))
        async with Batch(here.session, plans(studio), name="many", settings=settings) as batch:
            async for event in batch:
                if event.run == "run-0" and event.what == "finished":
                    views = feed.views(studio.state / "many" / "journal.db")
                    seen.update((view.state, view.run.reason) for view in views if view.run.name != "run-0")
        assert seen == {("paused", DIED)}
        assert len(batch.result().trained) == RUNS

    within(main)


def test_requests_reach_the_run_that_they_are_for(studio: Studio, within: Within) -> None:
    """An approval is for one run, a request to stop for one or for all."""

    async def main(here: World) -> None:
        settings = studio.settings()
        given = plans(studio, 3, review=True)
        asked: list[str] = []
        async with Batch(here.session, given, name="many", settings=settings) as batch:
            async for event in batch:
                if event.what == "asked_for_approval":
                    asked.append(event.run)
                    what = STOP if event.run == "run-1" else APPROVE
                    Place.existing(event.run, studio.state).control.ask(Request(what), here.session.host)
        result = batch.result()
        assert sorted(asked) == ["run-0", "run-1", "run-2"]
        assert sorted(result.trained) == ["run-0", "run-2"]
        assert isinstance(result.failed["run-1"], RunCancelled)
        assert "bria-async resume many/run-1" in str(result.failed["run-1"])
        async with Batch(here.session, name="many", settings=settings) as batch:
            Place.of("many", studio.state).control.ask(Request(STOP), here.session.host)
        assert isinstance(batch.result().failed["run-1"], RunCancelled)

    within(main)


def test_what_no_batch_can_be(studio: Studio, within: Within) -> None:
    """No plans, two of one name, a name that nobody began, another plan under the name of a run."""

    async def main(here: World) -> None:
        for given, words in (([], "no plans"), (plans(studio, 1) * 2, "several plans named 'run-0'")):
            with pytest.raises(PlanInvalid, match=words):
                await batched(here, studio, given)
        with pytest.raises(RunError, match="no batch 'many'"):
            await batched(here, studio, None)
        await batched(here, studio, plans(studio, 2))
        result = await batched(here, studio, [plans(studio, 1)[0], studio.plan(name="Run 1", family="fibo")])
        assert isinstance(result.failed["run-1"], PlanChanged)
        assert list(result.trained) == ["run-0"]

    within(main)


def test_a_batch_has_one_process(studio: Studio, within: Within) -> None:
    """The second is refused at once, and the first goes on."""

    async def main(here: World) -> None:
        async with Batch(here.session, plans(studio, 1), name="many", settings=studio.settings()) as batch:
            async for event in batch:
                if event.what == "started":
                    with pytest.raises(JournalLocked, match="worked on by process"):
                        await batched(here, studio, None)
        assert list(batch.result().trained) == ["run-0"]

    within(main)


def test_a_training_that_failed_is_told(studio: Studio, within: Within) -> None:
    """For good: it does not begin again with the batch."""

    async def main(here: World) -> None:
        for _ in range(2):
            result = await batched(here, studio, plans(studio, 2))
            assert {type(error) for error in result.failed.values()} == {RunFailed}
        assert here.sim.counts["models.start_training"] == 2

    within(main, training_outcome="Failed")
