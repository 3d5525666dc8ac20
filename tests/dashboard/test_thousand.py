"""A thousand runs are shown whole, the numbers of their batch add up, and who follows it is sent what changed."""

import functools
import shutil
import time
from pathlib import Path

import pytest

from tests.simulation.loop import run_virtually

from .door import Door, serving
from .html import Page as Html
from .thousand import CHANGING, COUNT, IMAGES, STATES, state_of, told


async def test_every_run_is_there_in_its_state(thousand: Path) -> None:
    """On the page of the batch, whose head counts them; on the first page the batch is one card."""
    async with serving(thousand) as door:
        home, batch = (await door.ask("/")).text, (await door.ask("/runs/many")).text
        assert home.count('<li class="card') == 1
        assert "500 of 1,000 trained" in home
        some = Html()
        some.feed(batch)
        cards = {each.attributes["id"]: each.classes for each in some.all("li", "card")}
        assert cards == {
            f"run-many/run-{number:03}": {"card", f"s-{state_of(number).replace(' ', '-')}"} for number in range(COUNT)
        }
        head = some.text.partition("Next")[0]
        for state, number in STATES.items():
            assert f"{state}\n{number}\n" in head.replace("  ", " ")
        begun = COUNT - STATES["not begun"]
        stored = STATES["done"] * IMAGES + (begun - STATES["done"]) * 2
        assert f"{stored:,} of {begun * IMAGES:,}" in head


@pytest.mark.parametrize(("page", "parts"), [("/", 1), ("/runs/many", CHANGING + 1)])
def test_who_follows_them_is_sent_what_changed(thousand: Path, tmp_path: Path, page: str, parts: int) -> None:
    """The cards of the runs that changed, and the head of their batch; on the first page its one card."""
    shutil.copytree(thousand, tmp_path / "state")
    found = run_virtually(functools.partial(told, tmp_path / "state", page))
    assert len(found.parts) == parts
    assert found.size < 3000 * parts, "bytes"


async def measured(door: Door, target: str) -> tuple[str, float]:
    """A page, and the seconds of a processor that it took."""
    began = time.process_time()
    answer = await door.ask(target)
    return answer.text, time.process_time() - began


@pytest.mark.parametrize(("target", "seconds", "size"), [("/", 0.6, 20_000), ("/runs/many", 2.0, 8_000_000)])
async def test_what_their_pages_take(thousand: Path, target: str, seconds: float, size: int) -> None:
    """At most ten times what was measured."""
    async with serving(thousand) as door:
        page, took = await measured(door, target)
    assert len(page) < size
    assert took < seconds


async def test_a_thousand_runs_that_are_no_batch(singles: Path) -> None:
    """Each has its card on the first page, which takes at most ten times what was measured."""
    async with serving(singles) as door:
        page, took = await measured(door, "/")
    found = Html()
    found.feed(page)
    assert {each.attributes["id"] for each in found.all("li", "card")} == {f"run-run-{n:03}" for n in range(COUNT)}
    assert len(page) < 8_000_000
    assert took < 10
