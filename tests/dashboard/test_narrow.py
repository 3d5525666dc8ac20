"""What a narrow screen shows: that of a phone, or one on which somebody enlarges the page."""

import asyncio
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
from playwright.sync_api import Browser, Page

from bria_async.dashboard.report import write_report
from bria_async.host import Host
from bria_async.training.lifecycle import shape
from bria_async.training.place import Place
from bria_async.training.plan import Plan

from .apart import apart
from .browser import DESKTOP, needs_browser, window
from .written import begun, images, plan, uploaded, writing

pytestmark = needs_browser

ENLARGED = (320, 640)
"""Pixels of a window of 1280 that is enlarged four times."""
SHOWN = """() => Object.fromEntries([...document.querySelectorAll(".graph tbody tr")].map((row) => [
  row.querySelector("th").firstChild.textContent.trim(),
  [...row.querySelectorAll(".needs")].filter((each) => each.checkVisibility()).map((each) => each.textContent.trim()),
]))"""
"""The words of what each step needs, as they are shown."""
BESIDE = """() => {
  const circles = [...document.querySelectorAll(".arcs circle")];
  return [...document.querySelectorAll(".graph tbody tr")].every((row, number) => {
    const [line, circle] = [row, circles[number]].map((each) => each.getBoundingClientRect());
    return Math.abs(line.top + line.height / 2 - circle.top - circle.height / 2) < 2;
  });
}"""
"""Whether each step stands beside its place in the drawing of the edges."""
NO_WIDER = """() => [...document.querySelectorAll(".graph .narrow")].every((each) => each.offsetWidth === 0)"""
"""Whether no column is wider for the words below the names."""


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The report of a run."""
    folder = tmp_path_factory.mktemp("narrow")

    async def write() -> None:
        place = Place.of("cats", folder)
        async with writing(place) as (bria, journal):
            await uploaded(await begun(bria, journal, plan(folder, "cats", samples=("a boat",)), images(folder, 3)))
        await write_report(place, folder / "report.html", Host())

    apart(asyncio.run, write())
    with window(chromium) as opened:
        opened.goto((folder / "report.html").as_uri())
        yield opened


@pytest.mark.parametrize(("size", "before"), [(DESKTOP, ""), (ENLARGED, "needs ")], ids=["wide", "narrow"])
def test_the_edges_are_in_words(page: Page, size: tuple[int, int], before: str) -> None:
    """Once on each screen, and each step stands beside its place in their drawing."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    graph = shape(Plan(images="here", name="Cats", samples=("a boat",)), 3)
    needs = {task.name: ", ".join(edge.name for edge in graph.edges(task)) for task in graph.order()}
    items = {"upload": " · 3 of 3"} if before else {}
    shown = {name: [words for words in found if words] for name, found in page.evaluate(SHOWN).items()}
    assert shown == {name: [before + words + items.get(name, "")] if words else [] for name, words in needs.items()}
    assert page.evaluate(BESIDE)
    assert page.evaluate(NO_WIDER), "states are as near as without them"
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
