"""Samples of several runs side by side: one row for a prompt and a seed, whatever else the runs have."""

from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.dashboard.pages import Picture, RunPage, read_run
from bria_async.dashboard.web.comparing import compare
from bria_async.dashboard.web.serving import MOST_COMPARED
from bria_async.training.members import members_of, written
from bria_async.training.place import Place
from bria_async.training.samples import Prompt, Sample

from .door import serving
from .written import begun, finish, images, plan, writing


@pytest.fixture(scope="module")
def page(shelf: Path) -> RunPage:
    """The page of a run with two samples."""
    return read_run(Place.of("studio", shelf), 0.0)


def picture(number: int, text: str, seed: int | None, *, made: bool = True, **fields: Any) -> Picture:
    """A sample, or one that is still to come."""
    sample = Sample(prompt=text, url="", path=Path(f"{number}.png"), seed=seed) if made else None
    return Picture(number, Prompt(number, text), "done", sample, **fields)


def rows(page: RunPage, *runs: list[Picture]) -> list[tuple[str, int | None, list[int | None]]]:
    """What comparing these runs gives: prompts, seeds, and the numbers of the samples."""
    pages = [attrs.evolve(page, pictures=tuple(pictures)) for pictures in runs]
    return [
        (row.prompt, row.seed, [None if cell is None else cell.number for cell in row.cells]) for row in compare(pages)
    ]


def test_one_row_for_a_prompt_and_a_seed(page: RunPage) -> None:
    """In whatever order the runs have them."""
    one = [picture(1, "a boat", 7), picture(2, "a lamp", 7)]
    other = [picture(1, "a lamp", 7), picture(2, "a boat", 7)]
    assert rows(page, one, other) == [("a boat", 7, [1, 2]), ("a lamp", 7, [2, 1])]


def test_other_seeds_are_other_rows(page: RunPage) -> None:
    """One that nobody told is a seed of its own."""
    one = [picture(1, "a boat", 7), picture(2, "a boat", None)]
    assert rows(page, one, [picture(1, "a boat", 8), picture(2, "a boat", None)]) == [
        ("a boat", None, [2, 2]),
        ("a boat", 7, [1, None]),
        ("a boat", 8, [None, 1]),
    ]


def test_what_most_runs_have_comes_first(page: RunPage) -> None:
    """Else the order is that of the runs; what has not come yet is in no row."""
    runs = (
        [picture(1, "alone", 1), picture(2, "to come", 1, made=False)],
        [picture(1, "two of three", 1)],
        [picture(1, "two of three", 1), picture(2, "last", 1)],
    )
    assert rows(page, *runs) == [
        ("two of three", 1, [None, 1, 1]),
        ("alone", 1, [1, None, None]),
        ("last", 1, [None, None, 2]),
    ]


def test_the_same_twice_in_one_run(page: RunPage) -> None:
    """Each gets a row, beside its like in the other run."""
    twice = [picture(number, "a boat", 7) for number in (1, 2, 3)]
    assert rows(page, twice, twice[:1]) == [
        ("a boat", 7, [1, 1]),
        ("a boat", 7, [2, None]),
        ("a boat", 7, [3, None]),
    ]
    assert rows(page) == rows(page, [], []) == []


async def test_the_page(shelf: Path) -> None:
    """Those that are named, or the newest that have samples; what has none, or is not there, is left out."""
    async with serving(shelf) as door:
        found = (await door.ask("/compare")).text
        assert found.count('<th scope="row">') == 2
        assert "a lighthouse" in found
        assert "seed 7" in found
        assert 'src="/runs/studio/samples/0/' in found
        named = (
            await door.ask("/compare?run=studio&run=nobody&run=..%2f..%2fetc&run=%3Cimg%20src=x%3E&run=draft")
        ).text
        assert named.count('<th scope="row">') == 2
        assert "<img src=x" not in named
        assert "There are no samples yet of these runs" in (await door.ask("/compare?run=many")).text
        assert (await door.ask("/compare?" + "run=studio&" * 200)).text.count("samples/0/") == 1


async def test_more_runs_than_stand_side_by_side(tmp_path: Path) -> None:
    """The first of those that were chosen do, and it is said that there are more."""
    place = Place.of("many", tmp_path)
    plans = [plan(tmp_path, f"run-{number:02}", samples=("a boat",)) for number in range(MOST_COMPARED + 2)]
    async with writing(place) as (bria, journal):
        place.plans.write_text(written(members_of(plans)))
        for made in plans:
            ledger = await begun(bria, journal, made, images(tmp_path, 1))
            (sample,) = ledger.of("sample")
            await finish(ledger, sample, {"prompt": "a boat", "path": "boat.png", "url": "", "seed": 7})
    chosen = [f"run=many/{made.run}" for made in plans]
    async with serving(tmp_path) as door:
        for count in (MOST_COMPARED, MOST_COMPARED + 2):
            text = (await door.ask(f"/compare?{'&'.join(chosen[:count])}")).text
            assert text.count('<th scope="col"><a') == MOST_COMPARED
            assert ("The first 24 of the 26 runs that were chosen" in text) is (count > MOST_COMPARED)
            assert text.count(" checked>") == count
