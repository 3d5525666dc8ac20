"""Errors of plans, runs and journals."""

from typing import ClassVar

import attrs

from .base import BriaError


@attrs.define(slots=False)
class GraphError(BriaError):
    """The graph itself is wrong: a missing edge, a cycle, an annotation that does not fit."""


@attrs.define(slots=False)
class PlanInvalid(BriaError):
    """The plan cannot work; `problems` has one sentence each. Nothing was created."""

    problems: tuple[str, ...] = ()
    advice: ClassVar[str] = "Nothing was created on the server."

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {problem}" for problem in self.problems), self.advice])


@attrs.define(slots=False)
class RunError(BriaError):
    """A run stopped; `run` is its id."""

    run: str = ""


@attrs.define(slots=False)
class RunPaused(RunError):
    """The run stopped where it can go on; everything done so far is safe in its journal."""

    def __str__(self) -> str:
        what = self.message.removesuffix(".")
        return f"{what}. Everything done so far is safe. Continue with: bria-async resume {self.run}"


@attrs.define(slots=False)
class RunFailed(RunError):
    """The run ended for good with this reason; running it again does not repeat what was paid."""


@attrs.define(slots=False)
class RunCancelled(RunPaused):
    """The run was asked to stop."""


@attrs.define(slots=False)
class PlanChanged(RunError):
    """The run exists with another plan; `diff` has one line per difference. Nothing was sent."""

    diff: tuple[str, ...] = ()
    advice: ClassVar[str] = "Nothing was sent. Undo the change to continue this run, or give the new one another name."

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {line}" for line in self.diff), self.advice])


@attrs.define(slots=False)
class JournalError(BriaError):
    """The journal cannot be read or written; nothing is sent without it."""


@attrs.define(slots=False)
class JournalAway(JournalError):
    """The database that keeps the journal cannot be reached at this moment, or is busy: later it may be."""


@attrs.define(slots=False)
class JournalLocked(JournalError):
    """Another process works on this run; the message names it."""


@attrs.define(slots=False)
class JournalDamaged(JournalError):
    """The journal is not as it was written, so nothing of it is believed; `run` is the id of its run."""

    run: str = ""

    def __str__(self) -> str:
        return (
            f"{self.message} Nothing was sent, nothing was changed. Rebuild it from what is left of it and from what "
            f"the server holds: bria-async repair {self.run}"
        )


@attrs.define(slots=False)
class JournalTooNew(JournalError):
    """The journal was written by a newer version of this library."""

    advice: ClassVar[str] = "Upgrade bria-async to continue this run; nothing was changed."
