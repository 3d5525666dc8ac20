"""Runs on a terminal: a table that is repainted in place, with what is remarkable above it."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bria_async.dashboard.figures import (
    OF_MANY,
    REMARKABLE,
    TOLD,
    Rate,
    Stage,
    is_over,
    stages,
    time_left,
    told,
    told_of_many,
    training_time,
)
from bria_async.dashboard.overview import WAITS, Overview, is_asked, step_of, urgency_of
from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View

from .advice import typed
from .plain import Approve

BAR = 28
"""Cells of a progress bar."""
FEW = 5
"""Runs of a batch that are shown one by one."""
TRAINED = "trained"
"""The stage that waits for the training."""


class _Painting:
    """What is painted over and over in place, with what is printed above it."""

    def __init__(self, approve: Approve, console: Console | None = None) -> None:
        self._approve = approve
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stderr=True)
        self._rates: dict[str, Rate] = {}
        self._spinner = Spinner("dots", style="cyan")

    def waiting(self, what: str) -> None:
        """Say what is done before there is a journal."""
        self._paint(Text(f"  {what}", style="dim"))

    def summary(self, words: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002  # another display shows the data
        """Print the summary below the table."""
        self.close()
        self._console.print(Text(words))

    def close(self) -> None:
        """Leave the table as it is."""
        self._live.stop()

    def _paint(self, what: RenderableType) -> None:
        if not self._live.is_started:
            self._live.start()
        self._live.update(what, refresh=True)

    def _tell(self, lines: Iterable[tuple[float, str]]) -> None:
        for at, words in lines:
            self._console.print(Text.assemble((f"{_clock(at)}  ", "dim"), (typed(words), "yellow")))

    def _asked(self, view: View) -> str:
        """What to do where a run waits for it."""
        return typed(f"{WAITS}: {self._approve(view.run.name)}") if is_asked(view) else ""

    def _stages(self, view: View, now: float) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for _ in range(4):
            table.add_column(no_wrap=True)
        found = stages(view)
        current = next((stage.name for stage in found if not is_over(stage)), None)
        for stage in found:
            running = not is_over(stage) and view.alive and (stage.begun or stage.name == current)
            table.add_row(
                self._mark(stage, running=running), stage.name, *self._figures(stage, view, now, running=running)
            )
        return table

    def _figures(self, stage: Stage, view: View, now: float, *, running: bool) -> tuple[RenderableType, RenderableType]:
        if stage.name == TRAINED and running and (words := training_time(view, now)):
            return "", Text(words, style="cyan")
        if stage.total == 1:
            return "", Text(stage.remarks, style="yellow")
        rate = self._rates.setdefault(stage.name, Rate())
        rate.saw(now, stage.done)
        pace = time_left(stage, rate) if running else ""
        facts = Text.assemble((f"{stage.done:,} of {stage.total:,}  ", ""), (pace, "cyan"))
        if stage.remarks:
            facts.append(f"  {stage.remarks}", style="yellow")
        return ProgressBar(stage.total, stage.done + stage.skipped, width=BAR), facts

    def _mark(self, stage: Stage, *, running: bool) -> RenderableType:
        if is_over(stage):
            return Text("✔", style="green")
        if stage.failed:
            return Text("✘", style="red")
        return self._spinner if running else Text("·", style="dim")


class Terminal(_Painting):
    """A live table of the stages of a run."""

    _news = ""

    def show(self, view: View, events: Sequence[tuple[int, Event]], now: float) -> None:
        """Repaint the table, and print what is remarkable above it."""
        happened = [event for _, event in events]
        self._tell(told(happened, REMARKABLE | {Happened.NOTED, Happened.COMPARED}))
        for _, words in told(happened, TOLD - REMARKABLE):
            self._news = typed(words)
        outer = _under(view.run.name, view.state, self._asked(view))
        outer.add_row(self._stages(view, now))
        outer.add_row(Text(f"  {self._news}", style="dim", overflow="ellipsis", no_wrap=True))
        self._paint(outer)


class BatchTerminal(_Painting):
    """A live table of the stages of all runs of a batch together, and a few of those that are under way."""

    def show(self, overview: Overview, events: Sequence[tuple[int, Event]], now: float) -> None:
        """Repaint the table, and print what is remarkable above it."""
        self._tell(told_of_many((event for _, event in events), OF_MANY - {Happened.COMPLETED}))
        running = (view for view in overview.views.values() if view.state == "running")
        under_way = sorted(running, key=urgency_of)
        outer = _under(overview.name, overview.state, overview.words)
        outer.add_row(self._stages(overview.total, now))
        for view in under_way[:FEW]:
            words = f"  {view.run.name}: {self._asked(view) or step_of(view)}"
            outer.add_row(Text(words, style="dim", overflow="ellipsis", no_wrap=True))
        if len(under_way) > FEW:
            outer.add_row(Text(f"  and {len(under_way) - FEW:,} more", style="dim"))
        self._paint(outer)


def _under(name: str, state: str, words: str = "") -> Table:
    """What is painted, with its first line."""
    outer = Table.grid()
    outer.add_row(Text.assemble((name, "bold"), (f"  {state}", _STYLES.get(state, "cyan")), f"  {words}".rstrip()))
    return outer


_STYLES = {"done": "green", "failed": "red", "paused": "yellow", "interrupted": "yellow", "waiting": "yellow"}


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


@contextlib.contextmanager
def bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, gone when it is done; it is told how many are done, and of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(BAR), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def coloured(head: Sequence[str], rows: Iterable[Sequence[str]], styles: Mapping[str, str]) -> None:
    """Print a table whose first column has the style of its word."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name in head:
        shown.add_column(name, overflow="fold")
    for first, *others in rows:
        shown.add_row(Text(first, style=styles.get(first, "")), *map(Text, others))
    Console(highlight=False).print(shown)
