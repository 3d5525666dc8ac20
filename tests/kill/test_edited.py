"""Killed between hearing of a change in a draft and making it: who goes on makes it, before anything is trained."""

import asyncio
import contextlib
import signal
from pathlib import Path

import pytest

from bria_async.errors import JournalError, RunError
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, Request
from bria_async.graph.events import Event, Happened
from bria_async.host import Host
from bria_async.training.place import Place
from tests.kill.stage import SMALL, Scene, pictures, scene, zygote

LAST = "a harbour, and a boat — by hand"
PREFIX = "A drawing of"
POINTS = (
    "before:images.update:1",
    "answered:images.update:1",
    "before:datasets.update:1",
    "before:images.regenerate_captions:1",
    "left:images.regenerate_captions:1",
    "before:images.update:3",
)


async def asked(here: Scene) -> Place:
    """Begin a run, and kill it when it waits for an approval."""
    victim = await here.start("--review")
    place = Place.of("run", here.folder)
    async with asyncio.timeout(30):
        while not any(event.what == Happened.ASKED for event in happened(place)):  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.01)
    victim.send(signal.SIGKILL)
    assert (await victim.end()).code == -signal.SIGKILL
    return place


def happened(place: Place) -> list[Event]:
    """Its events; of one that has not begun, none."""
    with contextlib.suppress(RunError, JournalError):
        return [event for _, event in feed.events(place.source, "run")]
    return []


def told(place: Place) -> list[str]:
    """What its events say."""
    return [str(event.data.get("reason", event.what)) for event in happened(place)]


@pytest.mark.fault("P1", "P2")
@pytest.mark.exhaustive
@pytest.mark.parametrize("point", POINTS)
async def test_an_edit_outlives_whoever_heard_it(point: str, tmp_path: Path) -> None:
    """Exactly its text is there in the end, the last one of an image, and the approval behind it counts only then."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "said") as victims, scene(victims, "legacy", images, tmp_path / "state") as here:
        place = await asked(here)
        image = next(iter(here.sim.world.images))
        for wish in (
            Request(CAPTION, {"image": image, "caption": "the first"}),
            Request(SCHEMA, {"text": PREFIX, "anew": True}),
            Request(CAPTION, {"image": image, "caption": "the second"}),
            Request(CAPTION, {"image": image, "caption": LAST}),
            Request(APPROVE),
        ):
            place.control.ask(wish, Host())
        ended = await here.live("--review", point=point)
        assert ended.code == -signal.SIGKILL, ended.said
        assert Happened.APPROVED not in told(place)
        assert not await here.problems(await here.finish("--review"))
        (dataset,) = here.sim.world.datasets.values()
        assert (here.sim.world.images[image].caption, dataset.caption_prefix) == (LAST, PREFIX)
        assert place.control.waiting() == []
        words = told(place)
        done = [at for at, each in enumerate(words) if each.endswith(("was changed", "were made anew"))]
        assert len(done) >= 5, words
        assert words.count(Happened.APPROVED) == 1
        assert max(done) < words.index(Happened.APPROVED), words
