"""Tables of runs and of their steps, in plain text."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from bria_async.dashboard.figures import duration, is_over, stages
from bria_async.dashboard.overview import WAITS
from bria_async.graph.feed import View

HEAD = ("run", "state", "images", "model", "age")
STEPS = ("step", "done", "of", "")


def line_of(facts: Mapping[str, Any]) -> Sequence[object]:
    """A run, or a batch, in one line."""
    images = f"{facts['uploaded']:,} of {facts['images']:,}" if facts["images"] else ""
    state = f"{facts['state']}, {WAITS}" if facts["waits_for_approval"] else facts["state"]
    return (facts["run"], state, images, facts["model"], facts["created"] and age(facts["created"]))


def steps_of(view: View) -> Iterable[Sequence[object]]:
    """The steps of a run, a line each."""
    for stage in stages(view):
        yield f"{'✔' if is_over(stage) else '·'} {stage.name}", f"{stage.done:,}", f"{stage.total:,}", stage.remarks


def age(created: float) -> str:
    """How long ago that was."""
    return duration(time.time() - created)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns that are as wide as they need to be."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in ([head] if head else []) + list(rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
