"""The dashboard: runs on web pages that follow their journals, for one's own machine or inside another application."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from aiohttp import web

from bria_async.engines.postgres.database import Database
from bria_async.errors import ConfigurationError
from bria_async.host import Host

from ..templating import HERE
from .asking import LONGEST, Asking
from .guard import KEY, LOOPBACK, Guard, add_headers, new_key
from .journals import Journals
from .live import CLOSING
from .made import Made
from .serving import Pages


def app(
    journals: Path | Database | None = None,
    *,
    control: bool = False,
    key: str | None = None,
    hosts: Collection[str] = LOOPBACK,
    host: Host | None = None,
) -> web.Application:
    """The dashboard as an application of aiohttp: `yours.add_subapp("/runs/", dashboard.app())`.

    It reads journals and shows; it changes nothing unless `control` is true, and then by requests to the runs. Of files
    it shows small pictures of a run's own images and samples, by their numbers.

    Args:
        journals: the folder that holds the runs, by default where `train` keeps them; or the database of workers.
        control: offer to stop runs, to approve them, and to change captions and schemas of drafts.
        key: what has to be known to see anything: `/?key=...` puts it into a cookie. Without one, the application
            that it is mounted in decides who sees it.
        hosts: the names, without ports, that it is reached by; any other is refused (DNS rebinding).
        host: clock and threads, for simulations.

    Raises:
        ConfigurationError: the key is empty.
        MissingExtra: Jinja2 or Pillow is not installed.
    """
    host = host or Host()
    database = journals if isinstance(journals, Database) else None
    runs = Journals(host, None if isinstance(journals, Database) else journals, database)
    guard = Guard(frozenset(name.lower() for name in hosts), key)
    application = web.Application(middlewares=[guard.middleware()], client_max_size=LONGEST)
    application.on_response_prepare.append(add_headers)
    application[CLOSING] = asyncio.Event()
    application.on_shutdown.append(_close)
    made = Made(host)
    application.cleanup_ctx.append(made.kept)
    application.add_routes(Pages(host, runs, made, control).routes())
    if control:
        application.add_routes(Asking(host, runs).routes())
    application.router.add_static("/static", HERE / "static")
    return application


async def _close(ending: web.Application) -> None:
    ending[CLOSING].set()


@contextlib.asynccontextmanager
async def serving(
    journals: Path | Database | None = None, *, control: bool = False, port: int = 0, host: Host | None = None
) -> AsyncIterator[str]:
    """The dashboard on a port of this machine alone; gives its address, with the key that opens it.

    Args:
        journals: as for `app`.
        control: as for `app`.
        port: to listen on; 0 takes a free one.
        host: clock and threads, for simulations.

    Raises:
        ConfigurationError: the port is taken, or may not be used.
        MissingExtra: Jinja2 or Pillow is not installed.
    """
    key = new_key()
    runner = web.AppRunner(app(journals, control=control, key=key, host=host), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else error
            raise ConfigurationError(f"Port {port} cannot be used: {reason}. port=0 takes a free one.") from None
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/?{KEY}={key}"
    finally:
        await runner.cleanup()
