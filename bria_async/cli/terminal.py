"""Runs on a terminal: a table that is repainted in place, with what is remarkable above it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bria_async.graph.events import Event
from bria_async.graph.feed import View

from .figures import REMARKABLE, TOLD, Rate, Stage, is_over, stages, time_left, told, training_time

BAR = 28
"""Cells of a progress bar."""
TRAINED = "trained"
"""The stage that waits for the training."""


class Terminal:
    """A live table of the stages of a run."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stderr=True)
        self._rates: dict[str, Rate] = {}
        self._news = ""
        self._spinner = Spinner("dots", style="cyan")

    def waiting(self, what: str) -> None:
        """Say what is done before there is a journal."""
        self._paint(Text(f"  {what}", style="dim"))

    def show(self, view: View, events: Sequence[tuple[int, Event]], now: float) -> None:
        """Repaint the table, and print what is remarkable above it."""
        happened = [event for _, event in events]
        for at, words in told(happened, REMARKABLE):
            self._console.print(Text.assemble((f"{_clock(at)}  ", "dim"), (words, "yellow")))
        for _, words in told(happened, TOLD - REMARKABLE):
            self._news = words
        self._paint(self._table(view, now))

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

    def _table(self, view: View, now: float) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for _ in range(4):
            table.add_column(no_wrap=True)
        current = next((stage.name for stage in stages(view) if not is_over(stage)), None)
        for stage in stages(view):
            running = not is_over(stage) and view.alive and (stage.begun or stage.name == current)
            table.add_row(
                self._mark(stage, running=running), stage.name, *self._figures(stage, view, now, running=running)
            )
        outer = Table.grid()
        outer.add_row(Text.assemble((view.run.name, "bold"), (f"  {view.state}", _STYLES.get(view.state, "cyan"))))
        outer.add_row(table)
        outer.add_row(Text(f"  {self._news}", style="dim", overflow="ellipsis", no_wrap=True))
        return outer

    def _figures(self, stage: Stage, view: View, now: float, *, running: bool) -> tuple[RenderableType, RenderableType]:
        if stage.name == TRAINED and running:
            return "", Text(training_time(view, now), style="cyan")
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


_STYLES = {"done": "green", "failed": "red", "paused": "yellow", "interrupted": "yellow"}


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
