"""Runs whose captions are reviewed, what is asked of them then, and what came of it."""

from collections.abc import Callable, Iterable
from typing import Any

from bria_async.graph import feed
from bria_async.graph.control import Request
from bria_async.graph.events import Event
from bria_async.host import Host
from bria_async.training import Plan, train
from tests.simulation.world import World

from .conftest import Studio

Within = Callable[..., Any]
Wishes = Callable[[int], Iterable[Request]]
"""What is asked for, by the id of an image."""
SCHEMA_TEXT = '{"style": "flat"}'


async def reviewed(studio: Studio, here: World, plan: Plan, wishes: Wishes, **settings: Any) -> None:
    """Train, and ask for something when the captions are to be approved."""
    studio.events = []

    def listen(event: Event) -> None:
        studio.events.append(event)
        if event.what == "asked_for_approval":
            for wish in wishes(next(iter(here.sim.world.images))):
                studio.place.control.ask(wish, Host())

    await train(here.session, plan, settings=studio.settings(**settings), on_event=listen)


def told(studio: Studio) -> list[str]:
    """What was told since the approval was asked for, or since the run went on."""
    begun = [event.what in ("asked_for_approval", "resumed") for event in studio.events].index(True)
    told = [event for event in studio.events[begun:] if event.what in ("progressed", "warned", "approved")]
    return [str(event.data.get("reason", event.what)) for event in told]


def kept(studio: Studio) -> dict[str, str]:
    """The captions that the journal tells."""
    return feed.captions(studio.place.source, "studio")


def there(here: World) -> dict[str, str | None]:
    """The captions that the server has."""
    return {str(image.id): image.caption for image in here.sim.world.images.values()}


def schema_of(here: World) -> str | None:
    """The visual schema that the dataset has."""
    (dataset,) = here.sim.world.datasets.values()
    return dataset.visual_schema
