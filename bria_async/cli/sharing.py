"""Runs for workers: handed over, or handed over again; this process does not work on them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from bria_async.dashboard.facts import START_A_WORKER
from bria_async.errors import BriaError, ConfigurationError
from bria_async.host import Host

from .advice import typed
from .exits import Failure, exit_of, worst
from .flags import DATABASE, is_typed, session_of
from .work import run as run_work
from .working import reasons_of

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database
    from bria_async.training import Member, Plan, Settings
    from bria_async.training.distributed import Submitted

LOCAL, DBOS = "local", "dbos"

engine_flag = click.option(
    "--engine",
    type=click.Choice([LOCAL, DBOS]),
    help="Who does the work: this process (local, as usual), or the workers of a database (dbos).",
)


def refuse_what_engine_cannot(engine: str | None, database: "Database | None", on_failure: str) -> "Database | None":
    """The database that runs are handed over to; None where this process does the work.

    Raises:
        ConfigurationError: engine and database do not go together.
    """
    if engine == DBOS:
        if database is None:
            raise ConfigurationError(f"--engine dbos needs a database: put postgresql://... into {DATABASE}.")
        if on_failure == "stop":
            raise ConfigurationError("Workers go on with the other runs: --on-failure stop needs --engine local.")
        return database
    if database is not None:
        context = click.get_current_context()
        option = next(flag for flag in context.command.get_params(context) if flag.name == "database")
        if is_typed(context, option):
            raise ConfigurationError("--database is where workers share runs: add --engine dbos to hand them over.")
        if engine is None:
            raise ConfigurationError(
                f"{DATABASE} is set: say --engine dbos to hand the run over to its workers, or --engine local."
            )
    return None


def hand_over(
    plans: "Sequence[Plan | Member]",
    batch: str | None,
    database: "Database",
    settings: "Settings",
    connection: Mapping[str, Any],
    *,
    as_json: bool,
) -> None:
    """Hand plans over to the workers.

    Raises:
        Failure: some could not be; with the exit code of the worst.
    """
    from bria_async.training.distributed import Submitted, submit_each  # slow to import

    async def work() -> list[Submitted]:
        async with session_of(**connection) as bria:
            return [each async for each in submit_each(bria, plans, database, name=batch, settings=settings)]

    _tell(run_work(work()), batch, database, as_json=as_json)


def have_go_on(run: str, state: Path | None, database: "Database", how: Mapping[str, Any], *, as_json: bool) -> None:
    """Have workers go on with a run, or with all of a batch.

    Raises:
        Failure: some cannot go on.
    """
    from bria_async.training.distributed import reopen  # slow to import
    from bria_async.training.shared import SharedPlace  # as above

    place = SharedPlace.found(database, run, state)
    found = run_work(reopen(place, Host(), **how))
    _tell(found, place.name if place.is_batch else None, database, as_json=as_json)


@attrs.frozen
class _Told:
    """What came of runs that were handed over."""

    found: "Sequence[Submitted]"
    batch: str | None
    database: "Database"
    workers: int

    @property
    def title(self) -> str:
        """What was handed over, as it is typed."""
        return self.batch or self.found[0].run

    @property
    def errors(self) -> dict[str, BriaError]:
        """Why runs were not, by run."""
        return {each.run: each.error for each in self.found if each.error is not None}

    @property
    def done(self) -> list[str]:
        """Runs that are done."""
        return [each.run for each in self.found if each.is_done]

    @property
    def handed(self) -> list[str]:
        """Runs that are with the workers now."""
        return [each.run for each in self.found if each.error is None and not each.is_done]

    @property
    def lines(self) -> Iterator[str]:
        """In plain lines."""
        from bria_async.training.batch import in_one_line  # slow to import

        if self.batch is not None:
            rest = f", {len(self.done):,} are done" if self.done else ""
            number = f"{len(self.handed):,} of {len(self.found):,} runs"
            yield f"{self.batch}: {number} are with the workers of {self.database}{rest}."
            reasons = {run: in_one_line(error) for run, error in self.errors.items()}
            yield from (f"  {line}" for line in reasons_of(reasons, self.batch))
        elif not self.errors:
            yield f"{self.title} is {'done' if self.done else f'with the workers of {self.database}'}."
        if self.handed and not self.workers:
            yield typed(f"There is no worker yet. Start one, or several: {START_A_WORKER}")
        if self.handed or self.done:
            yield typed(f"next: bria-async {'watch' if self.handed else 'show'} {self.title}")

    @property
    def data(self) -> dict[str, Any]:
        """For programs."""
        failed = {run: {"exit": exit_of(error), "error": str(error)} for run, error in self.errors.items()}
        facts = {"handed_over": self.handed, "done": self.done, "failed": failed, "workers": self.workers}
        return {"what": "summary", "exit": worst(self.errors.values()), "run": self.title, **facts}


def _tell(found: "Sequence[Submitted]", batch: str | None, database: "Database", *, as_json: bool) -> None:
    """Print what came of it.

    Raises:
        BriaError: the one run was not handed over.
        Failure: some were not.
    """
    from bria_async.engines.postgres.reading import Reader  # slow to import
    from bria_async.images.findings import by_kind  # as above

    told = _Told(found, batch, database, Reader(database).workers())
    for each in found:
        for finding in by_kind(each.findings):
            click.echo(f"{finding.level}: {each.run}: {finding}", err=True)
    for line in [json.dumps(told.data, ensure_ascii=False)] if as_json else told.lines:
        click.echo(line)
    for error in told.errors.values():
        if batch is None:
            raise error
        raise Failure(f"{len(told.errors):,} of {len(found):,} runs were not handed over.", worst(told.errors.values()))
