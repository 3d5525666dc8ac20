"""A batch of a thousand runs is shown whole, and its numbers add up."""

from pathlib import Path

from .door import serving
from .html import Page as Html
from .thousand import COUNT, IMAGES, STATES, state_of


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
