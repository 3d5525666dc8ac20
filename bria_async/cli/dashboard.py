"""`dashboard`: all runs on web pages of this machine, live."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click
from click.exceptions import Exit as ClickExit

from .flags import database_flag, state_flag
from .work import Interrupted
from .work import run as run_work

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database


SHOWS = "Its pages show, and change nothing; with --control they can stop and approve runs, and change drafts."
CONTROLS = "Its pages can stop and approve runs, and change drafts."


@click.command()
@click.option(
    "--port", default=8477, show_default=True, type=click.IntRange(0, 65535), help="To listen on; 0 takes a free one."
)
@click.option("--control", is_flag=True, help="Let pages stop and approve runs, and change drafts.")
@database_flag
@state_flag
def dashboard(*, port: int, control: bool, database: "Database | None", state: Path | None) -> None:
    """Show all runs on web pages of this machine, live, until Ctrl-C; prints the address that opens them.

    Nothing is changed, unless --control is given. Only this machine can reach the pages, and only who knows the key in
    the address.
    """
    from bria_async.dashboard.web.server import serving  # slow to import, as below
    from bria_async.training.place import state_folder

    async def work() -> None:
        async with serving(database or state_folder(state), control=control, port=port) as address:
            click.echo(f"Dashboard, until Ctrl-C: {address}")
            click.echo(CONTROLS if control else SHOWS)
            sys.stdout.flush()
            await anyio.sleep_forever()

    try:
        run_work(work())
    except Interrupted as error:
        raise ClickExit(error.code) from None
