"""What was asked for and is not made yet is shown: on the page, in its fields, and to whoever follows it."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from bria_async.dashboard.pages import read_run
from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, STOP, Request
from bria_async.graph.ledger import Ledger
from bria_async.host import Host
from bria_async.training.place import CONTROL, Place
from tests.simulation.loop import run_virtually

from .apart import apart
from .door import serving
from .live import followed
from .written import begun, finish, images, plan, uploaded, writing

WAITS = "Asked for, and not made yet"
OF_CAPTION = "A change of the caption is asked for"
LEGACY = ("project", "dataset", "prefix", "identity")


def ask(place: Place, *wishes: Request) -> None:
    """Ask a run for this."""
    for wish in wishes:
        place.control.ask(wish, Host())


def write(place: Place, drafted: Iterable[str] = LEGACY, family: str = "legacy") -> None:
    """A run whose process died when its two images were uploaded."""

    async def main() -> None:
        async with writing(place) as (bria, journal):
            more = {"use_case": "illustrative_style", "style_description": "flat"} if family == "2024" else {}
            made = plan(place.folder, place.name, family=family, **more)
            ledger = await begun(bria, journal, made, images(place.folder, 2))
            await uploaded(ledger, drafted=drafted)

    apart(asyncio.run, main())


def ids(place: Place) -> list[str]:
    """Its images on the server."""
    return [*read_run(place, 0.0).by_id]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Such a run, whose dataset has no prefix."""
    place = Place.of("cats", tmp_path)
    write(place)
    return place


async def looked_at(place: Place, *, control: bool = True) -> str:
    """Its page, by a dashboard that knows no older one."""
    async with serving(place.folder.parent, control=control) as door:
        answer = await door.ask(f"/runs/{place.name}")
        assert answer.status == 200
        return answer.text


@pytest.mark.parametrize("control", [True, False])
async def test_they_are_shown_until_they_are_made(place: Place, control: bool) -> None:
    """In their order, with their images and texts, and other requests are not; though no event tells of them."""
    first, second = ids(place)
    assert WAITS not in await looked_at(place, control=control)
    ask(
        place,
        Request(CAPTION, {"image": first, "caption": "a cat <b>of mine"}),
        Request(STOP),
        Request(SCHEMA, {"text": "a drawing of", "anew": True}),
        Request(CAPTION, {"image": second, "anew": True}),
        Request(APPROVE),
    )
    text = await looked_at(place, control=control)
    listed = text.partition(WAITS)[2].partition("</ol>")[0]
    assert listed.count("<li>") == 3
    assert "a cat &lt;b&gt;of mine" in listed
    assert listed.index('href="#image-0"') < listed.index("caption prefix") < listed.index('href="#image-1"')
    assert listed.index("then all captions anew") < listed.index("made anew</span>")
    assert text.count(OF_CAPTION) == 2
    assert (text.count('dir="auto">a cat &lt;b&gt;of mine</textarea>') == 1) is control
    assert ('dir="auto">a drawing of</textarea>' in text) is control
    for which, _ in place.control.waiting():
        place.control.remove(which)
    again = await looked_at(place, control=control)
    assert (WAITS in again, OF_CAPTION in again) == (False, False)


async def test_whatever_lies_in_the_folder(place: Place) -> None:
    """Requests that hold no image, no text or no words hide nothing else."""
    ask(place, Request(CAPTION), Request(SCHEMA), Request(CAPTION, {"image": [], "caption": 7}), Request("unknown"))
    assert (await looked_at(place)).partition(WAITS)[2].partition("</ol>")[0].count("<li>") == 3


@pytest.mark.parametrize("at", ["1e20", "NaN", "-Infinity"])
async def test_times_that_are_none(place: Place, at: str) -> None:
    """Are not told, and what was asked for is."""
    folder = place.folder / CONTROL
    folder.mkdir()
    (folder / "1.json").write_text(f'{{"what": "schema", "text": "a drawing of", "at": {at}}}')
    assert "<q>a drawing of</q>" in (await looked_at(place)).partition(WAITS)[2]


async def test_what_cannot_be_read_is_told(place: Place) -> None:
    """On the page, and by whoever writes a report: nothing that was asked for is passed over in silence."""
    (place.folder / CONTROL / "1.json").mkdir(parents=True)
    async with serving(place.folder.parent) as door:
        for target in ("/runs/cats", "/runs/cats/report"):
            answer = await door.ask(target)
            assert (answer.status, "What cats was asked for cannot be read" in answer.text) == (503, True), answer.text


async def test_none_of_a_dataset_that_is_completed(place: Place) -> None:
    """It is no draft any more."""

    async def complete() -> None:
        async with writing(place) as (bria, journal):
            row = await journal.find_run(place.name)
            assert row is not None
            ledger = await Ledger.load(journal, row, bria.host)
            await finish(ledger, ledger.rows["complete"][""], {"id": 5, "name": ""})

    ask(place, Request(SCHEMA, {"text": "a drawing of"}))
    await complete()
    assert WAITS not in await looked_at(place)


def test_whoever_follows_the_page_is_told(place: Place) -> None:
    """Of what is asked for, and that it is not any more; images that it does not concern are not sent."""
    first, _ = ids(place)

    async def main() -> None:
        async with followed(place.folder.parent, control=True) as board:
            before = await board.version("/runs/cats")
            async with board.follow(f"/runs/cats/live?after={before}") as reader:
                assert await reader.until(10) == []
                ask(place, Request(CAPTION, {"image": first, "caption": "a cat"}))
                (told,) = await reader.until(10)
                assert set(told.data) == {"review", "image-0"}
                assert told.version == await board.version("/runs/cats") != before
                ((which, _),) = place.control.waiting()
                place.control.remove(which)
                (gone,) = await reader.until(10)
                assert (set(gone.data), gone.version) == ({"review", "image-0"}, before)
            async with board.follow("/runs/cats/live", Last_Event_ID=told.version) as again:
                (whole,) = await again.until(10)
                assert OF_CAPTION not in whole.data["image-0"], "whoever was away meanwhile has it, too"

    run_virtually(main)


# --- the first text ------------------------------------------------------------------------------------------------


async def test_the_first_prefix_is_set_on_the_page(place: Place) -> None:
    """Where the run came to it and the dataset has none; without control nobody is shown an empty field."""
    assert "<textarea" not in await looked_at(place, control=False)
    text = await looked_at(place)
    assert "Caption prefix: there is none yet" in text
    assert "<button>Set the caption prefix</button>" in text
    async with serving(place.folder.parent, control=True) as door:
        assert (await door.post("/runs/cats/schema", b"text=a+drawing+of&anew=on")).status == 200
    ((_, asked),) = place.control.waiting()
    assert (asked.what, asked.data) == (SCHEMA, {"text": "a drawing of", "anew": True})


@pytest.mark.parametrize(
    ("family", "drafted", "offered"),
    [
        ("fibo", ("project", "dataset", "schema", "refinement", "identity"), "Set the visual schema"),
        ("fibo", ("project", "dataset"), None),
        ("legacy", ("project", "dataset"), None),
        ("legacy", ("project",), None),
        ("2024", ("dataset", "identity"), None),
    ],
)
async def test_where_it_is_offered(tmp_path: Path, family: str, drafted: tuple[str, ...], offered: str | None) -> None:
    """Not before the run came to it, which would set its own afterwards, and not where there is no such thing."""
    place = Place.of("cats", tmp_path)
    write(place, drafted, family)
    text = await looked_at(place)
    assert ("cats/schema" in text) == (offered is not None)
    assert offered is None or offered in text
