"""What the pages of a dashboard are made of: parts with ids, each drawn anew when what it shows is another."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from markupsafe import Markup

from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.training.place import Place

from ..overview import URGENCY, Overview
from ..pages import Picture, RunPage
from ..report import SAMPLE, Shown
from ..templating import rendered
from ..thumbnails import SMALL, side_for
from .cards import Card
from .comparing import compare
from .links import Links

EVENTS = 200
"""Events that a live page shows at once; a report has all of them."""


@attrs.frozen
class Part:
    """An element of a page: its template, and what that shows; `page` is what else it may look at."""

    template: str
    shown: Any
    page: Any = attrs.field(default=None, eq=False)


@attrs.frozen
class Look:
    """A page as it is: its version, and its parts by the ids of their elements."""

    version: str
    parts: Mapping[str, Part]
    untouched: Callable[[str], Mapping[str, Part]] = attrs.field(default=lambda _: {})
    """The parts that looked the same in an earlier version; blocks."""


@attrs.frozen
class Drawing:
    """Parts as HTML; `control` tells whether they offer to change something. All of it blocks."""

    links: Links
    control: bool

    def part(self, part: Part) -> Markup:
        """A part by itself."""
        return Markup(rendered(part.template, **self._values(part.page), shown=part.shown))  # noqa: S704  # escaped there

    def page(self, template: str, look: Look | None = None, **values: Any) -> str:
        """A whole page, with the parts of this look."""
        return rendered(template, **self._values(values.pop("page", None)), look=look, part=self.part, **values)

    def _sample(self, title: str, picture: Picture) -> Shown:
        return Shown(self.links.sample(title, picture))

    def _values(self, page: Any) -> dict[str, Any]:
        values = {"links": self.links, "control": self.control, "page": page, "sample_of": self._sample}
        if isinstance(page, RunPage):
            side = side_for(len(page.tiles))
            values |= {
                "dense": side == SMALL,
                "newest": page.log[:EVENTS],
                "image": lambda tile: Shown(self.links.image(page.title, tile, side)),
                "large": lambda tile: Shown(self.links.image(page.title, tile, SAMPLE)),
                "sample": lambda picture: self._sample(page.title, picture),
            }
        return values


# --- a run ---------------------------------------------------------------------------------------------------------


def look_at_run(place: Place, page: RunPage, *, control: bool) -> Look:
    """The page of a run; its version is the newest event in it, and how it stands."""
    shown: Mapping[str, Any] = {
        "head": (page.state, page.reason, page.ahead, page.numbers, page.next),
        "doing": page.state,
        "contents": (not page.timelines, page.plot is None, not page.pictures, not page.findings),
        "review": page.draft,
        "timeline": page.timelines,
        "throughput": (page.plot, page.limit),
        "samples": page.pictures,
        "dataset": page.findings,
        "filter": page.tally,
        "steps": page.steps,
        "settings": page.ids,
        "events": page.log,
    }
    parts = {name: Part(f"run/{name}.html", found, page) for name, found in shown.items()}
    editable = control and page.draft is not None and page.draft.is_open
    wanted = page.draft.captions if page.draft is not None else {}
    for tile in page.tiles:
        seen = (tile, editable, wanted.get(str(tile.id)))
        parts[f"image-{tile.number}"] = Part("run/tile.html", seen, page)
    return Look(f"{page.seq}-{_standing(page)}", parts, lambda version: _untouched(place, parts, page, version))


def _standing(page: RunPage) -> str:
    """What may be another without an event: its state, as a process may die without a word, and what is asked of it."""
    edits = page.draft.edits if page.draft is not None else ()
    return f"{page.state}-{_digest(edits)}" if edits else page.state


def _untouched(place: Place, parts: Mapping[str, Part], page: RunPage, version: str) -> Mapping[str, Part]:
    """Images to which nothing happened since the run looked like this."""
    known = _VERSION.fullmatch(version)
    if known is None or int(known["seq"]) > page.seq or known["standing"] != _standing(page):
        return {}
    events = [event for _, event in feed.events(place.source, place.name, int(known["seq"]))]
    if any(not event.key and not _OF_ALL.isdisjoint((event.what, event.task)) for event in events):
        return {}
    keys = {event.key for event in events}
    return {f"image-{tile.number}": parts[f"image-{tile.number}"] for tile in page.tiles if tile.image.key not in keys}


_VERSION = re.compile(r"(?P<seq>[0-9]{1,18})-(?P<standing>.+)")
_OF_ALL = frozenset({Happened.PROGRESSED, Happened.CAPTIONED, "upload", "complete"})
"""Events and steps that concern all images at once: their captions, a zip, and the end of the draft."""


# --- several runs --------------------------------------------------------------------------------------------------


def look_at_home(cards: Sequence[Card]) -> Look:
    """All runs and batches."""
    states = Counter(card.state for card in cards)
    return _look({"head": Part("live/states.html", _by_urgency(states)), **_parts_of(cards)})


def look_at_batch(overview: Overview, following: str, cards: Sequence[Card]) -> Look:
    """A batch, and its runs."""
    images, uploaded = sum(card.images for card in cards), sum(card.uploaded for card in cards)
    shown = (overview.name, overview.state, overview.words, following, images, uploaded, _by_urgency(overview.states))
    return _look({"head": Part("live/batch-head.html", shown), **_parts_of(cards)})


def look_at_samples(pages: Sequence[RunPage], chosen: Sequence[str], cards: Sequence[Card]) -> Look:
    """The samples of the first of the runs that were chosen side by side, and all runs that have some."""
    runs, rows = tuple(page.title for page in pages), compare(pages)
    choices = tuple((card.title, card.model, card.title in chosen) for card in cards)
    compared = (runs, rows, choices, len(chosen))
    return _look({"choices": Part("live/choices.html", choices), "compared": Part("live/compared.html", compared)})


def _parts_of(cards: Sequence[Card]) -> dict[str, Part]:
    return {f"run-{card.title}": Part("live/card.html", card) for card in cards}


def _look(parts: Mapping[str, Part]) -> Look:
    return Look(_digest([part.shown for part in parts.values()]), parts)


def _digest(seen: Sequence[Any]) -> str:
    return hashlib.sha256(repr(seen).encode(errors="replace")).hexdigest()[:16]


def _by_urgency(states: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    named = dict.fromkeys([*URGENCY, *states])
    return tuple((state, states[state]) for state in named if states.get(state))
