"""Where runs lie on disk: a folder each, with a journal of its own or that of the batch whose folder it lies in."""

import contextlib
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import attrs

from bria_async.errors import ConfigurationError, JournalLocked, RunError
from bria_async.graph.control import Control, Mailbox
from bria_async.graph.feed import Source
from bria_async.graph.journal import Journal
from bria_async.graph.lock import holder
from bria_async.graph.records import Keeper
from bria_async.host import Host
from bria_async.paths import expanded

from .plan import id_of

JOURNAL = "journal.db"
PLANS = "plans.json"
"""What a batch is to train, beside its journal."""
CONTROL = "control"
RESERVED = re.compile(rf"journal\..*|{re.escape(PLANS)}|{CONTROL}")
"""Names of what lies beside the folders of a batch's runs."""


def default_state() -> Path:
    """Where runs are kept: `BRIA_STATE`, or the user's state folder (XDG).

    Raises:
        ConfigurationError: there is no home folder.
    """
    if chosen := os.environ.get("BRIA_STATE"):
        return expanded(chosen).absolute()
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "bria-async"
    with contextlib.suppress(ConfigurationError):
        return expanded("~/.local/state/bria-async")
    raise ConfigurationError("There is no home folder to keep runs in: name a folder by --state, or in BRIA_STATE.")


def state_folder(state: Path | None) -> Path:
    """Where runs are looked for; it need not be there yet.

    Raises:
        RunError: it is something else than a folder.
    """
    base = state or default_state()
    if base.exists() and not base.is_dir():
        raise RunError(f"Runs lie in a folder, and {base} is none: name it by --state, or in BRIA_STATE.")
    return base


@attrs.frozen
class Place:
    """The folder of a run, or of a batch; `batch` is that of the batch that a run belongs to."""

    folder: Path
    batch: Path | None = None

    @classmethod
    def of(cls, run: str, state: Path | None = None) -> "Place":
        """The folder of this run below the state folder; `batch/run` is a run of a batch."""
        batch, _, name = run.rpartition("/")
        base = state or default_state()
        return cls(base / batch / name, base / batch) if batch else cls(base / name)

    @classmethod
    def existing(cls, run: str, state: Path | None = None) -> "Place":
        """The folder of a run that was started before, or of a batch; a run of a batch is found by its name alone.

        Raises:
            RunError: there is none, or several batches have one; or the state folder is no folder.
        """
        place, base = cls.of(run, state), state_folder(state)
        if place.journal.exists():
            return place
        batches = [cls(path.parent) for path in sorted(base.glob(f"*/{PLANS}"))]
        found = [batch.run(run) for batch in batches if run in batch.planned]
        if len(found) > 1:
            names = ", ".join(each.title for each in found)
            raise RunError(f"Several batches have a run {run!r}: {names}.", run)
        if not found or not found[0].journal.exists():
            raise RunError(f"There is no run {run!r} in {base}: bria-async runs lists those that are.", run)
        return found[0]

    def run(self, run: str) -> "Place":
        """The folder of a run of this batch."""
        return Place(self.folder / run, self.folder)

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return self.folder.name

    @property
    def title(self) -> str:
        """What tells it from all others."""
        return f"{self.batch.name}/{self.name}" if self.batch else self.name

    @property
    def is_batch(self) -> bool:
        """Whether it is a batch, begun before."""
        return self.batch is None and self.plans.exists()

    @property
    def journal(self) -> Path:
        """Its journal."""
        return (self.batch or self.folder) / JOURNAL

    @property
    def source(self) -> Source:
        """Where it is read by whoever does not work on it."""
        return self.journal

    @property
    def is_worked_on(self) -> bool:
        """Whether somebody works on its journal."""
        return holder(self.journal) is not None

    @property
    def plans(self) -> Path:
        """What the batch is to train; a run by itself has no such file."""
        return (self.batch or self.folder) / PLANS

    def read_plans(self) -> str:
        """What the batch is to train, as JSON.

        Raises:
            OSError: it cannot be read.
        """
        return self.plans.read_text()

    @property
    def planned(self) -> tuple[str, ...]:
        """The runs that the batch is to train; none where that cannot be read."""
        try:
            return tuple(id_of(each["plan"]["name"]) for each in json.loads(self.read_plans()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ()

    @property
    def not_begun(self) -> Path:
        """Why a run of a batch did not begin; there is no such file while it waits for that, nor once it did."""
        return self.folder / "not-begun.txt"

    @property
    def why_not_begun(self) -> str | None:
        """What that file says."""
        try:
            return self.not_begun.read_text()
        except (OSError, ValueError):
            return None

    @property
    def control(self) -> Mailbox:
        """Where it is asked for things: its control folder."""
        return Control((self.batch or self.folder) / CONTROL, self.name if self.batch else "")

    def samples(self, output: Path | None) -> Path:
        """Where its samples go: into its own folder, or below another one that was chosen for them."""
        if output is None:
            return self.folder / "samples"
        return output / self.name if self.batch else output

    @contextlib.asynccontextmanager
    async def writing(self, host: Host) -> AsyncIterator[Keeper]:
        """Its journal, for somebody who adds to it while nobody works on it.

        Raises:
            JournalLocked: somebody does.
            JournalError: it cannot be opened.
        """
        async with Journal(self.journal, host) as journal:
            yield journal

    def refuse_if_locked(self) -> None:
        """Refuse early, before images are read, what the journal's lock refuses anyway.

        Raises:
            JournalLocked: a process works on the run; the message names it.
        """
        if self.journal.exists() and (who := holder(self.journal)):
            raise JournalLocked(f"The run in {self.folder} is being worked on by {who}. Watch it, or stop it.")
