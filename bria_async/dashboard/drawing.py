"""Where things stand in a drawing: timelines, graphs and plots as coordinates, which templates write as SVG."""

import bisect
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from bria_async.graph.graph import Graph
from bria_async.wire.redaction import excerpt

from .figures import digits_of, duration, took
from .history import SIGNS, Mark, Span, Stretch

WIDTH = 1000.0
SIGN = 7.0
"""Half of what a sign takes."""
BESIDE = 18.0
"""Units between signs of a run that do not lie over each other."""
FEET = (8.0, 22.0)
"""Units beneath the last bar: without words, and with those of what is drawn shorter."""
ROW = 28.0
TOP = 46.0
TICKS = 6
UNITS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 432_000.0),
)
"""Seconds whose multiples are round."""
MOMENT = 1e-6
"""Seconds that make no difference."""
ALMOST = 0.95
"""A unit may be so much shorter than what lies between two ticks that stand evenly."""
LONGEST = 0.25
"""The share of a timeline that one interval without any event takes at most."""
NEAR = 14.0
"""Units within which marks of one kind are drawn as one, with their number."""
REASONS = 3
"""How many are told of marks that are drawn as one."""
NARROWEST = 4.0
BINS = (6, 60)
"""How many bars a plot has, for few things and for many."""
HEIGHT = 120.0
SHORTEST = 1.0
"""Seconds that a bar of a plot stands for at least: fewer make no rate."""
NEAR_LIMIT = 4.0
"""A limit up to so many times the highest value is drawn; one beyond would press the plot flat."""


@attrs.frozen
class Scale:
    """Times on a line, on which long intervals where nothing happened are shortened; `cuts` are those."""

    times: Sequence[float]
    places: Sequence[float]
    cuts: Sequence[tuple[float, float]] = ()

    @classmethod
    def of(cls, moments: Iterable[float], start: float, end: float) -> "Scale":
        """The line from `start` to `end` units on which all these moments lie."""
        times = sorted(set(moments))
        gaps = [after - before for before, after in itertools.pairwise(times)]
        most = max(gaps, default=0.0)
        while len(gaps) * LONGEST > 1 and most > (total := sum(min(gap, most) for gap in gaps)) * LONGEST * 1.001:
            most = total * LONGEST
        unit = (end - start) / (sum(min(gap, most) for gap in gaps) or 1.0)
        places = [start]
        for gap in gaps:
            places.append(places[-1] + min(gap, most) * unit)
        cuts = [(times[number], times[number + 1]) for number, gap in enumerate(gaps) if gap > most * 1.001]
        return cls(times, places, cuts)

    def place(self, at: float) -> float:
        """Where a time lies."""
        return _between(at, self.times, self.places)

    def time(self, place: float) -> float:
        """What lies there."""
        return _between(place, self.places, self.times)


def _between(value: float, known: Sequence[float], other: Sequence[float]) -> float:
    number = bisect.bisect_right(known, value)
    if number == 0 or number == len(known):
        return other[min(number, len(known) - 1)]
    (low, high), (start, end) = known[number - 1 : number + 1], other[number - 1 : number + 1]
    return start + (value - low) / (high - low) * (end - start)


# --- the timeline -----------------------------------------------------------------------------------------------


@attrs.frozen
class Frame:
    """What room a timeline has; as wide as it is, a unit of it is a pixel.

    Names of steps take what is left of `left`; bars end at `right`, and the rest is for how long they took, in words.
    """

    width: float
    left: float
    right: float
    ticks: int


WIDE = Frame(WIDTH, 120.0, 880.0, TICKS)
NARROW = Frame(306.0, 80.0, 230.0, 2)
"""On a phone, whose screen it fits."""


@attrs.frozen
class Sign:
    """Marks of one kind at one place; `at` is the time of the first, and `stands` where the sign has room."""

    at: float
    x: float
    what: str
    icon: str
    words: str
    stands: float = attrs.field()

    @stands.default
    def _where_it_is(self) -> float:
        return self.x


@attrs.frozen
class Bar:
    """A step: its row, the signs on it, and its words, which begin at `after`."""

    name: str
    y: float
    x: float
    width: float
    after: float
    words: str
    open: bool
    signs: tuple[Sign, ...]


@attrs.frozen
class Band:
    """A time in which something was so for all steps."""

    x: float
    width: float
    words: str
    took: str


@attrs.frozen
class Timeline:
    """A run over time; `ticks` are round times since it began, `cuts` what was shortened, `idle` when nobody worked."""

    frame: Frame
    height: float
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    cuts: tuple[Band, ...]
    idle: tuple[Band, ...]
    signs: tuple[Sign, ...]

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The signs on it, and what each means."""
        seen = [sign.what for sign in (*self.signs, *(sign for bar in self.bars for sign in bar.signs))]
        return tuple(SIGNS[what] for what in dict.fromkeys(seen))

    @property
    def told(self) -> tuple[tuple[float, str, str], ...]:
        """The signs in the order of their times: when, the icon, and the words of it, with its step if it has one."""
        found = [(sign.at, sign.icon, sign.words) for sign in self.signs]
        found += [(sign.at, sign.icon, f"{bar.name}: {sign.words}") for bar in self.bars for sign in bar.signs]
        return tuple(sorted(found))


def timelines(
    spans: Mapping[str, Span],
    worked: Sequence[Stretch],
    moments: Collection[float],
    of_run: Collection[Mark],
    of_steps: Mapping[str, Sequence[Mark]],
) -> tuple[Timeline, ...]:
    """Draw the steps that were reached in their order, for each frame; `moments` are the times of all events."""
    frames = (WIDE, NARROW) if worked else ()
    return tuple(_timeline(frame, spans, worked, moments, of_run, of_steps) for frame in frames)


def _timeline(
    frame: Frame,
    spans: Mapping[str, Span],
    worked: Sequence[Stretch],
    moments: Iterable[float],
    of_run: Iterable[Mark],
    of_steps: Mapping[str, Sequence[Mark]],
) -> Timeline:
    start, until = worked[0].start, worked[-1].end
    ends = {at for stretch in worked for at in (stretch.start, stretch.end)}
    scale = Scale.of({*(at for at in moments if start <= at <= until), *ends}, frame.left, frame.right)
    ticks = _round_times(scale, frame.ticks)
    digits = digits_of(time for _, time in ticks)
    bars = []
    for number, (name, span) in enumerate(spans.items()):
        end = until if span.end is None else span.end
        x = min(scale.place(span.start), frame.right - NARROWEST)
        width = max(NARROWEST, scale.place(end) - x)
        signs = _signs(of_steps.get(name, ()), scale)
        after = x + width + SIGN + (SIGN if signs else 0)
        words, y = took(end - span.start, digits), TOP + number * ROW
        bars.append(Bar(name, y, x, width, after, words, span.end is None, signs))
    pairs = itertools.pairwise(worked)
    return Timeline(
        frame,
        TOP + len(bars) * ROW + FEET[bool(scale.cuts)],
        tuple(bars),
        _in_words(ticks),
        tuple(_band(scale, *cut, "drawn shorter: nothing happened for", digits) for cut in scale.cuts),
        tuple(
            _band(scale, one.end, two.start, f"{one.ended}, then nobody worked on it for", digits) for one, two in pairs
        ),
        _beside(_signs(sorted(of_run, key=lambda mark: mark.at), scale), frame),
    )


def _round_times(scale: Scale, ticks: int = TICKS) -> list[tuple[float, float]]:
    """Places and times since the beginning of its ticks: about as far apart as if these stood evenly, and round."""
    start, end = scale.times[0], scale.times[-1]
    left, right = scale.places[0], scale.places[-1]
    step = (right - left) / ticks
    found = [(left, 0.0)]
    if not step:
        return found
    for x in (left + number * step for number in range(1, ticks + 1)):
        before, after = x - step / 2, min(x + step / 2, right)
        lasts = (scale.time(after) - scale.time(before)) / (after - before) * step
        unit = next((unit for unit in UNITS if unit >= lasts * ALMOST), UNITS[-1])
        time = round((scale.time(x) - start) / unit) * unit
        place = scale.place(start + time)
        if start + time <= end + MOMENT and place - found[-1][0] > step / 2:
            found.append((place, time))
    return found


def _in_words(ticks: Sequence[tuple[float, float]]) -> tuple[tuple[float, str], ...]:
    """Ticks with their times in words, each once."""
    digits = digits_of(time for _, time in ticks)
    words = [duration(time, digits) for _, time in ticks]
    return tuple((x, "" if words[number] in words[:number] else words[number]) for number, (x, _) in enumerate(ticks))


def _band(scale: Scale, start: float, end: float, words: str, digits: int) -> Band:
    x = scale.place(start)
    lasted = took(end - start, digits)
    return Band(x, max(1.0, scale.place(end) - x), f"{words} {lasted}", lasted)


def _signs(marks: Iterable[Mark], scale: Scale) -> tuple[Sign, ...]:
    groups: list[tuple[float, list[Mark]]] = []
    open_by_kind: dict[str, tuple[float, list[Mark]]] = {}
    for mark in marks:
        x, group = scale.place(mark.at), open_by_kind.get(mark.what)
        if group is not None and x - group[0] < NEAR:
            group[1].append(mark)
        else:
            open_by_kind[mark.what] = (x, [mark])
            groups.append(open_by_kind[mark.what])
    return tuple(_sign(x, found) for x, found in groups)


def _beside(signs: Iterable[Sign], frame: Frame) -> tuple[Sign, ...]:
    """The signs in their order, none over the one before: right of it, or, where that is too far right, left of it."""
    found = sorted(signs, key=lambda sign: sign.x)
    apart = min(BESIDE, (frame.width - frame.left) / max(1, len(found) - 1))
    places = list(itertools.accumulate((sign.x for sign in found), lambda before, x: max(x, before + apart)))
    most = frame.width
    for number in reversed(range(len(found))):
        places[number] = most = min(places[number], most)
        most -= apart
    return tuple(attrs.evolve(sign, stands=place) for sign, place in zip(found, places, strict=True))


def _sign(x: float, marks: Sequence[Mark]) -> Sign:
    icon, words = SIGNS[marks[0].what]
    known = dict.fromkeys(mark.reason for mark in marks if mark.reason)
    reasons = "; ".join(excerpt(reason) for reason in [*known][:REASONS])
    times = f" {len(marks):,} times" if len(marks) > 1 else ""
    return Sign(marks[0].at, x, marks[0].what, icon, f"{words}{times}{f': {reasons}' if reasons else ''}")


# --- the graph --------------------------------------------------------------------------------------------------


@attrs.frozen
class Arc:
    """An edge, as the path of an SVG."""

    path: str
    words: str


@attrs.frozen
class Arcs:
    """A graph from top to bottom: each task in a row of its own, and its edges as arcs beside it."""

    x: float
    rows: Mapping[str, float]
    arcs: tuple[Arc, ...]


def arcs(graph: Graph, names: Collection[str], x: float = 74.0, row: float = 40.0) -> Arcs:
    """Draw the tasks of these names and the edges between them, longer ones further out."""
    order = [task for task in graph.order() if task.name in names]
    rows = {task.name: row * (number + 0.5) for number, task in enumerate(order)}
    found = []
    for task in order:
        for edge in (edge for edge in graph.edges(task) if edge.name in rows):
            above, below = rows[edge.name], rows[task.name]
            out = x - min(x - 4, (below - above - row) * 0.45)
            path = f"M{x:g} {above:g}C{out:.1f} {above:g} {out:.1f} {below:g} {x:g} {below:g}"
            found.append(Arc(path, f"{task.name} needs {edge.name}"))
    return Arcs(x, rows, tuple(found))


# --- the plot ---------------------------------------------------------------------------------------------------


@attrs.frozen
class Plot:
    """How many a minute over time, as a path of `WIDTH` x `HEIGHT`; `most` is its highest value.

    `ticks` are round times since the first. `points` are the same as numbers: the time (seconds since the epoch) at
    which an interval begins, and its rate.
    """

    path: str
    most: float
    mean: float
    ticks: tuple[tuple[float, str], ...]
    points: tuple[tuple[float, float], ...]
    limit: float | None = None
    limit_y: float | None = None
    """Where the limit is drawn; None where it is beyond the drawing."""


def plot(times: Sequence[float], limit: float | None = None) -> Plot | None:
    """Draw how often something happened, and how often it may (a minute); None where it did not twice."""
    times = sorted(times)
    if len(times) < 2 or times[0] == times[-1]:  # noqa: PLR2004  # two of them make a rate
        return None
    scale = Scale.of(times, 0.0, WIDTH)
    lasted = times[-1] - times[0]
    bins = max(1, min(BINS[1], max(BINS[0], len(times) // 4), int(lasted / SHORTEST)))
    step = WIDTH / bins
    counts = Counter(min(bins - 1, int(scale.place(at) / step)) for at in times)
    edges = [scale.time(number * step) for number in range(bins + 1)]
    widths = (max(SHORTEST, after - before) for before, after in itertools.pairwise(edges))
    rates = [counts[number] * 60 / width for number, width in enumerate(widths)]
    most = max(rates)
    is_near = limit is not None and limit <= NEAR_LIMIT * most
    top = max(most, limit) if limit is not None and is_near else most
    tops = (f"V{HEIGHT * (1 - rate / top):.1f}H{(number + 1) * step:.1f}" for number, rate in enumerate(rates))
    return Plot(
        f"M0 {HEIGHT:g}{''.join(tops)}V{HEIGHT:g}Z",
        most,
        len(times) * 60 / max(SHORTEST, lasted),
        _in_words(_round_times(scale)),
        (*zip(edges, [*rates, rates[-1]], strict=True),),
        limit,
        round(HEIGHT * (1 - limit / top), 1) if limit is not None and is_near else None,
    )
