"""What the journal of a run says, for the commands that show it."""

from pathlib import Path
from typing import Any

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.feed import View
from bria_async.graph.states import State

from .advice import typed

NAMED = ("project", "dataset", "model")
"""Tasks whose results have ids worth showing."""


def view_of(journal: Path, run: str) -> View:
    """A run as it is now.

    Raises:
        JournalError: the journal cannot be read, or holds no such run.
    """
    found = next((view for view in feed.views(journal) if view.run.name == run), None)
    if found is None:
        raise JournalError(f"The journal {journal} holds no run {run!r}.")
    return found


def facts_of(journal: Path, view: View) -> dict[str, Any]:
    """State, numbers and ids of a run."""
    results = feed.results(journal, view.run.name)
    uploads = view.counts["upload"]
    images, uploaded = sum(uploads.values()), uploads.get(State.DONE, 0)
    if "bulk" in view.counts:
        images, uploaded = len(feed.inputs(journal, view.run.name, "image")), len(results.get("upload", ()))
    return {
        "run": view.run.name,
        "state": view.state,
        "images": images,
        "uploaded": uploaded,
        **{name: (results.get(name) or {}).get("id") for name in NAMED},
        "created": view.run.created,
    }


def next_command(journal: Path, view: View) -> str:
    """What to type next."""
    if view.state == "done":
        old = "" if view.run.plan["family"] == "fibo" else " --v1"
        return typed(f'bria-async generate {facts_of(journal, view)["model"]} "a prompt"{old}')
    if view.state == "failed":
        return "bria-async train, under another --name"
    return typed(f"bria-async {'watch' if view.alive else 'resume'} {view.run.name}")
