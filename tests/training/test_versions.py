"""A run that another version of this library began: it goes on along the same steps, or is refused with a sentence."""

from collections.abc import Callable
from typing import Any

import pytest

from bria_async.errors import RunPaused
from tests.graph.forgery import forge
from tests.simulation.world import World

from .conftest import Studio

Within = Callable[..., Any]


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("replace(graph, 'captions (safe)', 'captions (cheap)')", None),
        ("graph || char(10) || 'blessing (safe) <- captions'", "blessing"),
        ("replace(graph, 'trained (safe)', 'waited (safe)')", "trained, waited"),
    ],
)
def test_a_run_of_another_version(studio: Studio, within: Within, change: str, refused: str | None) -> None:
    """What a step does may change between versions; which steps there are may not."""

    async def main(here: World) -> None:
        here.sim.fail("datasets.create", status=403)
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan())
        forge(studio.place.journal, f"UPDATE run SET graph = {change}")  # noqa: S608  # written above
        if refused is None:
            await studio.resume(here)
            return
        with pytest.raises(RunPaused, match=rf"another version of this library, with other steps \({refused}\)"):
            await studio.resume(here)
        assert here.sim.counts["datasets.create"] == 0, "a run was led along steps that it did not begin with"

    within(main)
