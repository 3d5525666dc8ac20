"""What a run's images are described by while its dataset is a draft, and what somebody is asked, or asked for."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from bria_async.errors import JournalError
from bria_async.graph.control import CAPTION, EDITS, SCHEMA, Request
from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.states import State
from bria_async.training.captions import MADE_WITH
from bria_async.training.place import Place
from bria_async.training.result import Results
from bria_async.types.common import Id

from .overview import is_asked


@attrs.frozen
class Draft:
    """The dataset of a run. `kind` is what its captions are made with, empty where there is nothing of that kind.

    `text` is that text, empty where the dataset has none; None before the run came to it.
    """

    dataset: Id
    kind: str
    text: str | None
    is_open: bool
    """Whether it can still be changed."""
    is_asked: bool
    """Whether the run waits until somebody approves it."""
    edits: Sequence[Request] = ()
    """The changes that were asked for and are not made yet, in their order."""

    @property
    def wanted(self) -> str | None:
        """The text as it will be when they are made."""
        texts = [request.data.get("text") for request in self.edits if request.what == SCHEMA]
        return next((text for text in reversed(texts) if isinstance(text, str)), self.text)

    @property
    def captions(self) -> Mapping[str, str]:
        """The captions that were asked for, by the ids of their images; empty for those that are made anew."""
        wanted = {str(request.data.get("image")): request.data for request in self.edits if request.what == CAPTION}
        return {image: str(data.get("caption") or "") for image, data in wanted.items()}


def draft_of(view: View, results: Results, events: Iterable[Event], edits: Sequence[Request] = ()) -> Draft | None:
    """The dataset as its run knows it; None before there is one."""
    made, applied = results.one("dataset"), results.one("identity")
    if made is None:
        return None
    field = MADE_WITH.get(results.graph.name, "")
    text = None if applied is None else getattr(applied, field, None) or ""
    for event in events:
        if event.what == Happened.PROGRESSED:
            text = event.data.get("text", text)
    is_open = results.rows["complete"][""].state is not State.DONE
    return Draft(made.id, field.replace("_", " "), text, is_open, is_asked(view), edits)


def edits_of(place: Place, view: View) -> tuple[Request, ...]:
    """The changes of a draft that were asked for and are not made yet, in their order; blocks.

    Raises:
        JournalError: what was asked for cannot be read.
    """
    if view.counts.get("complete", {}).get(State.DONE):
        return ()
    try:
        waiting = place.control.waiting()
    except OSError as error:
        words = f"What {place.title} was asked for cannot be read: {error.filename}: {error.strerror or error}."
        raise JournalError(words) from None
    return tuple(request for _, request in waiting if request.what in EDITS)


def described(caption: str) -> str:
    """A caption as people read it: of those that are JSON (FIBO) the description."""
    try:
        found: Any = json.loads(caption)
    except (ValueError, RecursionError):
        return caption
    short = found.get("short_description") if isinstance(found, dict) else None
    return short if isinstance(short, str) else caption
