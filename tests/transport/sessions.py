"""Sessions of the tests of transport."""

import logging
from typing import Any

import pytest

from bria_async.errors import NotFound, ServerFailed
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


async def errors_logged(
    server: Recorder, status: int, caplog: pytest.LogCaptureFixture, **options: Any
) -> list[logging.LogRecord]:
    """Call something that is answered like this; it succeeds or fails as ever, and these errors are logged."""
    server.answers([], status)
    async with session(server, **options) as bria:
        if status == 200:
            assert await bria.models.list() == ()
        else:
            with pytest.raises({404: NotFound, 503: ServerFailed}[status]):
                await bria.models.list()
    return [record for record in caplog.records if record.levelno == logging.ERROR]
