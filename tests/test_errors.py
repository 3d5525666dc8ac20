"""Every error of the library: one root, its place in the table, and the way through a process pool."""

import inspect
import pickle
from typing import Any

import attrs
import pytest

from bria_async import errors
from bria_async.errors import Attempt, BriaError, Outcome, RequestError


def classes() -> list[type[BriaError]]:
    """All error classes of the module."""
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, BriaError)]


def example(kind: type[BriaError]) -> BriaError:
    """An error of this class with every field filled."""
    samples: dict[str, Any] = {
        "attempts": (Attempt("models.get", "safe", 1, Outcome.UNKNOWN, "reset", 500),),
        "status": 404,
    }
    samples |= {"problems": ("one", "two"), "diff": ("- a", "+ b"), "retry_after": 3.0, "effect": "safe", "gone": True}
    values = [samples.get(field.name, f"a {field.name}") for field in attrs.fields(kind)]
    return kind(*values)


def test_every_exception_of_the_module_has_the_root() -> None:
    """Nothing else is raised on purpose."""
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert set(found) == set(classes())
    assert len(found) > 30


@pytest.mark.parametrize("kind", classes())
def test_errors_survive_a_pickle_with_their_notes(kind: type[BriaError]) -> None:
    """All fields and notes arrive, and so does the text."""
    error = example(kind)
    error.add_note("seen by worker 3")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # made on the line itself
    assert type(again) is kind
    assert attrs.astuple(again) == attrs.astuple(error)
    assert str(again) == str(error)
    assert again.__notes__ == ["seen by worker 3"]


@pytest.mark.parametrize("kind", classes())
def test_errors_need_only_a_message(kind: type[BriaError]) -> None:
    """Every further field has a default, and the text holds the message and the advice."""
    error = kind("it went wrong")
    assert "it went wrong" in str(error)
    assert error.advice in str(error)


@pytest.mark.parametrize("kind", classes())
def test_errors_document_themselves(kind: type[BriaError]) -> None:
    """A class says in a sentence when it is raised."""
    assert kind.__doc__
    assert kind.__doc__.strip().endswith("."), kind.__doc__


@pytest.mark.parametrize("kind", [kind for kind in classes() if issubclass(kind, RequestError)])
def test_errors_of_requests_name_their_operation(kind: type[RequestError]) -> None:
    """The text begins with it, and the outcome says what may be assumed."""
    assert str(kind("no", "models.create")).startswith("models.create: no.")
    assert kind.outcome in Outcome


def test_the_three_outcomes_are_told_apart() -> None:
    """Not sent and refused are certain, all else is unknown."""
    requests = [kind for kind in classes() if issubclass(kind, RequestError)]
    for kind in requests:
        expected = Outcome.UNKNOWN
        if issubclass(kind, errors.NotSent):
            expected = Outcome.NOT_SENT
        elif issubclass(kind, errors.Refused):
            expected = Outcome.REJECTED
        assert kind.outcome is expected, kind


@pytest.mark.parametrize("kind", [errors.OutcomeUnknown, errors.ServerFailed, errors.Unreadable])
def test_a_lost_answer_frightens_only_where_it_may_have_done_something(kind: type[RequestError]) -> None:
    """Nobody has to look at the server because a listing was lost."""
    assert "look" in str(kind("no answer in time", "models.create"))
    assert str(kind("no", "models.list", (), "safe")) == "models.list: no. It is safe to try again."


def test_a_safe_call_that_is_refused_keeps_its_advice() -> None:
    """That it may be tried again says nothing about a wrong token."""
    assert str(errors.Unauthorized("401 no", "models.list", (), "safe")).endswith(errors.Unauthorized.advice)


def test_the_table_of_statuses() -> None:
    """The statuses that say no, as the fault matrix lists them, each with a class of its own."""
    listed = {205, 206, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 451, 460, 506}
    assert set(errors.REFUSALS) == listed
    assert len(set(errors.REFUSALS.values())) == len(listed)
    failed = {(408, errors.ServerFailed), (425, errors.ServerFailed), (512, errors.InsufficientResources)}
    assert errors.FAILURES.items() == failed
    assert not errors.FAILURES.keys() & errors.REFUSALS.keys()


def test_what_certainly_was_not_sent() -> None:
    """Whoever journals a request may forget it after these; after any other error he may not."""
    certain = {kind for kind in classes() if kind.outcome is Outcome.NOT_SENT}
    assert certain == {
        errors.NotSent,
        errors.Untrusted,
        errors.DeadlinePassed,
        errors.InvalidParameter,
        errors.ImageError,
        errors.ImageChanged,
    }


def test_the_package_names_all_of_its_errors() -> None:
    """Whichever room a class lives in, it is imported from here."""
    assert set(errors.__all__) >= {kind.__name__ for kind in classes()} | {"Attempt", "Outcome"}


def test_a_job_without_an_id_is_not_called_one() -> None:
    """v1 results have no id."""
    assert str(errors.JobTimedOut("not ready")).startswith("not ready.")
    assert str(errors.JobTimedOut("not ready", "r1")).startswith("job r1: not ready.")


def test_plans_and_diffs_are_shown_line_by_line() -> None:
    """Each problem and each difference is a line of its own."""
    assert "\n  - one\n  - two\n" in str(errors.PlanInvalid("The plan cannot work:", ("one", "two")))
    assert "\n  - a\n  + b\n" in str(errors.PlanChanged("Another plan:", "r", ("- a", "+ b")))


def test_a_paused_run_names_the_command_that_continues() -> None:
    """The next thing to type."""
    assert str(errors.RunPaused("Stopped.", "cats")).endswith("Continue with: bria-async resume cats")
    assert str(errors.RunPaused("No space left", "cats")).startswith("No space left. Everything done so far is safe.")
