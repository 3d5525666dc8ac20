"""What there is to say of its images, as a run tells it: warnings each, and what is good to know, before it uploads."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from PIL import Image

from bria_async.engines.run import Run
from bria_async.errors import RunPaused
from bria_async.graph import feed
from bria_async.graph.control import Control
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.host import Host
from bria_async.images.findings import of_image
from bria_async.images.probe import check, probe
from bria_async.sim import Options
from bria_async.training.batch import Batch, train_many
from bria_async.training.place import Place
from bria_async.training.run import Work
from bria_async.training.telling import tell_decoded
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import World, connected, land

from .conftest import COUNT, Studio, copied

Within = Callable[..., Any]
LINES = 3
"""Images that are nearly white: their infos are one line."""


def test_what_is_good_to_know_is_told_before_the_first_upload(studio: Studio, tmp_path: Path) -> None:
    """The expected time under the session's rate, shapes, and a line for each kind of what images show."""
    folder = copied(studio.pictures, tmp_path / "more")
    for number in range(LINES):
        white = Image.new("L", (1024, 1024), 255)
        white.paste(0, (100 * number, 100, 100 * number + 150, 250))
        white.save(folder / f"white-{number}.png")
    host = VirtualHost(1)

    async def main() -> None:
        async with (
            land(1, Options(seed=1)) as here,
            connected(host, here.connector(), here.connector(), requests_per_minute=120) as session,
        ):
            await studio.train(World(1, here.sim, session), studio.plan(images=folder))

    run_virtually(main)
    told = [event.data["reason"] for event in studio.happened("noted")]
    count = len([*folder.iterdir()])
    (time,) = [words for words in told if "the training takes" in words]
    assert time.startswith(f"{count} uploads take at least ") and "at 120 requests a minute; the" in time, told
    (bright,) = [words for words in told if "nearly white" in words]
    assert bright.startswith("white-0.png, white-1.png, white-2.png: "), told
    assert [words for words in told if words.startswith("aspect ratios: ")], told
    noted, uploaded = studio.happened("noted"), studio.happened("announced", "upload")
    assert studio.events.index(noted[-1]) < studio.events.index(uploaded[0]), "they were told too late"


def reasons(studio: Studio, *what: str) -> list[str]:
    """What was said in events of these kinds in the last go, in order."""
    return [event.data["reason"] for event in studio.events if event.what in what]


def test_what_was_found_is_told_by_whoever_begins(studio: Studio, within: Within) -> None:
    """Another process may have looked and be dead by then; together with the start, and not again."""

    async def main(here: World) -> None:
        plan, settings = studio.plan(), studio.settings()
        studio.place.folder.mkdir(parents=True)
        async with Journal(studio.place.journal, here.session.host) as journal:
            await Work(here.session, settings, journal).open(plan, studio.place)
        here.sim.fail("projects.create", status=403)
        with pytest.raises(RunPaused, match="403"):
            await studio.train(here, plan)
        first = reasons(studio, "warned", "noted")
        assert len([words for words in first if "sides below 1024" in words]) == COUNT, first
        assert studio.events[0].what == "started"
        assert [event.data.get("reason") for event in studio.events[1 : len(first) + 1]] == first
        await studio.resume(here)
        assert not set(reasons(studio, "warned", "noted")) & set(first)

    within(main)


def test_runs_of_a_batch_tell_it_too(studio: Studio, within: Within) -> None:
    """Those that a dead process had written down, once each."""

    async def main(here: World) -> None:
        plans = [studio.plan(name=f"Run {number}", family="legacy") for number in range(2)]
        settings = studio.settings()
        async with Batch(here.session, plans, name="two", settings=settings):
            pass
        async with Journal(studio.state / "two" / "journal.db", here.session.host) as journal:
            for plan in plans:
                await Work(here.session, settings, journal).open(plan, Place.of(plan.run, studio.state))
        for _ in range(2):
            here.sim.fail("projects.create", status=403, times=2)
            assert len((await train_many(here.session, plans, name="two", settings=settings)).failed) == len(plans)
        for plan in plans:
            events = feed.events(studio.state / "two" / "journal.db", plan.run)
            told = Counter(event.data["reason"] for _, event in events if event.what == "warned")
            assert len([words for words in told if "sides below" in words]) == COUNT and set(told.values()) == {1}, told

    within(main)


async def test_a_file_that_was_fetched_again_elsewhere(tmp_path: Path) -> None:
    """What its header shows was told when the run began, wherever it lies on the machine that decodes it."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    Image.new("L", (256, 600)).save(tmp_path / "cat.png")
    image = probe(tmp_path / "cat.png", whole=False)
    assert [finding.code for finding in of_image(image)] == ["odd-aspect"]
    there = image.path.rename(elsewhere / "cat.png")
    heard: list[str] = []
    async with Journal(tmp_path / "journal.db", Host()) as journal:
        row = await journal.create_run("cats", "tag", {}, "", {}, [("upload", image.key)])
        ledger = await Ledger.load(journal, row, Host(), [lambda event: heard.append(event.words)])
        run = Run("cats", "tag", tmp_path, tmp_path, {}, 0.0, ledger, Control(tmp_path / "control"))
        assert tell_decoded(run, image, check(attrs.evolve(image, path=there))) is not None
    (words,) = heard
    assert "cat.png: next to nothing is seen" in words
