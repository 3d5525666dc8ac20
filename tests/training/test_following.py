"""What users hear of a run: by a function while it is worked on, and from its journal in any process."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async import Event, Progress, events, progress
from bria_async.errors import RunError, RunPaused
from bria_async.graph.control import STOP, Request
from bria_async.host import Host
from bria_async.training import Trained, following, resume, train, train_many
from tests.simulation.world import ADDRESS, World

from .conftest import COUNT, Studio

Within = Callable[..., Any]
SHORT: dict[str, Any] = {"training_time": 600.0, "caption_delay": 20.0}
ZIP = {"zip_put_url": f"{ADDRESS}/_sim/files/set.zip", "zip_url": f"{ADDRESS}/_sim/files/set.zip"}


async def followed(run: str, studio: Studio, host: Host, after: int = 0) -> list[Event]:
    """The events of a run, followed until it is over."""
    return [event async for event in events(run, after=after, state=studio.state, host=host)]


async def begun(studio: Studio, here: World, **how: Any) -> asyncio.Task[Trained]:
    """A run under way."""
    has_begun = asyncio.Event()
    studio.events = []
    listeners = (studio.events.append, lambda _: has_begun.set())
    work = train(here.session, studio.plan(**how), settings=studio.settings(), on_event=listeners)
    training = asyncio.create_task(work)
    await has_begun.wait()
    return training


def test_a_run_is_followed_while_it_is_worked_on(studio: Studio, within: Within) -> None:
    """Whoever follows it hears what listeners hear, in the same order, and ends when nobody works on it any more."""

    async def main(here: World) -> None:
        training = await begun(studio, here)
        seen = await followed("studio", studio, here.session.host)
        assert training.done(), "it ended before the run did"
        await training
        assert seen == studio.events
        assert seen[-1].what == "completed"

    within(main, **SHORT)


def test_a_run_is_followed_from_where_somebody_stopped(studio: Studio, within: Within) -> None:
    """Behind a number nothing comes twice and nothing is missing; a run that is over ends at once."""

    async def main(here: World) -> None:
        await studio.train(here, studio.plan())
        host = here.session.host
        seen = await followed("studio", studio, host)
        numbers = [event.seq for event in seen]
        assert numbers == sorted(set(numbers)), numbers
        assert await followed("studio", studio, host, after=numbers[3]) == seen[4:]
        assert await followed("studio", studio, host, after=numbers[-1]) == []
        assert {event.seq for event in studio.events} == {0}, "nobody who is told meanwhile knows a number"

    within(main, **SHORT)


def test_a_run_is_read_a_few_events_at_a_time(studio: Studio, within: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may bring megabytes of captions; none is missing, however many there are."""

    async def main(here: World) -> None:
        await studio.train(here, studio.plan())
        host = here.session.host
        seen = await followed("studio", studio, host)
        for most in (1, 7, len(seen)):
            monkeypatch.setattr(following, "MOST", most)
            assert await followed("studio", studio, host) == seen == studio.events

    within(main, **SHORT)


def test_a_run_that_pauses_ends_what_follows_it(studio: Studio, within: Within) -> None:
    """And its next go is followed behind what was seen of the first."""

    async def main(here: World) -> None:
        def stop(event: Event) -> None:
            if event.what == "finished" and event.task == "dataset":
                studio.place.control.ask(Request(STOP), here.session.host)

        with pytest.raises(RunPaused):
            await train(here.session, studio.plan(), settings=studio.settings(), on_event=stop)
        host = here.session.host
        first = await followed("studio", studio, host)
        assert first[-1].what == "paused"
        await studio.resume(here)
        again = await followed("studio", studio, host, first[-1].seq)
        assert again[0].what == "resumed"

    within(main, **SHORT)


def test_an_interruption_is_told_to_listeners_too(studio: Studio, within: Within) -> None:
    """What is written on the way out is heard like everything else."""

    async def main(here: World) -> None:
        training = await begun(studio, here)
        training.cancel()
        await asyncio.wait([training])
        assert (studio.events[-1].what, studio.events[-1].data) == (
            "paused",
            {"reason": "it was interrupted (CancelledError)"},
        )
        written = await followed("studio", studio, here.session.host)
        assert written[-1] == studio.events[-1]
        assert all(event in written for event in studio.events)

    within(main, **SHORT)


def test_a_batch_is_followed_as_a_whole_and_by_run(studio: Studio, within: Within) -> None:
    """All its runs under its own name; one of them until that one is over, though others go on."""

    async def main(here: World) -> None:
        ended: list[str] = []
        has_begun = asyncio.Event()

        def hear(event: Event) -> None:
            if event.what == "completed":
                ended.append(event.run)
            if event.what == "started":
                has_begun.set()

        plans = [studio.plan(name=name) for name in ("First", "Second")]
        settings = studio.settings(models_at_once=1)
        work = train_many(here.session, plans, name="many", settings=settings, on_event=hear)
        training = asyncio.create_task(work)
        await has_begun.wait()
        host = here.session.host
        first = await followed("many/first", studio, host)
        assert {event.run for event in first} == {"first"}
        assert (first[-1].what, ended) == ("completed", ["first"])
        both = await followed("many", studio, host)
        await training
        assert [event.run for event in both if event.what == "completed"] == ["first", "second"]
        with pytest.raises(RunError, match="is a batch"):
            await progress("many", state=studio.state, host=host)
        assert (await progress("many/second", state=studio.state, host=host)).run == "many/second"

    within(main, **SHORT)


@pytest.mark.parametrize("ask", [followed, lambda run, studio, host: progress(run, state=studio.state, host=host)])
def test_a_run_that_is_not_there(studio: Studio, within: Within, ask: Callable[..., Any]) -> None:
    """It is an error with its name, and nothing is made."""

    async def main(here: World) -> None:
        with pytest.raises(RunError, match="There is no run 'nobody'"):
            await ask("nobody", studio, here.session.host)
        assert not studio.state.exists()

    within(main)


@pytest.mark.parametrize("how", [{}, {"upload": "zip", "images": "large"}])
def test_progress(studio: Studio, within: Within, large: Path, how: dict[str, Any]) -> None:
    """Of a run under way and of one that is done: state, step and images, from its journal."""
    given = {**how, "images": large} if how else {}

    async def main(here: World) -> None:
        host, seen = here.session.host, []
        has_begun = asyncio.Event()
        settings = studio.settings(**(ZIP if how else {}))
        work = train(here.session, studio.plan(**given), settings=settings, on_event=lambda _: has_begun.set())
        training = asyncio.create_task(work)
        await has_begun.wait()
        async for event in events("studio", state=studio.state, host=host):
            seen.append(await progress("studio", state=studio.state, host=host))
            assert seen[-1].seq >= event.seq
        await training
        first, last = seen[0], seen[-1]
        assert (first.run, first.state, first.images) == ("studio", "running", COUNT)
        assert {each.images for each in seen} == {COUNT}
        assert [each.uploaded for each in seen] == sorted(each.uploaded for each in seen)
        assert {each.step for each in seen} >= {"captions", ""}
        assert (last.state, last.step, last.done, last.total, last.uploaded) == ("done", "", 0, 0, COUNT)

    within(main, **SHORT)


def test_progress_of_a_step_with_many_items(studio: Studio, within: Within) -> None:
    """`done` and `total` are of the step that is not over: of so many uploads, so many."""

    async def main(here: World) -> None:
        def leave(event: Event) -> None:
            if event.what == "finished" and event.task == "upload":
                training.cancel()

        settings = studio.settings(uploads_at_once=1)
        training = asyncio.create_task(train(here.session, studio.plan(), settings=settings, on_event=leave))
        await asyncio.wait([training])
        found = await progress("studio", state=studio.state, host=here.session.host)
        assert (found.state, found.step, found.total) == ("paused", "upload", COUNT)
        assert 1 <= found.done == found.uploaded < COUNT

    within(main, **SHORT)


def test_a_listener_that_fails_changes_nothing(
    studio: Studio, within: Within, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, with the run and the event; other listeners hear all, and the run goes to its end."""

    def broken(event: Event) -> None:
        raise RuntimeError("the listener's own fault")

    async def main(here: World) -> None:
        heard: list[Event] = []
        settings = studio.settings()
        await train(here.session, studio.plan(), settings=settings, on_event=[broken, heard.append])
        assert heard[-1].what == "completed"
        await resume(here.session, "studio", settings=settings, on_event=broken)
        failed = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert len(failed) == len(heard)
        assert {vars(record)["run"] for record in failed} == {"studio"}
        assert vars(failed[-1])["event"] == "completed"
        assert "the listener's own fault" in str(failed[0].exc_info)

    within(main, **SHORT)


def test_a_listener_that_fails_on_a_batch_changes_nothing(studio: Studio, within: Within) -> None:
    """The same where many runs are trained."""

    def broken(event: Event) -> None:
        raise RuntimeError("the listener's own fault")

    async def main(here: World) -> None:
        done = await train_many(here.session, [studio.plan()], name="many", settings=studio.settings(), on_event=broken)
        assert list(done.trained) == ["studio"]

    within(main, **SHORT)


def test_runs_of_a_batch_are_logged_as_they_are_typed(
    studio: Studio, within: Within, caplog: pytest.LogCaptureFixture
) -> None:
    """What happens to a whole run is information, its steps are details; names of runs hold that of their batch."""
    caplog.set_level(logging.DEBUG, "bria_async.runs")

    async def main(here: World) -> None:
        plans = [studio.plan(), studio.plan(name="Nothing", images=studio.state)]
        await train_many(here.session, plans, name="many", settings=studio.settings())
        told = [record for record in caplog.records if record.name == "bria_async.runs"]
        loud = [(vars(record)["event"], vars(record)["run"]) for record in told if record.levelno == logging.INFO]
        assert {("started", "many/studio"), ("completed", "many/studio"), ("not_begun", "many/nothing")} <= set(loud)
        assert "many/studio completed" in caplog.messages
        (project,) = [
            vars(each)["key"] for each in told if (vars(each)["task"], vars(each)["event"]) == ("project", "finished")
        ]
        assert project == ""
        uploads = [each for each in told if (vars(each)["task"], vars(each)["event"]) == ("upload", "finished")]
        assert {each.levelno for each in uploads} == {logging.DEBUG}
        assert len({vars(each)["key"] for each in uploads}) == COUNT

    within(main, **SHORT)


def test_progress_shows_itself_in_notebooks() -> None:
    """The names in it are escaped."""
    found = Progress(run="<b>", state="running", step="upload", done=1, total=3, images=3, uploaded=1, seq=9)
    html = found._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;: running" in html
    assert "upload, 1 of 3" in html
    assert '<progress value="1" max="3">' in html
