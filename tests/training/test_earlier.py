"""What a folder was trained on before is known by its newest run, below the state folder, and a new run tells it."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import RunPaused
from bria_async.images import inspect
from bria_async.training import train_many
from bria_async.training.earlier import images_of_last_run
from tests.simulation.world import World
from tests.support import picture
from tests.training.conftest import COUNT, Studio, copied

Within = Callable[..., Any]


def changed(folder: Path) -> None:
    """One image gone, one with other bytes, and one more."""
    (folder / "0.png").unlink()
    (folder / "1.png").write_bytes(picture(colour="teal"))
    (folder / "more.png").write_bytes(picture(colour="gold"))


def differences(studio: Studio) -> list[str]:
    """What was said in the last go of an earlier run, in order."""
    words = (event.data["reason"] for event in studio.happened("noted"))
    return [each for each in words if "last run of this folder" in each]


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
        shutil.copytree(studio.state / "later", studio.state / "stranger")
        with contextlib.closing(sqlite3.connect(studio.state / "stranger" / "journal.db")) as database, database:
            database.execute("UPDATE run SET plan = '[]'")
        (studio.state / "broken").mkdir()
        (studio.state / "broken" / "journal.db").write_text("no journal")
        shutil.copytree(studio.state / "later", studio.state / "odd")
        with contextlib.closing(sqlite3.connect(studio.state / "odd" / "journal.db")) as database, database:
            database.execute("UPDATE run SET created = created + 1")
            database.execute("UPDATE item SET data = '{}' WHERE input = 'image'")
        assert images_of_last_run(folder, studio.state).keys() == first.keys() - {folder / "0.png"}
        assert len(images_of_last_run(studio.pictures, studio.state)) == COUNT

    within(main)


def test_a_new_run_tells_it_as_inspect_does(studio: Studio, within: Within, tmp_path: Path) -> None:
    """In the same words, when it begins and not when it goes on; the first run of a folder has nothing to tell."""
    folder = copied(studio.pictures, tmp_path / "mine")

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(name="One", images=folder))
        assert differences(studio) == []
        changed(folder)
        known = images_of_last_run(folder, studio.state)
        said = (await inspect(folder, host=here.session.host, known=known)).findings
        expected = [str(one) for one in said if one.code in ("new", "edited", "gone")]
        here.sim.fail("models.create", status=403, body={"message": "no such right"})
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan(name="Two", images=folder))
        assert differences(studio) == expected and len(expected) == 3
        await studio.resume(here, "two")
        assert differences(studio) == []

    within(main)


def test_runs_of_a_batch_are_compared_with_what_was_before_it(studio: Studio, within: Within, tmp_path: Path) -> None:
    """The state folder is looked through once: of runs that begin together none is the last one of another."""
    folder = copied(studio.pictures, tmp_path / "mine")
    names = ["First", "Second", "Third", "Fourth"]

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(name="One", images=folder))
        changed(folder)
        plans = [studio.plan(name=name, images=folder) for name in names]
        await train_many(here.session, plans, name="many", settings=studio.settings(), on_event=studio.events.append)
        assert len(differences(studio)) == 3 * len(names)
        (folder / "2.png").write_bytes(picture(colour="brown"))
        more = studio.plan(name="Fifth", images=folder)
        studio.events.clear()
        await train_many(
            here.session, [*plans, more], name="many", settings=studio.settings(), on_event=studio.events.append
        )
        said = differences(studio)
        assert len(said) == 3 and any("2 images" in words or "2.png" in words for words in said), said

    within(main)
