"""What commands show of a batch: its runs by what most needs somebody, and all of them together."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import click

from bria_async.dashboard.facts import NOTHING, batch_facts, facts_of_runs, next_of_batch
from bria_async.dashboard.figures import stages
from bria_async.dashboard.overview import NOT_BEGUN, counted, overview_of

from .advice import typed
from .exits import Exit, Failure
from .follow import ManyRuns
from .tables import HEAD, STEPS, age, line_of, steps_of, table

if TYPE_CHECKING:
    from bria_async.training.place import Place

SHOWN = 20
"""Runs that are shown one by one."""
LONGEST = 80
"""Characters of a reason in a table."""


def many_runs(place: "Place") -> ManyRuns:
    """The runs of a batch."""
    return ManyRuns(place.source, place.name, place.planned)


def show_batch(place: "Place", *, as_json: bool) -> None:
    """Print a batch: all its runs together, and those that most need somebody."""
    overview = overview_of(place)
    runs = facts_of_runs(place, overview)
    if as_json:
        steps = [attrs.asdict(stage) for stage in stages(overview.total)]
        waiting = [place.run(name).title for name, view in overview.runs if view is None]
        click.echo(json.dumps({**batch_facts(overview), "steps": steps, "each": runs, "not_begun": waiting}, indent=2))
        return
    click.echo(f"{overview.name}: {overview.state}, {overview.words}, begun {age(overview.total.run.created)} ago")
    if runs:
        table(STEPS, steps_of(overview.total))
        table((*HEAD, "reason"), [(*line_of(facts), _short(facts)) for facts in runs[:SHOWN]])
    rest: dict[str, int] = {}
    for facts in runs[SHOWN:]:
        rest[facts["state"]] = rest.get(facts["state"], 0) + 1
    if rest:
        click.echo(f"and {', '.join(counted(rest))}; all of them: --json")
    click.echo(typed(f"next: {next_of_batch(place, overview)}"))


def show_not_begun(place: "Place", *, as_json: bool) -> None:
    """Print a run of a batch that has not begun.

    Raises:
        Failure: it does not begin, and why.
    """
    if reason := place.why_not_begun:
        raise Failure(f"{place.title} has not begun: {reason}", Exit.FAILED)
    if as_json:
        click.echo(json.dumps({**NOTHING, "run": place.title, "reason": None, "steps": []}, indent=2))
        return
    batch, waits = place.title.partition("/")[0], place.is_worked_on
    click.echo(f"{place.title}: {NOT_BEGUN}{', it waits for its turn' if waits else ''}")
    click.echo(typed(f"next: bria-async {'watch' if waits else 'resume'} {batch}"))


def _short(facts: Mapping[str, Any]) -> str:
    reason = facts["reason"] or ""
    return reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."
