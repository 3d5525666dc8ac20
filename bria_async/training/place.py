"""Where runs lie on disk: one folder each."""

import os
from pathlib import Path

import attrs

from bria_async.errors import JournalLocked, RunError
from bria_async.graph.control import Control
from bria_async.graph.lock import holder


def default_state() -> Path:
    """Where runs are kept: `BRIA_STATE`, or the user's state folder (XDG)."""
    if chosen := os.environ.get("BRIA_STATE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "bria-async"


@attrs.frozen
class Place:
    """The folder of a run."""

    folder: Path

    @classmethod
    def of(cls, run: str, state: Path | None = None) -> "Place":
        """The folder of this run below the state folder."""
        return cls((state or default_state()) / run)

    @classmethod
    def existing(cls, run: str, state: Path | None = None) -> "Place":
        """The folder of a run that was started before.

        Raises:
            RunError: there is none.
        """
        place = cls.of(run, state)
        if not place.journal.exists():
            raise RunError(f"There is no run {run!r} in {place.folder.parent}.", run)
        return place

    @property
    def journal(self) -> Path:
        """Its journal."""
        return self.folder / "journal.db"

    @property
    def control(self) -> Control:
        """Its control folder."""
        return Control(self.folder / "control")

    def refuse_if_locked(self) -> None:
        """Refuse early, before images are read, what the journal's lock refuses anyway.

        Raises:
            JournalLocked: a process works on the run; the message names it.
        """
        if self.journal.exists() and (who := holder(self.journal)):
            raise JournalLocked(f"The run in {self.folder} is being worked on by {who}. Watch it, or stop it.")
