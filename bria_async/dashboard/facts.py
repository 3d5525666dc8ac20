"""What the journal of a run says, for whoever shows it: state, numbers, ids, and the next command."""

import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.feed import View
from bria_async.graph.states import State

from .overview import NOT_BEGUN, Overview, is_asked, urgency_of

if TYPE_CHECKING:
    from bria_async.training.place import Place

NAMED = ("project", "dataset", "model")
"""Tasks whose results have ids worth showing."""
NOTHING = {
    "state": NOT_BEGUN,
    "waits_for_approval": False,
    "images": 0,
    "uploaded": 0,
    **dict.fromkeys(NAMED),
    "created": None,
}
"""Facts of a run that has not begun."""
START_A_WORKER = "bria-async worker --engine dbos"
"""What to type where runs wait for a worker."""


def view_of(journal: feed.Source, run: str) -> View:
    """A run as it is now.

    Raises:
        JournalError: the journal cannot be read, or holds no such run.
    """
    found = feed.view(journal, run)
    if found is None:
        raise JournalError(f"The journal {journal} holds no run {run!r}.")
    return found


def facts_of(place: "Place", view: View, results: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """State, numbers and ids of a run; `results` are those of its named tasks, where they were read already."""
    from bria_async.training.following import uploads_of  # noqa: PLC0415  # slow to import

    journal = place.source
    if results is None:
        results = feed.results(journal, view.run.name)
    images, uploaded = uploads_of(journal, view)
    return {
        "run": place.title,
        "state": view.state,
        "waits_for_approval": is_asked(view),
        "images": images,
        "uploaded": uploaded,
        **{name: (results.get(name) or {}).get("id") for name in NAMED},
        "created": view.run.created,
    }


def batch_facts(overview: Overview) -> dict[str, Any]:
    """State and numbers of a batch."""
    uploads = overview.total.counts.get("upload", {})
    return {
        "run": overview.name,
        "state": overview.state,
        "waits_for_approval": len(overview.asked),
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
    found.sort(key=lambda pair: urgency_of(pair[0]))
    told = [{**facts, "reason": view.run.reason} for view, facts in found]
    refused = ((place.run(name), place.run(name).why_not_begun) for name, view in overview.runs if view is None)
    return [*({**NOTHING, "run": one.title, "reason": reason} for one, reason in refused if reason), *told]


def next_command(place: "Place", view: View) -> str:
    """What to type next, in any folder."""
    if view.state == "done":
        old = "" if view.run.plan["family"] == "fibo" else " --v1"
        return f'bria-async generate {facts_of(place, view)["model"]} "a prompt"{old}'
    if view.state == "failed":
        return "bria-async train, under another --name"
    if view.state == "waiting":
        return _next_of_waiting(place)
    if view.state == "running" and is_asked(view):
        return command_on(place, "approve")
    if view.alive and view.state != "running" and place.batch:
        return command_on(place, "watch", place.batch.name)
    return command_on(place, "watch" if view.alive else "resume")


def next_of_batch(place: "Place", overview: Overview) -> str:
    """What to type next about a batch, in any folder."""
    if overview.state == "waiting":
        return _next_of_waiting(place)
    if overview.alive and overview.asked:
        return command_on(place.run(overview.asked[0]), "approve")
    if overview.alive:
        return command_on(place, "watch")
    if overview.state == "done":
        return command_on(place, "verify")
    if overview.state == "failed":
        return "bria-async train, the failed ones under other names"
    return command_on(place, "resume")


def _next_of_waiting(place: "Place") -> str:
    if feed.tended(place.source).workers:
        return command_on(place, "watch")
    return START_A_WORKER.replace(" --engine", f" {_where(place)}--engine")


def command_on(place: "Place", command: str, run: str = "") -> str:
    """A command with a run, by its title unless another is named, as it can be typed in any folder."""
    return f"bria-async {command} {_where(place)}{run or place.title}"


def _where(place: "Place") -> str:
    """The flag by which a command finds what it would not find by itself; never a secret: that is for BRIA_DATABASE."""
    from bria_async.training.place import default_state  # noqa: PLC0415  # slow to import
    from bria_async.training.shared import SharedPlace  # noqa: PLC0415  # as above

    if isinstance(place, SharedPlace):
        database = place.source.reader.database
        is_known = database.has_secret or database.url == os.environ.get("BRIA_DATABASE")
        return "" if is_known else f"--database {shlex.quote(database.url)} "
    state = (place.batch or place.folder).parent.absolute()
    return "" if state == default_state().absolute() else f"--state {shlex.quote(str(state))} "
