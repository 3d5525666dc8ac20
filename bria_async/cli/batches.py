"""What commands show of a batch: its runs by what most needs somebody, and all of them together."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import click

from bria_async.graph import feed
from bria_async.graph.states import State

from .advice import typed
from .exits import Exit, Failure
from .facts import NAMED, facts_of, next_of_batch
from .figures import stages
from .follow import ManyRuns
from .overview import NOT_BEGUN, URGENCY, Overview, counted, state_of
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


def overview_of(place: "Place") -> Overview:
    """A batch as it is now."""
    return many_runs(place).read(after=feed.newest(place.source))[0]


def batch_facts(overview: Overview) -> dict[str, Any]:
    """State and numbers of a batch."""
    uploads = overview.total.counts.get("upload", {})
    return {
        "run": overview.name,
        "state": overview.state,
        "runs": overview.states,
        "images": sum(uploads.values()),
        "uploaded": uploads.get(State.DONE, 0),
        "model": f"{overview.states['done']:,} of {overview.states.total():,}",
        "created": overview.total.run.created,
    }


def facts_of_runs(place: "Place", overview: Overview) -> list[dict[str, Any]]:
    """State, numbers, ids and reasons of its runs that have begun or could not, what most needs somebody first."""
    made = feed.results_of_all(place.source, *NAMED)
    found = [(view, facts_of(place.run(name), view, made.get(name, {}))) for name, view in overview.views.items()]
    found.sort(key=lambda pair: URGENCY.index(state_of(pair[0])))
    told = [{**facts, "reason": view.run.reason} for view, facts in found]
    refused = ((place.run(name), place.run(name).why_not_begun) for name, view in overview.runs if view is None)
    return [*({**_NOTHING, "run": one.title, "reason": reason} for one, reason in refused if reason), *told]


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
    click.echo(f"next: {next_of_batch(place, overview)}")


def show_not_begun(place: "Place", *, as_json: bool) -> None:
    """Print a run of a batch that has not begun.

    Raises:
        Failure: it does not begin, and why.
    """
    if reason := place.why_not_begun:
        raise Failure(f"{place.title} has not begun: {reason}", Exit.FAILED)
    if as_json:
        click.echo(json.dumps({**_NOTHING, "run": place.title, "reason": None, "steps": []}, indent=2))
        return
    batch, waits = place.title.partition("/")[0], place.is_worked_on
    click.echo(f"{place.title}: {NOT_BEGUN}{', it waits for its turn' if waits else ''}")
    click.echo(typed(f"next: bria-async {'watch' if waits else 'resume'} {batch}"))


_NOTHING = {"state": NOT_BEGUN, "images": 0, "uploaded": 0, **dict.fromkeys(NAMED), "created": None}
"""Facts of a run that has not begun."""


def _short(facts: Mapping[str, Any]) -> str:
    reason = facts["reason"] or ""
    return reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."
