"""What happens in a run, as frozen values: the only thing that progress bars, logs and pages look at."""

import enum
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from .states import Change

log = logging.getLogger("bria_async.runs")


class Happened(enum.StrEnum):
    """Events beyond the changes of a task."""

    STARTED = "started"
    """Somebody works on it for the first time; data: uploads_per_minute, where somebody limits them."""
    RESUMED = "resumed"
    """Somebody goes on with it; data as above."""
    RETRIED = "retried"
    """A request was repeated; data: operation, reason, wait (seconds)."""
    WAITED = "waited"
    """Something is waited for; data: reason, and seconds where they are known."""
    PROGRESSED = "progressed"
    """A remote state changed; data: reason, and the new text of a schema or prefix that was changed by request."""
    CAPTIONED = "captioned"
    """Captions are new, changed or gone; data: captions, by the ids of their images, empty where one is gone."""
    CHARGED = "perhaps_charged"
    """A call that costs was lost after it left; data: reason."""
    WARNED = "warned"
    NOTED = "noted"
    """Something is good to know; data: reason."""
    COMPARED = "compared"
    """All images of the run were compared with each other, and what they show was told; data: reason."""
    ASKED = "asked_for_approval"
    """The run waits until somebody approves; data: reason."""
    APPROVED = "approved"
    NOT_BEGUN = "not_begun"
    """A run of a batch does not begin, and is in no journal; data: reason."""
    PAUSED = "paused"
    RUN_FAILED = "run_failed"
    COMPLETED = "completed"


Told = tuple[Happened, Mapping[str, Any]]
"""Something that happens to a whole run, and its data."""


@attrs.frozen
class Event:
    """Something that happened in a run, at this time (seconds since the epoch).

    `what` is a word of `Happened` or `Change`; `task` and `key` name the task and its item where there is one. `seq`
    is its number in the journal, as whoever reads it there is told; who is told while it happens gets 0.
    """

    at: float
    run: str
    what: str
    task: str = ""
    key: str = ""
    data: Mapping[str, Any] = attrs.field(factory=dict)
    seq: int = attrs.field(default=0, eq=False)

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
    Happened.CAPTIONED: "has new captions",
    Happened.NOT_BEGUN: "does not begin",
    Happened.RUN_FAILED: "failed",
}


def readable(text: str) -> str:
    """A text that can be printed and stored: names of files may hold bytes that are no text."""
    return text.encode(errors="replace").decode()


Listener = Callable[[Event], object]
"""Who is told of events."""

Heard = Listener | Iterable[Listener]
"""One listener, or several."""


def listeners(on_event: Heard) -> tuple[Listener, ...]:
    """The listeners that somebody gave."""
    return (on_event,) if callable(on_event) else tuple(on_event)


def level_of(task: str) -> int:
    """How loud an event is in the log: what happens to a whole run is information, a step of it is a detail."""
    return logging.DEBUG if task else logging.INFO


def write_down(event: Event) -> None:
    """Log an event."""
    data = {name: event.data[name] for name in ("operation", "reason", "wait") if name in event.data}
    fields = {"event": str(event.what), "run": event.run, "task": event.task, "key": event.key, **data}
    log.log(level_of(event.task), "%s%s", f"{event.run}: " if event.task else "", event.words, extra=fields)


def tell(told: Iterable[Listener], event: Event) -> None:
    """Tell listeners of an event; whatever one does, all goes on."""
    for listener in told:
        try:
            listener(event)
        except Exception:
            log.exception(
                "a listener failed on an event of %s", event.run, extra={"run": event.run, "event": event.what}
            )
