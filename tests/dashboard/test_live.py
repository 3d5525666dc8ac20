"""Who follows a page gets what changed behind the version that he brings: soon, once, and not too often."""

import asyncio
import itertools
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.graph.control import APPROVE, Request
from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.training import train
from bria_async.training.place import Place
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import World
from tests.training.conftest import COUNT, Studio

from .live import followed
from .written import begun, finish, images, plan, uploaded, writing

Within = Callable[..., Any]
OF_RUN = {
    *(
        "head",
        "doing",
        "contents",
        "review",
        "timeline",
        "throughput",
        "samples",
        "dataset",
        "filter",
        "steps",
        "settings",
        "events",
    ),
    *(f"image-{number}" for number in range(COUNT)),
}
ADDRESS = "/runs/studio/live"


def test_the_whole_page_for_whoever_brings_no_version(shelf: Path) -> None:
    """All its parts at once, then nothing while nothing happens."""

    async def main() -> None:
        async with followed(shelf) as board, board.follow(ADDRESS) as reader:
            (first,) = await reader.until(600)
            assert (first.kind, set(first.data)) == ("parts", OF_RUN)
            assert first.version == await board.version("/runs/studio")
            assert all(f'id="{name}"' in html for name, html in first.data.items())

    run_virtually(main)


@pytest.mark.parametrize("page", ["/runs/studio", "/runs/many", "/runs/many/runs/run-1", "/", "/compare"])
def test_nothing_for_whoever_has_it_all(shelf: Path, page: str) -> None:
    """Brought in the address, as a page does, or as browsers do that come back."""

    async def main() -> None:
        async with followed(shelf) as board:
            version, live = await board.version(page), f"{page.rstrip('/')}/live"
            async with board.follow(f"{live}?after={version}") as reader:
                assert await reader.until(60) == []
            async with board.follow(f"{live}?after=1", Last_Event_ID=version) as reader:
                assert await reader.until(60) == [], "what the browser says is newer"

    run_virtually(main)


@pytest.mark.parametrize(
    "version",
    [
        "nothing",
        "-1",
        "0x1",
        "9" * 19,
        "9" * 5000,
        "\u0663-done",
        "1e3",
        "999999-done",
        "1-",
        "9" * 19 + "-done",
        "1-running",
    ],
)
def test_versions_that_there_never_were(shelf: Path, version: str) -> None:
    """Whoever brings one gets the whole page."""

    async def main() -> None:
        async with followed(shelf) as board, board.follow(f"{ADDRESS}?after={version}") as reader:
            (first,) = await reader.until(60)
            assert set(first.data) == OF_RUN

    run_virtually(main)


def test_what_changed_meanwhile_comes_first_and_once(tmp_path: Path) -> None:
    """Images to which nothing happened are not sent again to whoever comes back."""

    async def main() -> None:
        async with followed(tmp_path) as board, writing(Place.of("cats", tmp_path)) as (bria, journal):
            ledger = await begun(bria, journal, plan(tmp_path, "cats"), images(tmp_path, 3))
            await uploaded(ledger, 1)
            version = await board.version("/runs/cats")
            await finish(ledger, ledger.of("upload")[1])
            live = "/runs/cats/live"
            async with board.follow(f"{live}?after={version}") as reader:
                (first,) = await reader.until(2)
                assert {name for name in first.data if name.startswith("image")} == {"image-1"}
                assert {"head", "filter"} <= set(first.data)
                await finish(ledger, ledger.of("upload")[2])
                (second,) = await reader.until(2)
                assert {name for name in second.data if name.startswith("image")} == {"image-2"}
            async with board.follow(live, Last_Event_ID=first.version) as again:
                (third,) = await again.until(2)
                assert {name for name in third.data if name.startswith("image")} == {"image-2"}
                assert third.version == second.version

    run_virtually(main)


def test_captions_that_came_meanwhile(tmp_path: Path) -> None:
    """Whoever comes back gets all images, and the captions that were there before, as they have become."""

    async def main() -> None:
        async with followed(tmp_path) as board, writing(Place.of("cats", tmp_path)) as (bria, journal):
            ledger = await begun(bria, journal, plan(tmp_path, "cats"), images(tmp_path, 3))
            await uploaded(ledger)
            first, second, _ = (str(row.id) for row in ledger.of("upload"))
            await ledger.record(Happened.CAPTIONED, captions={first: "a cat", second: "a dog"})
            version = await board.version("/runs/cats")
            await ledger.record(Happened.CAPTIONED, captions={second: "a cow"})
            await asyncio.sleep(5)  # of the virtual clock: what was just read is not read again
            async with board.follow(f"/runs/cats/live?after={version}") as reader:
                (sent,) = await reader.until(2)
                assert ["a cat" in sent.data["image-0"], "a cow" in sent.data["image-1"]] == [True, True]
                assert "cats has new captions" in sent.data["events"]
                assert "a cow" not in sent.data["events"]

    run_virtually(main)


def test_a_run_from_start_to_end(studio: Studio, within: Within) -> None:
    """Every part arrives when it changed and only then, at most ten times a second, and in the end all is as it is."""

    async def main(here: World) -> None:
        started = asyncio.Event()

        def approve(event: Any) -> None:
            started.set()
            if event.what == Happened.ASKED:
                studio.place.control.ask(Request(APPROVE), here.session.host)

        plan = studio.plan(samples=("a boat",), review=True)
        training = asyncio.create_task(train(here.session, plan, settings=studio.settings(), on_event=approve))
        async with followed(studio.state) as board:
            await started.wait()
            async with board.follow(ADDRESS) as reader:
                while not training.done():
                    await reader.until(5)
                await reader.until(10)
            async with board.follow(ADDRESS) as other:
                (whole,) = await other.until(60)
        assert reader.shown == whole.data
        times = [event.at for event in reader.sent]
        assert all(later - sooner > 0.1 for sooner, later in itertools.pairwise(times))
        for before, after in itertools.pairwise(reader.sent):
            assert int(before.version.partition("-")[0]) <= int(after.version.partition("-")[0])
        kept: dict[str, Any] = {}
        for event in reader.sent:
            twice = {name for name, html in event.data.items() if kept.get(name) == html}
            assert not twice - {"doing"}, "of which the page without control shows not every change"
            kept |= event.data

    within(main, training_time=60.0)


def test_how_long_a_run_still_takes(tmp_path: Path) -> None:
    """Of its uploads and then of its training, as it is now, though nothing happens; and no more when that is over."""

    async def main() -> None:
        place = Place.of("cats", tmp_path)
        async with followed(tmp_path) as board, writing(place, VirtualHost(1)) as (bria, journal):
            ledger = await begun(bria, journal, plan(tmp_path, "cats"), images(tmp_path, 30))
            await uploaded(ledger, 0)
            rows = [*ledger.of("upload")]
            for row in rows[:24]:
                await asyncio.sleep(1)
                await finish(ledger, row)
            async with board.follow("/runs/cats/live") as reader:
                await reader.until(1)
                assert "upload: 1.0/s, about 6 s left" in reader.shown["head"]
                await reader.until(10)
                assert re.search(r"upload: 0\.[3-9]/s, about \d+ s left", reader.shown["head"])
                await reader.until(20)
                assert "upload:" not in reader.shown["head"], "nothing arrives"
            for row in [*rows[24:], *(ledger.rows[name][""] for name in ("captions", "complete", "training"))]:
                await finish(ledger, row)
            await asyncio.sleep(3590)
            async with board.follow("/runs/cats/live") as reader:
                await reader.until(1)
                assert "59 min 50 s since its start" in reader.shown["head"]
                await reader.until(20)
                assert "training: 1 h since its start; documented are 2 to 6 hours" in reader.shown["head"]
                assert "upload:" not in reader.shown["head"]
                await finish(ledger, ledger.rows["trained"][""])
                await reader.until(10)
                assert "training:" not in reader.shown["head"]

    run_virtually(main)


def test_a_process_that_dies_without_a_word(tmp_path: Path) -> None:
    """Whoever saw it last is told what became of the run and its images, though no event says so."""
    place = Place.of("cats", tmp_path)

    async def main() -> None:
        async with followed(tmp_path) as board:
            async with writing(place) as (bria, journal):
                ledger = await begun(bria, journal, plan(tmp_path, "cats"), images(tmp_path, 3))
                await uploaded(ledger, 1)
                await ledger.change(list(ledger.of("upload"))[1], Change.ANNOUNCED)
                version = await board.version("/runs/cats")
            async with board.follow(f"/runs/cats/live?after={version}") as reader:
                (first,) = await reader.until(60)
        assert "interrupted" in first.data["head"]
        assert "in doubt" in first.data["image-1"]

    run_virtually(main)


def test_a_card_of_a_run_that_is_taken_away(shelf: Path, tmp_path: Path) -> None:
    """It arrives as nothing, once."""
    for name in ("studio", "draft"):
        shutil.copytree(shelf / name, tmp_path / name)

    async def main() -> None:
        async with followed(tmp_path) as board, board.follow(f"/live?after={await board.version('/')}") as reader:
            await reader.until(10)
            shutil.rmtree(tmp_path / "studio")
            (first,) = await reader.until(60)
            assert set(first.data) == {"head", "run-studio"}
            assert first.data["run-studio"] == ""

    run_virtually(main)


def test_samples_that_arrive_beside_others(studio: Studio, within: Within) -> None:
    """Who compares runs sees another one's as soon as they are there, and those of the runs that he named alone."""

    async def main(here: World) -> None:
        plans = [studio.plan(name=name, samples=("a boat",), sample_seed=7) for name in ("One", "Two")]
        await train(here.session, plans[0], settings=studio.settings())
        async with followed(studio.state) as board:
            after = await board.version("/compare")
            named = await board.version("/compare?run=one")
            async with (
                board.follow(f"/compare/live?after={after}") as newest,
                board.follow(f"/compare/live?run=one&after={named}") as one,
            ):
                await train(here.session, plans[1], settings=studio.settings())
                await asyncio.gather(newest.until(10), one.until(10))
        assert set(newest.shown) == {"choices", "compared"}
        assert newest.shown["compared"].count("<img") == 2
        assert set(one.shown) <= {"choices", "compared"}
        assert one.shown["compared"].count("<img") == 1
        assert one.shown["choices"].count("checked") == 1

    within(main)


def test_a_run_that_is_away_for_a_while(shelf: Path, tmp_path: Path) -> None:
    """Its reader is told so once, and when it can be read again, with what is new or with nothing."""
    shutil.copytree(shelf / "studio", tmp_path / "studio")

    async def main() -> None:
        async with followed(tmp_path) as board, board.follow(ADDRESS) as reader:
            await reader.until(10)
            (tmp_path / "studio").rename(tmp_path / "away")
            (told,) = await reader.until(60)
            assert told.kind == "problem"
            assert "cannot be read" in told.data["words"]
            (tmp_path / "away").rename(tmp_path / "studio")
            (back,) = await reader.until(10)
            assert (back.kind, dict(back.data)) == ("parts", {})

    run_virtually(main)


def test_the_end_of_the_application(shelf: Path) -> None:
    """It waits for no reader: all streams end at once."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with followed(shelf) as board, board.follow("/live") as one, board.follow(ADDRESS) as other:
            await asyncio.gather(one.until(20), other.until(20))
            began = loop.time()
            await asyncio.gather(board.runner.cleanup(), one.end(), other.end())
            assert loop.time() - began < 0.1

    run_virtually(main)


def test_a_reader_who_leaves(shelf: Path, caplog: pytest.LogCaptureFixture) -> None:
    """He is noticed though nothing happens, and that is no error; who stays hears of nothing but that."""

    async def main() -> None:
        async with followed(shelf) as board, board.follow(ADDRESS) as stays:
            await stays.until(1)
            alone = len(asyncio.all_tasks())
            async with board.follow(ADDRESS) as leaves:
                await leaves.until(1)
            assert len(asyncio.all_tasks()) > alone, "nothing tells that he left"
            await stays.until(60)
            assert len(asyncio.all_tasks()) == alone, "nobody works for him any more"
            assert 3 <= stays.beats <= 4
            assert stays.sent[1:] == []

    run_virtually(main)
    assert caplog.text == ""
