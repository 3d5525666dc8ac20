"""Runs in all states for a dashboard to show, and dashboards over them; in real time, for a browser."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from bria_async import Event, Plan, RunPaused, Session, Settings, simulator, train, train_many
from bria_async.dashboard import serving
from bria_async.engines.postgres.database import Database
from bria_async.graph.control import CAPTION, SCHEMA, Request
from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.images.pictures import draw
from bria_async.images.probe import probe
from bria_async.sim import Clock, Options
from bria_async.training.distributed import submit
from bria_async.training.place import Place
from bria_async.wire.polling import Polling
from tests.support import TOKEN

from .written import begun, images, keep_thumbnails, uploaded, writing
from .written import plan as written

SAMPLES = ("a lighthouse", "a boat in the harbour")
IMAGES = 8
MANY = 240
"""Images of a run: more than are shown with their captions unless somebody wants that; and its events."""
LONG = 3600.0
"""Seconds that an upload may hang: the run that is in its midst stays there, however slow the machine."""
A_MINUTE = 240
"""Uploads that the run which is done may send; drawn if they take less than 8 s."""
WORDS = "A girl with purple hair and a star on her jacket stands in front of house {}, seen from below, in the evening"


@contextlib.asynccontextmanager
async def studio(folder: Path) -> AsyncIterator[str]:
    """The runs, their server, and their dashboard."""
    draw(folder / "pictures", IMAGES)
    for name in ("oak", "elm"):
        draw(folder / "tree" / name, 5)
    odd(folder / "odd")
    quickly = Polling(start=0.05, cap=0.2)
    settings = Settings(state=folder / "runs", settle=0.2, waiting=quickly, training=quickly, grace=0)
    plan = Plan(
        images=folder / "pictures",
        ip_type="icons",
        ip_medium="illustration",
        samples=SAMPLES,
        sample_seed=7,
        name="done",
    )
    async with (
        simulator(options=Options(token=TOKEN), clock=Clock(speed=20_000)) as sim,
        Session(TOKEN, sim.base_url, timeout=LONG) as session,
    ):
        uploads = {"images.upload": A_MINUTE}
        async with Session(TOKEN, sim.base_url, timeout=LONG, requests_per_minute=uploads) as limited:
            await train(limited, plan, settings=settings)
        tree = [attrs.evolve(plan, images=each, name=each.name) for each in (folder / "tree").iterdir()]
        await train_many(session, tree, name="studio", settings=settings)
        sim.fail("models.create", status=403, body={"message": "no such right"})
        paused = attrs.evolve(plan, name="paused", images=folder / "odd", on_bad_image="skip")
        with pytest.raises(RunPaused):
            await train(session, paused, settings=settings)
        await interrupted(Place.of("interrupted", settings.state), folder / "pictures")
        await many_images(Place.of("many-images", settings.state))
        asked = asyncio.Event()

        def hear(event: Event) -> None:
            if event.what == Happened.ASKED:
                asked.set()

        plan = attrs.evolve(plan, name="review", review=True)
        reviewed = asyncio.create_task(train(session, plan, settings=settings, on_event=hear))
        await asked.wait()
        halfway = asyncio.Event()

        def count(event: Event) -> None:
            if (event.task, event.what) == ("upload", Change.FINISHED):
                arrived.append(event)
            if len(arrived) == IMAGES // 2:
                halfway.set()

        arrived: list[Event] = []
        sim.fail("images.upload", status=429, after=2, times=2, headers={"Retry-After": "1"})
        sim.fail("images.upload", hang=True, after=IMAGES // 2, times=IMAGES)
        plan = attrs.evolve(plan, name="running", review=False)
        uploading = asyncio.create_task(train(session, plan, settings=settings, on_event=count))
        await halfway.wait()
        async with serving(folder / "runs", control=True) as address:
            yield address
        for work in (reviewed, uploading):
            work.cancel()
        sim.release()
        await asyncio.wait([reviewed, uploading])


def odd(folder: Path) -> None:
    """Images with something to say about them: a copy, one that is cut off, and captions for some."""
    draw(folder, IMAGES)
    first, second, *_ = sorted(folder.iterdir())
    shutil.copy(first, folder / "copy.png")
    (folder / "cut.jpg").write_bytes(second.read_bytes()[:-200])
    (folder / first.with_suffix(".txt").name).write_text("A girl with purple hair in front of a house")


async def interrupted(place: Place, pictures: Path) -> None:
    """A run whose process died in the midst of its uploads."""
    found = {image.key: image for image in map(probe, sorted(pictures.iterdir()))}
    async with writing(place) as (bria, journal):
        ledger = await begun(bria, journal, written(pictures, place.name), found)
        await uploaded(ledger, IMAGES // 2)
        await ledger.change(list(ledger.of("upload"))[IMAGES // 2], Change.ANNOUNCED)


async def many_images(place: Place) -> None:
    """A run of many images and events that stopped at its review, and was asked to change something meanwhile."""
    found = images(place.folder, MANY)
    keep_thumbnails(place, found)
    async with writing(place) as (bria, journal):
        ledger = await begun(bria, journal, written(place.folder, place.name), found)
        await uploaded(ledger)
        for number in range(MANY):
            await ledger.record(Happened.NOTED, reason=f"image {number} looks like another one")
        await ledger.record(Happened.ASKED, reason="the captions are ready for review", subject="1")
        await ledger.settle_run("paused", "it was asked to", Happened.PAUSED)
        ids = [row.id for row in ledger.of("upload")]
        described = {str(image): json.dumps({"short_description": WORDS.format(image)}) for image in ids}
        await ledger.record(Happened.CAPTIONED, captions=described)
        caption = json.dumps({"short_description": "A boat in the harbour"})
        place.control.ask(Request(CAPTION, {"image": ids[3], "caption": caption}), bria.host)
        place.control.ask(Request(SCHEMA, {"text": json.dumps({"style": "ink"}), "anew": True}), bria.host)


@contextlib.asynccontextmanager
async def handed_over(database: Database, folder: Path) -> AsyncIterator[str]:
    """A dashboard over a run that waits for workers, of whom there is none."""
    draw(folder / "pictures", IMAGES)
    plan = Plan(images=folder / "pictures", ip_type="icons", ip_medium="illustration", samples=SAMPLES, name="waiting")
    async with Session(TOKEN, "http://127.0.0.1:9") as session:
        await submit(session, [plan], database)
    async with serving(database, control=True) as address:
        yield address
