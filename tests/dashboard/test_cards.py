"""Cards of runs and batches: what most needs somebody comes first, and one damaged journal hides no other."""

import asyncio
import contextlib
import html
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from bria_async.dashboard.collage import MOST, collage
from bria_async.dashboard.facts import facts_of_runs, next_of_batch
from bria_async.dashboard.overview import WAITS, overview_of
from bria_async.dashboard.templating import rendered
from bria_async.dashboard.web.cards import Card, cards_of, cards_of_batch
from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Keeper
from bria_async.session import Session
from bria_async.training.members import members_of, written
from bria_async.training.place import Place
from bria_async.training.shared import places
from tests.training.conftest import COUNT

from .door import serving
from .written import begun, finish, images, plan, uploaded, writing


def cards(state: Path) -> dict[str, Card]:
    """All cards of a state folder, by title, in their order."""
    return {card.title: card for card in cards_of(places(state))}


async def write_runs(state: Path) -> None:
    """A run in each state, begun one after the other."""
    ends = {
        "done": ("done", None, Happened.COMPLETED),
        "paused": ("paused", "it was asked to", Happened.PAUSED),
        "failed": ("failed", "refused", Happened.RUN_FAILED),
        "interrupted": None,
    }
    for name, end in ends.items():
        async with writing(Place.of(name, state)) as (bria, journal):
            ledger = await begun(bria, journal, plan(state, name), images(state, 5))
            await uploaded(ledger, 2)
            if end is not None:
                await ledger.settle_run(*end)


@pytest.mark.parametrize(("samples", "words"), [(0, []), (1, ["1 sample"]), (2, ["2 samples"])])
def test_samples_of_a_card(samples: int, words: list[str]) -> None:
    """Their number and the right word, between the images and the model."""
    card = Card("cats", "", "done", images=5, uploaded=5, model=7, samples=samples)
    links = SimpleNamespace(run=lambda *_: "cats", collage=lambda *_: "cats")
    line = re.search(r'<p class="facts dotted">(.*)</p>', rendered("live/card.html", links=links, shown=card))
    assert line is not None
    shown = re.sub("<bdi>|</bdi>", "", line[1])
    assert re.findall("<span>(.*?)</span>", shown) == ["5 of 5 images", *words, "model&nbsp;7"]


def test_what_needs_somebody_comes_first(tmp_path: Path) -> None:
    """By the state, each with its numbers and why it is so; a run that somebody works on before those that are done."""

    async def main() -> dict[str, Card]:
        await write_runs(tmp_path)
        async with writing(Place.of("running", tmp_path)) as (bria, journal):
            await begun(bria, journal, plan(tmp_path, "running"), images(tmp_path, 5))
            return cards(tmp_path)

    found = asyncio.run(main())
    assert [card.state for card in found.values()] == ["failed", "paused", "interrupted", "running", "done"]
    assert list(found) == [card.state for card in found.values()], "each is in the state that it is named for"
    paused = found["paused"]
    assert (paused.uploaded, paused.images, paused.pictures, paused.reason) == (2, 5, MOST, "it was asked to")
    assert paused.step == "upload 2 of 5"


def test_who_waits_for_an_approval_comes_before_who_only_runs(tmp_path: Path) -> None:
    """A run, and a batch with such a run, say so on their cards until somebody approves, or none is of use any more."""

    async def asked(journal: Keeper, bria: Session, name: str) -> Ledger:
        ledger = await begun(bria, journal, plan(tmp_path, name), images(tmp_path, 1))
        await uploaded(ledger)
        await ledger.record(Happened.ASKED, subject="1")
        return ledger

    def steps() -> dict[str, str]:
        return {card.title: card.step for card in cards(tmp_path).values()}

    async def main() -> None:
        many = Place.of("many", tmp_path)
        async with contextlib.AsyncExitStack() as stack:
            bria, journal = await stack.enter_async_context(writing(Place.of("asks", tmp_path)))
            asks = await asked(journal, bria, "asks")
            bria, journal = await stack.enter_async_context(writing(many))
            many.plans.write_text(written(members_of([plan(tmp_path, name) for name in ("b", "a", "c")])))
            await begun(bria, journal, plan(tmp_path, "b"), images(tmp_path, 1))
            await asked(journal, bria, "a")
            await begun(bria, journal, plan(tmp_path, "c"), images(tmp_path, 1))
            bria, journal = await stack.enter_async_context(writing(Place.of("late", tmp_path)))
            late = await begun(bria, journal, plan(tmp_path, "late"), images(tmp_path, 1))
            waits = "0 of 3 trained, 3 running, of which 1 waits for your approval"
            assert steps() == {"many": waits, "asks": WAITS, "late": "project"}
            assert list(steps()) == ["many", "asks", "late"]
            assert [card.name for card in cards_of_batch(many, overview_of(many))] == ["a", "c", "b"]
            assert [facts["run"] for facts in facts_of_runs(many, overview_of(many))] == ["many/a", "many/b", "many/c"]
            assert next_of_batch(many, overview_of(many)) == f"bria-async approve --state {tmp_path} many/a"
            async with serving(tmp_path) as door:
                pages = [(await door.ask(page)).text for page in ("/", "/runs/many", "/runs/many/report")]
            assert [page.count(f">{WAITS}</span>") for page in pages] == [1, 1, 1]
            await asks.record(Happened.APPROVED, subject="1")
            assert steps() == {"many": waits, "late": "project", "asks": "captions"}
            for ledger in (asks, late):
                await ledger.record(Happened.ASKED, subject="2")
            assert (steps()["asks"], steps()["late"]) == (WAITS, WAITS)
            await finish(asks, asks.rows["complete"][""])
            await late.settle_run("failed", "refused", Happened.RUN_FAILED)
            assert (steps()["asks"], steps()["late"]) == ("captions", "project"), "it is too late for an approval"

    asyncio.run(main())


def test_cards_carry_their_places(shelf: Path) -> None:
    """By which a page that is live keeps them in this order."""

    async def main() -> str:
        async with serving(shelf) as door:
            return (await door.ask("/")).text

    ranks = [json.loads(html.unescape(rank)) for rank in re.findall('data-rank="([^"]*)"', asyncio.run(main()))]
    assert [title for *_, title in ranks] == list(cards(shelf))
    assert ranks == sorted(ranks)


def test_a_batch_is_one_card(shelf: Path) -> None:
    """With the numbers of all its runs; a run that is done has its samples among its pictures, and its model."""
    found = cards(shelf)
    assert list(found) == ["draft", "many", "studio"], "of those that are done, the newest comes first"
    many, done = found["many"], found["studio"]
    assert (many.is_batch, many.state, many.step) == (True, "done", "2 of 2 trained")
    assert (many.uploaded, many.images) == (2 * COUNT, 2 * COUNT)
    assert (done.samples, done.pictures, found["draft"].pictures) == (2, MOST, MOST)
    assert done.model is not None


def test_every_picture_of_a_card_is_there(shelf: Path) -> None:
    """As many as a card shows, of runs, of batches, and of the runs of batches."""
    many = Place.of("many", shelf)
    for card in [*cards_of(places(shelf)), *cards_of_batch(many, overview_of(many))]:
        place = Place.of(card.title, shelf)
        there = feed.first_runs(place.source, MOST) if card.is_batch else collage(place, place.name)
        assert card.pictures == len(there), card.title


def test_a_damaged_journal_hides_no_other(shelf: Path, tmp_path: Path) -> None:
    """It is a card that says so, and everything else is there; names of folders may be anything."""
    asyncio.run(write_runs(tmp_path))
    for name in ("broken", "<img src=x onerror=alert(1)>"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.db").write_bytes(b"no journal " * 500)
    (tmp_path / "broken" / "plans.json").write_text("[]")
    found = cards(tmp_path)
    assert len(found) == 6
    for card in list(found.values())[-2:]:
        assert card.state == "unreadable"
        assert "cannot be read" in card.reason

    async def main() -> None:
        async with serving(tmp_path) as door:
            home = await door.ask("/")
            assert home.status == 200
            assert "&lt;img src=x onerror=alert(1)&gt;" in home.text
            assert "<img src=x" not in home.text
            assert (await door.ask("/runs/broken")).status == 503
            assert (await door.ask("/compare")).status == 200, "what cannot be read is not compared"

    asyncio.run(main())


def test_runs_that_have_not_begun(tmp_path: Path) -> None:
    """A batch shows them too, with the reason where there is one; so does their own page."""
    place = Place.of("many", tmp_path)

    async def main() -> None:
        plans = [plan(tmp_path, name) for name in ("one", "two", "three")]
        async with writing(place) as (bria, journal):
            place.plans.write_text(written(members_of(plans)))
            await begun(bria, journal, plans[0], images(tmp_path, 1))
        (place.folder / "two").mkdir()
        place.run("two").not_begun.write_text("there are no <images>")
        found = {card.name: card for card in cards_of_batch(place, overview_of(place))}
        assert {name: card.state for name, card in found.items()} == {
            "one": "interrupted",
            "three": "not begun",
            "two": "not begun",
        }
        assert found["two"].reason == "there are no <images>"
        async with serving(tmp_path) as door:
            page = await door.ask("/runs/many/runs/two")
            assert page.status == 404
            assert "many/two: there are no &lt;images&gt;" in page.text
            assert "it waits for its turn" in (await door.ask("/runs/many/runs/three")).text
            assert "there are no &lt;images&gt;" in (await door.ask("/runs/many")).text
            assert "images/0" not in (await door.ask("/runs/many/runs/two/live")).text
            for below in ("events/1", "inspection", "report"):
                page = await door.ask(f"/runs/many/runs/two/{below}")
                assert (page.status, "many/two: there are no &lt;images&gt;" in page.text) == (404, True), below
            assert (await door.ask("/runs/many/runs/two/images/0/96")).status == 404

    asyncio.run(main())


async def test_runs_that_their_journals_lack(tmp_path: Path) -> None:
    """A page that is not found says so in words, of a name that the batch has not, and of a folder that was renamed."""
    many, cats = Place.of("many", tmp_path), Place.of("cats", tmp_path)
    for place, made in ((many, plan(tmp_path, "one")), (cats, plan(tmp_path, "cats"))):
        async with writing(place) as (bria, journal):
            await begun(bria, journal, made, images(tmp_path, 1))
    many.plans.write_text(written(members_of([plan(tmp_path, "one")])))
    cats.folder.rename(tmp_path / "dogs")
    told = {
        "/runs/many/runs/nobody": "many/nobody: the batch has no run of this name.",
        "/runs/dogs": "dogs: its journal holds the run &#39;cats&#39;, whose folder was renamed.",
    }
    async with serving(tmp_path) as door:
        for run, words in told.items():
            for below in ("", "/events/1", "/inspection", "/report"):
                page = await door.ask(f"{run}{below}")
                assert (page.status, f'<p class="reason" dir="auto">{words}' in page.text) == (404, True), page.text


@pytest.mark.parametrize("below", ["events/1", "inspection", "images/0/96", "samples/0/96"])
async def test_what_only_runs_have(shelf: Path, below: str) -> None:
    """Of a batch there is none, and the page of what somebody asked for says why."""
    async with serving(shelf) as door:
        page = await door.ask(f"/runs/many/{below}")
        assert page.status == 404
        assert "is a batch" in page.text


def test_no_runs(tmp_path: Path) -> None:
    """An empty folder, and one that is not there, have no cards."""
    assert cards(tmp_path) == cards(tmp_path / "nowhere") == {}
