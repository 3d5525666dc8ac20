"""`verify` compares journal, server and disk, and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from bria_async.errors import Forbidden, RunError
from bria_async.training import train_many, verify, verify_many
from tests.simulation.world import World

from .conftest import COUNT, Studio

Within = Callable[..., Any]


def test_agreement_and_differences(studio: Studio, within: Within) -> None:
    """A finished run agrees with the server; what is deleted there or on disk is told."""

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(samples=("a lighthouse",)))
        before = dict(here.sim.counts)
        found = await verify(here.session, "studio", state=studio.state)
        assert found.differences == (), found
        assert (found.planned, found.uploaded, found.on_server, found.samples) == (COUNT, COUNT, COUNT, 1)
        changed = {name for name, count in here.sim.counts.items() if count != before.get(name)}
        assert changed <= {"images.list", "models.get"}, f"verify did more than look: {changed}"

        result.samples[0].path.unlink()
        lost = next(iter(here.sim.world.images))
        del here.sim.world.images[lost]
        found = await verify(here.session, "studio", state=studio.state)
        assert len(found.differences) == 2, found.differences

    within(main)


def test_a_batch(studio: Studio, within: Within) -> None:
    """All its runs, in their order; one error is raised as it is."""

    async def main(here: World) -> None:
        plans = [studio.plan(name=f"Run {number}", family="legacy") for number in range(3)]
        await train_many(here.session, plans, name="many", settings=studio.settings())
        found = await verify_many(here.session, "many", state=studio.state)
        assert [(one.run, one.uploaded, one.differences) for one in found] == [
            (f"run-{number}", COUNT, ()) for number in range(3)
        ]
        here.sim.fail("models.get", status=403)
        with pytest.raises(Forbidden):
            await verify_many(here.session, "many", state=studio.state)

    within(main)


def test_unknown_run(studio: Studio, within: Within) -> None:
    """A run that is not there is one sentence."""

    async def main(here: World) -> None:
        with pytest.raises(RunError, match="There is no run 'nobody'"):
            await verify(here.session, "nobody", state=studio.state)

    within(main)
