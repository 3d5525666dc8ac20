"""The lifecycle in its three shapes: what is sent, in which order, and what stops it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import ConfigurationError, PlanChanged, RunFailed, RunPaused
from bria_async.graph import feed
from bria_async.graph.control import STOP, Request
from bria_async.graph.events import Event
from bria_async.graph.journal import Journal
from bria_async.training import Expert, Settings, train
from bria_async.transport.limit import Rates
from tests.simulation.world import World

from .conftest import COUNT, Studio, clean, copied

Within = Callable[..., Any]


@pytest.mark.parametrize("family", ["fibo", "legacy", "2024"])
def test_each_shape_ends_with_samples(studio: Studio, within: Within, family: str) -> None:
    """Every family goes from a folder to samples, each creating call accepted exactly once."""

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(family=family, samples=("a lighthouse", "a harbour")))
        assert result.images == COUNT
        assert [sample.prompt for sample in result.samples] == ["a lighthouse", "a harbour"]
        assert all(sample.path.read_bytes().startswith(b"\x89PNG") for sample in result.samples)
        counts = here.sim.counts
        once = ["datasets.create", "models.create", "models.start_training"]
        once += [] if family == "2024" else ["projects.create"]
        assert {name: counts[name] for name in once} == dict.fromkeys(once, 1), counts
        assert counts["images.upload"] == COUNT
        assert clean(here.sim), here.sim.audit()

    within(main)


def test_order_of_2024(studio: Studio, within: Within) -> None:
    """In 2024 the model is created before the dataset is completed (SEED 003); later families do it after."""

    def order(here: World) -> list[str]:
        names = ("models.create", "datasets.update")
        return [seen.operation for seen in here.sim.requests if seen.operation in names]

    async def old(here: World) -> list[str]:
        await studio.train(here, studio.plan(family="2024"))
        return order(here)

    async def new(here: World) -> list[str]:
        await studio.train(here, studio.plan(family="legacy", name="Newer"))
        return order(here)

    assert within(old) == ["models.create", "datasets.update"]
    assert within(new)[-2:] == ["datasets.update", "models.create"]


def test_identity_before_uploads(studio: Studio, within: Within) -> None:
    """Schema and refinement are applied to the dataset before the first upload, once each."""

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(refine="Remove the blue background"))
        names = [seen.operation for seen in here.sim.requests]
        first_upload = names.index("images.upload")
        assert names[:first_upload].count("tailored.generate_visual_schema") == 1
        assert names[:first_upload].count("tailored.refine_structured_prompt") == 1
        assert names[first_upload - 1] == "datasets.update"
        dataset = next(iter(here.sim.world.datasets.values()))
        assert "Remove the blue background" in (dataset.visual_schema or ""), dataset.visual_schema

    within(main)


def test_prefix_only_for_its_types(studio: Studio, within: Within) -> None:
    """A legacy plan of another IP type keeps the server's default prefix: nothing is generated or set."""

    async def main(here: World) -> None:
        icons = {"ip_type": "icons", "ip_medium": "illustration", "training_version": "light"}
        await studio.train(here, studio.plan(family="legacy", **icons))
        assert here.sim.counts["tailored.generate_prefix"] == 0
        assert here.sim.counts["datasets.update"] == 1, "only the completion"

    within(main)


def test_version_everywhere(studio: Studio, within: Within) -> None:
    """`training_version` goes to project, dataset and model whenever it is set."""

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(family="legacy", training_version="max"))
        sim = here.sim.world
        for held in (sim.projects, sim.datasets, sim.models):
            assert [item.training_version for item in held.values()] == ["max"], held

    within(main)


def test_expert_parameters(studio: Studio, within: Within) -> None:
    """Expert parameters reach the training."""

    async def main(here: World) -> None:
        plan = studio.plan(training_mode="expert", expert=Expert(rank=64, total_training_steps=900))
        result = await studio.train(here, plan)
        model = await here.session.models.get(result.model_id)
        assert model.training_parameters is not None
        assert (model.training_parameters.rank, model.training_parameters.total_training_steps) == (64, 900)

    within(main)


@pytest.mark.fault("N17")
def test_training_that_fails_ends_the_run(studio: Studio, within: Within) -> None:
    """A failed training ends the run with that reason, and running it again sends nothing."""

    async def main(here: World) -> None:
        with pytest.raises(RunFailed, match="Failed"):
            await studio.train(here, studio.plan())
        before = len(here.sim.requests)
        with pytest.raises(RunFailed, match="Failed"):
            await studio.train(here, studio.plan())
        assert len(here.sim.requests) == before, "a failed run asked the server again"

    within(main, training_outcome="Failed")


@pytest.mark.fault("N17")
def test_training_deadline_is_resumable(studio: Studio, within: Within) -> None:
    """After the deadline the run pauses; resuming waits on and starts no second training."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="still InProgress after 8 hours"):
            await studio.train(here, studio.plan())
        here.sim.clock.push(3 * 3600)
        await studio.resume(here)
        assert here.sim.counts["models.start_training"] == 1

    within(main, training_time=10 * 3600.0)


def test_finished_run_does_nothing(studio: Studio, within: Within) -> None:
    """The same plan again returns the same result and asks the server nothing."""

    async def main(here: World) -> None:
        plan = studio.plan(samples=("a lighthouse",))
        first = await studio.train(here, plan)
        before = len(here.sim.requests)
        assert await studio.train(here, plan) == first
        assert len(here.sim.requests) == before

    within(main)


def test_changed_plan_is_refused_with_a_diff(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Another plan, or other images, under the same name: refused with the differences, nothing sent."""
    folder = copied(studio.pictures, tmp_path / "changing")

    async def main(here: World) -> None:
        here.sim.fail("models.create", status=403)
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan(images=folder))
        before = len(here.sim.requests)
        with pytest.raises(PlanChanged) as changed:
            await studio.train(here, studio.plan(images=folder, ip_medium="illustration"))
        assert changed.value.diff == ("ip_medium: was 'photography', now 'illustration'",)
        (folder / "0.png").unlink()
        with pytest.raises(PlanChanged, match=r"image gone or changed: 0\.png"):
            await studio.train(here, studio.plan(images=folder))
        assert len(here.sim.requests) == before, "a refused plan asked the server"

    within(main)


@pytest.mark.fault("N15")
def test_how_may_change(studio: Studio, within: Within, tmp_path: Path) -> None:
    """What a run does about bad images may change between two goes; what it trains may not."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", status=422, times=99, match="3--")
        with pytest.raises(RunPaused, match="on_bad_image=skip"):
            await studio.train(here, studio.plan())
        result = await studio.train(here, studio.plan(on_bad_image="skip"))
        assert result.images == COUNT - 1
        assert [key for key in result.skipped if "upload 3--" in key], result.skipped
        assert clean(here.sim), here.sim.audit()

    within(main)


@pytest.mark.fault("N15")
def test_full_dataset_stops_the_run(studio: Studio, within: Within) -> None:
    """A dataset that answers full stops the run before it is completed, whatever `on_bad_image` says."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="409"):
            await studio.train(here, studio.plan(on_bad_image="skip", upload="each"))
        assert here.sim.counts["datasets.update"] == 1, "the dataset was completed"
        assert here.sim.counts["models.create"] == 0

    within(main, max_images=5)


@pytest.mark.fault("N17")
def test_stop_and_go_on(studio: Studio, within: Within) -> None:
    """A stop request pauses the run; with `training` it stops a training that was started, for good."""

    async def main(here: World) -> None:
        def stop_later(event: Any) -> None:
            if event.what == "progressed" and "InProgress" in event.data["reason"]:
                studio.place.control.ask(Request(STOP, {"training": True}), here.session.host)

        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, studio.plan(), settings=studio.settings(), on_event=[stop_later])
        assert here.sim.counts["models.stop_training"] == 1
        with pytest.raises(RunFailed, match="Stopped"):
            await studio.resume(here)

    within(main)


def test_a_training_that_cannot_be_stopped(studio: Studio, within: Within) -> None:
    """The run says so, and to ask once more; a command would not be the one to type everywhere."""

    async def main(here: World) -> None:
        def stop_later(event: Any) -> None:
            studio.events.append(event)
            if event.what == "progressed" and "InProgress" in event.data["reason"]:
                studio.place.control.ask(Request(STOP, {"training": True}), here.session.host)

        here.sim.fail("models.stop_training", status=403)
        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, studio.plan(), settings=studio.settings(), on_event=[stop_later])
        (told,) = (event.words for event in studio.happened("progressed") if "could not be stopped" in event.words)
        assert told.endswith("Ask once more for it to be stopped.")
        assert "bria-async" not in told

    within(main)


def test_stop_while_the_training_is_being_started(studio: Studio, within: Within) -> None:
    """A training whose start is on its way when the run is stopped is stopped too."""

    async def main(here: World) -> None:
        def stop_now(event: Event) -> None:
            if event.what == "announced" and event.task == "training":
                studio.place.control.ask(Request(STOP, {"training": True}), here.session.host)

        here.sim.fail("models.start_training", when="after", hang=True)
        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, studio.plan(), settings=studio.settings(), on_event=[stop_now])
        assert here.sim.counts["models.stop_training"] == 1

    within(main)


@pytest.mark.fault("N18")
def test_sample_whose_address_expired(studio: Studio, within: Within) -> None:
    """Nobody can say whether a result is gone or still to come: it is left out only when the user says so."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="on_doubt=skip"):
            await studio.train(here, studio.plan(family="legacy", samples=("a lighthouse",)))
        result = await studio.resume(here, on_doubt="skip")
        assert (len(result.samples), list(result.skipped)) == (0, ["sample 001"]), result

    within(main, url_lifetime=1e-6, job_time=0.0)


@pytest.mark.parametrize("wrong", [{"uploads_at_once": 0}, {"settle": -1.0}, {"grace": -1.0}])
def test_settings_that_cannot_work(wrong: dict[str, Any]) -> None:
    """Numbers that make no sense are refused when they are given."""
    with pytest.raises(ConfigurationError, match="must be at least"):
        Settings(**wrong)


@pytest.mark.fault("N10")
def test_unreadable_answers_are_no_outage(studio: Studio, within: Within) -> None:
    """Answers that nobody can read, several in a row, pause the run long before its deadline."""

    async def main(here: World) -> None:
        here.sim.fail("models.get", status=200, body="what is this", times=999)
        with pytest.raises(RunPaused, match="cannot be read"):
            await studio.train(here, studio.plan())
        assert here.session.host.monotonic() < 3600, "it waited for the training's deadline"

    within(main)


def test_a_limit_of_uploads_is_told(studio: Studio, within: Within) -> None:
    """When a run starts and goes on, where the session has one; the words of these events stay as they were."""

    async def main(here: World) -> None:
        def stop(event: Event) -> None:
            if event.task == "project":
                studio.place.control.ask(Request(STOP), here.session.host)

        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, studio.plan(), settings=studio.settings(), on_event=[studio.events.append, stop])
        (started,) = studio.happened("started")
        here.session.rates = Rates(by_operation={"images.upload": 60})
        await studio.resume(here)
        (resumed,) = studio.happened("resumed")
        assert (started.data, started.words) == ({}, "studio started")
        assert (resumed.data, resumed.words) == ({"uploads_per_minute": 60}, "studio resumed")
        assert [event.data for _, event in feed.events(studio.place.journal, "studio") if event.what == "resumed"] == [
            resumed.data
        ]
        async with Journal(studio.place.journal, here.session.host) as journal:
            assert await journal.find_run("studio"), "with such data and without, it adds up"

    within(main)
