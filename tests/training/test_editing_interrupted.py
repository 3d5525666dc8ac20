"""Changes that were asked for when nobody works, a process ends, the server fails or an approval is beside them."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from bria_async.errors import JournalAway, RunPaused
from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, STOP, Request
from bria_async.graph.events import Event, Happened
from bria_async.graph.ledger import Ledger
from bria_async.host import Host
from bria_async.training import approve, change_schema, train
from tests.simulation.world import World

from .conftest import Studio, clean
from .reviewing import SCHEMA_TEXT, Within, kept, reviewed, schema_of, there, told


def test_changed_and_approved_while_nobody_works(studio: Studio, within: Within) -> None:
    """Whoever goes on does both, in that order."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="asked to stop"):
            await reviewed(studio, here, studio.plan(review=True), lambda _: [Request(STOP)])
        image, settings = next(iter(here.sim.world.images)), studio.settings()
        await change_schema("studio", SCHEMA_TEXT, captions_anew=True, settings=settings)
        await approve("studio", settings=studio.settings())
        await studio.resume(here)
        assert schema_of(here) == SCHEMA_TEXT
        assert told(studio).index("all captions were made anew") < told(studio).index("approved")
        assert kept(studio) == there(here)
        assert image in here.sim.world.images
        assert clean(here.sim), here.sim.audit()

    within(main, caption_delay=500.0)


def test_a_process_ends_while_captions_are_made_anew(studio: Studio, within: Within) -> None:
    """Who goes on waits for them, whoever approved what meanwhile."""

    async def main(here: World) -> None:
        def listen(event: Event) -> None:
            if event.what == "asked_for_approval":
                studio.place.control.ask(Request(SCHEMA, {"text": SCHEMA_TEXT, "anew": True}), Host())
            elif here.sim.counts["images.regenerate_captions"]:
                begun.cancel()

        plan, settings = studio.plan(review=True), studio.settings()
        begun = asyncio.create_task(train(here.session, plan, settings=settings, on_event=listen))
        with pytest.raises(asyncio.CancelledError):
            await begun
        await approve("studio", settings=studio.settings())
        await studio.resume(here)
        assert schema_of(here) == SCHEMA_TEXT
        assert kept(studio) == there(here)
        assert clean(here.sim), here.sim.audit()

    within(main, caption_delay=2000.0)


@pytest.mark.parametrize(
    "fault",
    [{"status": 503, "times": 6}, {"status": 401}, {"drop": True, "when": "before", "times": 6}],
    ids=["failing", "token refused", "gone"],
)
def test_an_edit_that_nobody_decided_on_stays(studio: Studio, within: Within, fault: dict[str, Any]) -> None:
    """The run pauses and says so; who goes on makes it before those that were asked for later, the last one last."""

    async def main(here: World) -> None:
        def wishes(image: int) -> Iterable[Request]:
            here.sim.fail("images.update", **fault)
            for caption in ("the first", "the last"):
                yield Request(CAPTION, {"image": image, "caption": caption})
            yield Request(APPROVE)

        with pytest.raises(RunPaused, match="was not changed; that is tried again when the run goes on"):
            await reviewed(studio, here, studio.plan(review=True, family="legacy"), wishes)
        assert [request.what for _, request in studio.place.control.waiting()] == [CAPTION, CAPTION, APPROVE]
        assert not here.sim.faults
        assert here.sim.counts["images.update"] == 0
        await studio.resume(here)
        image = next(iter(here.sim.world.images))
        words = [each for each in told(studio) if each == "approved" or "was changed" in each]
        assert words == [f"the caption of image {image} was changed"] * 2 + ["approved"]
        assert here.sim.counts["images.update"] == 2
        assert there(here)[str(image)] == "the last"
        assert clean(here.sim), here.sim.audit()

    within(main)


def test_a_journal_that_is_away_for_a_while_decides_nothing(
    studio: Studio, within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has made the edit and the journal does not know it: it stays, and who goes on makes it once more."""
    record = Ledger.record

    async def away(ledger: Ledger, what: Happened, **data: Any) -> None:
        if "schema was changed" in data.get("reason", ""):
            monkeypatch.setattr(Ledger, "record", record)
            raise JournalAway("The database cannot be reached.")
        await record(ledger, what, **data)

    async def main(here: World) -> None:
        monkeypatch.setattr(Ledger, "record", away)
        with pytest.raises(JournalAway):
            await reviewed(
                studio,
                here,
                studio.plan(review=True),
                lambda _: [Request(SCHEMA, {"text": SCHEMA_TEXT}), Request(APPROVE)],
            )
        assert [request.what for _, request in studio.place.control.waiting()] == [SCHEMA, APPROVE]
        await studio.resume(here)
        assert [each for each in told(studio) if each == "approved" or "schema" in each] == [
            "the visual schema was changed",
            "approved",
        ]
        assert schema_of(here) == SCHEMA_TEXT

    within(main)


def test_an_approval_waits_for_what_was_asked_for_beside_it(studio: Studio, within: Within) -> None:
    """Even where a clock that was set back puts it first."""

    async def main(here: World) -> None:
        def wishes(image: int) -> Iterable[Request]:
            yield Request(APPROVE)
            yield Request(CAPTION, {"image": image, "caption": "by hand"})

        await reviewed(studio, here, studio.plan(review=True, family="legacy"), wishes)
        image = next(iter(here.sim.world.images))
        assert told(studio)[:2] == [f"the caption of image {image} was changed", "approved"]
        assert there(here)[str(image)] == "by hand"

    within(main)


def test_nothing_is_completed_before_what_was_asked_for(studio: Studio, within: Within) -> None:
    """A change that comes when the captions are there is made first, without a review too."""

    async def main(here: World) -> None:
        def listen(event: Event) -> None:
            studio.events.append(event)
            if (event.what, event.task) == ("finished", "captions"):
                wish = Request(CAPTION, {"image": next(iter(here.sim.world.images)), "caption": "by hand"})
                studio.place.control.ask(wish, Host())

        await train(here.session, studio.plan(family="legacy"), settings=studio.settings(), on_event=listen)
        image = next(iter(here.sim.world.images))
        assert there(here)[str(image)] == "by hand"
        assert not [event for event in studio.happened("warned") if "not changed" in event.data["reason"]]

    within(main)


def test_captions_in_the_making_when_the_approval_comes(studio: Studio, within: Within) -> None:
    """Nothing is completed while somebody else has captions made anew."""

    async def main(here: World) -> None:
        elsewhere: list[asyncio.Task[Any]] = []

        def listen(event: Event) -> None:
            if event.what == "asked_for_approval":
                studio.place.control.ask(Request(APPROVE), Host())
            elif event.what == "approved":
                (dataset,) = here.sim.world.datasets
                elsewhere.append(asyncio.create_task(here.session.images.regenerate_captions(dataset)))

        await train(here.session, studio.plan(review=True), settings=studio.settings(), on_event=listen)
        assert here.sim.counts["images.regenerate_captions"] == len(elsewhere) == 1
        assert clean(here.sim), here.sim.audit()

    within(main, caption_delay=500.0)
