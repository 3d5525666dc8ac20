"""A page tells the newest events of a run, and how many there are; the others are behind it, page by page."""

import asyncio
import re
from pathlib import Path

import pytest

from bria_async.dashboard.web.views import EVENTS
from bria_async.graph.events import Happened
from bria_async.training.place import Place

from .apart import apart
from .door import Door, serving
from .written import begun, images, plan, writing

TOLD = 2 * EVENTS + 50


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to which much happened, and one to which little did."""
    state = tmp_path_factory.mktemp("told")

    async def main() -> None:
        for name, count in (("much", TOLD), ("little", EVENTS - 1)):
            async with writing(Place.of(name, state)) as (bria, journal):
                ledger = await begun(bria, journal, plan(state, name), images(state, 1))
                for number in range(count):
                    await ledger.record(Happened.WARNED, reason=f"word {number} of it")

    apart(asyncio.run, main())
    return state


def words(text: str) -> list[int]:
    """The events on a page, or in that section of it, by their numbers."""
    return [int(number) for number in re.findall("word ([0-9]+) of it", text.partition('id="events"')[2] or text)]


async def links(door: Door, target: str) -> dict[str, str]:
    """Where a page of events leads."""
    return dict(re.findall(r'<a href="[^"]*/events/(\d+)">(\w+)', (await door.ask(target)).text))


async def test_the_newest_are_told_and_counted(told: Path) -> None:
    """A page says how many more there are, and leads to them; one that has all of them says nothing."""
    async with serving(told) as door:
        much, little = (await door.ask("/runs/much")).text, (await door.ask("/runs/little")).text
        assert words(much) == [*range(TOLD - 1, TOLD - EVENTS - 1, -1)]
        assert f"The newest {EVENTS} of {TOLD + 1:,}." in much
        assert '<a href="/runs/much/events/1">All events</a>' in much
        assert len(words(little)) == EVENTS - 1
        assert "The newest" not in little
        assert words((await door.ask("/runs/much/report")).text) == [*range(TOLD - 1, -1, -1)], "a report has all"


async def test_all_of_them_page_by_page(told: Path) -> None:
    """The newest first, with links to what is newer and older where that is."""
    async with serving(told) as door:
        pages = [f"/runs/much/events/{number}" for number in (1, 2, 3)]
        assert [found for page in pages for found in words((await door.ask(page)).text)] == [*range(TOLD - 1, -1, -1)]
        assert [await links(door, page) for page in pages] == [
            {"2": "Older"},
            {"1": "Newer", "3": "Older"},
            {"2": "Newer"},
        ]
        assert f"{EVENTS + 1} to {2 * EVENTS} of {TOLD + 1}" in (await door.ask(pages[1])).text
        assert await links(door, "/runs/little/events/1") == {}


@pytest.mark.parametrize("page", ["0", "4", "-1", "1.0", "999999", "1000000", "%D9%A1", "", "1/live"])
async def test_pages_that_there_are_not(told: Path, page: str) -> None:
    """There is nothing behind the last, and nothing before the first."""
    async with serving(told) as door:
        assert (await door.ask(f"/runs/much/events/{page}")).status == 404
