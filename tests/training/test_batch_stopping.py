"""Stopping a batch, or one of its runs, while others work, wait for their turn, or have not begun."""

from collections.abc import Callable
from typing import Any

import pytest

from bria_async.errors import RunCancelled, RunError
from bria_async.graph import feed
from bria_async.graph.control import STOP, Request
from bria_async.training.batch import Batch
from bria_async.training.place import Place
from tests.simulation.world import World

from .conftest import Studio, clean
from .test_batch import batched, plans

Within = Callable[..., Any]


def test_who_has_not_begun_does_not(studio: Studio, within: Within) -> None:
    """Neither looks at its images any more, once the batch is to stop."""

    async def main(here: World) -> None:
        async with Batch(here.session, plans(studio, 12), name="many", settings=studio.settings()) as batch:
            async for event in batch:
                if event.what == "started":
                    break
        result = batch.result()
        assert {type(error) for error in result.failed.values()} == {RunCancelled}
        assert len(result.failed) == 12
        assert len(feed.views(batch.place.journal)) < 6
        assert not list(batch.place.folder.glob("*/not-begun.txt")), "nothing kept them from it"
        assert str(result.failed["run-11"]).endswith("bria-async resume many"), "by itself it cannot go on yet"

    within(main)


@pytest.mark.parametrize("begun", [False, True])
def test_a_run_that_waits_for_its_turn_can_be_stopped(studio: Studio, within: Within, begun: bool) -> None:
    """It is told at once, costs nothing, and has its turn when the batch goes on."""

    async def main(here: World) -> None:
        if begun:
            here.sim.fail("projects.create", status=403, times=3)
            await batched(here, studio, plans(studio, 3))
        settings = studio.settings(models_at_once=1)
        heard: list[tuple[str, str]] = []
        async with Batch(here.session, plans(studio, 3), name="many", settings=settings) as batch:
            async for event in batch:
                if event.what in ("started", "resumed") and not heard:
                    batch.place.run("run-2").control.ask(Request(STOP), here.session.host)
                heard.append((event.run, event.what))
        assert sorted(batch.result().trained) == ["run-0", "run-1"]
        assert "The run was asked to stop." in str(batch.result().failed["run-2"])
        assert here.sim.counts["projects.create"] == 2
        place = batch.place.run("run-2")
        assert place.why_not_begun == (None if begun else "The run was asked to stop.")
        if not begun:
            assert heard.index(("run-2", "not_begun")) < heard.index(("run-0", "completed"))
        assert len((await batched(here, studio, None)).trained) == 3
        assert place.why_not_begun is None
        assert clean(here.sim)

    within(main)


def test_a_run_that_was_asked_to_stop_has_not_failed(studio: Studio, within: Within) -> None:
    """The others go on, even where a failure stops them all."""

    async def main(here: World) -> None:
        given, settings = plans(studio, 3), studio.settings()
        async with Batch(here.session, given, name="many", settings=settings, on_failure="stop") as batch:
            async for event in batch:
                if event.run == "run-1" and event.what == "started":
                    batch.place.run("run-1").control.ask(Request(STOP), here.session.host)
        assert sorted(batch.result().trained) == ["run-0", "run-2"], batch.result().failed

    within(main)


def test_whoever_leaves_early_hears_of_errors(studio: Studio, within: Within) -> None:
    """As whoever stays; an error of his own comes before."""

    async def left(here: World, own: Exception | None) -> None:
        async with Batch(here.session, name="nobody", settings=studio.settings()):
            if own is not None:
                raise own

    async def main(here: World) -> None:
        with pytest.raises(RunError, match="no batch 'nobody'"):
            await left(here, None)
        with pytest.raises(KeyError, match="mine"):
            await left(here, KeyError("mine"))

    within(main)


def test_requests_that_cannot_be_taken_away_stop_it_in_order(studio: Studio, within: Within) -> None:
    """What its control folder raises is raised as it is, once all runs are safe."""

    async def main(here: World) -> None:
        place = Place.of("many", studio.state)
        wrong = place.folder / "control" / "not-a-file.json"
        with pytest.raises(OSError, match="not-a-file"):
            await batched(here, studio, plans(studio), on_event=[lambda _: wrong.mkdir(parents=True, exist_ok=True)])
        assert {view.state for view in feed.views(place.journal)} == {"paused"}
        await here.session.host.in_thread(wrong.rmdir)
        assert len((await batched(here, studio, None)).trained) == len(plans(studio))
        assert clean(here.sim)

    within(main)
