"""`worker`: one of many processes that train what was handed over to a database."""

import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import click

from bria_async.errors import ConfigurationError

from .flags import DATABASE, Lazy, connection_of, database_flag, session_flags, settings_flags, state_flag, taken
from .sharing import DBOS
from .work import run as run_work

if TYPE_CHECKING:
    from bria_async.engines.desk import Desk
    from bria_async.engines.postgres.database import Database

LOGGER = "bria_async"


def worker_flags() -> list[click.Parameter]:
    """The flags of settings, but for a place for zips, which workers do not have."""
    return [flag for flag in settings_flags() if flag.name not in NO_ZIPS]


NO_ZIPS = ("zip_url", "zip_put_url_file")


@click.command(cls=Lazy, lazy=(worker_flags,))
@click.option("--engine", type=click.Choice([DBOS]), required=True, help="What brings the work to the workers.")
@click.option("--name", help="By which people know it; by default its machine and process.")
@database_flag
@state_flag
@session_flags
def worker(engine: str, *, name: str | None, database: "Database | None", **given: Any) -> None:  # noqa: ARG001  # one
    """Train what was handed over to a database, together with all its other workers, until it is stopped.

    Ctrl-C or SIGTERM stops it in order: requests on their way may finish, and other workers get what is left.
    The folders of the images, and those for samples, are shared by all workers.
    """
    from bria_async.training.worker import worker as working  # slow to import

    if database is None:
        raise ConfigurationError(f"A worker needs a database: put postgresql://... into {DATABASE}.")
    settings, connection = taken({**given, **dict.fromkeys(NO_ZIPS)})
    name = name or f"{socket.gethostname()}-{os.getpid()}"
    desks: list[Desk] = []

    def stop() -> bool:
        for desk in desks:
            sys.stderr.write("Stopping: requests on their way may finish. Once more to stop at once.\n")
            desk.stop()
        return bool(desks)

    async def work() -> None:
        async with working(database, name=name, settings=settings, **connection_of(**connection)) as desk:
            desks.append(desk)
            about = {"worker": desk.seat.number}
            log.info("worker %s (%s) works for %s", desk.seat.number, name, database, extra=about)
            await desk.work()
            log.info("worker %s stops; what it does not end is given back", desk.seat.number, extra=about)
        log.info("stopped", extra=about)

    log = _told(database)
    run_work(work(), stop)


def _told(database: "Database") -> logging.Logger:
    """The library's log, told in plain lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Plain(database))
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return logger


class _Plain(logging.Formatter):
    """A time and a sentence, without the secrets of the database's address."""

    def __init__(self, database: "Database") -> None:
        super().__init__("%(asctime)s  %(message)s", "%H:%M:%S")
        self._database = database

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return self._database.without_secrets(super().format(record))
