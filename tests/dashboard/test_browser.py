"""A browser follows a real run on the real dashboard: started, killed, resumed, reviewed, and done."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
from playwright.sync_api import Browser, expect

from bria_async.dashboard import app, serving
from bria_async.sim import Simulator
from bria_async.training.place import Place
from tests.cli.shell import ICONS, QUICK, Running, Shell
from tests.training.conftest import COUNT

from .apart import running
from .browser import ELSEWHERE, needs_browser, window
from .door import listening
from .large import COUNT as COUNT_OF_LARGE
from .thousand import COUNT as COUNT_OF_THOUSAND
from .thousand import STATES
from .written import begun, images, noise, plan, writing

pytestmark = needs_browser

REVIEWED = (*ICONS, *QUICK, "--review", "--sample", "a lighthouse", "--sample-seed", "7")


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as stack:
        yield stack


def dashboard(shell: Shell, opened: ExitStack, *flags: str) -> str:
    """Start the dashboard, and return the address that it prints."""
    running = opened.enter_context(shell.start("dashboard", "--port", "0", *flags))
    return running.until("http://").split()[-1]


def train(shell: Shell, opened: ExitStack, pictures: Path, *flags: str) -> Running:
    """Start a training."""
    return opened.enter_context(shell.start("train", pictures, "--name", "cats", *(flags or REVIEWED)))


def test_a_run_from_start_to_samples(
    chromium: Browser, slow: Simulator, slow_shell: Shell, opened: ExitStack, pictures: Path
) -> None:
    """Killed, resumed, a caption and the schema changed, approved and done, and its page is never loaded again."""
    address = dashboard(slow_shell, opened, "--control")
    page = opened.enter_context(window(chromium))
    page.goto(address)
    assert "key=" not in page.url, "the key is taken out of the address"
    expect(page.get_by_text("There are no runs yet")).to_be_visible()
    first = train(slow_shell, opened, pictures)
    page.get_by_role("link", name="cats").click()
    asked = page.get_by_role("heading", name="Waits for your review")
    expect(asked).to_be_visible()
    expect(page.locator(".tile.s-done")).to_have_count(COUNT)
    loaded = page.evaluate("performance.timeOrigin")

    first.kill_all()
    expect(page.locator("h1 .state")).to_contain_text("interrupted")
    expect(page.locator(".next code")).to_have_text("bria-async resume cats")
    second = opened.enter_context(slow_shell.start("resume", "cats", *QUICK))
    expect(page.locator("h1 .state")).to_contain_text("running")
    expect(page.locator("#timeline .k-resumed").first).to_be_attached()

    tile = page.locator(".tile").first
    tile.locator("summary").focus()
    page.keyboard.press("Enter")
    field = tile.get_by_label("Caption")
    field.fill("no JSON")
    tile.get_by_role("button", name="Change the caption").click()
    expect(page.locator("#said")).to_contain_text("must be a JSON object")
    field.fill('{"short_description": "A cat that I described myself"}')
    tile.get_by_role("button", name="Change the caption").click()
    expect(tile.locator(".caption")).to_have_text("A cat that I described myself")
    expect(page.locator("#events")).to_contain_text("was changed")

    page.get_by_label("Visual schema").fill('{"style": "ink on paper"}')
    page.get_by_role("button", name="Change the visual schema").click()
    expect(page.locator("#events")).to_contain_text("the visual schema was changed")

    page.get_by_role("button", name="Approve, and go on").click()
    expect(page.locator("#events")).to_contain_text("the training is InProgress")
    expect(asked).to_have_count(0)
    expect(page.locator("#review")).to_have_attribute("hidden", "")
    slow.clock.push(3 * 3600)
    sample = page.locator("#samples img")
    expect(sample).to_have_attribute("alt", "a lighthouse")
    expect(page.locator("#samples")).to_contain_text("seed 7")
    expect(page.locator("h1 .state")).to_contain_text("done")
    assert sample.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert page.evaluate("performance.timeOrigin") == loaded, "the page was never loaded again"
    assert second.end().code == 0
    listed = opened.enter_context(slow_shell.start("captions", "cats")).end().out
    assert "A cat that I described myself" in listed, "and the server has the caption"


@contextlib.asynccontextmanager
async def mounted(state: Path) -> AsyncIterator[int]:
    """A run whose process died, on the port of a dashboard that goes by another name, too."""
    async with writing(Place.of("cats", state)) as (bria, journal):
        await begun(bria, journal, plan(state, "cats"), images(state, 1))
    async with listening(app(state, hosts=("127.0.0.1", ELSEWHERE)), ELSEWHERE) as door:
        yield door.port


@pytest.mark.parametrize(("name", "said"), [("127.0.0.1", "Copied."), (ELSEWHERE, "the command is selected")])
def test_the_next_command_is_copied(chromium: Browser, tmp_path: Path, name: str, said: str) -> None:
    """Where the browser has a clipboard for the page; else it is selected, and the page says so."""
    with running(lambda: mounted(tmp_path)) as port, chromium.new_context() as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(f"http://{name}:{port}/runs/cats")
        page.get_by_role("button", name="Copy").click()
        expect(page.locator("#said")).to_contain_text(said)
        found = page.evaluate("navigator.clipboard ? navigator.clipboard.readText() : String(getSelection())")
        assert found == page.locator(".next code").inner_text()


def test_finding_one_of_a_thousand_runs(chromium: Browser, thousand: Path) -> None:
    """Words leave the cards that hold them, names and states alike; none leaves all."""
    with running(lambda: serving(thousand)) as address, window(chromium) as page:
        page.route("**/collage/*", lambda route: route.fulfill(status=200, content_type="image/webp", body=noise(1)))
        page.goto(address.replace("/?", "/runs/many?"))
        cards, search = page.locator("#cards > li:visible"), page.get_by_label("Find")
        expect(page.locator("#cards > li")).to_have_count(COUNT_OF_THOUSAND)
        search.fill("run-123")
        expect(cards).to_have_count(1)
        search.fill("Not Begun")
        expect(cards).to_have_count(STATES["not begun"])
        search.fill("nothing of that")
        expect(cards).to_have_count(0)
        search.fill("")
        expect(cards).to_have_count(COUNT_OF_THOUSAND)


def test_a_report_of_five_thousand_images(chromium: Browser, large: tuple[Path, float], opened: ExitStack) -> None:
    """It opens from the disk with a place for every image; the first and the last show their pictures."""
    file, _ = large
    page = opened.enter_context(window(chromium))
    page.goto(file.as_uri())
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(COUNT_OF_LARGE)
    for tile in (tiles.first, tiles.last):
        tile.scroll_into_view_if_needed()
        expect(tile).to_be_in_viewport()
        tile.locator("img").evaluate("image => image.decode()")
