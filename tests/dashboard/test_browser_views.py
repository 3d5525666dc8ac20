"""Every view of the dashboard, at the width of a desk and of a phone, by day and by night.

`BRIA_SCREENSHOTS=DIR` keeps a picture of each, to be looked at.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
from playwright.sync_api import Browser, Page, expect

from bria_async import Event, Plan, RunPaused, Session, Settings, simulator, train, train_many
from bria_async.dashboard import serving
from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.images.pictures import draw
from bria_async.images.probe import probe
from bria_async.sim import Clock, Options
from bria_async.training.place import Place
from bria_async.wire.polling import Polling
from tests.support import TOKEN

from .apart import running
from .browser import DESKTOP, PHONE, barriers, needs_browser, window
from .written import begun, uploaded, writing
from .written import plan as written

pytestmark = [needs_browser, pytest.mark.exhaustive, pytest.mark.timeout(300)]

SAMPLES = ("a lighthouse", "a boat in the harbour")
IMAGES = 8
LONG = 3600.0
"""Seconds that an upload may hang: the run that is in its midst stays there, however slow the machine."""
A_MINUTE = 240
"""Uploads that the run which is done may send; drawn if they take less than 8 s."""
VIEWS = {
    "runs": "",
    "done": "runs/done",
    "paused": "runs/paused",
    "running": "runs/running",
    "interrupted": "runs/interrupted",
    "review": "runs/review",
    "batch": "runs/studio",
    "compare": "compare",
    "inspection": "runs/paused/inspection",
    "report": "runs/done/report",
    "nothing": "runs/never",
}
"""View -> where it is, below the address of the dashboard; a report is a file, and opened from the disk."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over runs in all states; in a thread of its own, as the browser has this one."""
    folder = tmp_path_factory.mktemp("studio")
    draw(folder / "pictures", IMAGES)
    for name in ("oak", "elm"):
        draw(folder / "tree" / name, 5)
    odd(folder / "odd")
    with running(lambda: studio(folder)) as address:
        yield address


@contextlib.asynccontextmanager
async def studio(folder: Path) -> AsyncIterator[str]:
    """The runs, their server, and their dashboard."""
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


def opened(page: Page, address: str, view: str, folder: Path = Path()) -> None:
    """Go to a view, once its pictures are there."""
    page.goto(address)
    target = f"{address.partition('?')[0]}{VIEWS[view]}"
    if view == "report":
        file = folder / "report.html"
        file.write_bytes(page.request.get(target).body())
        target = file.as_uri()
    page.goto(target)
    page.wait_for_load_state()
    for picture in page.locator("img:visible").all()[:8]:
        picture.scroll_into_view_if_needed()
        picture.evaluate("image => image.decode()")
    page.evaluate("for (const box of [window, ...document.querySelectorAll('.scroll')]) box.scrollTo(0, 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view(chromium: Browser, address: str, view: str, size: tuple[int, int], scheme: str, tmp_path: Path) -> None:
    """Nothing keeps people from using it, by axe, and nothing sticks out at its side."""
    refused = (404,) if view in ("nothing", "inspection") else ()  # a sheet has no icon, which browsers look for
    with window(chromium, size, scheme, without_policy=True, refused=refused) as page:
        opened(page, address, view, tmp_path)
        if folder := os.environ.get("BRIA_SCREENSHOTS"):
            name = f"{view}-{'phone' if size == PHONE else 'desk'}-{scheme}.png"
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": size[0], "height": height})  # else what is not in sight is not drawn
            page.wait_for_load_state("load")
            page.screenshot(path=Path(folder, name))
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_by_keyboard_alone(chromium: Browser, address: str) -> None:
    """Skip to the content, find an image, open it, and change its caption, without a mouse."""
    with window(chromium) as page:
        opened(page, address, "review")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="To the content")).to_be_focused()
        page.get_by_label("Find").focus()
        page.keyboard.type("lora-003")
        expect(page.locator(".tile:visible")).to_have_count(1)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        field = page.locator(".tile:visible").get_by_label("Caption")
        expect(field).to_be_visible()
        page.keyboard.press("Tab")
        expect(field).to_be_focused()


def test_without_scripts(chromium: Browser, address: str) -> None:
    """Pages show how things are."""
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        page.goto(f"{address.partition('?')[0]}runs/done")
        expect(page.locator("h1")).to_contain_text("done")
        expect(page.locator(".tile")).to_have_count(IMAGES)
        expect(page.locator(".plot svg")).to_be_visible()
        expect(page.locator(".plot svg line.limit")).to_have_count(1)


def test_the_limit_is_drawn(chromium: Browser, address: str) -> None:
    """With scripts too: a line of its own beside the rates, where the session was given one."""
    with window(chromium) as page:
        opened(page, address, "done")
        expect(page.get_by_text(f"keeps to {A_MINUTE:,} a minute")).to_contain_text("the dashed line")
        rows = page.locator(".plot .u-legend .u-series")
        expect(rows).to_have_count(3)
        expect(rows.last).to_contain_text("allowed")
        opened(page, address, "running")
        expect(page.locator(".plot .u-legend .u-series")).to_have_count(2)


def test_runs_side_by_side(chromium: Browser, address: str) -> None:
    """Whoever chooses runs sees their samples of one prompt and seed in one row."""
    with window(chromium) as page:
        opened(page, address, "compare")
        page.get_by_text("Choose runs").click()
        for name in ("done", "studio/oak", "studio/elm"):
            page.get_by_label(name).set_checked(True)
        page.get_by_role("button", name="Compare").click()
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first.locator("img")).to_have_count(3)
        expect(rows.first.locator("th")).to_contain_text("seed 7")


def test_inspection_and_report(chromium: Browser, address: str) -> None:
    """The contact sheet of a run's images opens, and its report is saved as one file."""
    with window(chromium) as page:
        opened(page, address, "done")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Report as a file").click()
        assert saved.value.suggested_filename == "done.html"
        assert "Written by bria-async" in Path(saved.value.path()).read_text()
        page.get_by_role("link", name="Inspect the images").click()
        expect(page.locator("img").first).to_be_visible()
