"""What happens in a run, as frozen values: the only thing that progress bars, logs and pages look at."""

import enum
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .states import Change


class Happened(enum.StrEnum):
    """Events beyond the changes of a task."""

    STARTED = "started"
    RESUMED = "resumed"
    RETRIED = "retried"
    """A request was repeated; data: operation, reason, wait (seconds)."""
    WAITED = "waited"
    """Something is waited for; data: reason, and seconds where they are known."""
    PROGRESSED = "progressed"
    """A remote state changed; data: reason."""
    CHARGED = "perhaps_charged"
    """A call that costs was lost after it left; data: reason."""
    WARNED = "warned"
    ASKED = "asked_for_approval"
    """The run waits until somebody approves; data: reason."""
    APPROVED = "approved"
    NOT_BEGUN = "not_begun"
    """A run of a batch does not begin, and is in no journal; data: reason."""
    PAUSED = "paused"
    RUN_FAILED = "run_failed"
    COMPLETED = "completed"


@attrs.frozen
class Event:
    """Something that happened in a run, at this time (seconds since the epoch).

    `what` is a word of `Happened` or `Change`; `task` and `key` name the task and its item where there is one.
    """

    at: float
    run: str
    what: str
    task: str = ""
    key: str = ""
    data: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def words(self) -> str:
        """The event in plain words, one line."""
        subject = " ".join(part for part in (self.task, self.key) if part) or self.run
        reason = self.data.get("reason", "")
        return readable(f"{subject} {_VERBS.get(self.what, self.what)}{f': {reason}' if reason else ''}")


_VERBS: Mapping[str, str] = {
    Change.ANNOUNCED: "is being sent",
    Change.FINISHED: "done",
    Change.LOST: "in doubt",
    Change.RELEASED: "was not done",
    Change.ADOPTED: "found on the server",
    Change.ABSENT: "is not on the server and may be sent",
    Happened.CHARGED: "perhaps charged",
    Happened.RETRIED: "repeated",
    Happened.WAITED: "waits",
    Happened.ASKED: "waits for an approval",
    Happened.PROGRESSED: "goes on",
    Happened.NOT_BEGUN: "does not begin",
    Happened.RUN_FAILED: "failed",
}


def readable(text: str) -> str:
    """A text that can be printed and stored: names of files may hold bytes that are no text."""
    return text.encode(errors="replace").decode()


Listener = Callable[[Event], None]
