"""Who is told of calls and transfers: the log, and the hooks of the session, which can stop nothing."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal

from bria_async.errors import Attempt
from bria_async.wire.retry import Hook, Rules, Sending

log = logging.getLogger("bria_async")

Leave = Callable[..., object]
"""The `__exit__` of a context manager."""


def is_told(rules: Rules) -> bool:
    """Whether anybody wants to know of attempts that succeed."""
    return rules.on_attempt is not None or log.isEnabledFor(logging.DEBUG)


def tell(rules: Rules, attempt: Attempt) -> None:
    """Log an attempt that is over, and tell the hook of it."""
    if log.isEnabledFor(logging.DEBUG):
        met = attempt.reason or attempt.status
        log.debug("%s: attempt %d: %s", attempt.operation, attempt.number, met, extra=fields(attempt))
    if rules.on_attempt is not None:
        _tell(rules.on_attempt, attempt)


def tell_retry(rules: Rules, attempt: Attempt) -> None:
    """Tell the hook of an attempt that another one follows."""
    if rules.on_retry is not None:
        _tell(rules.on_retry, attempt)


def _tell(hook: Hook, attempt: Attempt) -> None:
    """Whatever it does, all goes on."""
    try:
        hook(attempt)
    except Exception:
        log.exception("a hook of the session failed on an attempt at %s", attempt.operation, extra=fields(attempt))


@contextlib.contextmanager
def beside(rules: Rules, sending: Sending) -> Iterator[None]:
    """Have `on_call` with a call or a transfer until it is over; whatever it does, all goes on as without it."""
    with contextlib.ExitStack() as stack:
        if rules.on_call is not None:
            with _forgiving(sending):
                leave = _entered(rules.on_call(sending))
                stack.push(functools.partial(_left, leave, sending))
        yield


def _entered(manager: AbstractContextManager[object]) -> Leave:
    manager.__enter__()
    return manager.__exit__


def _left(leave: Leave, sending: Sending, *error: Any) -> Literal[False]:
    """It is told of an error, and cannot make it undone."""
    with _forgiving(sending):
        leave(*error)
    return False


@contextlib.contextmanager
def _forgiving(sending: Sending) -> Iterator[None]:
    try:
        yield
    except Exception:
        about = {"operation": sending.operation, "effect": str(sending.effect)}
        log.exception("a hook of the session failed on a call of %s", sending.operation, extra=about)


def fields(attempt: Attempt) -> dict[str, object]:
    """An attempt as the fields of a log record."""
    return {
        "operation": attempt.operation,
        "effect": str(attempt.effect),
        "attempt": attempt.number,
        "outcome": None if attempt.outcome is None else attempt.outcome.value,
        "reason": attempt.reason,
        "status": attempt.status,
        "bytes_sent": attempt.bytes_sent,
        "seconds": attempt.seconds,
        "wait": attempt.wait,
    }
