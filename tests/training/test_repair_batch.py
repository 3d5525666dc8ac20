"""The journal of a batch, rebuilt for all of its runs at once; then each ends as it would."""

from collections.abc import Callable
from typing import Any

import pytest

from bria_async.errors import ConfigurationError, JournalDamaged, RunError
from bria_async.graph import feed
from bria_async.sim.faults import Faults
from bria_async.training import Plan, repair, repair_batch, train_many
from tests.simulation.world import World

from .conftest import COUNT, Studio, clean
from .test_repair import ONCE, flip

Within = Callable[..., Any]
RUNS = 4


def plans(studio: Studio) -> list[Plan]:
    """Plans that differ in their names."""
    return [studio.plan(name=f"Run {number}", family="legacy") for number in range(RUNS)]


async def left(studio: Studio, here: World) -> None:
    """Train a batch of which one run is done, one stops in its uploads, one with a project, and one before anything."""
    here.sim.fail("images.upload", status=403, times=20, after=COUNT + 3)
    here.sim.fail("datasets.create", status=403, times=20, after=2)
    here.sim.fail("projects.create", status=403, times=20, after=3)
    settings = studio.settings(models_at_once=1)
    assert len((await train_many(here.session, plans(studio), name="many", settings=settings)).trained) == 1
    here.sim.faults = Faults()


async def goes_on(studio: Studio, here: World) -> None:
    """Train all of it; everything is there once."""
    result = await train_many(here.session, plans(studio), name="many", settings=studio.settings())
    assert len(result.trained) == RUNS, result.failed
    assert clean(here.sim), here.sim.audit()
    counted = here.sim.audit()
    assert (counted.projects.total(), counted.datasets.total(), counted.trainings.total()) == (RUNS,) * 3
    assert len(here.sim.world.images) == RUNS * COUNT


@pytest.mark.parametrize("damage", ["an event", "a run", "all of it"])
def test_a_batch_is_rebuilt(studio: Studio, within: Within, damage: str) -> None:
    """From what is left of its journal where that can be read, and from its plans and the server where not."""
    state = studio.state / "many"

    async def main(here: World) -> None:
        await left(studio, here)
        if damage == "all of it":
            (state / "journal.db").unlink()
        else:
            flip(state / "journal.db", "event" if damage == "an event" else "run")
            with pytest.raises(JournalDamaged, match="bria-async repair many"):
                await train_many(here.session, name="many", settings=studio.settings())
        before = dict(here.sim.counts)
        found = await repair_batch(here.session, "many", settings=studio.settings())
        assert not {name for name in ONCE if here.sim.counts[name] != before.get(name, 0)}, "nothing was created"
        assert {one.run: one.missing for one in found} == {
            "many/run-0": 0,
            "many/run-1": COUNT - 3,
            "many/run-2": COUNT,
        } | ({"many/run-3": COUNT} if damage == "an event" else {})
        assert {one.plan_from_journal for one in found} == {damage == "an event"}
        assert {view.state for view in feed.views(state / "journal.db")} == {"paused"}
        await goes_on(studio, here)

    within(main)


def test_several_of_a_name(studio: Studio, within: Within) -> None:
    """Which one a run of the batch was, only the user knows; he says it by run."""

    async def main(here: World) -> None:
        settings = studio.settings()
        await studio.train(here, plans(studio)[0])
        await train_many(here.session, plans(studio), name="many", settings=settings)
        tag = next(view.run.tag for view in feed.views(studio.state / "many" / "journal.db"))
        (studio.state / "many" / "journal.db").unlink()
        with pytest.raises(ConfigurationError, match=r"shows 2 runs named 'Run 0'.*--tag 'run-0=run "):
            await repair_batch(here.session, "many", settings=settings)
        found = await repair_batch(here.session, "many", tags={"run-0": tag}, settings=settings)
        assert {one.run: one.tag for one in found}["many/run-0"] == tag
        assert not (await train_many(here.session, name="many", settings=settings)).failed
        assert here.sim.counts["models.start_training"] == RUNS + 1

    within(main)


def test_what_cannot_be_repaired_is_told(studio: Studio, within: Within) -> None:
    """A journal that is whole, a batch that is none, and one run of many."""

    async def main(here: World) -> None:
        await left(studio, here)
        with pytest.raises(RunError, match="is whole: bria-async resume many"):
            await repair_batch(here.session, "many", settings=studio.settings())
        with pytest.raises(RunError, match="no batch 'nobody'"):
            await repair_batch(here.session, "nobody", settings=studio.settings())
        for name in ("many", "many/run-1"):
            with pytest.raises(RunError, match="bria-async repair many"):
                await repair(here.session, name, settings=studio.settings())

    within(main)
