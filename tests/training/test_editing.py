"""Captions, and what they are made with, are changed by request while the dataset is a draft."""

from collections.abc import Iterable

import pytest

from bria_async.errors import ConfigurationError, RunError, RunPaused
from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, STOP, Request
from bria_async.graph.events import Event
from bria_async.host import Host
from bria_async.training import approve, change_caption, change_schema, train
from bria_async.wire.polling import Polling
from tests.simulation.world import World

from .conftest import COUNT, Studio, clean
from .reviewing import SCHEMA_TEXT, Within, kept, reviewed, schema_of, there, told


def test_captions_are_kept_as_they_arrive(studio: Studio, within: Within) -> None:
    """Whoever looks sees those that are there while others are missing."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="no caption"):
            await studio.train(here, studio.plan(), waiting=Polling(timeout=600.0))
        captioned = {image: caption for image, caption in there(here).items() if caption}
        assert 0 < len(captioned) < COUNT, captioned
        assert kept(studio) == captioned

    within(main, missing_captions=0.5)


def test_a_changed_caption_is_kept_at_once(studio: Studio, within: Within) -> None:
    """Whoever is told of the change finds it in the journal, before anything is completed."""

    async def main(here: World) -> None:
        seen: list[dict[str, str]] = []

        def look(event: Event) -> None:
            wish = None
            if event.what == "asked_for_approval":
                wish = Request(CAPTION, {"image": next(iter(here.sim.world.images)), "caption": "by hand"})
            elif "was changed" in event.data.get("reason", ""):
                seen.append(kept(studio))
                wish = Request(APPROVE)
            if wish is not None:
                studio.place.control.ask(wish, Host())

        plan = studio.plan(review=True, family="legacy")
        await train(here.session, plan, settings=studio.settings(), on_event=look)
        assert seen == [there(here)]
        assert "by hand" in seen[0].values()

    within(main)


def test_one_caption_is_made_anew(studio: Studio, within: Within) -> None:
    """An approval that came right behind the request counts once the caption is there."""

    async def main(here: World) -> None:
        def wishes(image: int) -> Iterable[Request]:
            yield Request(CAPTION, {"image": image, "caption": "by hand"})
            yield Request(CAPTION, {"image": image, "anew": True})
            yield Request(APPROVE)

        await reviewed(studio, here, studio.plan(review=True, family="legacy"), wishes)
        image = next(iter(here.sim.world.images))
        words = f"the caption of image {image} was"
        assert told(studio)[:3] == [f"{words} changed", f"{words} made anew", "approved"]
        assert "by hand" not in there(here).values()
        assert kept(studio) == there(here)
        assert here.sim.counts["images.regenerate_captions"] == 0
        assert clean(here.sim), here.sim.audit()

    within(main, caption_delay=200.0)


def test_a_caption_that_is_not_made_anew_in_time(studio: Studio, within: Within) -> None:
    """That is told, and the run goes on waiting for its approval."""

    async def main(here: World) -> None:
        def wishes(image: int) -> Iterable[Request]:
            here.sim.fail("images.get", times=100, status=503)
            yield Request(CAPTION, {"image": image, "anew": True})
            yield Request(APPROVE)

        await reviewed(studio, here, studio.plan(review=True), wishes, waiting=Polling(timeout=300.0))
        image = next(iter(here.sim.world.images))
        assert told(studio)[:2] == [
            f"the caption of image {image} was not made anew: it is still not there",
            "approved",
        ]

    within(main)


def test_another_visual_schema_and_all_captions_made_anew(studio: Studio, within: Within) -> None:
    """The dataset has it, its new captions are there and kept before the approval behind it counts."""

    async def main(here: World) -> None:
        def wishes(_: int) -> Iterable[Request]:
            yield Request(SCHEMA, {"text": SCHEMA_TEXT, "anew": True})
            yield Request(APPROVE)

        await reviewed(studio, here, studio.plan(review=True), wishes)
        (changed,) = (event for event in studio.events if "schema was changed" in event.data.get("reason", ""))
        assert changed.data["text"] == SCHEMA_TEXT
        words = told(studio)
        order = ["the visual schema was changed", "all captions were made anew", "approved"]
        assert [reason for reason in words if reason in order] == order, words
        assert schema_of(here) == SCHEMA_TEXT
        assert here.sim.counts["images.regenerate_captions"] == 1
        assert kept(studio) == there(here)
        assert clean(here.sim), here.sim.audit()

    within(main, caption_delay=500.0)


def test_another_caption_prefix(studio: Studio, within: Within) -> None:
    """A dataset of the family legacy is given the text as its prefix; captions stay unless they are to be made anew."""

    async def main(here: World) -> None:
        def wishes(_: int) -> Iterable[Request]:
            return [Request(SCHEMA, {"text": "A drawing of", "anew": False}), Request(APPROVE)]

        await reviewed(studio, here, studio.plan(review=True, family="legacy"), wishes)
        assert told(studio)[:2] == ["the caption prefix was changed", "approved"]
        (dataset,) = here.sim.world.datasets.values()
        assert dataset.caption_prefix == "A drawing of"
        assert here.sim.counts["images.regenerate_captions"] == 0

    within(main)


def test_a_dataset_of_2024_has_no_schema(studio: Studio, within: Within) -> None:
    """Whoever asks is told so before, and again by the run, which goes on."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="asked to stop"):
            await reviewed(studio, here, studio.plan(review=True, family="2024"), lambda _: [Request(STOP)])
        with pytest.raises(ConfigurationError, match="family 2024, which knows neither"):
            await change_schema("studio", "A drawing of", settings=studio.settings())
        studio.place.control.ask(Request(SCHEMA, {"text": SCHEMA_TEXT}), Host())
        await approve("studio", settings=studio.settings())
        await studio.resume(here)
        words = "the run is of the family 2024, which knows neither a visual schema nor a caption prefix"
        assert told(studio)[:2] == [f"nothing was changed: {words}", "approved"]

    within(main, generation="A")


def test_what_cannot_be_changed_is_told(studio: Studio, within: Within) -> None:
    """Requests that make no sense, and those that the server refuses, stop nothing."""

    async def main(here: World) -> None:
        def wishes(image: int) -> Iterable[Request]:
            here.sim.fail("images.regenerate_captions", status=403)
            yield Request(SCHEMA, {"text": "no json"})
            yield Request(SCHEMA, {"text": None})
            yield Request(SCHEMA, {"text": SCHEMA_TEXT, "anew": True})
            yield Request(CAPTION, {"image": image})
            yield Request(CAPTION, {"image": [image], "anew": True})
            yield Request(APPROVE)

        await reviewed(studio, here, studio.plan(review=True), wishes)
        words = sorted(told(studio))
        assert [reason.partition(":")[0] for reason in words if "not" in reason or "was to" in reason] == [
            "a caption was to be changed without a dataset, an image or a text",
            f"the caption of image [{next(iter(here.sim.world.images))}] was not made anew",
            "the captions were not all made anew",
            "the visual schema was not changed",
            "the visual schema was to be changed without a dataset or a text",
        ], words
        assert clean(here.sim), here.sim.audit()

    within(main)


def test_images_that_are_gone_stop_no_change(studio: Studio, within: Within) -> None:
    """They are told of where captions are made anew; the run uploads them again as ever."""

    async def main(here: World) -> None:
        def wishes(image: int) -> Iterable[Request]:
            if len(studio.happened("asked_for_approval")) == 1:
                del here.sim.world.images[image]
                yield Request(SCHEMA, {"text": SCHEMA_TEXT, "anew": True})
            yield Request(APPROVE)

        await reviewed(studio, here, studio.plan(review=True), wishes)
        assert any(
            reason.startswith("the captions were not all made anew: 1 images are gone") for reason in told(studio)
        )
        assert studio.happened("reopened", "upload")
        assert len(here.sim.world.images) == COUNT
        assert clean(here.sim), here.sim.audit()

    within(main)


def test_a_change_before_there_is_a_dataset(studio: Studio, within: Within) -> None:
    """What is asked for too early is told, and is not done later."""

    async def main(here: World) -> None:
        def listen(event: Event) -> None:
            studio.events.append(event)
            if event.what == "started":
                studio.place.control.ask(Request(SCHEMA, {"text": SCHEMA_TEXT}), Host())

        here.sim.fail("projects.create", delay=60.0)
        await train(here.session, studio.plan(), settings=studio.settings(), on_event=listen)
        warned = [event.data["reason"] for event in studio.happened("warned")]
        assert "the visual schema was to be changed without a dataset or a text" in warned
        assert schema_of(here) != SCHEMA_TEXT

    within(main)


def test_what_is_no_json_is_refused_at_once(studio: Studio, within: Within) -> None:
    """A run of the family fibo is asked for nothing that its server could not use; nor is a run that there is not."""

    async def main(here: World) -> None:
        settings = studio.settings()
        with pytest.raises(RunError, match="no run 'studio'"):
            await change_caption("studio", 1, "{}", settings=settings)
        with pytest.raises(RunPaused, match="asked to stop"):
            await reviewed(studio, here, studio.plan(review=True), lambda _: [Request(STOP)])
        for text in ("a cat", "[1]", '{"a": ', "[" * 100_000):
            with pytest.raises(ConfigurationError, match="caption of a run of the family fibo must be a JSON object"):
                await change_caption("studio", 1, text, settings=settings)
            with pytest.raises(ConfigurationError, match="visual schema of a run of the family fibo must be"):
                await change_schema("studio", text, settings=settings)
        with pytest.raises(ConfigurationError, match="caption is empty"):
            await change_caption("studio", 1, " ", settings=settings)
        assert studio.place.control.waiting() == []
        await change_caption("studio", 7, '{"a": "caption"}', settings=settings)
        (asked,) = (request for _, request in studio.place.control.waiting())
        assert (asked.what, asked.data) == (CAPTION, {"image": 7, "caption": '{"a": "caption"}'})
        await approve("studio", settings=settings)
        await studio.resume(here)
        with pytest.raises(RunError, match="dataset of studio is completed"):
            await change_caption("studio", 7, '{"a": "caption"}', settings=settings)

    within(main)
