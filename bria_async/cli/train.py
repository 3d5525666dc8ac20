"""`train` and `resume`: a run, or a batch of many, from the plan to the samples, as often as it takes."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bria_async.errors import ConfigurationError

from .flags import (
    Lazy,
    database_flag,
    how_flags,
    json_flag,
    on_failure_flag,
    plan_flags,
    session_flags,
    settings_flags,
    state_flag,
    taken,
)
from .plans import many_of, plan_of
from .sharing import engine_flag, hand_over, have_go_on, refuse_what_engine_cannot
from .working import BatchWork, Listener, RunWork

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database
    from bria_async.session import Session
    from bria_async.training import Settings, Trained


@click.command(cls=Lazy, lazy=(plan_flags, settings_flags))
@click.argument("folder", required=False)
@click.option("--plan", "file", type=Path, metavar="FILE", help="A plan, or many, as TOML; flags come before it.")
@click.option("--each-subfolder", "each", type=Path, metavar="DIR", help="Train a model on each subfolder: a batch.")
@engine_flag
@database_flag
@on_failure_flag
@json_flag
@state_flag
@session_flags
def train(
    folder: str | None,
    file: Path | None,
    each: Path | None,
    *,
    engine: str | None,
    database: "Database | None",
    on_failure: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Train a tailored model on the images in FOLDER, or one on each subfolder of a folder.

    FOLDER may be a text file as well, with the address of an image in each line.

    The same command continues a run that stopped, and shows the summary of one that is done. Every step is in the run's
    journal before anything depends on it; nothing that was paid for is sent again. With --engine dbos the run is handed
    over to the workers of a database, which this command does not wait for.
    """
    from bria_async import training  # slow to import
    from bria_async.training.place import Place  # as above
    from bria_async.training.plan import id_of  # as above

    shared = refuse_what_engine_cannot(engine, database, on_failure)
    settings, connection = taken(given)
    many = many_of(file, each, given)
    if many is not None:
        if folder is not None:
            raise ConfigurationError(f"Many plans bring folders of their own: leave out {folder}.")
        if shared:
            hand_over(many.members, id_of(many.name), shared, settings, connection, as_json=as_json)
            return
        before = f"looking at the images of {len(many.members):,} runs"
        place = Place.of(id_of(many.name), settings.state)
        work = BatchWork(place, settings, connection, as_json, before, planned=many.runs, members=many.members)
        work.train(on_failure)
        return
    plan = plan_of(folder, file, given)
    if shared:
        hand_over([plan], None, shared, settings, connection, as_json=as_json)
        return

    def start(bria: "Session", settings: "Settings", on_event: Listener) -> "Awaitable[Trained]":
        return training.train(bria, plan, settings=settings, on_event=[on_event])

    place = Place.of(plan.run, settings.state)
    RunWork(place, settings, connection, as_json, f"looking at the images in {plan.images}").carry_out(start)


@click.command(cls=Lazy, lazy=(how_flags, settings_flags))
@click.argument("run")
@database_flag
@on_failure_flag
@json_flag
@state_flag
@session_flags
def resume(run: str, *, database: "Database | None", on_failure: str, as_json: bool, **given: Any) -> None:
    """Continue RUN, or all runs of a batch, with the plans they were started with."""
    from bria_async import training  # slow to import
    from bria_async.training.place import Place  # as above

    settings, connection = taken(given)
    how = {name: value for name, value in given.items() if value is not None}
    if database is not None:
        have_go_on(run, settings.state, database, how, as_json=as_json)
        return
    place = Place.existing(run, settings.state)
    before = f"opening the journal of {run}"
    if place.is_batch:
        BatchWork(place, settings, connection, as_json, before, planned=place.planned, how=how).train(on_failure)
        return

    def start(bria: "Session", settings: "Settings", on_event: Listener) -> "Awaitable[Trained]":
        return training.resume(bria, run, settings=settings, on_event=[on_event], **how)

    RunWork(place, settings, connection, as_json, before).carry_out(start)
