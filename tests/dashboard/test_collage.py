"""The few pictures that stand for a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bria_async.dashboard.collage import Framed, collage
from bria_async.dashboard.thumbnails import Wanted
from bria_async.graph import feed
from bria_async.training import train_many
from bria_async.training.place import Place
from tests.simulation.world import World
from tests.training.conftest import Studio

Within = Callable[..., Any]


def test_samples_or_else_images(studio: Studio, within: Within) -> None:
    """The first four samples that were made, by the numbers of their prompts; of a run without any its first images."""

    async def main(here: World) -> None:
        prompts = [f"a boat {number}" for number in range(6)]
        with_samples = studio.plan(name="With", samples=tuple(prompts), family="legacy")
        here.sim.fail("tailored.text_to_image", status=422, match="a boat 1", body={"message": "not that"})
        await train_many(
            here.session, [with_samples, studio.plan(name="Without")], name="many", settings=studio.settings()
        )
        place = Place.existing("many", studio.state)
        sampled = collage(place, "with")
        assert [(framed.kind, framed.number) for framed in sampled] == [("sample", number) for number in (0, 2, 3, 4)]
        assert all(f"a-boat-{framed.number}" in framed.wanted.path.name for framed in sampled)
        assert collage(place.run("with"), "with") == sampled, "the place of the run leads there, too"
        images = list(feed.inputs(place.source, "without", "image").values())[:4]
        assert collage(place, "without") == tuple(
            Framed("image", number, Wanted(Path(image["path"]), 96, image["sha256"]))
            for number, image in enumerate(images)
        )
        assert collage(place, "nobody") == ()

    within(main)
