"""Runs and batches as cards, what most needs somebody first."""

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from bria_async.errors import BriaError
from bria_async.graph import feed
from bria_async.graph.feed import View
from bria_async.graph.states import State
from bria_async.training.place import Place

from ..collage import MOST
from ..facts import NAMED, batch_facts, facts_of
from ..overview import NOT_BEGUN, URGENCY, Overview, is_asked, overview_of, step_of

SOONEST = (*URGENCY, "unreadable")


@attrs.frozen
class Card:
    """A run, or a batch, at a glance."""

    name: str
    batch: str
    """The batch that it is a run of, if any."""
    state: str
    is_batch: bool = False
    begun: int = 0
    """Of a batch: how many runs."""
    step: str = ""
    """What it is at, in words."""
    asked: bool = False
    """Whether somebody is to approve its captions."""
    uploaded: int = 0
    images: int = 0
    model: Any = None
    reason: str = ""
    created: float = 0.0
    samples: int = 0

    @property
    def pictures(self) -> int:
        """How many there are of it: samples and images; of a batch one of each run."""
        return min(MOST, self.begun if self.is_batch else self.samples + self.images)

    @property
    def title(self) -> str:
        """What tells it from all others."""
        return f"{self.batch}/{self.name}" if self.batch else self.name

    @property
    def rank(self) -> tuple[int, bool, float, str]:
        """Its place: what most needs somebody first, then what was begun last; pages that are live keep to it."""
        return SOONEST.index(self.state), not self.asked, -self.created, self.title


def cards_of(places: Iterable[Place]) -> list[Card]:
    """Runs by themselves, and batches; blocks. A journal that cannot be read is a card that says so."""
    return _sorted(card for place in places for card in _cards(place))


def cards_of_batch(place: Place, overview: Overview) -> list[Card]:
    """The runs of a batch; blocks."""
    made = feed.results_of_all(place.source, *NAMED)
    return _sorted(
        _of_run(place.run(name), view, made.get(name, {})) if view else _not_begun(place.run(name))
        for name, view in overview.runs
    )


def _sorted(cards: Iterable[Card]) -> list[Card]:
    return sorted(cards, key=lambda card: card.rank)


def _cards(place: Place) -> Iterator[Card]:
    try:
        if place.is_batch:
            yield _of_batch(overview_of(place))
        else:
            yield from (_of_run(place, view) for view in feed.views(place.source))
    except BriaError as error:
        yield Card(place.name, "", "unreadable", reason=error.message)


def _of_batch(overview: Overview) -> Card:
    facts = batch_facts(overview)
    return Card(
        overview.name,
        "",
        overview.state,
        is_batch=True,
        begun=len(overview.views),
        step=overview.words,
        asked=bool(overview.asked),
        uploaded=facts["uploaded"],
        images=facts["images"],
        created=facts["created"],
    )


def _of_run(place: Place, view: View, results: dict[str, Any] | None = None) -> Card:
    facts = facts_of(place, view, results)
    return Card(
        place.name,
        place.batch.name if place.batch else "",
        view.state,
        step=step_of(view),
        asked=is_asked(view),
        uploaded=facts["uploaded"],
        images=facts["images"],
        model=facts["model"],
        reason=view.run.reason or "",
        created=view.run.created,
        samples=view.counts.get("sample", {}).get(State.DONE, 0),
    )


def _not_begun(place: Place) -> Card:
    return Card(place.name, place.batch.name if place.batch else "", NOT_BEGUN, reason=place.why_not_begun or "")
