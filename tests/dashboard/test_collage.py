"""The few pictures that stand for a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.dashboard.collage import Framed, collage
from bria_async.dashboard.thumbnails import SMALL, Thumbnails, Wanted
from bria_async.graph import feed
from bria_async.graph.records import Keeper
from bria_async.session import Session
from bria_async.training import train_many
from bria_async.training.place import Place
from tests.simulation.world import World
from tests.support import picture
from tests.training.conftest import Studio

from .door import serving
from .written import begun, finish, images, keep_thumbnails, plan, writing

Within = Callable[..., Any]


async def write(bria: Session, journal: Keeper, folder: Path, name: str, samples: int, count: int) -> None:
    """A run with so many samples, of so many images."""
    made, found = plan(folder, name, samples=("a boat",) * samples), images(folder, count)
    ledger = await begun(bria, journal, made, found)
    for row in ledger.of("sample"):
        path = folder / f"{name}-{row.key}.png"
        path.write_bytes(picture(colour="teal" if name == "one" else "salmon"))
        await finish(ledger, row, {"prompt": "a boat", "path": str(path), "url": "", "seed": 1})
    keep_thumbnails(Place.of("many", folder).run(name), found, [SMALL])


@pytest.mark.parametrize(
    ("samples", "count", "kinds"),
    [(6, 7, "ssii"), (2, 2, "ssii"), (1, 7, "siii"), (0, 7, "iiii"), (6, 1, "sssi"), (1, 1, "si")],
)
async def test_two_of_each(tmp_path: Path, samples: int, count: int, kinds: str) -> None:
    """Or more where there are fewer of the others, four in all."""
    async with writing(Place.of("many", tmp_path)) as (bria, journal):
        await write(bria, journal, tmp_path, "one", samples, count)
    assert "".join(framed.kind[0] for framed in collage(Place.of("many", tmp_path), "one")) == kinds


async def test_a_batch_has_them_in_turns(tmp_path: Path) -> None:
    """A sample of its first run beside an image of its second."""
    place = Place.of("many", tmp_path)
    async with writing(place) as (bria, journal):
        place.plans.write_text("[]")
        for name in ("one", "two"):
            await write(bria, journal, tmp_path, name, 1, 5)
    async with serving(tmp_path) as door:
        shown = [(await door.ask(f"/runs/many/collage/{number}")).body for number in range(2)]
    first, last = collage(place, "one")[0], collage(place, "two")[-1]
    assert (first.kind, last.kind) == ("sample", "image")
    assert shown == [
        Thumbnails.of(place.run(name).folder).get(framed.wanted) for name, framed in (("one", first), ("two", last))
    ]


def test_samples_and_images(studio: Studio, within: Within) -> None:
    """The first samples that were made, by the numbers of their prompts, before the first images."""

    async def main(here: World) -> None:
        prompts = [f"a boat {number}" for number in range(6)]
        with_samples = studio.plan(name="With", samples=tuple(prompts), family="legacy")
        here.sim.fail("tailored.text_to_image", status=422, match="a boat 1", body={"message": "not that"})
        await train_many(
            here.session, [with_samples, studio.plan(name="Without")], name="many", settings=studio.settings()
        )
        place = Place.existing("many", studio.state)
        sampled = collage(place, "with")
        assert [(framed.kind, framed.number) for framed in sampled] == [
            ("sample", 0),
            ("sample", 2),
            ("image", 0),
            ("image", 1),
        ]
        assert all(f"a-boat-{framed.number}" in framed.wanted.path.name for framed in sampled[:2])
        assert collage(place.run("with"), "with") == sampled, "the place of the run leads there, too"
        images = list(feed.inputs(place.source, "without", "image").values())[:4]
        assert collage(place, "without") == tuple(
            Framed("image", number, Wanted(Path(image["path"]), 96, image["sha256"]))
            for number, image in enumerate(images)
        )
        assert collage(place, "nobody") == ()

    within(main)
