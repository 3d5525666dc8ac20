"""`verify` compares journal, server and disk, and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from bria_async.errors import RunError
from bria_async.training import verify
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


def test_unknown_run(studio: Studio, within: Within) -> None:
    """A run that is not there is one sentence."""

    async def main(here: World) -> None:
        with pytest.raises(RunError, match="There is no run 'nobody'"):
            await verify(here.session, "nobody", state=studio.state)

    within(main)
