"""Sessions of the tests of transport."""

from typing import Any

from bria_async.session import Session
from tests.support import TOKEN, PushedHost, Recorder

CANARY = "canary-of-the-body"
"""What is sent or answered and must not turn up elsewhere."""


def session(server: Recorder, **options: Any) -> Session:
    """A session that waits in no time."""
    return Session(TOKEN, server.base_url, **{"host": PushedHost(seed=1), **options})


def host_of(bria: Session) -> PushedHost:
    """The host of such a session."""
    assert isinstance(bria.host, PushedHost)
    return bria.host
