"""Where things stand in a drawing."""

import itertools
import re
from html import escape
from types import SimpleNamespace
from typing import Any

import pytest

from bria_async.dashboard.drawing import (
    BESIDE,
    FEET,
    HEIGHT,
    LONGEST,
    NARROW,
    WIDE,
    WIDTH,
    Scale,
    Timeline,
    arcs,
    plot,
    timelines,
)
from bria_async.dashboard.history import INTERRUPTED, Limit, Mark, Span, Stretch
from bria_async.dashboard.templating import rendered
from bria_async.graph.events import Happened
from bria_async.training.lifecycle import shape
from bria_async.training.plan import Plan

QUICK = [float(number) for number in range(20)]
LEFT, RIGHT = WIDE.left, WIDE.right


def timeline(*drawn: Any) -> Timeline | None:
    """The one for a screen."""
    return next(iter(timelines(*drawn)), None)


def shown(*drawn: Timeline) -> str:
    """Timelines as HTML."""
    return rendered("run/timeline.html", page=SimpleNamespace(timelines=drawn))


def test_a_scale_without_gaps_is_even() -> None:
    """And goes both ways; what lies outside is at its ends."""
    scale = Scale.of(QUICK, 100, 290)
    assert [scale.place(at) for at in (-5.0, 0.0, 9.5, 19.0, 30.0)] == pytest.approx([100, 100, 195, 290, 290])
    assert scale.time(195) == pytest.approx(9.5)
    assert scale.cuts == []


def test_hours_without_an_event_are_drawn_shorter() -> None:
    """No interval takes more than its share, order is kept, and what was shortened is known."""
    scale = Scale.of([*QUICK, 20_000.0, 20_001.0, 90_000.0], 0, 1000)
    assert scale.cuts == [(19.0, 20_000.0), (20_001.0, 90_000.0)]
    for start, end in scale.cuts:
        assert scale.place(end) - scale.place(start) <= 1000 * LONGEST * 1.01
    assert list(scale.places) == sorted(scale.places)
    assert scale.places[-1] == pytest.approx(1000)


def test_a_single_moment_is_no_error() -> None:
    """A run that ended with its first event."""
    assert Scale.of([5.0], 0, 1000).place(5.0) == 0


def test_the_timeline_of_a_run_that_was_killed() -> None:
    """Bars from start to end, marks of one kind together, the time in which nobody worked, and signs of both ends."""
    worked = (Stretch(0, 10, INTERRUPTED), Stretch(14, 19, ""))
    marks = [Mark(at, "retried", "reset") for at in (2.0, 2.1, 2.2, 8.0)]
    of_run = [Mark(10, INTERRUPTED), Mark(14, "resumed")]
    found = timeline({"project": Span(0, 1), "upload": Span(1, None)}, worked, QUICK, of_run, {"upload": marks})
    assert found is not None
    project, upload = found.bars
    assert (project.x, project.words, project.open) == (LEFT, "1 s", False)
    assert (upload.words, upload.open) == ("18 s", True)
    assert upload.x + upload.width == pytest.approx(RIGHT)
    assert [sign.words for sign in upload.signs] == ["repeated 3 times: reset", "repeated: reset"]
    assert [(band.took, band.words) for band in found.idle] == [
        ("4 s", "interrupted, then nobody worked on it for 4 s")
    ]
    assert found.idle[0].x == found.signs[0].x < found.signs[1].x
    assert ("▶", "resumed") in found.legend
    assert found.told == (
        (2.0, "↻", "upload: repeated 3 times: reset"),
        (8.0, "↻", "upload: repeated: reset"),
        (10, "†", "interrupted: its process ended without a word"),
        (14, "▶", "resumed"),
    )


LONG = [0.0, 1.0, 2.0, 86_339.0, 86_340.0]
BROADEST = 6.5
"""Units that a character of a bar's words takes at most, on average."""


@pytest.mark.parametrize("start", LONG)
@pytest.mark.parametrize("end", [*LONG, None])
@pytest.mark.parametrize("marks", [[], [Mark(at, "retried") for at in LONG]], ids=["plain", "marked"])
def test_words_stand_right_of_their_bar(start: float, end: float | None, marks: list[Mark]) -> None:
    """Beyond it and its signs, and inside the drawing: of bars at either edge, broad and narrow, with long words."""
    span = Span(start, end if end is None else max(start, end))
    drawn = timelines({"upload": span}, (Stretch(LONG[0], LONG[-1], ""),), LONG, [], {"upload": marks})
    assert [found.frame for found in drawn] == [WIDE, NARROW]
    html = shown(*drawn)
    for found in drawn:
        (bar,) = found.bars
        so_far = " so far" if end is None and found.frame is WIDE else ""
        assert found.frame.left <= bar.x < bar.x + bar.width < bar.after
        assert bar.after + len(bar.words + so_far) * BROADEST <= found.frame.width + 12
        assert f'x="{round(bar.after, 1)}" y="{bar.y + 16}">{escape(bar.words)}{so_far}</text>' in html


def test_signs_of_a_run_do_not_lie_over_each_other() -> None:
    """A pause right after the request for an approval: its sign stands right of the other, its line at its own time."""
    marks = [Mark(18.9, Happened.ASKED), Mark(19, "paused"), Mark(2, "resumed")]
    found = timeline({"upload": Span(1, None)}, (Stretch(0, 19, "paused"),), QUICK, marks, {})
    assert found is not None
    assert [(sign.what, sign.at) for sign in found.signs] == [("resumed", 2), (Happened.ASKED, 18.9), ("paused", 19)]
    resumed, asked, paused = found.signs
    assert resumed.stands == resumed.x == pytest.approx(LEFT + (RIGHT - LEFT) * 2 / 19)
    assert (asked.stands, paused.x) == pytest.approx((asked.x, RIGHT))
    assert paused.stands - asked.stands == BESIDE
    assert f"M{round(paused.stands, 1)} 39L{round(paused.x, 1)} 45V" in shown(found, found)


@pytest.mark.parametrize("frame", [0, 1], ids=["wide", "narrow"])
@pytest.mark.parametrize("times", [[19.0] * 30, [float(at) for at in range(20)] * 5], ids=["at the end", "everywhere"])
def test_many_signs_of_a_run_have_room(times: list[float], frame: int) -> None:
    """Of 100 kills and resumes each is seen, from the left edge to the right one; every line is at its time."""
    marks = [Mark(at, what) for at in times for what in ("resumed", "paused", INTERRUPTED)]
    found = timelines({}, (Stretch(0, 19, "paused"),), QUICK, marks, {})[frame]
    left, right, width = found.frame.left, found.frame.right, found.frame.width
    assert {round(sign.x, 3) for sign in found.signs} <= {round(left + (right - left) * at / 19, 3) for at in times}
    places = [sign.stands for sign in found.signs]
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert min(gaps) >= min(BESIDE, (width - left) / (len(places) - 1)) - 1e-6
    assert places[0] >= left - 1e-6 and places[-1] <= width


def test_ticks_of_a_clock_that_was_set_back() -> None:
    """They stand from the earliest time on, and none over another."""
    found = timeline({}, (Stretch(1000, 1100, "paused"), Stretch(500, 700, "")), [500.0, 700.0, 1000.0, 1100.0], [], {})
    assert found is not None
    places = [x for x, _ in found.ticks]
    assert len(places) > 3 and all(after - before > 50 for before, after in itertools.pairwise(places))


def test_what_was_shortened_is_told_beneath_the_bars() -> None:
    """There is room for its words, and none where nothing was shortened."""
    spans = {"upload": Span(1, None)}
    even = timeline(spans, (Stretch(0, 19, ""),), QUICK, [], {})
    cut = timeline(spans, (Stretch(0, 2000, ""),), [*QUICK, 2000.0], [], {})
    assert even is not None and cut is not None
    assert not even.cuts and cut.cuts
    assert cut.height - even.height == FEET[1] - FEET[0]


def test_reasons_of_marks_that_are_drawn_as_one() -> None:
    """The first that differ, however often each was given, as they may be shown."""
    reasons = ["429", "429", "429", "429", "reset by http://u:p@x.example/?key=secret", "cut", "away"]
    marks = [Mark(2.0, "retried", reason) for reason in reasons]
    found = timeline({"upload": Span(1, None)}, (Stretch(0, 19, ""),), QUICK, [], {"upload": marks})
    assert found is not None
    (sign,) = found.bars[0].signs
    assert sign.words == "repeated 7 times: 429; reset by http://x.example/; cut"


@pytest.mark.parametrize(
    ("moments", "ticks"),
    [
        ([0.0, 0.6], ["0 s", "0.1 s", "0.2 s", "0.3 s", "0.4 s", "0.5 s", "0.6 s"]),
        ([0.0, 0.03], ["0 s", "0.005 s", "0.010 s", "0.015 s", "0.020 s", "0.025 s", "0.030 s"]),
        ([0.0, 10.2], ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]),
        ([0.0, 25.0], ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s"]),
        ([0.0, 60.0], ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "1 min"]),
        ([0.0, 7000.0], ["0 s", "30 min", "1 h", "1 h 30 min"]),
        ([*range(13), 354.0], ["0 s", "5 s", "10 s", "5 min"]),
        ([*range(7), *range(400_000, 400_007)], ["0 s", "5 s", "4 d 15 h"]),
        ([5.0], ["0 s"]),
    ],
)
def test_ticks_are_round(moments: list[float], ticks: list[str]) -> None:
    """In units of what lies between them, where much is drawn shorter, too; each stands at its time."""
    found = timeline({}, (Stretch(moments[0], moments[-1], ""),), moments, [], {})
    assert found is not None
    assert [words for _, words in found.ticks] == ticks
    scale = Scale.of(moments, LEFT, RIGHT)
    whole = {"0 s": 0.0, "5 s": 5.0, "10 s": 10.0, "20 s": 20.0, "5 min": 300.0, "30 min": 1800.0}
    for x, words in found.ticks:
        assert scale.time(x) - moments[0] == pytest.approx(whole.get(words, scale.time(x) - moments[0]))
    assert all(after - before > (RIGHT - LEFT) / 12 for (before, _), (after, _) in itertools.pairwise(found.ticks))


def test_what_took_any_time_took_more_than_none() -> None:
    """A step too short for the digits of its run."""
    found = timeline({"project": Span(0, 0.01)}, (Stretch(0, 0.6, ""),), [0.0, 0.6], [], {})
    assert found is not None
    assert found.bars[0].words == "< 0.1 s"


def test_nothing_is_drawn_of_a_run_that_nobody_began() -> None:
    """It has no time."""
    assert timeline({}, (), [], [], {}) is None
    assert plot([]) is plot([4.0, 4.0]) is None


def test_the_graph_is_drawn_as_it_is() -> None:
    """A row for each task below those that it needs, and an arc for each edge."""
    graph = shape(Plan(images="here", name="Lora"), 7)
    names = [task.name for task in graph.order()]
    found = arcs(graph, names)
    assert list(found.rows) == names
    assert len(found.arcs) == sum(len(graph.edges(task)) for task in graph.tasks)
    for task in graph.tasks:
        for edge in graph.edges(task):
            assert found.rows[edge.name] < found.rows[task.name]
            assert f"{task.name} needs {edge.name}" in [arc.words for arc in found.arcs]


def test_steps_that_are_not_shown_have_neither_rows_nor_arcs() -> None:
    """Those of a plan without samples, and any between others: the rows of the rest are those of their table."""
    graph = shape(Plan(images="here", name="Lora"), 7)
    names = [task.name for task in graph.order() if task.name not in ("schema", "submission", "sample")]
    found = arcs(graph, names)
    assert [(name, y) for name, y in found.rows.items()] == [(name, 20 + 40 * at) for at, name in enumerate(names)]
    drawn = {word for arc in found.arcs for word in arc.words.split(" needs ")}
    assert drawn == set(names)


def test_a_plot_of_what_happened() -> None:
    """Ten a second, then one: the first bars reach the top, and the others a tenth of it."""
    found = plot([number / 10 for number in range(100)] + [10.0 + number for number in range(10)])
    assert found is not None
    assert found.most == pytest.approx(600, rel=0.2)
    assert found.mean == pytest.approx(110 * 60 / 19)
    tops = [float(top) for top in re.findall(r"V([\d.]+)H", found.path)]
    assert min(tops[:10]) == 0
    assert tops[-2] == pytest.approx(HEIGHT * 0.9, rel=0.1)


def test_no_rate_of_less_than_a_second() -> None:
    """Eight uploads within a tenth of a second are one bar of eight a second: no smaller part of it says anything."""
    drawn = plot([1000 + number / 70 for number in range(8)])
    assert drawn is not None
    assert drawn.most == drawn.mean == 8 * 60
    assert len(drawn.points) == 2


@pytest.mark.parametrize(
    ("lasted", "words"),
    [
        (1.7, ["0 s", "0.5 s", "1.0 s", "1.5 s"]),
        (25.0, ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s"]),
        (7000.0, ["0 s", "30 min", "1 h", "1 h 30 min"]),
    ],
)
def test_ticks_of_a_plot_are_round(lasted: float, words: list[str]) -> None:
    """As on a timeline; each stands at its time, in the page too."""
    drawn = plot([1000 + lasted * number / 50 for number in range(51)])
    assert drawn is not None
    assert [each for _, each in drawn.ticks] == words
    last = {"1.5 s": 1.5, "25 s": 25.0, "1 h 30 min": 5400.0}[words[-1]]
    assert drawn.ticks[-1][0] == pytest.approx(WIDTH * last / lasted)
    shown = rendered("run/throughput.html", page=SimpleNamespace(plot=drawn, limit=Limit(None, 0, 0)))
    places = re.findall(r'<text x="([\d.]+)%"', shown)
    assert [float(place) for place in places] == pytest.approx([x * 100 / WIDTH for x, _ in drawn.ticks], abs=0.01)


def test_the_limit_of_a_plot() -> None:
    """It is drawn where it is near, and else only told."""
    times = [1000.0 + number for number in range(60)]
    near, far = plot(times, 90.0), plot(times, 1000.0)
    assert near is not None and far is not None
    assert (near.limit_y, far.limit_y, far.limit) == (0.0, None, 1000.0)
    page = SimpleNamespace(plot=far, limit=Limit(1000.0, 0, 0))
    assert "The session keeps to 1,000 a minute" in rendered("run/throughput.html", page=page)


@pytest.mark.parametrize(
    ("limit", "words", "others", "legend"),
    [
        (Limit(None, 0, 0), "No limit is known: nobody gave", "the dashed line", []),
        (Limit(None, 2, 0), "No limit is known: nobody gave", "the dashed line", []),
        (
            Limit(None, 2, 37),
            "the first when it had taken 37 in a minute, the dashed line;",
            "No limit is known",
            ["learned from a 429: 37 a minute"],
        ),
        (Limit(90.0, 2, 37), "in a minute;", "37 in a minute, the dashed line", ["allowed: 90 a minute"]),
    ],
)
def test_which_limit_is_drawn(limit: Limit, words: str, others: str, legend: list[str]) -> None:
    """What somebody gave, else what the server had taken when it refused the first; words and legend say which."""
    drawn = plot([1000.0 + number for number in range(60)], limit.known)
    assert drawn is not None
    assert (drawn.limit_y is None) == (limit.known is None)
    shown = rendered("run/throughput.html", page=SimpleNamespace(plot=drawn, limit=limit))
    assert words in shown
    assert others not in shown
    assert ('<line class="limit"' in shown) == (limit.known is not None)
    assert re.findall(r'dashed"></span> (.*)</li>', shown) == legend
