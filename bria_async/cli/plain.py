"""Runs in plain lines for pipes and logs, and as JSON for programs."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import click

from bria_async.graph.events import Event
from bria_async.graph.feed import View

from .figures import Rate, Stage, stages, time_left, told

STEPS = 10
"""Lines that a stage of many items gets at most."""
MANY = 20
"""Items from which on a stage gets more than one line."""


@attrs.define
class Lines:
    """One line per event of interest, and one per tenth of a stage with many items."""

    _rates: dict[str, Rate] = attrs.field(factory=dict)
    _told: dict[str, int] = attrs.field(factory=dict)

    def waiting(self, what: str) -> None:
        """Say what is done before there is a journal."""
        _line(time.time(), what)

    def show(self, view: View, events: Sequence[tuple[int, Event]], now: float) -> None:
        """Tell what is new."""
        lines = list(told(event for _, event in events))
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


class Json:
    """One JSON object per event and line, and a last one that sums up."""

    def waiting(self, what: str) -> None:
        """Programs wait without being told."""

    def show(self, view: View, events: Sequence[tuple[int, Event]], now: float) -> None:  # noqa: ARG002  # as above
        """Print what is new."""
        for seq, event in events:
            click.echo(json.dumps({"seq": seq, **attrs.asdict(event)}, ensure_ascii=False))

    def summary(self, words: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002  # as above
        """Print the summary."""
        click.echo(json.dumps({"what": "summary", **data}, ensure_ascii=False))

    def close(self) -> None:
        """Nothing is open."""


def _step(stage: Stage) -> int:
    return stage.done * (STEPS if stage.total >= MANY else 1) // stage.total


def _line(at: float, words: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S', time.localtime(at))}  {words}")
