"""Runs on a terminal: a table that is repainted in place, with what is remarkable above it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bria_async.dashboard.figures import (
    OF_MANY,
    REMARKABLE,
    TOLD,
    TRAINED,
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
from .screen import BAR

MARGIN = 4
"""Cells at the right that stay free for what is typed there: a second line would shift what is painted over."""
NARROW = 60
"""Cells of a screen below which it shows no bars and no columns of words."""
FEW = 5
"""Runs of a batch that are shown one by one."""


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
        self._live.update(Constrain(what, self._console.width - MARGIN), refresh=True)

    def _tell(self, lines: Iterable[tuple[float, str]]) -> None:
        for at, words in lines:
            self._console.print(Text.assemble((f"{_clock(at)}  ", "dim"), (typed(words), "yellow")))

    def _asked(self, view: View) -> str:
        """What to do where a run waits for it."""
        return typed(f"{WAITS}: {self._approve(view.run.name)}") if is_asked(view) else ""

    def _stages(self, view: View, now: float) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for is_fixed in (True, True, False):
            table.add_column(no_wrap=is_fixed)  # where all is too wide, the figures are cut
        found = stages(view)
        current = next((stage.name for stage in found if not is_over(stage)), None)
        for stage in found:
            running = not is_over(stage) and view.alive and (stage.begun or stage.name == current)
            table.add_row(
                self._mark(stage, running=running), stage.name, self._figures(stage, view, now, running=running)
            )
        return table

    def _figures(self, stage: Stage, view: View, now: float, *, running: bool) -> RenderableType:
        if stage.name == TRAINED and running and (words := training_time(view, now)):
            return _line(words, "cyan")
        if stage.total == 1:
            return _line(stage.remarks, "yellow")
        rate = self._rates.setdefault(stage.name, Rate())
        rate.saw(now, stage.done)
        pace = time_left(stage, rate) if running else ""
        facts = _line(f"{stage.done:,} of {stage.total:,}  ")
        facts.append(pace, style="cyan")
        if stage.remarks:
            facts.append(f"  {stage.remarks}", style="yellow")
        if self._console.width < NARROW:
            return facts
        figures = Table.grid(padding=(0, 1))
        figures.add_row(ProgressBar(stage.total, stage.done + stage.skipped, width=BAR), facts)
        return figures

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
        outer.add_row(_line(f"  {self._news}", "dim"))
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
            name, asked = f"  {view.run.name}: ", self._asked(view)
            outer.add_row(Text(f"{name}{asked}", style="dim") if asked else _line(f"{name}{step_of(view)}", "dim"))
        if len(under_way) > FEW:
            outer.add_row(Text(f"  and {len(under_way) - FEW:,} more", style="dim"))
        self._paint(outer)


def _under(name: str, state: str, words: str = "") -> Table:
    """What is painted, with its first line."""
    outer = Table.grid()
    outer.add_row(Text.assemble((name, "bold"), (f"  {state}", _STYLES.get(state, "cyan")), f"  {words}".rstrip()))
    return outer


_STYLES = {"done": "green", "failed": "red", "paused": "yellow", "interrupted": "yellow", "waiting": "yellow"}


def _line(words: str, style: str = "") -> Text:
    """Words that are cut where they do not fit."""
    return Text(words, style=style, overflow="ellipsis", no_wrap=True)


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def coloured(head: Sequence[str], rows: Iterable[Sequence[str]], styles: Mapping[str, str]) -> None:
    """Print a table whose first column has the style of its word, or each row as some lines on a narrow screen."""
    console = Console(highlight=False)
    if console.width < NARROW:
        for first, *others in rows:
            *short, names, words = others
            console.print(Text.assemble((first, styles.get(first, "")), "  ", "  ".join(short)))
            for cell in filter(None, (names, words)):
                console.print(Padding(Text(cell), (0, 0, 0, 2)))
        return
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name in head:
        shown.add_column(name, overflow="fold")
    for first, *others in rows:
        shown.add_row(Text(first, style=styles.get(first, "")), *map(Text, others))
    console.print(shown)
