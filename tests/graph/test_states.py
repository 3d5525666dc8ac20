"""The table of states."""

import itertools

import pytest

from bria_async.errors import GraphError
from bria_async.graph.states import CLOSED, TRANSITIONS, Change, State, after

LEGAL = {
    ("pending", "announced", "intent"),
    ("pending", "finished", "done"),
    ("pending", "adopted", "done"),
    ("pending", "failed", "failed"),
    ("pending", "skipped", "skipped"),
    ("intent", "finished", "done"),
    ("intent", "lost", "in_doubt"),
    ("intent", "released", "pending"),
    ("in_doubt", "adopted", "done"),
    ("in_doubt", "absent", "pending"),
    ("in_doubt", "skipped", "skipped"),
    ("done", "reopened", "pending"),
    ("failed", "reopened", "pending"),
    ("skipped", "reopened", "pending"),
}


def test_the_table_is_what_the_protocol_says() -> None:
    """Written out a second time: a change of the table is a change of the protocol."""
    assert {(state, change, to) for (state, change), to in TRANSITIONS.items()} == LEGAL


@pytest.mark.parametrize(
    ("state", "change"),
    [pair for pair in itertools.product(State, Change) if pair not in TRANSITIONS],
    ids=str,
)
def test_every_other_transition_is_refused(state: State, change: Change) -> None:
    """What the table does not have raises, with the state and the change in the sentence."""
    with pytest.raises(GraphError, match=f"^A task that is {state} cannot be {change}.$"):
        after(state, change)


def test_a_request_never_leaves_a_doubt_behind() -> None:
    """The way of a lost answer: nothing leads from an intent or a doubt to a second request but a look."""
    state = State.PENDING
    for change in (Change.ANNOUNCED, Change.LOST, Change.ABSENT, Change.ANNOUNCED, Change.LOST, Change.ADOPTED):
        state = after(state, change)
    assert state is State.DONE
    sendable = {start for (start, change), _ in TRANSITIONS.items() if change is Change.ANNOUNCED}
    assert sendable == {State.PENDING}
    back = {change for (start, change), to in TRANSITIONS.items() if start is State.IN_DOUBT and to is State.PENDING}
    assert back == {Change.ABSENT}


def test_every_state_can_be_left_and_reached() -> None:
    """No state is a trap, and none is out of reach."""
    assert {state for state, _ in TRANSITIONS} == set(State)
    assert set(TRANSITIONS.values()) == set(State)
    assert {State.DONE, State.SKIPPED} == CLOSED
