"""Batches of a thousand runs in figures, and how terminals and lines show them."""

import io
import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest
from rich.console import Console

from bria_async.cli.follow import ManyRuns
from bria_async.cli.plain import BatchLines
from bria_async.cli.terminal import BatchTerminal
from bria_async.cli.working import reasons_of
from bria_async.dashboard.figures import OF_MANY, told_of_many
from bria_async.dashboard.overview import WAITS, Overview
from bria_async.graph import feed
from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import RunRow
from bria_async.graph.states import Change, State
from bria_async.host import Host

THOUSAND = tuple(f"run-{number}" for number in range(1000))


def approve(run: str) -> str:
    """What to type to approve a run."""
    return f"bria-async approve studio/{run}"


def view(run: str, state: str = "running", done: int = 0) -> View:
    """A run of 20 images, of which so many are done."""
    row = RunRow(1, run, "run 1", {"family": "fibo"}, state, None, 1000.0, 1000.0)
    counts = {"project": Counter({State.DONE: 1}), "upload": Counter({State.DONE: done, State.PENDING: 20 - done})}
    return View(row, counts, {}, alive=True)


def overview(done: int = 0, uploaded: int = 5, **fields: Any) -> Overview:
    """A thousand runs, of which so many are done and ten are under way."""
    views = {run: view(run, "done", 20) for run in THOUSAND[:done]}
    views |= {run: view(run, done=uploaded) for run in THOUSAND[done : done + 10]}
    return Overview(**{"name": "studio", "planned": THOUSAND, "views": views, "alive": True, **fields})


def test_a_batch_is_the_sum_of_its_runs() -> None:
    """Runs by state, those that have not begun too, and the steps of all as if they were one run's."""
    found = overview(done=100)
    assert found.words == "100 of 1,000 trained, 10 running, 890 not begun"
    assert found.total.counts["upload"] == {State.DONE: 2050, State.PENDING: 150}


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (("done", "done"), "done"),
        (("done", "failed"), "failed"),
        (("failed", "paused"), "paused"),
        (("paused", "running"), "interrupted"),
        (("done",), "paused"),
    ],
)
def test_the_state_of_a_batch_is_what_most_needs_somebody(states: tuple[str, ...], state: str) -> None:
    """What can go on comes before what has failed; nobody works on it, so a run that says it runs was interrupted."""
    views = {run: attrs.evolve(view(run, found), alive=False) for run, found in zip(THOUSAND, states, strict=False)}
    found = Overview("studio", THOUSAND[:2], views, alive=False)
    assert found.state == state, found.states
    assert attrs.evolve(found, alive=True).state == "running"


def test_what_happens_to_many_runs_is_told_as_a_number() -> None:
    """Three runs are named, more are counted, with the reason where it is the same for all."""
    paused = [Event(1.0, run, Happened.PAUSED, data={"reason": "no answer"}) for run in THOUSAND]
    assert [words for _, words in told_of_many(paused, OF_MANY)] == ["1,000 runs: paused: no answer"]
    assert [words for _, words in told_of_many(paused[:1], OF_MANY)] == ["run-0: paused: no answer"]
    lost = [Event(1.0, run, Change.LOST, "upload", "a.png", {"reason": run}) for run in THOUSAND[:4]]
    assert [words for _, words in told_of_many(lost, OF_MANY)] == ["4 runs: upload in doubt"]
    assert [words for _, words in told_of_many(lost[:1], OF_MANY)] == ["run-0: upload a.png in doubt: run-0"]


def test_reasons_are_told_once() -> None:
    """A thousand runs that stop for one reason are one line, and a thousand reasons are bounded."""
    assert reasons_of(dict.fromkeys(THOUSAND, "no answer"), "studio") == ["run-0, run-1, run-2 and 997 more: no answer"]
    lines = reasons_of({run: f"no {run}" for run in THOUSAND}, "studio")
    assert len(lines) == 21, lines
    assert lines[-1] == "and 980 more reasons: bria-async show studio --json"


def test_lines_tell_the_numbers_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    """However often somebody looks, and only where they changed."""
    lines = BatchLines(approve)
    for second in range(0, 600, 2):
        lines.show(overview(done=second // 10), [], float(second))
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 10, out
    assert "54 of 1,000 trained, 10 running, 936 not begun; upload 1,130 of 1,280 (2." in out[-1], out
    lines.show(overview(), [(1, Event(1.0, "run-7", Happened.COMPLETED))], 600.0)
    assert "run-7: completed" in capsys.readouterr().out


def test_a_terminal_shows_the_steps_of_all_and_a_few_runs() -> None:
    """Totals with rate and time left, five of the runs under way, and trouble above."""
    output = io.StringIO()
    terminal = BatchTerminal(approve, Console(file=output, force_terminal=True, width=110, height=40, highlight=False))
    terminal.waiting("looking at the images")
    terminal.show(overview(done=100), [], 5000.0)
    failed = Event(1.0, "run-3", Happened.RUN_FAILED, data={"reason": "its training ended Failed"})
    terminal.show(overview(done=100, uploaded=10), [(2, failed)], 5010.0)
    terminal.summary("studio: 100 of 1,000", {})
    shown = output.getvalue()
    for words in (
        "100 of 1,000 trained, 10 running, 890 not begun",
        "2,100 of 2,200",
        "5.0/s, about 20 s left",
        "run-104: upload 10 of 20",
        "and 5 more",
        "run-3: its training ended Failed",
        "studio: 100 of 1,000",
    ):
        assert words in shown, (words, shown)
    assert "run-105" not in shown, shown


def test_a_terminal_shows_first_who_waits_for_an_approval() -> None:
    """Before runs that were begun earlier, with what to type; the first line has their number."""
    asked = {run: attrs.evolve(view(run), asked=True) for run in THOUSAND[8:10]}
    output = io.StringIO()
    terminal = BatchTerminal(approve, Console(file=output, force_terminal=True, width=140, height=40, highlight=False))
    found = overview()
    terminal.show(attrs.evolve(found, views={**found.views, **asked}), [], 5000.0)
    shown = output.getvalue()
    assert "10 running, 990 not begun, of which 2 wait for your approval" in shown, shown
    assert shown.index(f"run-9: {WAITS}: {approve('run-9')}") < shown.index("run-0: upload 5 of 20"), shown


def test_what_to_type_is_whole_on_a_narrow_terminal() -> None:
    """It goes on in the next line, because what is cut cannot be typed."""
    output, typed = io.StringIO(), f"bria-async approve --state /home/somebody/trainings{'/deeper' * 5} studio/run-9"
    console = Console(file=output, force_terminal=True, width=80, height=40, highlight=False, no_color=True)
    asked = attrs.evolve(view("run-9"), asked=True)
    found = overview()
    BatchTerminal(lambda _: typed, console).show(attrs.evolve(found, views={**found.views, "run-9": asked}), [], 5000.0)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.getvalue())
    assert "".join(typed.split()) in "".join(shown.split()), shown


def test_lines_tell_once_who_waits_for_an_approval(capsys: pytest.CaptureFixture[str]) -> None:
    """Three of those that newly do, with what to type."""
    lines, found = BatchLines(approve), overview()
    asked = {run: attrs.evolve(view(run), asked=True) for run in THOUSAND[:9]}
    few = {run: asked[run] for run in THOUSAND[:2]}
    for views in ({}, few, few, asked):
        lines.show(attrs.evolve(found, views={**found.views, **views}), [], 5.0)
    told = [line for line in capsys.readouterr().out.splitlines() if WAITS in line and "bria-async" in line]
    assert [line.partition("  ")[2] for line in told] == [f"{run} {WAITS}: {approve(run)}" for run in THOUSAND[:5]]


async def test_following_many_runs_reads_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole once, then nothing while nothing happens, then one run; and all again when the process ends."""
    path, host = tmp_path / "journal.db", Host()
    asked: list[str] = []
    connect = sqlite3.connect

    def listening(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*args, **kwargs)
        database.set_trace_callback(asked.append)
        return database

    def looked() -> tuple[Overview, int]:
        asked.clear()
        return many.read(feed.newest(path))[0], sum("FROM task" in sql for sql in asked)

    async with Journal(path, host) as journal:
        many = ManyRuns(path, "studio", ("one", "two", "three"))
        rows = [await journal.create_run(run, "t", {}, "", {}, [("upload", "a")]) for run in ("one", "two")]
        ledgers = [await Ledger.load(journal, row, host) for row in rows]
        for ledger in ledgers:
            await ledger.settle_run("running", None, Happened.STARTED)
        monkeypatch.setattr("bria_async.graph.feed.sqlite3.connect", listening)
        first, queries = looked()
        assert (first.states, queries) == ({"running": 2, "not begun": 1}, 1)
        assert looked() == (first, 0)
        await ledgers[0].settle_run("done", None, Happened.COMPLETED)
        second, queries = looked()
        assert (second.states, queries) == ({"done": 1, "running": 1, "not begun": 1}, 1)
        assert second.views["two"] is first.views["two"], "it was not read again"
        await ledgers[1].record(Happened.ASKED, subject="a")
        assert looked()[0].asked == ("two",)
        await ledgers[1].settle_run("running", None, Happened.RESUMED)
        assert looked()[0].asked == ("two",), "what was read earlier is known"
    third, _ = looked()
    assert third.states == {"done": 1, "interrupted": 1, "not begun": 1}
