"""The figures that a run is shown in, computed from its journal: the same for terminals, lines, `show` and pages."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import attrs

from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.states import Change, State

FEW = 10.0
WINDOW = 20.0
"""Seconds that a rate is measured over."""
TRAINED = "trained"
"""The task that waits for the training."""

TOLD = frozenset(
    {
        *Happened,
        Change.FINISHED,
        Change.LOST,
        Change.ADOPTED,
        Change.FAILED,
        Change.SKIPPED,
        Change.REOPENED,
    }
)
"""Events that are told in words."""

REMARKABLE = frozenset(
    {Happened.WARNED, Happened.CHARGED, Change.FAILED, Change.SKIPPED, Change.LOST, Change.ADOPTED, Change.REOPENED}
)
"""Events that nobody expects of a run that goes well."""

OF_MANY = REMARKABLE | {Happened.ASKED, Happened.NOT_BEGUN, Happened.PAUSED, Happened.RUN_FAILED, Happened.COMPLETED}
"""Events of a run among many that are told."""

SINGLY = 3
"""Events of one kind that are told one by one; more of them at once are told as a number."""


@attrs.frozen
class Stage:
    """A task of the graph in numbers of its items."""

    name: str
    total: int
    done: int
    skipped: int
    failed: int
    doubtful: int
    under_way: int

    @property
    def left(self) -> int:
        """Items that need something more."""
        return self.total - self.done - self.skipped

    @property
    def begun(self) -> bool:
        """Whether anything happened to it."""
        return self.left < self.total or bool(self.under_way or self.doubtful or self.failed)

    @property
    def remarks(self) -> str:
        """What is not as it should be, in words."""
        numbers = ((self.doubtful, "in doubt"), (self.failed, "failed"), (self.skipped, "left out"))
        return ", ".join(f"{number:,} {words}" for number, words in numbers if number)


def stages(view: View) -> list[Stage]:
    """The tasks of a run in the order of its graph."""
    return [
        Stage(
            name,
            total=sum(counts.values()),
            done=counts.get(State.DONE, 0),
            skipped=counts.get(State.SKIPPED, 0),
            failed=counts.get(State.FAILED, 0),
            doubtful=counts.get(State.IN_DOUBT, 0),
            under_way=counts.get(State.INTENT, 0),
        )
        for name, counts in view.counts.items()
    ]


def is_over(stage: Stage) -> bool:
    """Whether nothing is left to do."""
    return stage.left == 0


# --- time ---------------------------------------------------------------------------------------------------------


@attrs.define
class Rate:
    """Items a second, measured over the last `WINDOW` seconds."""

    _seen: deque[tuple[float, int]] = attrs.field(factory=deque)

    @classmethod
    def of(cls, times: Iterable[float], since: float, now: float) -> "Rate":
        """The rate of what happened at these times, as if it had been measured all the while since then."""
        start, rate = max(since, now - WINDOW), cls()
        rate.saw(start, 0)
        rate.saw(now, sum(at > start for at in times))
        return rate

    def saw(self, now: float, done: int) -> None:
        """So many are done by now."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] < now - WINDOW:  # noqa: PLR2004  # two points make a rate
            self._seen.popleft()

    @property
    def value(self) -> float:
        """Items a second; 0 while there is nothing to measure."""
        if not self._seen:
            return 0.0
        (start, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - start) if end > start else 0.0


def time_left(stage: Stage, rate: Rate) -> str:
    """How long the rest takes at the measured rate; nothing where there is no rate."""
    if rate.value <= 0 or not stage.left:
        return ""
    return f"{rate.value:.1f}/s, about {duration(stage.left / rate.value)} left"


def training_time(view: View, now: float) -> str:
    """How long a training that goes on takes by now, beside what is documented; nothing else is known."""
    started = view.sent.get("training")
    if started is None or view.counts.get(TRAINED, {}).get(State.DONE):
        return ""
    from bria_async.types.trainings import TRAINING_HOURS  # noqa: PLC0415  # slow to import

    least, most = TRAINING_HOURS[view.run.plan["family"]]
    return f"{duration(now - started)} since its start; documented are {least} to {most} hours"


def duration(seconds: float, digits: int = 0) -> str:
    """Seconds in words, in two units at most; those below ten with so many digits behind the point."""
    if digits and 0 < round(seconds, digits) < FEW:
        return f"{seconds:.{digits}f} s"
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (number, _) in enumerate(units) if number), len(units) - 1)
    return " ".join(f"{number} {unit}" for number, unit in units[first : first + 2] if number) or "0 s"


def took(seconds: float, digits: int = 0) -> str:
    """How long something took, in words; what took any time took more than none."""
    least = 10.0**-digits
    return f"< {least:.{digits}f} s" if 0 < seconds < least / 2 else duration(seconds, digits)


def digits_of(times: Iterable[float]) -> int:
    """How many digits a few seconds need to differ, 3 at most."""
    seconds = {time for time in times if time < FEW}
    return next((digits for digits in range(3) if len({duration(each, digits) for each in seconds}) == len(seconds)), 3)


# --- words --------------------------------------------------------------------------------------------------------


def told(events: Iterable[Event], wanted: frozenset[str] = TOLD) -> Iterator[tuple[float, str]]:
    """Events in words with their times; many of one kind at once are told as a number."""
    groups: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        if event.what in wanted and not (event.key and event.what == Change.FINISHED):
            groups.setdefault((event.what, event.task, _subject(event)), []).append(event)
    for found in groups.values():
        yield from _group(found)


def told_of_many(events: Iterable[Event], wanted: frozenset[str]) -> Iterator[tuple[float, str]]:
    """Events of many runs in words; what happened to several runs at once is told as their number."""
    groups: dict[tuple[str, str], dict[str, list[Event]]] = {}
    for event in events:
        if event.what in wanted:
            groups.setdefault((event.what, event.task), {}).setdefault(event.run, []).append(event)
    for runs in groups.values():
        if len(runs) > SINGLY:
            found = [event for events in runs.values() for event in events]
            alike = found[-1].data if all(event.data == found[-1].data for event in found) else {}
            words = _words(attrs.evolve(found[-1], run="", key="", data=alike))
            yield found[-1].at, f"{len(runs):,} runs: {words.strip()}"
        else:
            for run, found in runs.items():
                yield from ((at, f"{run}: {words.removeprefix(f'{run} ')}") for at, words in told(found, wanted))


def _subject(event: Event) -> str:
    """Events with the same subject are of one kind; what concerns the whole run is told each on its own."""
    return "" if event.task else f"{event.at} {event.data}"


def _group(found: Sequence[Event]) -> Iterator[tuple[float, str]]:
    if len(found) > SINGLY:
        last = found[-1]
        yield last.at, _words(attrs.evolve(last, key=f"({len(found):,} times)" if last.key else last.key))
    else:
        yield from ((event.at, _words(event)) for event in found)


def _words(event: Event) -> str:
    reason = event.data.get("reason")
    if event.task or not reason:
        return event.words
    return _BEFORE.get(Happened(event.what), "") + str(reason)


_BEFORE = {Happened.WARNED: "warning: ", Happened.PAUSED: "paused: ", Happened.NOT_BEGUN: "does not begin: "}
"""What stands before the reason of an event that concerns a whole run."""
