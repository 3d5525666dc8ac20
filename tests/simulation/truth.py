"""Truth, secrets, and other people's files (I6, I7, I8, I10): all that a run says of itself is so."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bria_async.graph.events import Happened
from bria_async.graph.states import CLOSED, State

from .evidence import Evidence, result_of
from .witness import Finding
from .world import TOKEN

KEPT = frozenset({"journal.db", "journal.db-wal", "journal.db-shm", "journal.lock", "control", "samples"})
"""What a run's own folder holds in the end."""


def verified(evidence: Evidence) -> Iterator[Finding]:
    """`verify` finds nothing."""
    yield from (Finding("untrue", difference) for difference in evidence.differences)


def ended(evidence: Evidence) -> Iterator[Finding]:
    """The journal says of the run what the run said itself, and one that is done has nothing left to do."""
    run, word = evidence.journal.run, evidence.outcome.partition(":")[0]
    if run is None:
        return
    if word in ("done", "failed", "paused") and run.state != word:
        yield Finding("untrue", f"the run said {evidence.outcome}, its journal says {run.state}")
    left = [
        f"{row.name} {row.key}"
        for rows in evidence.journal.rows.values()
        for row in rows.values()
        if row.state not in CLOSED
    ]
    if evidence.done and left:
        yield Finding("untrue", f"the run is done, and not {left}")


def told(evidence: Evidence) -> Iterator[Finding]:
    """What a run returns is what its journal, the server and the disk hold."""
    result, run = evidence.result, evidence.journal.run
    if result is None or run is None:
        return
    rows = [row for held in evidence.journal.rows.values() for row in held.values()]
    projects, trained = evidence.sim.world.projects, evidence.trained()
    happened = Counter(what for what, _, _ in evidence.journal.happened)
    samples = [row for _, row in sorted(evidence.journal.of("sample").items()) if row.state is State.DONE]
    expected: dict[str, Any] = {
        "run": evidence.climate.plan.run,
        "folder": evidence.folder,
        "model_id": trained[0].id if len(trained) == 1 else [model.id for model in trained],
        "dataset_id": trained[0].dataset_id if trained else None,
        "project_id": next(iter(projects), None),
        "images": len(evidence.images()),
        "adopted": sum(row.via == "adopted" for row in rows),
        "perhaps_charged": happened[Happened.CHARGED],
        "skipped": {f"{row.name} {row.key}": row.reason or "" for row in rows if row.state is State.SKIPPED},
        "samples": [(result_of(row)["prompt"], Path(result_of(row)["path"])) for row in samples],
    }
    said = {name: getattr(result, name) for name in expected}
    said["samples"] = [(sample.prompt, sample.path) for sample in result.samples]
    for name, value in expected.items():
        if said[name] != value:
            yield Finding("untrue", f"the run returns {name}={said[name]!r}, and it is {value!r}")


def secret(evidence: Evidence) -> Iterator[Finding]:
    """The token is in no file and no word."""
    for path in evidence.state.rglob("*"):
        if path.is_file() and TOKEN.encode() in path.read_bytes():
            yield Finding("leak", f"the token is in {path.name}")
    yield from (Finding("leak", f"the token was said: {text[:300]}") for text in evidence.heard if TOKEN in text)


def hands_off(evidence: Evidence) -> Iterator[Finding]:
    """Nothing is written but the run's own folder, with its samples, and what is left there is known."""
    own = (evidence.folder, evidence.sim.world.blobs.directory)
    for path in sorted(evidence.written):
        ours = path == evidence.state or any(path.is_relative_to(folder) for folder in own)
        if path.is_absolute() and not ours and "__pycache__" not in path.parts:
            yield Finding("outside", f"{path} was written to")
    for path in evidence.state.iterdir():
        if path != evidence.folder:
            yield Finding("outside", f"{path.name} was left in the state folder")
    if evidence.done:
        kept = {evidence.folder / name for name in KEPT} | {
            Path(result_of(row)["path"]) for row in evidence.journal.of("sample").values() if row.state is State.DONE
        }
        left = {*evidence.folder.iterdir(), *(evidence.folder / "samples").glob("*")} - kept
        yield from (Finding("outside", f"left over: {path.name}") for path in sorted(left))


def closed(evidence: Evidence) -> Iterator[Finding]:
    """No file of the run is open any more, whichever process opened it and however that ended (I7)."""
    for one in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            if (path := one.readlink()).is_relative_to(evidence.state):
                yield Finding("unbounded", f"{path.name} is still open")


def unsent(evidence: Evidence) -> Iterator[Finding]:
    """Without a run in a journal nothing was sent."""
    sent = sorted(name for name in evidence.sim.counts if name.endswith(("create", "upload")))
    if evidence.journal.run is None and sent:
        yield Finding("lost", f"no journal tells of {sent}")


TRUTH = (verified, ended, told, secret, hands_off, closed, unsent)
