"""Journals that are damaged or gone, rebuilt from what is left and from the server; then the run ends as it would."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import ConfigurationError, JournalDamaged, JournalError, PlanChanged, RunError, RunPaused
from bria_async.graph import feed
from bria_async.graph.journal import Journal
from bria_async.sim import Simulator
from bria_async.sim.faults import Faults
from bria_async.training import Plan, repair
from tests.simulation.world import ADDRESS, World

from .conftest import COUNT, Studio, clean

pytestmark = pytest.mark.exhaustive

Within = Callable[..., Any]

ONCE = ("projects.create", "datasets.create", "models.create", "models.start_training", "images.bulk_upload")

STOPS = {
    "before anything": ("projects.create", 0),
    "with a project": ("datasets.create", 0),
    "with a dataset": ("images.upload", 0),
    "in the uploads": ("images.upload", 3),
    "before the completion": ("models.create", -1),
    "before the model": ("models.create", 0),
    "before the training": ("models.start_training", 0),
}
"""Where a run stops: at which operation, after how many of them that went through."""


async def stopped(studio: Studio, here: World, plan: Plan, at: str) -> None:
    """Run a plan until it pauses there, because the server refuses an operation for a while."""
    operation, after = STOPS[at]
    if after < 0:
        here.sim.fail("datasets.update", status=403, match="completed")
    else:
        here.sim.fail(operation, status=403, times=20, after=after)
    with pytest.raises(RunPaused):
        await studio.train(here, plan)
    here.sim.faults = Faults()


def flip(journal: Path, *tables: str) -> None:
    """Damage rows of these tables, in a way that SQLite does not notice."""
    columns = {"run": "plan", "item": "data", "task": "result", "event": "data", "meta": "value"}
    with contextlib.closing(sqlite3.connect(journal)) as database, database:
        for table in tables:
            column = columns[table]
            sql = f"UPDATE {table} SET {column} = replace(coalesce({column}, ''), '0', '1') || ' '"  # noqa: S608
            database.execute(sql)


def spent_once(sim: Simulator) -> bool:
    """Nothing was created twice, however often somebody looked."""
    return clean(sim) and all(sim.counts[name] <= 1 for name in ONCE) and sim.counts["images.upload"] <= COUNT


@pytest.mark.fault("D3")
@pytest.mark.parametrize("at", STOPS)
@pytest.mark.parametrize("left", ["events are broken", "rows and items are broken", "nothing is readable", "nothing"])
def test_repaired_and_resumed(studio: Studio, within: Within, at: str, left: str) -> None:
    """Wherever a run stopped, and whatever is left of its journal: repaired and resumed it makes nothing twice."""
    plan = studio.plan(samples=("a cat",))

    async def main(here: World) -> None:
        await stopped(studio, here, plan, at)
        before = here.sim.counts["images.upload"]
        await damaged(studio, left)
        if left != "nothing":
            with pytest.raises(JournalDamaged, match="bria-async repair studio"):
                await studio.resume(here)
        given = plan if left.startswith("nothing") else None
        found = await repair(here.session, "studio", plan=given, settings=studio.settings())
        assert (found.damaged is not None) == (left != "nothing"), found
        assert found.images == COUNT
        assert found.missing == COUNT - before, f"{before} were uploaded"
        assert here.sim.counts["images.upload"] == before, "a repair creates nothing"
        result = await studio.resume(here)
        assert (result.images, len(result.samples)) == (COUNT, 1)
        assert spent_once(here.sim), here.sim.counts

    within(main)


async def damaged(studio: Studio, left: str) -> None:
    """Leave so much of the journal."""
    journal = studio.place.journal
    match left:
        case "events are broken":
            flip(journal, "event")
        case "rows and items are broken":
            flip(journal, "event", "task", "item")
        case "nothing is readable":
            journal.write_bytes(b"\x00" * journal.stat().st_size)
        case "nothing":
            shutil.rmtree(studio.place.folder)


FAMILIES: dict[str, dict[str, Any]] = {
    "fibo": {},
    "legacy": {"family": "legacy", "training_version": "max"},
    "2024": {"family": "2024"},
}


@pytest.mark.fault("D3")
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("at", ["in the uploads", "before the training"])
def test_all_lifecycles_without_a_journal(studio: Studio, within: Within, family: str, at: str) -> None:
    """Each shape of a training is found again by its names alone, when its whole folder is gone."""
    plan = studio.plan(**FAMILIES[family])

    async def main(here: World) -> None:
        await stopped(studio, here, plan, at)
        shutil.rmtree(studio.place.folder)
        found = await repair(here.session, "studio", plan=plan, settings=studio.settings())
        assert found.tag.startswith("run ") and found.adopted["dataset"] == 1
        assert (await studio.resume(here)).images == COUNT
        assert spent_once(here.sim), here.sim.counts

    within(main)


@pytest.mark.fault("D3")
def test_captions_are_in_the_new_journal(studio: Studio, within: Within) -> None:
    """Those of a dataset that is completed, which no step looks at any more once the training was started."""

    async def main(here: World) -> None:
        plan = studio.plan()
        await studio.train(here, plan)
        shutil.rmtree(studio.place.folder)
        await repair(here.session, "studio", plan=plan, settings=studio.settings())
        captions = {str(image.id): image.caption for image in here.sim.world.images.values()}
        assert feed.captions(studio.place.source, "studio") == captions
        assert len(captions) == COUNT

    within(main)


@pytest.mark.fault("D3")
def test_a_zip_is_not_sent_again(studio: Studio, large: Path, within: Within) -> None:
    """The one zip that a dataset takes was sent: the server says so, and nothing else may."""
    studio.pictures = large
    plan = studio.plan(upload="zip")

    async def main(here: World) -> None:
        zip_url = f"{ADDRESS}/_sim/files/set.zip"
        here.sim.fail("models.create", status=403)
        with pytest.raises(RunPaused):
            await studio.train(here, plan, zip_put_url=zip_url, zip_url=zip_url)
        shutil.rmtree(studio.place.folder)
        found = await repair(here.session, "studio", plan=plan, settings=studio.settings())
        assert "bulk" in found.adopted
        assert (await studio.resume(here)).images == COUNT
        assert here.sim.counts["images.bulk_upload"] == 1

    within(main)


def test_paid_samples_are_kept_or_asked_for(studio: Studio, within: Within) -> None:
    """What a journal still holds of billed results is kept; what it does not is in doubt, and its user decides."""
    plan = studio.plan(samples=("a cat", "a dog"))

    async def main(here: World) -> None:
        await studio.train(here, plan)
        flip(studio.place.journal, "event")
        found = await repair(here.session, "studio", settings=studio.settings())
        assert (found.kept, found.charged) == ({"submission": 2, "sample": 2}, ()), found
        assert len((await studio.resume(here)).samples) == 2
        shutil.rmtree(studio.place.folder)
        found = await repair(here.session, "studio", plan=plan, settings=studio.settings())
        assert found.charged == ("submission 001", "submission 002")
        with pytest.raises(RunPaused, match="perhaps charged"):
            await studio.resume(here)
        result = await studio.resume(here, on_doubt="skip")
        assert (result.samples, result.perhaps_charged) == ((), 2)
        assert len(here.sim.world.jobs) == 2, "nothing was paid for again"

    within(main)


def test_images_that_a_completed_dataset_lacks_are_left_out(studio: Studio, within: Within) -> None:
    """A completed dataset takes no more images: a picture that came into the folder since is no reason to stop."""

    async def main(here: World) -> None:
        folder = studio.state.parent / "pictures"
        shutil.copytree(studio.pictures, folder)
        studio.pictures = folder
        here.sim.fail("models.create", status=403)
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan())
        shutil.rmtree(studio.place.folder)
        (folder / "new.png").write_bytes((folder / "0.png").read_bytes() + b"tail")
        found = await repair(here.session, "studio", plan=studio.plan(), settings=studio.settings())
        assert found.missing == 1
        result = await studio.resume(here)
        assert result.images == COUNT
        assert list(result.skipped.values()) == ["it is not in the completed dataset"]

    within(main)


def test_the_damaged_journal_is_kept(studio: Studio, within: Within) -> None:
    """Byte for byte, with what was written ahead, and so is the next one; the lock and the folder are left in order."""

    async def main(here: World) -> None:
        await stopped(studio, here, studio.plan(), "in the uploads")
        journal = studio.place.journal
        for number in (1, 2):
            flip(journal, "event")
            wal = journal.with_name("journal.db-wal")
            wal.write_bytes(b"ahead")
            before = journal.read_bytes()
            found = await repair(here.session, "studio", settings=studio.settings())
            aside = journal.with_name(f"journal.damaged-{number}.db")
            assert found.damaged == aside
            assert aside.read_bytes() == before
            assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"ahead"
            assert not wal.exists() or wal.read_bytes() != b"ahead"
        assert not list(studio.place.folder.glob(".repair-*"))
        async with Journal(journal, here.session.host) as repaired:
            assert repaired.unclean, "whoever resumes it must look"

    within(main)


def test_what_cannot_be_repaired_is_told(studio: Studio, within: Within) -> None:
    """A whole journal, a missing plan, another plan and another run's plan: one sentence each, nothing changed."""

    async def main(here: World) -> None:
        settings, plan = studio.settings(), studio.plan()
        await stopped(studio, here, plan, "in the uploads")
        journal = studio.place.journal
        with pytest.raises(RunError, match="is whole: bria-async resume studio"):
            await repair(here.session, "studio", settings=settings)
        flip(journal, "event")
        before = journal.read_bytes()
        with pytest.raises(PlanChanged, match="refine: was None"):
            await repair(here.session, "studio", plan=studio.plan(refine="Lucy"), settings=settings)
        flip(journal, "run")
        damage = journal.read_bytes()
        with pytest.raises(ConfigurationError, match="bria-async repair studio FOLDER"):
            await repair(here.session, "studio", settings=settings)
        with pytest.raises(ConfigurationError, match="for the run 'other'"):
            await repair(here.session, "studio", plan=studio.plan(name="Other"), settings=settings)
        assert before != damage == journal.read_bytes()

    within(main)


def test_two_runs_of_a_name(studio: Studio, within: Within) -> None:
    """Where the server shows two runs of the plan's name, only the user knows which one it was."""

    async def main(here: World) -> None:
        plan = studio.plan()
        await studio.train(here, plan)
        shutil.rmtree(studio.place.folder)
        await stopped(studio, here, plan, "in the uploads")
        name = (await here.session.projects.list())[-1].project_name or ""
        tag = name[name.index("[") + 1 : -1]
        shutil.rmtree(studio.place.folder)
        with pytest.raises(ConfigurationError, match="shows 2 runs named 'Studio'"):
            await repair(here.session, "studio", plan=plan, settings=studio.settings())
        found = await repair(here.session, "studio", plan=plan, tag=tag, settings=studio.settings())
        assert (found.tag, found.missing) == (tag, COUNT - 3)
        await studio.resume(here)
        assert here.sim.counts["projects.create"] == 2

    within(main)


@pytest.mark.fault("D3")
def test_a_repair_that_dies_is_repeated(studio: Studio, within: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every rename there is one journal or the other: the old one is refused, the new one looks."""

    async def main(here: World) -> None:
        await stopped(studio, here, studio.plan(), "in the uploads")
        replace = Path.replace
        for dies_at in range(1, 4):
            flip(studio.place.journal, "event")
            studio.place.journal.with_name("journal.db-wal").write_bytes(b"ahead")
            moved = 0

            def die(self: Path, target: Path, at: int = dies_at) -> Path:
                nonlocal moved
                moved += target.parent == studio.place.folder
                if moved == at:
                    raise OSError("the process died")
                return replace(self, target)

            monkeypatch.setattr(Path, "replace", die)
            with contextlib.suppress(OSError):
                await repair(here.session, "studio", settings=studio.settings())
            monkeypatch.setattr(Path, "replace", replace)
            assert studio.place.journal.exists()
            with contextlib.suppress(RunError, JournalError):
                await repair(here.session, "studio", settings=studio.settings())
        assert (await studio.resume(here)).images == COUNT
        assert spent_once(here.sim), here.sim.counts

    within(main)
