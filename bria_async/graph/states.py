"""The states of a task, as one table: what may happen to it in each, and where that leads.

`INTENT` is durable before a request leaves. An intent without an outcome is a doubt: somebody looks at the server
before anything is sent again. The journal, the runner, the drawings and the documentation all read this table.
"""

import enum

from bria_async.errors import GraphError


class State(enum.StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    """Nothing was sent, or what was sent certainly had no effect."""
    INTENT = "intent"
    """A request that must not be repeated blindly may have left."""
    IN_DOUBT = "in_doubt"
    """It left, and no usable answer came: look before sending again."""
    DONE = "done"
    FAILED = "failed"
    """It will not succeed as it is; the reason is recorded."""
    SKIPPED = "skipped"
    """Left out by the user's policy; the reason is recorded."""


class Change(enum.StrEnum):
    """What happens to a task."""

    ANNOUNCED = "announced"
    """Its request is about to leave."""
    FINISHED = "finished"
    """The answer came."""
    LOST = "lost"
    """No usable answer came, or the process died."""
    RELEASED = "released"
    """The server certainly did not do it."""
    ADOPTED = "adopted"
    """Its effect was found on the server."""
    ABSENT = "absent"
    """Its effect is not on the server, or it may be charged twice: it may be sent again."""
    FAILED = "failed"
    SKIPPED = "skipped"
    REOPENED = "reopened"
    """What was done is gone, or what failed is tried again."""


TRANSITIONS: dict[tuple[State, Change], State] = {
    (State.PENDING, Change.ANNOUNCED): State.INTENT,
    (State.PENDING, Change.FINISHED): State.DONE,
    (State.PENDING, Change.ADOPTED): State.DONE,
    (State.PENDING, Change.FAILED): State.FAILED,
    (State.PENDING, Change.SKIPPED): State.SKIPPED,
    (State.INTENT, Change.FINISHED): State.DONE,
    (State.INTENT, Change.LOST): State.IN_DOUBT,
    (State.INTENT, Change.RELEASED): State.PENDING,
    (State.IN_DOUBT, Change.ADOPTED): State.DONE,
    (State.IN_DOUBT, Change.ABSENT): State.PENDING,
    (State.IN_DOUBT, Change.SKIPPED): State.SKIPPED,
    (State.DONE, Change.REOPENED): State.PENDING,
    (State.FAILED, Change.REOPENED): State.PENDING,
    (State.SKIPPED, Change.REOPENED): State.PENDING,
}

CLOSED = frozenset({State.DONE, State.SKIPPED})
"""States in which a task needs nothing more."""


def after(state: State, change: Change) -> State:
    """The state that a change leads to.

    Raises:
        GraphError: the table has no such transition; nothing happens.
    """
    try:
        return TRANSITIONS[state, change]
    except KeyError:
        raise GraphError(f"A task that is {state} cannot be {change}.") from None
