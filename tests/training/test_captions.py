"""Captions before a training: they are there, they are those of the files, and somebody approved them."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bria_async.engines.run import Run
from bria_async.errors import PlanInvalid, RunError, RunPaused
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, CAPTION, STOP, Control, Request
from bria_async.graph.events import Event
from bria_async.graph.items import Kept
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.host import Host
from bria_async.training import Settings, approve, train
from bria_async.training.captions import LARGEST, keep_captions
from bria_async.training.place import Place
from bria_async.training.reconcile import Stored
from bria_async.training.waiting import until_captioned
from bria_async.types.images import DatasetImage
from bria_async.wire.polling import Polling
from tests.simulation.world import World
from tests.support import picture

from .conftest import COUNT, Studio, clean, copied

Within = Callable[..., Any]


def test_captions_are_waited_for(studio: Studio, within: Within) -> None:
    """No dataset is completed while a caption is pending; the wait is hours if it must."""

    async def main(here: World) -> None:
        await studio.train(here, studio.plan())
        assert clean(here.sim), here.sim.audit()
        assert here.sim.counts["datasets.get"] == 2, "once the captions are there, and before it is completed"

    within(main, caption_delay=3000.0)


def test_what_is_planned_is_read_once(within: Within, tmp_path: Path) -> None:
    """However often the dataset is looked at while its captions are awaited."""
    read: list[str] = []

    def stored(data: Any) -> Stored:
        read.append(data["name"])
        return Stored(**data)

    async def main(here: World) -> None:
        bria = here.session
        project = await bria.projects.create(project_name="a", ip_type="other", ip_medium="photography")
        dataset = await bria.datasets.create(project_id=project.id, name="a", training_version="max")
        images = [await bria.images.upload(dataset.id, file=picture(300, side)) for side in (300, 301)]
        texts = {str(image.id): json.dumps({"id": image.id, "name": str(image.id)}) for image in images}
        async with told_to(tmp_path, []) as run:
            await until_captioned(bria, Settings(), run(), dataset.id, Kept(texts, stored))
        assert here.sim.counts["images.list"] > 2
        assert read == list(texts)

    within(main, caption_delay=300.0)


def test_captions_that_never_come_pause(studio: Studio, within: Within) -> None:
    """When captions stay away the run pauses before anything is completed, and goes on once they are there."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="no caption"):
            await studio.train(here, studio.plan(), waiting=Polling(timeout=600.0))
        assert here.sim.counts["models.start_training"] == 0
        dataset = next(iter(here.sim.world.datasets))
        for image in await here.session.images.list(dataset):
            await here.session.images.update(dataset, image.id, caption='{"a": "caption"}')
        await studio.resume(here)
        assert clean(here.sim), here.sim.audit()

    within(main, missing_captions=1.0)


def test_captions_from_files(studio: Studio, within: Within, tmp_path: Path) -> None:
    """With `captions=files` every image gets the text beside it, whose extension may be in capitals."""
    folder = copied(studio.pictures, tmp_path / "captioned")
    for number, path in enumerate(folder.glob("*.png")):
        path.with_suffix(".TXT" if number == 0 else ".txt").write_text(f"a picture called {path.stem}")

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(images=folder, family="legacy", captions="files"))
        captions = {image.caption for image in here.sim.world.images.values()}
        assert captions == {f"a picture called {number}" for number in range(COUNT)}, captions

    within(main)


def test_review_waits_for_approval(studio: Studio, within: Within) -> None:
    """With `review` nothing is completed before somebody approves."""

    async def main(here: World) -> None:
        def approve_later(event: Any) -> None:
            if event.what == "asked_for_approval":
                assert here.sim.counts["models.create"] == 0, "the model was created before the approval"
                studio.place.control.ask(Request(APPROVE), here.session.host)

        settings = studio.settings()
        await train(
            here.session,
            studio.plan(review=True),
            settings=settings,
            on_event=[studio.events.append, approve_later],
        )
        assert studio.happened("approved"), "the approval was not journalled"

    within(main)


def test_approval_before_there_is_anything_to_approve(studio: Studio, within: Within) -> None:
    """An approval that came before the captions were there does not count."""

    async def main(here: World) -> None:
        asked: list[str] = []

        def approve_early_and_late(event: Event) -> None:
            if event.what == "finished" and event.task == "project":
                studio.place.control.ask(Request(APPROVE), here.session.host)
            if event.what == "warned" and "does not count" in event.data["reason"]:
                asked.append("refused")
                studio.place.control.ask(Request(APPROVE), here.session.host)
            if event.what == "approved":
                asked.append("approved")

        listener = [studio.events.append, approve_early_and_late]
        await train(here.session, studio.plan(review=True), settings=studio.settings(), on_event=listener)
        assert asked == ["refused", "approved"], asked

    within(main)


@pytest.mark.parametrize(("content", "sentence"), [(b"", "is an empty caption"), (b"caf\xe9", "is not UTF-8")])
def test_unusable_captions(studio: Studio, within: Within, tmp_path: Path, content: bytes, sentence: str) -> None:
    """Text files that are no captions are named before anything is created."""
    folder = copied(studio.pictures, tmp_path / "captioned")
    for path in folder.glob("*.png"):
        path.with_suffix(".txt").write_bytes(content if path.stem == "3" else b"a picture")

    async def main(here: World) -> None:
        with pytest.raises(PlanInvalid, match=sentence):
            await studio.train(here, studio.plan(images=folder, captions="files"))
        assert len(here.sim.requests) == 0

    within(main)


def test_caption_changed_during_review(studio: Studio, within: Within) -> None:
    """While captions wait for their approval another process may have one changed, and it is trained as changed."""

    async def main(here: World) -> None:
        def change_then_approve(event: Event) -> None:
            control, host = studio.place.control, here.session.host
            if event.what == "asked_for_approval":
                image = next(iter(here.sim.world.images))
                control.ask(Request(CAPTION, {"image": image, "caption": "a caption by hand"}), host)
                control.ask(Request(CAPTION, {"image": 999_999, "caption": "nobody"}), host)
                control.ask(Request(APPROVE), host)

        plan = studio.plan(family="legacy", review=True)
        listener = [studio.events.append, change_then_approve]
        await train(here.session, plan, settings=studio.settings(), on_event=listener)
        assert "a caption by hand" in {image.caption for image in here.sim.world.images.values()}
        assert [event for event in studio.happened("warned") if "999999 was not changed" in event.data["reason"]]

    within(main)


def test_new_images_need_a_new_approval(studio: Studio, within: Within) -> None:
    """An approval is for the images that were there: when one is uploaded anew, it is asked for again."""

    async def main(here: World) -> None:
        def approve_and_steal(event: Event) -> None:
            if event.what == "asked_for_approval":
                studio.place.control.ask(Request(APPROVE), here.session.host)
            if event.what == "finished" and event.task == "captions" and not studio.happened("reopened"):
                del here.sim.world.images[next(iter(here.sim.world.images))]

        listener = [studio.events.append, approve_and_steal]
        await train(here.session, studio.plan(review=True), settings=studio.settings(), on_event=listener)
        assert studio.happened("reopened", "upload"), "nobody noticed the theft"
        assert (len(studio.happened("asked_for_approval")), len(studio.happened("approved"))) == (2, 2)

    within(main)


def test_approval_while_nobody_works(studio: Studio, within: Within) -> None:
    """What was asked for and approved while nobody worked on the run is not asked for again."""

    async def main(here: World) -> None:
        def stop_when_asked(event: Event) -> None:
            if event.what == "asked_for_approval":
                studio.place.control.ask(Request(STOP), here.session.host)

        plan, settings = studio.plan(review=True), studio.settings()
        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, plan, settings=settings, on_event=[stop_when_asked])
        studio.place.control.ask(Request(APPROVE), here.session.host)
        await studio.resume(here)
        assert not studio.happened("asked_for_approval"), "it was asked for again"

    within(main)


def test_stop_is_heard_while_a_caption_is_being_changed(studio: Studio, within: Within) -> None:
    """A change of a caption that hangs does not keep the run from hearing that it is to stop."""

    async def main(here: World) -> None:
        def change_then_stop(event: Event) -> None:
            if event.what == "asked_for_approval":
                image = next(iter(here.sim.world.images))
                control, host = studio.place.control, here.session.host
                control.ask(Request(CAPTION, {"image": image, "caption": "by hand"}), host)
                asyncio.get_running_loop().call_later(20, control.ask, Request(STOP), host)

        here.sim.fail("images.update", hang=True)
        plan, settings = studio.plan(review=True), studio.settings()
        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, plan, settings=settings, on_event=[studio.events.append, change_then_stop])
        asked = studio.happened("asked_for_approval")[0].at
        assert studio.happened("paused")[0].at - asked < 60, "the stop was heard too late"

    within(main)


def test_captions_are_in_the_journal(studio: Studio, within: Within, caplog: pytest.LogCaptureFixture) -> None:
    """As the server has them when the dataset is frozen; listeners are given them, lines and the log say that much."""
    caplog.set_level(logging.INFO, logger="bria_async.runs")

    async def main(here: World) -> None:
        await studio.train(here, studio.plan())
        there = {str(image.id): image.caption for image in here.sim.world.images.values()}
        assert feed.captions(studio.place.source, "studio") == there
        assert len(there) == COUNT
        heard = studio.happened("captioned")
        assert {image: text for event in heard for image, text in event.data["captions"].items()} == there
        read = [event for _, event in feed.events(studio.place.source, "studio") if event.what == "captioned"]
        assert [event.data for event in read] == [{}] * len(heard)
        assert {event.words for event in (*heard, *read)} == {"studio has new captions"}
        assert "studio has new captions" in caplog.text
        assert not [text for text in there.values() if text and text[:30] in caplog.text]

    within(main)


def test_a_caption_is_told_once(studio: Studio, within: Within) -> None:
    """Whoever goes on with a run tells those that are others than its journal says, and no others."""

    async def main(here: World) -> None:
        def stop_when_asked(event: Event) -> None:
            if event.what == "asked_for_approval":
                studio.place.control.ask(Request(STOP), here.session.host)

        plan, settings = studio.plan(review=True), studio.settings()
        with pytest.raises(RunPaused, match="asked to stop"):
            await train(here.session, plan, settings=settings, on_event=[stop_when_asked])
        dataset, image = (next(iter(found)) for found in (here.sim.world.datasets, here.sim.world.images))
        await here.session.images.update(dataset, image, caption='{"by": "hand"}')
        studio.place.control.ask(Request(APPROVE), here.session.host)
        await studio.resume(here)
        told = [event.data["captions"] for event in studio.happened("captioned")]
        assert told == [{str(image): '{"by": "hand"}'}]

    within(main)


@contextlib.asynccontextmanager
async def told_to(folder: Path, heard: list[Event]) -> AsyncIterator[Callable[[], Run]]:
    """What makes the same run anew, as each worker does for each of its tasks."""
    async with Journal(folder / "journal.db", Host()) as journal:
        row = await journal.create_run("cats", "tag", {}, "", {}, [])
        ledger = await Ledger.load(journal, row, Host(), [heard.append])
        yield lambda: Run("cats", "tag", folder, folder, {"image": {}}, 0.0, ledger, Control(folder / "control"))


def listed(captions: Mapping[int, str | None]) -> list[DatasetImage]:
    """What the server shows."""
    return [DatasetImage(id=number, caption=caption) for number, caption in captions.items()]


async def test_captions_are_told_once_whoever_tells_them(tmp_path: Path) -> None:
    """An edit, and who waits for captions at the same time; with workers these are two processes."""
    heard: list[Event] = []
    captions = {number: f"a cat {number}" for number in range(450)}
    async with told_to(tmp_path, heard) as run:
        waiting, editing = run(), run()
        await asyncio.gather(*(keep_captions(waiting, listed(captions)) for _ in range(3)))
        assert [len(event.data["captions"]) for event in heard] == [200, 200, 50]
        await keep_captions(editing, listed({7: "by hand"}))
        await keep_captions(waiting, listed(captions | {7: "by hand"}))
        assert [event.data["captions"] for event in heard[3:]] == [{"7": "by hand"}]
        await keep_captions(editing, listed({7: "a cat 7", 8: None}))
        await keep_captions(waiting, listed({8: "a cat 8"}))
    assert [event.data["captions"] for event in heard[4:]] == [{"7": "a cat 7", "8": ""}, {"8": "a cat 8"}]


async def test_captions_are_told_a_few_at_a_time(tmp_path: Path) -> None:
    """At most 200 in an event, and so many characters, but for one that has more; gone ones are told as empty."""
    heard: list[Event] = []
    async with told_to(tmp_path, heard) as run:
        first = run()
        await keep_captions(first, listed({number: f"a cat {number}" for number in range(450)}))
        await keep_captions(first, listed({0: "a cat 0", 1: None, 2: None, 500: None}))
        await keep_captions(run(), listed({0: "x" * 10, 1: None, 2: "y" * LARGEST, 3: "z" * 10}))
    told = [event.data["captions"] for event in heard]
    assert [len(captions) for captions in told[:3]] == [200, 200, 50]
    assert told[3] == {"1": "", "2": ""}
    assert [list(captions) for captions in told[4:]] == [["0"], ["2"], ["3"]]
    kept = feed.captions(tmp_path / "journal.db", "cats")
    assert (kept["0"], kept["1"], kept["4"], "500" in kept) == ("x" * 10, "", "a cat 4", False)
    behind = feed.events(tmp_path / "journal.db", "cats")[-2][0]
    assert feed.captions(tmp_path / "journal.db", "cats", behind) == {"3": "z" * 10}


async def test_an_approval_from_elsewhere(tmp_path: Path) -> None:
    """It lies where the run looks for it; a run that there is not, or a batch, is none to approve."""
    settings = Settings(state=tmp_path)
    with pytest.raises(RunError, match="no run 'cats'"):
        await approve("cats", settings=settings)
    place = Place.of("cats", tmp_path)
    async with Journal(place.journal, Host()) as journal:
        with pytest.raises(RunError, match="has not begun"):
            await approve("cats", settings=settings)
        await journal.create_run("cats", "tag", {}, "", {}, [])
    batch = Place.of("many", tmp_path)
    async with Journal(batch.journal, Host()):
        batch.plans.write_text("[]")
    with pytest.raises(RunError, match="is a batch"):
        await approve("many", settings=settings)
    await approve("cats", settings=settings)
    assert [request.what for _, request in place.control.waiting()] == [APPROVE]
