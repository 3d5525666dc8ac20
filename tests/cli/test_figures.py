"""Figures of a run, and how terminals and lines show them."""

import io
from collections import Counter

import attrs
import pytest
from rich.console import Console

from bria_async.cli.plain import Lines
from bria_async.cli.terminal import Terminal
from bria_async.dashboard.figures import Rate, Stage, duration, stages, time_left, told, training_time
from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.records import RunRow
from bria_async.graph.states import Change, State

RUN = RunRow(1, "cats", "run 1", {"family": "fibo"}, "running", None, 1000.0, 1000.0)


def approve(run: str) -> str:
    """What to type to approve a run."""
    return f"bria-async approve {run}"


def view(done: int = 0, left: int = 5000, **more: int) -> View:
    """A run of many uploads, of which so many are done."""
    uploads = Counter({State.DONE: done, State.PENDING: left, **{State(name): number for name, number in more.items()}})
    counts = {"project": Counter({State.DONE: 1}), "upload": uploads, "trained": Counter({State.PENDING: 1})}
    return View(RUN, counts, {"training": 2000.0}, True)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (7265, "2 h 1 min"),
        (90000, "1 d 1 h"),
        (-3, "0 s"),
    ],
)
def test_durations_have_two_units(seconds: float, words: str) -> None:
    """Seconds in words, as exactly as anybody wants to know."""
    assert duration(seconds) == words, seconds


def test_the_time_left_follows_the_measured_rate() -> None:
    """A rate is measured over its window only, and nothing is said before there is one."""
    rate = Rate()
    stage = next(found for found in stages(view(done=100, left=50)) if found.name == "upload")
    rate.saw(0.0, 0)
    assert time_left(stage, rate) == "", "one look is no rate"
    rate.saw(10.0, 20)
    assert rate.value == 2.0, rate
    for second in range(11, 60):
        rate.saw(float(second), 20 + 5 * (second - 10))
    assert rate.value == pytest.approx(5.0), "what was long ago does not count"
    assert time_left(stage, rate) == "5.0/s, about 10 s left", stage


def test_a_training_is_measured_against_the_documented_hours() -> None:
    """The time since the start and what is documented; never a percentage."""
    assert training_time(view(), 2000.0 + 3660) == "1 h 1 min since its start; documented are 2 to 6 hours"
    assert training_time(attrs.evolve(view(), sent={}), 9.0) == "", "nothing was started"
    trained = attrs.evolve(view(), counts={"trained": Counter({State.DONE: 1})})
    assert training_time(trained, 9000.0) == "", "samples may still be made"


def test_a_stage_says_what_is_not_as_it_should_be() -> None:
    """Doubt, failures and what was left out are counted apart."""
    stage = next(found for found in stages(view(done=3, left=1, in_doubt=2, skipped=4)) if found.name == "upload")
    assert stage == Stage("upload", 10, 3, 4, 0, 2, 0), stage
    assert stage.remarks == "2 in doubt, 4 left out", stage
    assert stage.left == 3, stage


def test_many_events_of_one_kind_are_told_as_a_number() -> None:
    """Three are told one by one, more as a number; uploads that are done are not told at all."""
    adopted = [Event(float(at), "cats", Change.ADOPTED, "upload", f"{at}.png") for at in range(2000)]
    assert [words for _, words in told(adopted)] == ["upload (2,000 times) found on the server"]
    assert len(list(told(adopted[:3]))) == 3, "few are told by name"
    assert not list(told([Event(1.0, "cats", Change.FINISHED, "upload", "a.png")])), "bars and tenths tell these"
    warned = [Event(1.0, "cats", Happened.WARNED, data={"reason": f"image {number}"}) for number in range(5)]
    assert len(list(told(warned))) == 5, "what is about the run is told each on its own"


def test_lines_tell_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    """However many looks there are, a stage of 5,000 images gets ten lines."""
    lines = Lines(approve)
    for done in range(0, 5001, 7):
        lines.show(view(done, 5000 - done), [], float(done))
    lines.show(view(5000, 0), [], 5001.0)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 10, out
    assert "upload 5,000 of 5,000" in out[-1], out
    assert "/s, about" in out[0], out


def test_an_approval_that_is_waited_for_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to type; whoever begins to watch later is told too."""
    asking = attrs.evolve(view(1, 0), asked=True)
    event = Event(1.0, "cats", Happened.ASKED, data={"reason": "the captions are ready"})
    late, early = Lines(approve), Lines(approve)
    late.show(asking, [], 1.0)
    late.show(asking, [], 2.0)
    early.show(asking, [(1, event)], 1.0)
    early.show(asking, [], 2.0)
    out = [line.partition("  ")[2] for line in capsys.readouterr().out.splitlines()]
    waits = "cats waits for your approval: bria-async approve cats"
    assert out == [waits, "the captions are ready", waits], out
    output = io.StringIO()
    Terminal(approve, Console(file=output, force_terminal=True, width=100, highlight=False)).show(asking, [], 1.0)
    assert waits.removeprefix("cats ") in output.getvalue(), output.getvalue()


def test_a_terminal_shows_stages_rates_and_trouble() -> None:
    """The table holds counts, rate and time left; what is remarkable stands above it."""
    output = io.StringIO()
    terminal = Terminal(approve, Console(file=output, force_terminal=True, width=100, height=30, highlight=False))
    terminal.waiting("looking at the images")
    terminal.show(view(0, 5000), [], 5000.0)
    lost = Event(1.0, "cats", Change.LOST, "upload", "a.png", {"reason": "no answer in time"})
    terminal.show(view(100, 4890, in_doubt=10), [(2, lost)], 5010.0)
    terminal.show(view(5000, 0), [], 5660.0)
    terminal.summary("cats is trained", {})
    shown = output.getvalue()
    for words in ("looking at the images", "100 of 5,000", "10.0/s, about 8 min", "10 in doubt", "cats is trained"):
        assert words in shown, (words, shown)
    assert "upload a.png in doubt: no answer in time" in shown, shown
    assert "1 h 1 min since its start; documented are 2 to 6 hours" in shown, shown
