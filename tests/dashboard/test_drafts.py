"""What a page says of a draft: what its captions are made with, how it stands by now, and whether somebody is asked."""

import asyncio
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bria_async.dashboard.drafts import Draft
from bria_async.dashboard.pages import read_run
from bria_async.errors import RunCancelled
from bria_async.graph.control import APPROVE, SCHEMA, STOP, Request
from bria_async.graph.events import Event, Happened
from bria_async.training import train
from bria_async.training.place import Place
from tests.simulation.world import World
from tests.training.conftest import Studio

from .door import serving
from .written import begun, finish, images, plan, writing

Within = Callable[..., Any]
STYLE = '{"style": "ink"}'
KINDS = {"fibo": "visual schema", "legacy": "caption prefix", "2024": ""}


def draft(studio: Studio) -> Draft | None:
    """What the page shows of it now."""
    return read_run(studio.place, 0.0).draft


def asking(studio: Studio, here: World, wishes: Iterable[Request], seen: list[Draft | None]) -> Callable[[Event], None]:
    """A listener that makes these wishes in turn: the first when the run asks for an approval, others when one is met.

    `seen` gets what the page shows whenever something was told.
    """
    left = list(wishes)

    def listen(event: Event) -> None:
        if event.what in (Happened.ASKED, Happened.PROGRESSED, Happened.APPROVED):
            seen.append(draft(studio))
        if left and (event.what == Happened.ASKED or (event.what == Happened.PROGRESSED and "text" in event.data)):
            studio.place.control.ask(left.pop(0), here.session.host)

    return listen


@pytest.mark.parametrize("family", KINDS)
def test_each_family(studio: Studio, within: Within, family: str) -> None:
    """It is asked about while it can be changed, and neither once it was approved; its text is the server's."""

    async def main(here: World) -> None:
        seen: list[Draft | None] = []
        listener = asking(studio, here, [Request(APPROVE)], seen)
        await train(
            here.session, studio.plan(family=family, review=True), settings=studio.settings(), on_event=listener
        )
        (dataset,) = here.sim.world.datasets.values()
        asked = next(one for one in seen if one is not None and one.is_asked)
        assert (asked.kind, asked.is_open) == (KINDS[family], True)
        assert bool(asked.text) == bool(asked.kind)
        after = draft(studio)
        assert after is not None
        assert (after.dataset, after.kind, after.is_open, after.is_asked) == (asked.dataset, asked.kind, False, False)
        assert after.text == (dataset.visual_schema or dataset.caption_prefix or "" if asked.kind else "")

    within(main)


@pytest.mark.parametrize(("family", "text"), [("fibo", STYLE), ("legacy", "a drawing in ink of")])
def test_a_text_that_was_edited(studio: Studio, within: Within, family: str, text: str) -> None:
    """The page shows the new one, also of a run that nobody works on any more; it is still asked about."""

    async def main(here: World) -> None:
        seen: list[Draft | None] = []
        wishes = [Request(SCHEMA, {"text": text, "anew": False}), Request(STOP)]
        listener = asking(studio, here, wishes, seen)
        with pytest.raises(RunCancelled):
            await train(
                here.session, studio.plan(family=family, review=True), settings=studio.settings(), on_event=listener
            )
        before, after = seen[0], draft(studio)
        assert before is not None
        assert before.text != text
        assert after is not None
        assert (after.text, after.is_open, after.is_asked) == (text, True, True)

    within(main)


def test_before_there_is_one(tmp_path: Path) -> None:
    """A run whose dataset was not made has none; one that was just made has no text yet, and asks nobody."""
    place = Place.of("cats", tmp_path)

    async def main() -> None:
        async with writing(place) as (bria, journal):
            ledger = await begun(bria, journal, plan(tmp_path, "cats"), images(tmp_path, 1))
            assert read_run(place, 0.0).draft is None
            for name in ("project", "dataset"):
                await finish(ledger, ledger.rows[name][""], {"id": 5, "name": ""})
            assert read_run(place, 0.0).draft == Draft(5, "visual schema", None, is_open=True, is_asked=False)

    asyncio.run(main())


@pytest.mark.parametrize("control", [True, False])
async def test_what_a_page_offers(shelf: Path, control: bool) -> None:
    """Forms where something can be changed, else the commands; without control nobody is offered a button."""
    async with serving(shelf, control=control) as door:
        asked, done = (await door.ask("/runs/draft")).text, (await door.ask("/runs/studio")).text
    assert "Waits for your review" in asked
    assert ("Approve, and go on" in asked, 'name="caption"' in asked, " readonly>" in asked) == (
        control,
        control,
        not control,
    )
    assert (f"<code>bria-async approve --state {shlex.quote(str(shelf))} draft" in asked) is not control
    assert 'method="post"' not in done
    assert "review" not in done.partition("<main")[0]
