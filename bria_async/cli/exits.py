"""Exit codes, as one table."""

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from .advice import typed

if TYPE_CHECKING:
    from bria_async.errors import BriaError


class Exit(enum.IntEnum):
    """What the exit code of a command says."""

    words: str

    def __new__(cls, code: int, words: str) -> Self:
        """An integer that knows its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member

    DONE = (0, "done")
    FAILED = (1, "failed for good, verify found differences, or inspect found errors")
    USAGE = (2, "wrong usage, plan or configuration; nothing was sent for it (other runs of a batch may be trained)")
    PAUSED = (3, "the run paused and can be resumed, or the job goes on and can be waited for")
    JOURNAL = (4, "the journal is locked, unreadable, or of a newer version")
    REQUEST = (5, "a request was refused, a job failed, or the server cannot be reached")
    UNKNOWN = (6, "an answer was lost: the call may have taken effect, and was perhaps charged")
    INTERRUPTED = (130, "interrupted (Ctrl-C)")
    TERMINATED = (143, "terminated (SIGTERM)")


def exit_of(error: "BriaError") -> Exit:
    """The exit code of an error."""
    from bria_async.errors import RequestError  # slow to import

    if isinstance(error, RequestError) and error.in_doubt:
        return Exit.UNKNOWN
    return next((code for kinds, code in _exits() if isinstance(error, kinds)), Exit.FAILED)


def _exits() -> "tuple[tuple[type[BriaError] | tuple[type[BriaError], ...], Exit], ...]":
    """The first line that fits counts; a lost answer to a call with an effect comes before them all."""
    from bria_async import errors as of  # slow to import

    wrong = (of.PlanInvalid, of.PlanChanged, of.ConfigurationError, of.InvalidParameter)
    return (
        ((of.RunPaused, of.JobTimedOut, of.JobUnknown, of.JobUnreachable), Exit.PAUSED),
        (of.RunFailed, Exit.FAILED),
        ((*wrong, of.GraphError, of.ImageError, of.RunError), Exit.USAGE),
        (of.JournalError, Exit.JOURNAL),
        ((of.RequestError, of.JobError, of.DownloadFailed), Exit.REQUEST),
    )


_WORST = (Exit.UNKNOWN, Exit.JOURNAL, Exit.FAILED, Exit.USAGE, Exit.REQUEST, Exit.PAUSED)


def worst(errors: "Iterable[BriaError]") -> Exit:
    """The exit code of the worst of these errors, which is done where there is none."""
    return min(map(exit_of, errors), key=_WORST.index, default=Exit.DONE)


class Failure(Exception):
    """The end of a command that did not do what it was asked for: a sentence as it is typed here, and the exit code."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.message = typed(message)
        self.code = code

    @classmethod
    def of(cls, error: "BriaError") -> "Failure":
        """What an error of the library ends a command with."""
        return cls("\n".join([str(error), *getattr(error, "__notes__", ())]), exit_of(error))
