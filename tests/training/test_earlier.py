"""What a folder was trained on before is known by its newest run, below the state folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import RunPaused
from bria_async.training import train_many
from bria_async.training.earlier import images_of_last_run
from tests.simulation.world import World
from tests.training.conftest import COUNT, Studio, copied

Within = Callable[..., Any]


def test_the_newest_run_of_a_folder_counts(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Whatever became of it, alone or in a batch; runs of other folders and broken journals are passed over."""
    folder = copied(studio.pictures, tmp_path / "mine")

    async def main(here: World) -> None:
        assert images_of_last_run(folder, studio.state) == {}
        plans = [studio.plan(name="One", images=folder), studio.plan(name="Two")]
        await train_many(here.session, plans, name="many", settings=studio.settings())
        first = images_of_last_run(folder, studio.state)
        assert [path.name for path in first] == [f"{number}.png" for number in range(COUNT)]
        assert {path.parent for path in first} == {folder}
        (folder / "0.png").unlink()
        here.sim.fail("models.create", status=403, body={"message": "no such right"})
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan(name="Later", images=folder))
        (studio.state / "broken").mkdir()
        (studio.state / "broken" / "journal.db").write_text("no journal")
        assert images_of_last_run(folder, studio.state).keys() == first.keys() - {folder / "0.png"}
        assert len(images_of_last_run(studio.pictures, studio.state)) == COUNT

    within(main)
