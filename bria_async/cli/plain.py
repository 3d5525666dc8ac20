"""Runs in plain lines for pipes and logs, and as JSON for programs."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import click

from bria_async.dashboard.figures import OF_MANY, SINGLY, Rate, Stage, stages, time_left, told, told_of_many
from bria_async.dashboard.overview import WAITS, Overview, is_asked
from bria_async.graph.events import Event
from bria_async.graph.feed import View

from .advice import typed

if TYPE_CHECKING:
    from bria_async.training.place import Place

STEPS = 10
"""Lines that a stage of many items gets at most."""
MANY = 20
"""Items from which on a stage gets more than one line."""
EVERY = 60.0
"""Seconds between two lines with the numbers of a batch."""
Approve = Callable[[str], str]
"""What to type to approve a run, by its name."""


@attrs.define
class Lines:
    """One line per event of interest, and one per tenth of a stage with many items."""

    approve: Approve
    _rates: dict[str, Rate] = attrs.field(factory=dict)
    _told: dict[str, int] = attrs.field(factory=dict)
    _is_asked: bool = False

    def waiting(self, what: str) -> None:
        """Say what is done before there is a journal."""
        _line(time.time(), what)

    def show(self, view: View, events: Sequence[tuple[int, Event]], now: float) -> None:
        """Tell what is new."""
        lines = list(told(event for _, event in events))
        before, self._is_asked = self._is_asked, is_asked(view)
        if self._is_asked and not before:
            lines.append((now, f"{view.run.name} {WAITS}: {self.approve(view.run.name)}"))
        moved = {event.task: event.at for _, event in events}
        for stage in stages(view):
            self._told.setdefault(stage.name, 0 if stage.name in moved else _step(stage))
            if stage.total > 1 and (words := self._progress(stage, now)):
                lines.append((moved.get(stage.name, now), words))
        for at, words in sorted(lines, key=lambda line: line[0]):
            _line(at, words)

    def _progress(self, stage: Stage, now: float) -> str | None:
        rate = self._rates.setdefault(stage.name, Rate())
        rate.saw(now, stage.done)
        if self._told[stage.name] == _step(stage):
            return None
        self._told[stage.name] = _step(stage)
        facts = ", ".join(part for part in (time_left(stage, rate), stage.remarks) if part)
        return f"{stage.name} {stage.done:,} of {stage.total:,}{f' ({facts})' if facts else ''}"

    def summary(self, words: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002  # another display shows the data
        """Print the summary."""
        click.echo(words)

    def close(self) -> None:
        """Nothing is open."""


@attrs.define
class BatchLines:
    """One line per run that ends, per thing that nobody expects, and one a minute with the numbers of all."""

    approve: Approve
    _rate: Rate = attrs.field(factory=Rate)
    _told: str = ""
    _told_at: float = -math.inf
    _asked: frozenset[str] = frozenset()

    def waiting(self, what: str) -> None:
        """Say what is done before there is a journal."""
        _line(time.time(), what)

    def show(self, overview: Overview, events: Sequence[tuple[int, Event]], now: float) -> None:
        """Tell what is new."""
        for at, words in sorted(told_of_many((event for _, event in events), OF_MANY)):
            _line(at, words)
        before, self._asked = self._asked, frozenset(overview.asked)
        for run in [run for run in overview.asked if run not in before][:SINGLY]:
            _line(now, f"{run} {WAITS}: {self.approve(run)}")
        uploads = next((stage for stage in stages(overview.total) if stage.name == "upload"), None)
        if uploads is None:
            return
        self._rate.saw(now, uploads.done)
        numbers = f"{overview.words}; upload {uploads.done:,} of {uploads.total:,}"
        if numbers != self._told and now - self._told_at >= EVERY:
            self._told, self._told_at = numbers, now
            pace = time_left(uploads, self._rate)
            _line(now, f"{numbers}{f' ({pace})' if pace else ''}")

    def summary(self, words: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002  # another display shows the data
        """Print the summary."""
        click.echo(words)

    def close(self) -> None:
        """Nothing is open."""


@attrs.frozen
class Json:
    """One JSON object per event and line, and a last one that sums up; runs are named as they are typed."""

    place_of: "Callable[[str], Place]"
    """Where the run of an event lies."""

    def waiting(self, what: str) -> None:
        """Programs wait without being told."""

    def show(self, seen: object, events: Sequence[tuple[int, Event]], now: float) -> None:  # noqa: ARG002  # as above
        """Print what is new."""
        for seq, event in events:
            told = {"seq": seq, **attrs.asdict(event), "run": self.place_of(event.run).title}
            click.echo(json.dumps(told, ensure_ascii=False))

    def summary(self, words: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002  # as above
        """Print the summary."""
        click.echo(json.dumps({"what": "summary", **data}, ensure_ascii=False))

    def close(self) -> None:
        """Nothing is open."""


def _step(stage: Stage) -> int:
    return stage.done * (STEPS if stage.total >= MANY else 1) // stage.total


def _line(at: float, words: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S', time.localtime(at))}  {typed(words)}")
