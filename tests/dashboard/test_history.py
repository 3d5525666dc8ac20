"""When things happened in a run, by its events alone."""

import pytest

from bria_async.dashboard.figures import Stage
from bria_async.dashboard.history import (
    INTERRUPTED,
    Limit,
    Mark,
    Span,
    Stretch,
    ahead,
    limit_of,
    marks_of_run,
    marks_of_steps,
    sent_of,
    spans,
    stretches,
)
from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.graph import Graph, Task, each, task
from bria_async.graph.records import RunRow
from bria_async.graph.states import Change, State
from bria_async.training.run import DIED


@task()
async def first() -> int:
    """The first step."""
    return 1


@each("image")
async def many(first: int, image: int) -> int:
    """One for each image."""
    return image


@each("image")
async def again(many: int, image: int) -> int:
    """Another for each, behind the first."""
    return image


@task()
async def last(again: dict[str, int]) -> int:
    """The last step, behind all of them."""
    return 1


GRAPH = Graph("toy", (first, many, again, last))


def event(at: float, what: str, step: Task | None = None, key: str = "", reason: str = "") -> Event:
    """Something that happened."""
    return Event(at, "toy", what, step.name if step else "", key, {"reason": reason} if reason else {})


def stage(step: Task, done: int, total: int) -> Stage:
    """A step of which so many items are done."""
    return Stage(step.name, total, done, skipped=0, failed=0, doubtful=0, under_way=0)


def test_a_run_that_was_killed_paused_and_resumed() -> None:
    """Who is killed leaves no event: he is missed when the next one begins, at the last thing that he did."""
    events = [
        event(10, Happened.STARTED),
        event(12, Change.FINISHED, first),
        event(50, Happened.RESUMED),
        event(60, Happened.PAUSED, reason="it was asked to"),
        event(90, Happened.RESUMED),
        event(95, Happened.COMPLETED),
    ]
    found = stretches(events, 200, alive=False)
    assert found == (
        Stretch(10, 12, INTERRUPTED),
        Stretch(50, 60, "paused", "it was asked to"),
        Stretch(90, 95, "done"),
    )
    assert [*marks_of_run(events, found)] == [
        Mark(12, INTERRUPTED),
        Mark(50, "resumed", "nobody worked on it for 38 s"),
        Mark(60, "paused", "it was asked to"),
        Mark(90, "resumed", "nobody worked on it for 30 s"),
        Mark(95, "done"),
    ]


@pytest.mark.parametrize(("alive", "stretch"), [(True, Stretch(10, 200, "")), (False, Stretch(10, 12, INTERRUPTED))])
def test_a_run_that_goes_on_or_died(alive: bool, stretch: Stretch) -> None:
    """The last stretch lasts until now where somebody works on it, else until the last event."""
    events = [event(10, Happened.STARTED), event(12, Change.FINISHED, first)]
    assert stretches(events, 200, alive=alive) == (stretch,)


def test_a_run_of_a_batch_whose_process_died() -> None:
    """The next process says so for it, long after; a pause that was asked for ends when it is said."""
    events = [event(10, Happened.STARTED), event(12, Change.FINISHED, first), event(80, Happened.PAUSED, reason=DIED)]
    assert stretches(events, 200, alive=True) == (Stretch(10, 12, INTERRUPTED),)


def test_nothing_has_begun_of_a_run_that_waits_for_a_worker() -> None:
    """It has no event, and no step of it took any time."""
    assert spans(GRAPH, (stage(first, 0, 1), stage(many, 0, 2), stage(again, 0, 2), stage(last, 0, 1)), []) == {}


def test_steps_begin_when_those_before_them_are_over() -> None:
    """Said or not: what is safe leaves no event before its end, and items follow each other one by one."""
    events = [
        event(10, Happened.STARTED),
        event(12, Change.FINISHED, first),
        event(15, Change.ANNOUNCED, many, "a"),
        event(16, Change.FINISHED, many, "a"),
        event(20, Change.FINISHED, many, "b"),
        event(21, Change.FINISHED, again, "a"),
        event(30, Change.FINISHED, again, "b"),
    ]
    stages = (stage(first, 1, 1), stage(many, 2, 2), stage(again, 2, 2), stage(last, 0, 1))
    assert spans(GRAPH, stages, events) == {
        "first": Span(10, 12),
        "many": Span(12, 20),
        "again": Span(16, 30),
        "last": Span(30, None),
    }


def test_steps_that_were_not_reached_are_not_there() -> None:
    """Nothing is said of what comes behind a step that is not over."""
    events = [event(10, Happened.STARTED), event(12, Change.FINISHED, first), event(16, Change.FINISHED, many, "a")]
    stages = (stage(first, 1, 1), stage(many, 1, 2), stage(again, 0, 2), stage(last, 0, 1))
    assert spans(GRAPH, stages, events) == {"first": Span(10, 12), "many": Span(12, None), "again": Span(16, None)}


def test_what_went_otherwise_is_marked() -> None:
    """Repeats, and among them those after a 429; doubts and what was found; nothing that goes as it should."""
    events = [
        event(1, Change.ANNOUNCED, many, "a"),
        event(2, Happened.RETRIED, many, "a", "429 Too Many Requests"),
        event(3, Happened.RETRIED, many, "a", "reset"),
        event(4, Change.LOST, many, "a"),
        event(5, Change.ADOPTED, many, "a"),
        event(6, Happened.WARNED, reason="of the whole run"),
    ]
    assert marks_of_steps(events) == {
        "many": [
            Mark(2, "429", "429 Too Many Requests"),
            Mark(3, "retried", "reset"),
            Mark(4, "lost"),
            Mark(5, "adopted"),
        ]
    }


def test_uploads_that_were_too_many() -> None:
    """How many were refused, and what the server had taken in the minute before the first, by arrivals alone."""
    arrived = [Event(at, "toy", Change.FINISHED, "upload", f"image {at}") for at in (10, 39, 41, 70, 99)]
    refused = [Event(at, "toy", Happened.RETRIED, "upload", "late", {"reason": "429"}) for at in (100, 130)]
    others = [
        Event(50, "toy", Happened.RETRIED, "upload", "late", {"reason": "reset"}),
        Event(60, "toy", Happened.RETRIED, "schema", "", {"reason": "429"}),
        Event(105, "toy", Change.FINISHED, "upload", "late"),
        Event(95, "toy", Change.FINISHED, "schema"),
    ]
    learned, nothing = limit_of([*arrived, *refused, *others]), limit_of([*arrived, *others])
    assert (learned, learned.known) == (Limit(None, 2, 3), 3)
    assert (nothing, nothing.known) == (Limit(None, 0, 0), None)
    told = Event(1, "toy", Happened.STARTED, data={"uploads_per_minute": 60.0})
    given = limit_of([told, *arrived, *refused])
    assert (given, given.known) == (Limit(60.0, 2, 3), 60.0), "what somebody gave counts"


def test_the_time_that_uploads_still_take() -> None:
    """By those of the last seconds, since this process went on with them; none of a run that nobody works on."""
    run = RunRow(1, "toy", "run 1", {"family": "fibo"}, "running", None, 0, 0)
    times = (*range(1, 11), *range(1000, 1005))
    events = [Event(at, "toy", Change.FINISHED, "upload", f"image {at}") for at in times]
    uploads, reached = Stage("upload", 45, len(times), 0, 0, 0, 0), {"upload": Span(0.5, None)}

    def told(*worked: Stretch, alive: bool = True) -> list[str]:
        counts = {"upload": {State.DONE: len(times), State.PENDING: 30}}
        return [*ahead(View(run, counts, {}, alive), [uploads], events, reached, worked)]

    killed = Stretch(0, 10, INTERRUPTED)
    assert told(killed, Stretch(994, 1004, "")) == ["upload: 0.5/s, about 1 min left"]
    assert told(Stretch(0, 1004, "")) == ["upload: 0.2/s, about 2 min left"]
    assert told(Stretch(0, 1100, "")) == [], "nothing arrives any more"
    assert told(killed, Stretch(994, 1004, INTERRUPTED), alive=False) == told() == []


def test_what_was_sent() -> None:
    """Requests that were refused or repeated count; an intent that was made anew before its request left does not."""
    events = [
        event(1, Change.ANNOUNCED, many, "a"),
        event(2, Change.RELEASED, many, "a"),
        event(3, Change.ANNOUNCED, many, "a"),
        event(4, Change.RELEASED, many, "a", "429"),
        event(5, Change.ANNOUNCED, many, "a"),
        event(6, Change.FINISHED, many, "a"),
        event(7, Change.ANNOUNCED, many, "b"),
        event(8, Change.RELEASED, many, "b", "412"),
        event(9, Change.SKIPPED, many, "b", "412"),
    ]
    assert sent_of(events) == {("many", "a"): 2, ("many", "b"): 1}
