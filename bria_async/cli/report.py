"""`report`: what came of a run as one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bria_async.graph import feed
from bria_async.host import Host

from .exits import Exit, Failure
from .flags import database_flag, state_flag
from .screen import bar
from .work import Interrupted
from .work import run as run_work

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database


@click.command()
@click.argument("run")
@click.option("-o", "--output", type=Path, metavar="FILE", help="Where to write it; by default RUN.html.")
@database_flag
@state_flag
def report(run: str, *, output: Path | None, database: "Database | None", state: Path | None) -> None:
    """Write what came of RUN, or of a batch, into one HTML file: images, samples, timeline, settings, events.

    The file opens from disk and asks no network for anything. The run may be under way, paused, failed or done.
    """
    from bria_async.dashboard.report import write_report  # slow to import, as below
    from bria_async.training.shared import existing

    place = existing(run, state, database)
    if not place.is_batch and feed.view(place.source, place.name) is None:
        raise Failure(f"{place.title} has not begun.", Exit.FAILED)
    to = output or Path(f"{place.name}.html")
    try:
        with bar("thumbnails") as progress:
            run_work(write_report(place, to, Host(), progress))
    except Interrupted as error:
        raise Failure("Nothing was written.", error.code) from None
    click.echo(to)
