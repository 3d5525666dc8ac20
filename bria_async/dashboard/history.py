"""When things happened in a run, by its events: who worked on it, how long each step took, and what went otherwise."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.graph import Graph
from bria_async.graph.states import Change
from bria_async.training.run import DIED

from .figures import Rate, Stage, is_over, time_left, took, training_time

FOUND = (Happened.WARNED, Happened.NOTED)
"""Events that tell what is unusual of a run's images and captions."""
INTERRUPTED = "interrupted"
THROTTLED = "429"
"""How the reason of a request begins that was told to wait."""
_ENDS: Mapping[str, str] = {Happened.PAUSED: "paused", Happened.RUN_FAILED: "failed", Happened.COMPLETED: "done"}
UPLOAD = "upload"
MINUTE = 60.0
_ARRIVED = (Change.FINISHED, Change.ADOPTED)
_CLOSES = frozenset({Change.FINISHED, Change.ADOPTED, Change.SKIPPED, Change.FAILED})

SIGNS: Mapping[str, tuple[str, str]] = {
    Happened.RETRIED: ("↻", "repeated"),
    THROTTLED: ("!", "told to wait (429)"),
    Happened.WAITED: ("…", "waited"),
    Change.LOST: ("?", "in doubt"),
    Change.ADOPTED: ("◎", "found on the server"),
    Change.REOPENED: ("↺", "done again"),
    Change.FAILED: ("✕", "failed"),
    Change.SKIPPED: ("–", "left out"),  # noqa: RUF001  # a dash
    Happened.CHARGED: ("¤", "perhaps charged"),
    Happened.RESUMED: ("▶", "resumed"),
    Happened.ASKED: ("⚑", "asked for an approval"),
    Happened.APPROVED: ("✓", "approved"),
    "paused": ("‖", "paused"),
    INTERRUPTED: ("†", "interrupted: its process ended without a word"),
    "failed": ("✕", "failed"),
    "done": ("✓", "done"),
}
"""What is marked on a timeline: the sign and the words of it, never a colour alone."""
_OF_STEPS = frozenset(
    {
        *(Happened.RETRIED, Happened.WAITED, Happened.CHARGED),
        *(Change.LOST, Change.ADOPTED, Change.REOPENED, Change.FAILED, Change.SKIPPED),
    }
)


@attrs.frozen
class Stretch:
    """A time in which a process worked on a run, and how it ended; `ended` is empty while it goes on."""

    start: float
    end: float
    ended: str
    reason: str = ""
    """Why, where somebody said so."""


@attrs.frozen
class Mark:
    """Something to see on a timeline; `what` is one of `SIGNS`."""

    at: float
    what: str
    reason: str = ""


@attrs.frozen
class Span:
    """When a step began, and when it was over; None while it is not."""

    start: float
    end: float | None


@attrs.frozen
class Limit:
    """How many uploads a minute there may be, as far as anybody knows.

    `given` is what the process that works on the run keeps to, where somebody told it; `refused` how many the server
    refused as too many (429), and `taken` how many it had taken in the minute before the first of them.
    """

    given: float | None
    refused: int
    taken: int

    @property
    def known(self) -> float | None:
        """What was given, or else about what the server takes."""
        return self.taken or None if self.given is None else self.given


def stretches(events: Iterable[Event], now: float, *, alive: bool) -> tuple[Stretch, ...]:
    """When somebody worked on a run; a process that was killed says nothing, and is missed when the next one begins."""
    found = []
    start: float | None = None
    last = 0.0
    for event in events:
        if event.what in (Happened.STARTED, Happened.RESUMED):
            if start is not None:
                found.append(Stretch(start, last, INTERRUPTED))
            start = event.at
        elif start is not None and (ended := _ENDS.get(event.what)):
            reason = str(event.data.get("reason") or "")
            died = reason == DIED
            found.append(Stretch(start, last, INTERRUPTED) if died else Stretch(start, event.at, ended, reason))
            start = None
        last = event.at
    if start is not None:
        found.append(Stretch(start, max(now, last) if alive else last, "" if alive else INTERRUPTED))
    return tuple(found)


def marks_of_run(events: Iterable[Event], worked: Sequence[Stretch]) -> Iterator[Mark]:
    """What concerns a whole run: when its processes ended and went on, and approvals."""
    for number, stretch in enumerate(worked):
        if number:
            idle = took(stretch.start - worked[number - 1].end, 1)
            yield Mark(stretch.start, Happened.RESUMED, f"nobody worked on it for {idle}")
        if stretch.ended:
            yield Mark(stretch.end, stretch.ended, stretch.reason)
    for event in events:
        if event.what in (Happened.ASKED, Happened.APPROVED):
            yield Mark(event.at, event.what)


def marks_of_steps(events: Iterable[Event]) -> dict[str, list[Mark]]:
    """What went otherwise than it should, by step."""
    found: dict[str, list[Mark]] = {}
    for event in events:
        if event.task and event.what in _OF_STEPS:
            what = THROTTLED if is_throttled(event) else event.what
            found.setdefault(event.task, []).append(Mark(event.at, what, str(event.data.get("reason", ""))))
    return found


def is_throttled(event: Event) -> bool:
    """Whether a request was told to wait."""
    return event.what == Happened.RETRIED and str(event.data.get("reason", "")).startswith(THROTTLED)


def sent_of(events: Iterable[Event]) -> Counter[tuple[str, str]]:
    """How often each item of a task (its name and key) sent a request that creates something, whatever came of it.

    An intent that was made anew before its request left is released without a reason, and sent nothing.
    """
    found: Counter[tuple[str, str]] = Counter()
    for event in events:
        if event.what == Change.ANNOUNCED:
            found[event.task, event.key] += 1
        elif event.what == Change.RELEASED and "reason" not in event.data:
            found[event.task, event.key] -= 1
    return found


def uploads(events: Iterable[Event]) -> Iterator[float]:
    """When each image was on the server."""
    return (event.at for event in events if event.task == UPLOAD and event.key and event.what in _ARRIVED)


def limit_of(events: Sequence[Event]) -> Limit:
    """What is known of it by a run's events."""
    begun = [event for event in events if event.what in (Happened.STARTED, Happened.RESUMED)]
    refused = [event.at for event in events if event.task == UPLOAD and is_throttled(event)]
    before = [at for at in uploads(events) if refused and refused[0] - MINUTE < at <= refused[0]]
    return Limit(begun[-1].data.get("uploads_per_minute") if begun else None, len(refused), len(before))


def spans(graph: Graph, stages: Iterable[Stage], events: Sequence[Event]) -> dict[str, Span]:
    """When each step that was reached began and ended: it begins when those before it are over, said or not.

    What is safe to repeat leaves no event before its end. Nothing begins before somebody works on the run.
    """
    if not events:
        return {}
    first: dict[str, float] = {}
    closes: dict[str, list[float]] = {}
    for event in events:
        first.setdefault(event.task, event.at)
        if event.what in _CLOSES:
            ends = closes.setdefault(event.task, [event.at, event.at])
            ends[1] = event.at
    over = {stage.name: closes[stage.name] for stage in stages if is_over(stage) and stage.name in closes}
    found = {}
    for task in graph.order():
        ready: list[float | None] = [events[0].at]
        for edge in graph.edges(task):
            if edge.over is not None and edge.over == task.over:
                ready.append(closes[edge.name][0] if edge.name in closes else None)
            else:
                ready.append(over[edge.name][1] if edge.name in over else None)
        known = [at for at in ready if at is not None]
        starts = [first[task.name]] if task.name in first else []
        starts += [max(known)] if len(known) == len(ready) else []
        if starts:
            found[task.name] = Span(min(starts), over[task.name][1] if task.name in over else None)
    return found


def ahead(
    view: View, stages: Iterable[Stage], events: Iterable[Event], lasted: Mapping[str, Span], worked: Sequence[Stretch]
) -> Iterator[str]:
    """How long the uploads still take, and the training by now, in words; nothing of a run that nobody works on."""
    if view.state != "running" or not worked:
        return
    now = worked[-1].end
    for stage in stages:
        if stage.name == UPLOAD and stage.name in lasted:
            since = max(lasted[UPLOAD].start, worked[-1].start)
            if words := time_left(stage, Rate.of(uploads(events), since, now)):
                yield f"{UPLOAD}: {words}"
    if words := training_time(view, now):
        yield f"training: {words}"
