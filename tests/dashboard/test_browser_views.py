"""Every view of the dashboard, at the width of a desk and of a phone, by day and by night.

By day on a desk and by night on a phone: that shows each width and each scheme. `BRIA_SCREENSHOTS=DIR` takes the two
others as well, and keeps a picture of each, to be looked at.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
from playwright.sync_api import Browser, Locator, Page, expect

from bria_async.dashboard import serving
from tests.postgres import Server

from .apart import running
from .browser import DESKTOP, PHONE, barriers, needs_browser, window
from .studio import A_MINUTE, IMAGES, MANY, handed_over, studio

pytestmark = [needs_browser, pytest.mark.exhaustive, pytest.mark.timeout(300)]

VIEWS = {
    "runs": "",
    "done": "runs/done",
    "paused": "runs/paused",
    "running": "runs/running",
    "interrupted": "runs/interrupted",
    "review": "runs/review",
    "many-images": "runs/many-images",
    "events": "runs/many-images/events/2",
    "waiting": "runs/waiting",
    "batch": "runs/studio",
    "compare": "compare",
    "inspection": "runs/paused/inspection",
    "report": "runs/done/report",
    "report-of-batch": "runs/studio/report",
    "report-of-many-images": "runs/many-images/report",
    "nothing": "runs/never",
    "no-runs": "",
    "no-samples": "compare",
}
"""View -> where it is, below the address of its dashboard; a report is a file, and opened from the disk."""
ELSEWHERE = {"waiting": "shared", "no-runs": "empty", "no-samples": "empty"}
"""View -> the dashboard that shows it, where that is another one."""
FILLED = """() => {
  const named = getComputedStyle(document.documentElement).getPropertyValue("--accent-soft");
  const wanted = named.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
  const canvas = document.querySelector(".plot canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const is = (at) => wanted.every((part, number) => data[at + number] === part);
  for (let at = 0; at < data.length; at += 4) if (is(at)) return true;
  return false;
}"""
"""Whether the plot is filled with the colour that the page has for that now."""
CROWDED = """() => [...document.querySelectorAll(".timeline .bar")].filter((bar) => {
  const [name, drawn, took] = [".name", "rect", ".took"].map((each) => bar.querySelector(each).getBoundingClientRect());
  const end = bar.closest("svg").getBoundingClientRect().right;
  return !(name.right <= drawn.left && drawn.right <= took.left && took.right <= end);
}).map((bar) => bar.textContent.trim())"""
"""The steps of a timeline whose name, bar and words do not stand beside each other."""
LOOSE = """() => [...document.querySelectorAll(".dotted")].filter((line) => {
  const edge = line.getBoundingClientRect().left;
  const begins = [...line.children].filter((part, at, parts) => part.offsetTop !== parts[at - 1]?.offsetTop);
  const hides = (part) => part.getBoundingClientRect().left + parseFloat(getComputedStyle(part).fontSize) < edge + 1;
  return getComputedStyle(line).overflowX !== "clip" || !begins.every(hides) || line.textContent.includes("·");
}).map((line) => line.textContent)"""
"""The lines of parts with dots between them where a dot is seen at an end."""
CUT = """() => [...document.querySelectorAll(".scroll, .controls")].filter((box) => box.scrollWidth > box.clientWidth)
  .map((box) => `${box.ariaLabel ?? box.className}: ${box.scrollWidth} of ${box.clientWidth}`)"""
"""What is wider than its box."""
UNFOLD = """() => {
  const folded = "details:not(.tile:nth-child(odd), .tile:nth-child(n + 9))";
  for (const details of document.querySelectorAll(folded)) details.open = true;
}"""
"""Opens what is folded; of the tiles of a wall some of the first."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over runs in all states; in a thread of its own, as the browser has this one."""
    with running(lambda: studio(tmp_path_factory.mktemp("studio"))) as address:
        yield address


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over nothing."""
    with running(lambda: serving(tmp_path_factory.mktemp("empty"))) as address:
        yield address


@pytest.fixture(scope="module")
def shared(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over what workers share."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch, postgres_server.fresh() as database:
        patch.setenv("BRIA_STATE", str(folder / "state"))  # where it keeps thumbnails
        with running(lambda: handed_over(database, folder)) as address:
            yield address


def opened(page: Page, address: str, view: str, folder: Path = Path()) -> None:
    """Go to a view, once its pictures are there."""
    page.goto(address)
    target = f"{address.partition('?')[0]}{VIEWS[view]}"
    if view.startswith("report"):
        file = folder / "report.html"
        file.write_bytes(page.request.get(target).body())
        target = file.as_uri()
    page.goto(target)
    page.wait_for_load_state()
    for picture in page.locator("img:visible").all()[:8]:
        picture.scroll_into_view_if_needed()
        picture.evaluate("image => image.decode()")
    page.evaluate("for (const box of [window, ...document.querySelectorAll('.scroll')]) box.scrollTo(0, 0)")


def is_fit(page: Page, size: tuple[int, int], scheme: str, name: str) -> bool:
    """Whether nothing keeps people from using a page, by axe, and nothing sticks out at its side; keeps a picture.

    What is folded is opened for that, as axe sees only what is shown; of images four, so that both kinds are seen.
    """
    if folder := os.environ.get("BRIA_SCREENSHOTS"):
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size[0], "height": height})  # else what is not in sight is not drawn
        page.wait_for_load_state("load")
        page.screenshot(path=Path(folder, f"{name}-{'phone' if size == PHONE else 'desk'}-{scheme}.png"))
    page.evaluate(UNFOLD)
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    return True


SEEN = [("desk", "light"), ("phone", "dark"), ("desk", "dark"), ("phone", "light")]
SIZES = {"desk": DESKTOP, "phone": PHONE}
looks = pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(SIZES[size], scheme, id=f"{size}-{scheme}")
        for size, scheme in SEEN[: None if os.environ.get("BRIA_SCREENSHOTS") else 2]
    ],
)
sizes = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


@looks
@pytest.mark.parametrize("view", VIEWS)
def test_a_view(
    chromium: Browser, request: pytest.FixtureRequest, view: str, size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    """It is fit to be used."""
    address = request.getfixturevalue(ELSEWHERE.get(view, "address"))
    refused = (404,) if view in ("nothing", "inspection") else ()  # a sheet has no icon, which browsers look for
    with window(chromium, size, scheme, without_policy=True, refused=refused) as page:
        opened(page, address, view, tmp_path)
        assert page.evaluate(CROWDED) == page.evaluate(LOOSE) == []
        assert is_fit(page, size, scheme, view)


@pytest.mark.exhaustive
@looks
@pytest.mark.parametrize("view", ["many-images", "report-of-many-images"])
def test_captions_of_many_images(
    chromium: Browser, address: str, view: str, size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    """They are shown when somebody wants them, of all images, and with scripts as without."""
    with window(chromium, size, scheme, without_policy=True) as page:
        opened(page, address, view, tmp_path)
        captions = page.locator(".wall .caption")
        expect(captions).to_have_count(MANY)
        expect(captions.first).to_be_hidden()
        page.get_by_label("captions", exact=True).check()
        for caption in (captions.last, captions.first):
            caption.scroll_into_view_if_needed()
            expect(caption).to_be_visible()
            expect(caption).to_contain_text("A girl with purple hair and a star")
        assert is_fit(page, size, scheme, f"{view}-with-captions")
        page.locator(".tile summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_phone_shows_all_of_a_run(chromium: Browser, address: str) -> None:
    """Its timeline and its steps are no wider than the screen, and a sample to come takes no square of it."""
    with window(chromium, PHONE, refused=(404,)) as page:  # a sheet has no icon
        for view in ("done", "running", "paused", "review", "interrupted", "inspection"):
            opened(page, address, view)
            assert page.evaluate(CUT) == [], view
        opened(page, address, "paused")
        box = page.locator(".samples .frame").first.bounding_box()
        assert box is not None and box["height"] < box["width"] / 2


@looks
def test_signs_of_a_timeline(chromium: Browser, address: str, size: tuple[int, int], scheme: str) -> None:
    """What was repeated, and why, is told in words to whoever has no mouse."""
    with window(chromium, size, scheme, without_policy=True) as page:
        opened(page, address, "running")
        told = page.locator("#signs li")
        expect(told.first).to_be_hidden()
        page.locator("#signs summary").focus()
        page.keyboard.press("Enter")
        expect(told.filter(has_text="told to wait (429)").first).to_be_visible()
        assert is_fit(page, size, scheme, "signs")


@sizes
def test_rates_of_a_plot(chromium: Browser, address: str, size: tuple[int, int]) -> None:
    """What a plot shows under a mouse stands in a list, too, for who has none."""
    with window(chromium, size) as page:
        opened(page, address, "done")
        told = page.locator("#rates li")
        expect(told.first).to_be_hidden()
        page.locator("#rates summary").press("Enter")
        expect(told.first).to_be_visible()
        points = json.loads(page.locator(".plot").get_attribute("data-points") or "")
        rates = [f"{rate:,.0f} a minute" for _, rate in points[:-1]]
        assert told.locator("span").all_inner_texts() == rates


def test_a_plot_has_the_colours_of_its_page(chromium: Browser, address: str) -> None:
    """Also when they change while it is open."""
    with window(chromium, without_policy=True) as page:
        opened(page, address, "done")
        for scheme in ("dark", "light"):
            page.wait_for_function(FILLED)
            page.emulate_media(color_scheme=scheme)
        page.wait_for_function(FILLED)
        expect(page.locator(".plot canvas")).to_have_count(1)


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab does not lead to {wanted}")


def test_by_keyboard_alone(chromium: Browser, address: str) -> None:
    """Skip to the content, find an image, open it and change its caption, without a mouse; its run makes that."""
    with window(chromium) as page:
        opened(page, address, "review")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="To the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_label("Visual schema")).to_be_focused()
        tab_to(page, page.get_by_label("Find"))
        page.keyboard.type("lora-003")
        tile = page.locator(".tile:visible")
        expect(tile).to_have_count(1)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(tile.get_by_label("Caption")).to_be_focused()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type('{"short_description": "A cat, by keyboard"}')
        page.keyboard.press("Tab")
        expect(tile.get_by_role("button", name="Change the caption")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_have_text("The caption was handed to the run.")
        expect(tile.locator(".caption")).to_have_text("A cat, by keyboard")
        expect(page.locator("#events")).to_contain_text("was changed")


def test_without_scripts(chromium: Browser, address: str) -> None:
    """Pages show how things are."""
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        page.goto(f"{address.partition('?')[0]}runs/done")
        expect(page.locator("h1")).to_contain_text("done")
        expect(page.locator(".tile")).to_have_count(IMAGES)
        expect(page.locator(".plot svg[role=img]")).to_be_visible()
        expect(page.locator(".plot svg line.limit")).to_have_count(1)


def test_the_legend_of_a_plot(chromium: Browser, address: str) -> None:
    """It stands right beneath the drawing, tells the limit that the session was given, and what is under a mouse."""
    with window(chromium) as page:
        opened(page, address, "done")
        expect(page.get_by_text(f"keeps to {A_MINUTE:,} a minute")).to_contain_text("the dashed line")
        drawn, legend = page.locator(".plot .drawn"), page.locator(".plot .legend")
        expect(drawn.locator("canvas")).to_be_visible()
        expect(legend.locator("li")).to_have_text([f"allowed: {A_MINUTE:,} a minute", "images a minute"])
        drawn.scroll_into_view_if_needed()
        above, below = drawn.bounding_box(), legend.bounding_box()
        assert above is not None and below is not None
        assert 0 <= below["y"] - above["y"] - above["height"] < 10
        drawn.locator(".u-over").hover()
        (_, rate), *_ = json.loads(page.locator(".plot").get_attribute("data-points") or "")
        expect(legend.locator("li").last).to_contain_text(f"images a minute: {rate:.0f} at ")
        page.mouse.move(0, 0)
        expect(legend.locator("li").last).to_have_text("images a minute")
        opened(page, address, "paused")
        expect(page.locator(".plot .legend li")).to_have_text(["images a minute"])


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
