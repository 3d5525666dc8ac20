"""What a run's images are described by while its dataset is a draft, and whether somebody is asked to approve it."""

from collections.abc import Iterable

import attrs

from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.states import State
from bria_async.training.captions import MADE_WITH
from bria_async.training.result import Results
from bria_async.types.common import Id

from .overview import is_asked


@attrs.frozen
class Draft:
    """The dataset of a run. `kind` is what its captions are made with, empty where there is nothing of that kind."""

    dataset: Id
    kind: str
    text: str
    is_open: bool
    """Whether it can still be changed."""
    is_asked: bool
    """Whether the run waits until somebody approves it."""


def draft_of(view: View, results: Results, events: Iterable[Event]) -> Draft | None:
    """The dataset as its run knows it; None before there is one."""
    made, described = results.one("dataset"), results.one("identity")
    if made is None:
        return None
    field = MADE_WITH.get(results.graph.name, "")
    text = (getattr(described, field) or "") if described is not None and field else ""
    for event in events:
        if event.what == Happened.PROGRESSED:
            text = event.data.get("text", text)
    is_open = results.rows["complete"][""].state is not State.DONE
    return Draft(made.id, field.replace("_", " "), text, is_open, is_asked(view))
