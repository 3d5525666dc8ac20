"""Lost answers: what is found is adopted, what is absent is sent once more, what cannot be told pauses the run."""

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from bria_async.errors import RunPaused
from bria_async.training import Settings, train
from tests.graph.forgery import FORGET, forge
from tests.simulation.world import World

from .conftest import COUNT, Studio, clean

Within = Callable[..., Any]

CREATING = [
    "projects.create",
    "datasets.create",
    "images.upload",
    "models.create",
    "models.start_training",
]


@pytest.mark.fault("N5", "N6", "N7", "N10", "N13")
@pytest.mark.parametrize("operation", CREATING)
@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 502}, {"status": 200, "body": "<html>"}])
def test_lost_answer_is_adopted(studio: Studio, within: Within, operation: str, fault: dict[str, Any]) -> None:
    """The effect happened and its answer was lost: it is found after the settle delay and not sent again."""

    async def main(here: World) -> None:
        here.sim.fail(operation, when="after", **fault)
        result = await studio.train(here, studio.plan())
        assert result.adopted == 1, result
        assert studio.happened("lost"), "the answer was not lost"
        accepted = here.sim.counts[operation]
        assert accepted == (COUNT if operation == "images.upload" else 1), f"{operation} was accepted {accepted} times"
        assert clean(here.sim), here.sim.audit()

    within(main)


@pytest.mark.fault("N4", "N6", "N7")
@pytest.mark.parametrize("operation", CREATING)
def test_what_never_happened_is_sent_again(studio: Studio, within: Within, operation: str) -> None:
    """The connection broke before the effect: nothing is found, and it is sent once more."""

    async def main(here: World) -> None:
        here.sim.fail(operation, when="before", drop=True)
        result = await studio.train(here, studio.plan())
        assert result.adopted == 0, result
        accepted = here.sim.counts[operation]
        assert accepted == (COUNT if operation == "images.upload" else 1), f"{operation} was accepted {accepted} times"
        assert clean(here.sim), here.sim.audit()

    within(main)


def test_settle_delay_is_waited_out(studio: Studio, within: Within) -> None:
    """A slow server whose effect comes after the client has left: the look waits for it."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True, times=3)
        result = await studio.train(here, studio.plan())
        assert here.sim.counts["images.upload"] == COUNT
        assert result.adopted == 3, result

    within(main, late_effect=100.0)


def test_too_short_a_settle_is_healed_by_the_audit(studio: Studio, within: Within) -> None:
    """An effect that comes even later makes a copy, which the audit deletes before the dataset is completed."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True)
        await studio.train(here, studio.plan(), settle=1.0)
        assert here.sim.counts["images.upload"] == COUNT + 1, "no copy was made, so nothing was proven"
        assert clean(here.sim), here.sim.audit()

    within(main, late_effect=15.0, caption_delay=60.0)


def test_many_doubts_one_look(studio: Studio, within: Within) -> None:
    """All uploads in doubt are settled by a single listing."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True, times=COUNT)
        result = await studio.train(here, studio.plan(), waiting=attrs.evolve(Settings().waiting, start=60.0))
        assert result.adopted == COUNT
        captions_are_there = [seen.operation for seen in here.sim.requests].index("datasets.get")
        looks = [seen.operation for seen in here.sim.requests][:captions_are_there].count("images.list")
        assert looks == 2, f"{looks} listings for {COUNT} doubts and the captions"

    within(main)


@pytest.mark.parametrize("names", ["prefix", "rewrite"])
def test_changed_names(studio: Studio, within: Within, names: str) -> None:
    """Where the server changes names, images in doubt are told by what remains of them, or by their bytes."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True, times=2, after=3)
        here.sim.fail("images.upload", when="before", drop=True, times=1, after=5)
        result = await studio.train(here, studio.plan())
        assert result.adopted == 2, result
        assert here.sim.counts["images.upload"] == COUNT
        assert clean(here.sim), here.sim.audit()

    within(main, image_names=names)


def test_first_upload_lost_and_renamed(studio: Studio, within: Within) -> None:
    """Even with no upload to learn the server's habits from, nothing is sent twice."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True, times=COUNT)
        result = await studio.train(here, studio.plan())
        assert result.adopted == COUNT, result
        assert here.sim.counts["images.upload"] == COUNT

    within(main, image_names="rewrite")


def test_cheap_is_sent_once_more_and_reported(studio: Studio, within: Within) -> None:
    """A lost schema is generated once more and reported as perhaps charged; a second loss pauses."""

    async def main(here: World) -> None:
        here.sim.fail("tailored.generate_visual_schema", when="after", drop=True)
        result = await studio.train(here, studio.plan())
        assert result.perhaps_charged == 1, result
        assert here.sim.counts["tailored.generate_visual_schema"] == 2
        here.sim.fail("tailored.generate_visual_schema", when="after", drop=True, times=2)
        with pytest.raises(RunPaused, match="perhaps charged"):
            await studio.train(here, studio.plan(name="Unlucky"))

    within(main)


@pytest.mark.fault("N9")
@pytest.mark.parametrize(("on_doubt", "generated"), [("ask", 2), ("resend", 3), ("skip", 2)])
def test_lost_sample(studio: Studio, within: Within, on_doubt: str, generated: int) -> None:
    """A sample whose answer was lost was perhaps charged: only the user's word sends it again."""

    async def main(here: World) -> None:
        here.sim.fail("tailored.generate", when="after", drop=True, match="harbour")
        plan = studio.plan(samples=("a lighthouse", "a harbour"), on_doubt=on_doubt)
        if on_doubt == "ask":
            with pytest.raises(RunPaused, match="perhaps charged"):
                await studio.train(here, plan)
            assert here.sim.counts["tailored.generate"] == generated
            result = await studio.resume(here, on_doubt="skip")
        else:
            result = await studio.train(here, plan)
        assert here.sim.counts["tailored.generate"] == generated
        assert len(result.samples) == (2 if on_doubt == "resend" else 1), result
        assert result.perhaps_charged >= 1, result

    within(main)


@pytest.mark.fault("N6")
def test_two_of_one_pause(studio: Studio, within: Within) -> None:
    """Two projects with the run's tag are for the user to sort out: nothing more is created."""

    async def main(here: World) -> None:
        here.sim.fail("projects.create", when="after", drop=True)

        original = here.session.projects.list

        async def duplicate_first(*args: Any) -> Any:
            found = await original(*args)
            if len(found) == 1:
                tag = found[0].project_description
                await here.session.projects.create(
                    project_name="copy", project_description=tag, ip_type="other", ip_medium="photography"
                )
            return await original(*args)

        here.session.projects.list = duplicate_first  # type: ignore[method-assign]
        with pytest.raises(RunPaused, match="2 projects of this run"):
            await studio.train(here, studio.plan())
        assert here.sim.counts["datasets.create"] == 0

    within(main)


def test_image_deleted_before_completion_is_uploaded_again(studio: Studio, within: Within) -> None:
    """The audit before completion finds an uploaded image gone, and puts it back."""

    async def main(here: World) -> None:
        async def steal(event: Any) -> None:
            dataset = next(iter(here.sim.world.datasets))
            first = next(iter(here.sim.world.images))
            await here.session.images.delete(dataset, first)

        stolen: list[Any] = []

        def watch(event: Any) -> None:
            if event.what == "finished" and event.task == "captions" and not stolen:
                stolen.append(asyncio.get_running_loop().create_task(steal(event)))

        here.sim.fail("datasets.get", status=503, times=1, after=1)  # the audit comes after a pause, hence the theft
        await train(here.session, studio.plan(), settings=studio.settings(), on_event=[studio.events.append, watch])
        assert stolen and studio.happened("reopened", "upload"), "nothing was stolen, or nobody noticed"
        assert here.sim.counts["images.upload"] == COUNT + 1
        assert clean(here.sim), here.sim.audit()
        assert len(here.sim.world.images) == COUNT

    within(main)


def test_slow_listings(studio: Studio, within: Within) -> None:
    """What a listing does not show yet is waited for: nothing is sent twice, and no caption is overlooked."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True, times=2)
        here.sim.fail("projects.create", when="after", drop=True)
        await studio.train(here, studio.plan())
        accepted = {name: here.sim.counts[name] for name in ("projects.create", "images.upload")}
        assert accepted == {"projects.create": 1, "images.upload": COUNT}, accepted
        assert clean(here.sim), here.sim.audit()

    within(main, listing_lag=100.0, caption_delay=5.0)


@pytest.mark.fault("N7")
def test_start_that_never_happened(studio: Studio, within: Within) -> None:
    """A training that the server said to have started and shows as Created is started after all."""

    async def main(here: World) -> None:
        model = {"id": 1010, "status": "InProgress"}
        here.sim.fail("models.start_training", status=200, body=model)
        await studio.train(here, studio.plan())
        assert studio.happened("reopened", "training"), "nobody noticed"
        assert here.sim.counts["models.start_training"] == 1

    within(main)


@pytest.mark.fault("N7")
def test_status_that_says_nothing_pauses(studio: Studio, within: Within) -> None:
    """A model without a status says neither that its training was started nor that it was not."""

    async def main(here: World) -> None:
        here.sim.fail("models.start_training", when="after", drop=True)
        here.sim.fail("models.get", status=200, body={"id": 1010})
        with pytest.raises(RunPaused, match="was its training started"):
            await studio.train(here, studio.plan())
        await studio.resume(here)
        assert here.sim.counts["models.start_training"] == 1

    within(main)


@pytest.mark.fault("N6")
@pytest.mark.parametrize(
    ("created", "listed"), [("projects.create", "projects.list"), ("models.create", "models.list")]
)
def test_listing_without_texts_pauses(studio: Studio, within: Within, created: str, listed: str) -> None:
    """Where a listing shows neither name nor description nobody can tell: nothing is created a second time."""

    async def main(here: World) -> None:
        here.sim.fail(created, when="after", drop=True)
        here.sim.fail(listed, status=200, body=[{"id": 999_001}])
        with pytest.raises(RunPaused, match="nobody can tell"):
            await studio.train(here, studio.plan())
        result = await studio.resume(here)
        assert (result.adopted, here.sim.counts[created]) == (1, 1)

    within(main)


def test_intent_that_the_journal_lost(studio: Studio, within: Within) -> None:
    """After an unclean close even a task without an intent waits out the settle delay before anybody looks."""

    async def main(here: World) -> None:
        here.sim.fail("projects.create", when="after", drop=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await studio.train(here, studio.plan())
        forge(studio.place.journal, *FORGET)
        await studio.train(here, studio.plan())
        assert here.sim.counts["projects.create"] == 1

    within(main, late_effect=100.0)


def test_completed_by_the_lost_request(studio: Studio, within: Within) -> None:
    """The completion happened and its answer was lost: repeating it finds the dataset completed, which is well."""

    async def main(here: World) -> None:
        here.sim.fail("datasets.update", status=502, when="after", match="completed")
        here.sim.fail("datasets.update", status=409, match="completed")
        await studio.train(here, studio.plan())

    within(main)


@pytest.mark.fault("N1", "N13")
@pytest.mark.parametrize("operation", ["models.get", "images.list", "datasets.get"])
def test_polls_outlive_an_outage(studio: Studio, within: Within, operation: str) -> None:
    """A poll that fails is a poll without an answer: a run of hours does not stop for it."""

    async def main(here: World) -> None:
        here.sim.fail(operation, status=500, times=2)
        await studio.train(here, studio.plan(family="2024"))

    if operation == "models.get":
        within(main)
    else:
        within(main, caption_delay=600.0)
