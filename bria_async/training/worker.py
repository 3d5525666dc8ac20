"""A worker: one process of many that train what was handed over to a database."""

import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

from bria_async.engines.desk import Desk, Pulse
from bria_async.engines.postgres.database import Database
from bria_async.engines.postgres.paces import PostgresPaces
from bria_async.engines.postgres.seat import Seat
from bria_async.host import Host
from bria_async.session import BASE_URL, Session
from bria_async.transport.auth import origin_of
from bria_async.transport.shared_limit import SharedLimiter

from .distributed import Workbench
from .plan import Settings

MODELS_AT_ONCE = 50
"""Runs that a worker leads at once, unless its settings say otherwise; most of their time they wait."""


@contextlib.asynccontextmanager
async def worker(
    database: Database,
    *,
    name: str = "worker",
    settings: Settings | None = None,
    requests_per_minute: float | Mapping[str, float] | None = None,
    pulse: Pulse | None = None,
    base_url: str | None = None,
    **session: Any,
) -> AsyncIterator[Desk]:
    """A place among the workers of a database; what it gives works until it is stopped: `await desk.work()`.

    Args:
        database: where the runs are kept.
        name: by which people know it.
        settings: how it works; each worker leads `models_at_once` runs, `uploads_at_once` is for all of them together
            (the one that started last says both for all), and `state` or `output` is where it puts samples: a folder
            that they share.
        requests_per_minute: as for `Session`, for all workers of the database together, which keep its paces; give it
            to each of them alike.
        pulse: how it keeps time.
        base_url: as for `Session`.
        **session: what else a `Session` takes.

    Raises:
        ConfigurationError: the extra `dbos` is not installed.
        JournalTooNew: workers of a newer version made the tables.
        JournalError: the database cannot be used.
    """
    settings, host = settings or Settings(), Host()
    server = str(origin_of(base_url or os.environ.get("BRIA_BASE_URL") or BASE_URL))
    async with Seat(database, host, name=name) as seat:
        limiter = SharedLimiter(host, keeper=PostgresPaces(seat, server))
        async with (
            Session(base_url=server, requests_per_minute=requests_per_minute, limiter=limiter, **session) as bria,
            Desk(
                seat,
                Workbench(bria, settings, seat),
                settings.models_at_once or MODELS_AT_ONCE,
                {"upload": settings.uploads_at_once},
                pulse or Pulse(grace=settings.grace),
            ) as desk,
        ):
            yield desk
