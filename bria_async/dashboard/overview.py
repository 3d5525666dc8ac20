"""A batch in numbers: its runs by their states, and the steps of all of them together."""

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from bria_async.graph import feed
from bria_async.graph.feed import Tended, View
from bria_async.graph.records import RunRow
from bria_async.graph.states import State

from .figures import is_over, stages

if TYPE_CHECKING:
    from bria_async.training.place import Place

NOT_BEGUN = "not begun"
URGENCY = ("failed", "paused", "interrupted", "running", "waiting", NOT_BEGUN, "done")
"""States of runs in the order in which somebody should look at them."""
WAITS = "waits for your approval"


@attrs.frozen
class Overview:
    """A batch as its journal shows it now: the runs that it is to train, and `views` of those that have begun."""

    name: str
    planned: tuple[str, ...]
    views: Mapping[str, View]
    alive: bool
    waits: bool = False

    @classmethod
    def of(cls, name: str, planned: tuple[str, ...], views: Mapping[str, View], tended: Tended) -> "Overview":
        """A batch whose runs these people work on."""
        return cls(name, planned, views, tended.alive is None or bool(tended.alive), bool(tended.waiting))

    @property
    def runs(self) -> Iterator[tuple[str, View | None]]:
        """All its runs in the order of their plans; what was once begun is told though nobody plans it any more."""
        yield from ((name, self.views.get(name)) for name in dict.fromkeys([*self.planned, *self.views]))

    @functools.cached_property
    def states(self) -> Counter[str]:
        """How many runs are in which state."""
        return Counter(state_of(view) for _, view in self.runs)

    @functools.cached_property
    def asked(self) -> tuple[str, ...]:
        """Its runs that wait for an approval."""
        return tuple(name for name, view in self.runs if view is not None and is_asked(view))

    @property
    def state(self) -> str:
        """`running` while somebody works on it, `waiting` while nobody does and workers are to; else what most needs
        somebody, and `done` when all are trained.
        """
        if self.alive:
            return "running"
        states = self.states
        if states["done"] == states.total():
            return "done"
        if states["waiting"] or states["interrupted"]:
            return "waiting" if states["waiting"] else "interrupted"
        return "paused" if states["paused"] or states[NOT_BEGUN] else "failed"  # what can go on comes first

    @functools.cached_property
    def total(self) -> View:
        """The steps of all its runs that have begun, as if they were one run."""
        counts: dict[str, Counter[State]] = {}
        for view in self.views.values():
            for name, found in view.counts.items():
                summed = counts.setdefault(name, Counter())
                for state, number in found.items():
                    summed[state] += number
        created = min((view.run.created for view in self.views.values()), default=0.0)
        return View(RunRow(0, self.name, "", {}, self.state, None, created, created), counts, {}, self.alive)

    @property
    def words(self) -> str:
        """Its runs by state, in words, and how many of them wait for an approval."""
        rest = {state: number for state, number in self.states.items() if state != "done"}
        asked = len(self.asked)
        waiting = [f"of which {asked:,} {WAITS if asked == 1 else WAITS.replace('waits', 'wait')}"] if asked else []
        return ", ".join([f"{self.states['done']:,} of {self.states.total():,} trained", *counted(rest), *waiting])


def overview_of(place: "Place") -> Overview:
    """A batch as it is now."""
    with feed.held(place.source):
        views = {view.run.name: view for view in feed.views(place.source)}
        return Overview.of(place.name, place.planned, views, feed.tended(place.source))


def counted(states: Mapping[str, int]) -> Iterable[str]:
    """How many runs are in which state, the most urgent first."""
    return (f"{states[state]:,} {state}" for state in URGENCY if states.get(state))


def state_of(view: View | None) -> str:
    """The state of a run that has perhaps not begun."""
    return NOT_BEGUN if view is None else view.state


def is_asked(view: View) -> bool:
    """Whether a run waits until somebody approves its captions, which completing its dataset freezes."""
    return view.asked and view.run.state != "failed" and not view.counts.get("complete", {}).get(State.DONE)


def urgency_of(view: View) -> tuple[int, bool]:
    """The place of a run among others, the most urgent first: by its state, then whether it waits for an approval."""
    return URGENCY.index(view.state), not is_asked(view)


def step_of(view: View) -> str:
    """What a run waits for somebody to do, or the step that it is at, with its numbers where it has many items."""
    if is_asked(view):
        return WAITS
    current = next((stage for stage in stages(view) if not is_over(stage)), None)
    if current is None:
        return ""
    return current.name if current.total == 1 else f"{current.name} {current.done:,} of {current.total:,}"
