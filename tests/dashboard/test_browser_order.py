"""What arrives on a page that is open stands where it would stand on a new one, and nobody loses his place."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
from playwright.sync_api import Browser, Page, expect

from bria_async.dashboard import serving
from bria_async.dashboard.sheet import write_sheet
from bria_async.graph.control import SCHEMA, Request
from bria_async.graph.events import Happened
from bria_async.graph.ledger import Ledger
from bria_async.host import Host
from bria_async.images import inspect
from bria_async.training.place import Place
from tests.images.files import jpeg
from tests.simulation.loop import run_virtually
from tests.simulation.world import world
from tests.training.conftest import Studio

from .apart import apart, running
from .browser import PHONE, needs_browser, window
from .test_edits import write
from .written import begun, images, plan, writing

pytestmark = needs_browser

SETTLED = 12


async def settle(state: Path) -> None:
    """Many runs that are done, one begun after the other."""
    for number in range(SETTLED):
        async with working(Place.of(f"done-{number:02}", state)) as ledger:
            await ledger.settle_run("done", None, Happened.COMPLETED)


@contextlib.asynccontextmanager
async def working(place: Place) -> AsyncIterator[Ledger]:
    """Somebody begins a run, or goes on with it, and is gone without a word in the end."""
    async with writing(place) as (bria, journal):
        if (run := await journal.find_run(place.name)) is None:
            yield await begun(bria, journal, plan(place.folder, place.name), images(place.folder, 1))
        else:
            ledger = await Ledger.load(journal, run, bria.host)
            await ledger.settle_run("running", None, Happened.RESUMED)
            yield ledger


def titles(page: Page) -> list[str]:
    """The names on the cards, in their order."""
    return page.locator("#cards > li h2").all_text_contents()


def test_cards_take_their_places(chromium: Browser, tmp_path: Path) -> None:
    """Runs that begin, go on and die move past the others; what is in sight stays there, and the focus on its card."""
    apart(asyncio.run, settle(tmp_path))
    done = [f"done-{number:02}" for number in reversed(range(SETTLED))]
    with running(lambda: serving(tmp_path)) as address, window(chromium, PHONE, refused=(404,)) as page:
        page.goto(address)
        assert titles(page) == done
        some = page.get_by_role("link", name="done-03")
        some.focus()
        sight = some.bounding_box()
        with running(lambda: working(Place.of("late", tmp_path))):
            expect(page.locator("#run-late .state")).to_contain_text("running")
            assert titles(page) == ["late", *done]
            assert some.bounding_box() == sight
            expect(some).to_be_focused()
        expect(page.locator("#run-late .state")).to_contain_text("interrupted")
        scrolled = page.evaluate("scrollY")
        with running(lambda: working(Place.of("done-03", tmp_path))):
            expect(page.locator("#run-done-03 .state")).to_contain_text("running")
            done.remove("done-03")
            assert titles(page) == ["late", "done-03", *done]
            expect(some).to_be_focused()
            assert page.evaluate("scrollY") > scrolled / 2, "nor does the page jump to where it went"


def test_samples_arrive_beside_others(chromium: Browser, pictures: Path, tmp_path: Path) -> None:
    """A run that has samples now gets a column, while somebody chooses among runs and is in the midst of a table."""
    studio = Studio(pictures, tmp_path)
    prompts = ("a boat", "a lighthouse")

    def train(name: str) -> None:
        async def live() -> None:
            async with world(1) as here:
                await studio.train(here, studio.plan(name=name, samples=prompts, sample_seed=7))

        apart(run_virtually, live)

    for name in ("One", "Two"):
        train(name)
    with running(lambda: serving(tmp_path)) as address, window(chromium, PHONE) as page:
        page.goto(address)
        page.get_by_role("link", name="Compare").click()
        columns, box = page.locator("thead a"), page.locator("#compared .scroll")
        expect(columns).to_have_count(2)
        page.get_by_text("Choose runs").click()
        page.get_by_label("one").set_checked(False)
        box.evaluate("box => box.scrollTo(60, 0)")
        train("Three")
        expect(columns).to_have_count(3)
        assert sorted(columns.all_inner_texts()) == ["one", "three", "two"]
        assert box.evaluate("box => box.scrollLeft") == 60
        expect(page.get_by_label("one")).not_to_be_checked()
        expect(page.get_by_label("three")).to_be_checked()
        page.get_by_role("button", name="Compare").click()
        expect(columns).to_have_count(2)
        assert sorted(columns.all_inner_texts()) == ["three", "two"]


def change_a_caption(page: Page, address: str) -> None:
    """By keyboard, on the page of the run cats, which says then that this is asked for and leaves the focus alone."""
    page.goto(address)
    page.get_by_role("link", name="cats").click()
    expect(page.locator("#pulse")).to_have_text("live")
    tile = page.locator("#image-0")
    tile.locator("summary").press("Enter")
    tile.get_by_label("Caption").fill("a cat")
    tile.get_by_role("button").press("Enter")
    expect(tile).to_contain_text("A change of the caption is asked for")
    expect(tile.get_by_role("button")).to_be_focused()


def test_who_asks_for_a_change_keeps_his_place(chromium: Browser, tmp_path: Path) -> None:
    """By keyboard: what is told above a form of what it was asked for takes the focus from none of its fields."""
    place = Place.of("cats", tmp_path)
    write(place)
    with running(lambda: serving(tmp_path, control=True)) as address, window(chromium, refused=(404,)) as page:
        change_a_caption(page, address)
        field = page.get_by_label("Caption prefix")
        field.focus()
        expect(page.locator("#review li")).to_have_count(1)
        place.control.ask(Request(SCHEMA, {"text": "a drawing of"}), Host())
        expect(page.locator("#review li")).to_have_count(2)
        expect(field).to_be_focused()
        for which, _ in place.control.waiting():
            place.control.remove(which)
        expect(page.locator("#review li")).to_have_count(0)
        expect(field).to_be_focused()


ANSWERED_LATE = """
const real = window.fetch;
window.fetch = async (...given) => {
  const answer = await real(...given);
  while (!document.querySelector("#review li")) await new Promise(requestAnimationFrame);
  return answer;
};
"""
"""What was asked for is on the page before the answer to asking for it."""


def test_what_comes_of_a_change_before_its_answer_is_shown(chromium: Browser, tmp_path: Path) -> None:
    """Until the answer is there the caption is one that somebody types; then its tile tells of the change."""
    write(Place.of("cats", tmp_path))
    with running(lambda: serving(tmp_path, control=True)) as address, window(chromium, refused=(404,)) as page:
        page.add_init_script(ANSWERED_LATE)
        change_a_caption(page, address)


async def inspected(folder: Path, to: Path) -> None:
    """Write the contact sheet of a folder."""
    await write_sheet(await inspect(folder), to)


def test_images_of_a_contact_sheet_are_sorted(chromium: Browser, tmp_path: Path) -> None:
    """The worst stand first, until somebody wants them by name, and then again."""
    for seed, name in enumerate(("a.jpg", "c.jpg", "d.jpg")):
        jpeg(tmp_path / "Cats" / name, seed)
    jpeg(tmp_path / "Cats" / "b.jpg", 3, (600, 512))
    (tmp_path / "Cats" / "c.jpg").write_bytes(b"\xff\xd8\xff")
    apart(asyncio.run, inspected(tmp_path / "Cats", tmp_path / "sheet.html"))
    with window(chromium) as page:
        page.goto((tmp_path / "sheet.html").as_uri())
        names, order = page.locator("#tiles h3"), page.get_by_label("Sorted by")
        worst, by_name = ["c.jpg", "b.jpg", "a.jpg", "d.jpg"], ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
        assert names.all_text_contents() == worst
        order.select_option("name")
        assert names.all_text_contents() == by_name
        order.select_option("findings, the worst first")
        assert names.all_text_contents() == worst
