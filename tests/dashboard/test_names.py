"""Runs and batches are named in any script, and everything of them is found by that name."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from bria_async.errors import RunCancelled
from bria_async.graph.control import STOP, Request
from bria_async.graph.events import Event, Happened
from bria_async.host import Host
from bria_async.sim import Options
from bria_async.training import train
from bria_async.training.members import members_of, written
from bria_async.training.place import Place
from bria_async.training.plan import id_of
from tests.simulation.loop import run_virtually
from tests.simulation.world import world
from tests.training.conftest import COUNT, Studio

from .apart import apart
from .door import Door, serving
from .html import Page
from .written import begun, images, keep_thumbnails, plan, uploaded, writing

NAMES = ("İstanbul", "İ" * 90, "東京 2", "Ünïcødé", "हिन्दी", "a.b-c_d")


def stopping(place: Place, host: Host) -> Callable[[Event], None]:
    """A listener that stops a run when it asks for an approval."""

    def listen(event: Event) -> None:
        if event.what == Happened.ASKED:
            place.control.ask(Request(STOP), host)

    return listen


@pytest.fixture(scope="module")
def named(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each name that was stopped at its review, and a batch of İzmir and İstanbul."""
    studio = Studio(pictures, tmp_path_factory.mktemp("named"))

    async def live() -> None:
        async with world(1, options=Options(seed=1)) as here:
            for name in NAMES:
                stop = stopping(Place.of(id_of(name), studio.state), here.session.host)
                reviewed = studio.plan(name=name, review=True)
                with contextlib.suppress(RunCancelled):
                    await train(here.session, reviewed, settings=studio.settings(), on_event=stop)

    async def batch() -> None:
        place, found = Place.of(id_of("İzmir"), studio.state), images(studio.state, 2)
        made = plan(studio.state, "İstanbul")
        async with writing(place) as (bria, journal):
            place.plans.write_text(written(members_of([made])))
            await uploaded(await begun(bria, journal, made, found))
        keep_thumbnails(place.run(made.run), found)

    apart(run_virtually, live)
    apart(asyncio.run, batch())
    return studio.state


async def page_of(door: Door, target: str) -> Page:
    """A page that is there."""
    answer = await door.ask(target)
    assert answer.status == 200, target
    page = Page()
    page.feed(answer.text)
    return page


async def is_whole(door: Door, run: str, pictures: int) -> bool:
    """Whether the page of a run, and all that it leads to, are there: pictures, its stream, inspection and report."""
    page = await page_of(door, run)
    shown = {each.attributes["src"] for each in page.all("img")}
    assert len(shown) == 2 * pictures, "each small, and larger where it is opened"
    below = {each.partition("#")[0] for each in page.references if unquote(each).startswith(f"{unquote(run)}/")}
    assert {each.removeprefix(run) for each in below - shown} >= {"/report"}
    targets = {*shown, *below, f"{run}/live", f"{run}/collage/0", f"{run}/events/1"}
    targets -= {f"{run}/{what}" for what in ("inspection", "approve", "stop", "caption", "schema")}
    statuses = {target: (await door.ask(target)).status for target in targets}
    assert set(statuses.values()) == {200}, statuses
    return True


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:9])
async def test_a_run(named: Path, name: str) -> None:
    """Its card leads to its page, which leads to all that there is of it, and takes what is asked of the run."""
    async with serving(named, control=True) as door:
        home = await page_of(door, "/")
        (run,) = [link for link in home.references if unquote(link) == f"/runs/{id_of(name)}"]
        assert await is_whole(door, run, COUNT)
        assert (await door.ask(f"{run}/inspection")).status == 200
        control = Place.of(id_of(name), named).control
        for what, form in (("stop", b""), ("caption", b"image=1&caption={}"), ("schema", b"text={}"), ("approve", b"")):
            assert (await door.post(f"{run}/{what}", form)).status == 200
            (asked,) = control.waiting()
            assert asked[1].what == what
            control.remove(asked[0])


async def test_a_run_of_a_batch(named: Path) -> None:
    """The batch too leads to it."""
    async with serving(named) as door:
        (batch,) = [
            link for link in (await page_of(door, "/")).references if unquote(link) == f"/runs/{id_of('İzmir')}"
        ]
        page = await page_of(door, batch)
        (run,) = [
            link for link in page.references if unquote(link) == f"/runs/{id_of('İzmir')}/runs/{id_of('İstanbul')}"
        ]
        assert await is_whole(door, run, 2)
        for target in (f"{batch}/live", f"{batch}/report", f"{batch}/collage/0"):
            assert (await door.ask(target)).status == 200


async def test_a_report_is_saved_under_the_name(named: Path) -> None:
    """As a header can say it, which knows ASCII alone."""
    async with serving(named) as door:
        told = (await door.ask("/runs/i%CC%87stanbul/report")).headers["Content-Disposition"]
        assert told == "attachment; filename*=UTF-8''i%CC%87stanbul.html"
