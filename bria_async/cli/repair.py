"""`repair`: a new journal for a run or a batch whose own is damaged or gone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bria_async.errors import ConfigurationError

from .advice import typed
from .flags import DATABASE, Lazy, database_flag, json_flag, plan_flags, session_flags, session_of, state_flag
from .plans import plan_of
from .work import run as run_work
from .working import reasons_of

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database
    from bria_async.training import Repaired

_CONNECTION = ("token_file", "base_url", "requests_per_minute", "attempts", "timeout")


@click.command(cls=Lazy, lazy=(plan_flags,))
@click.argument("run")
@click.argument("folder", required=False)
@click.option("--plan", "file", type=Path, metavar="FILE", help="The plan as TOML, if the journal's cannot be read.")
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TEXT",
    help="What marks the run on the server, if several have its name; for a run of a batch RUN=TEXT, repeated.",
)
@database_flag
@json_flag
@state_flag
@session_flags
def repair(
    run: str,
    folder: str | None,
    file: Path | None,
    tags: tuple[str, ...],
    *,
    database: "Database | None",
    as_json: bool,
    state: Path | None,
    **given: Any,
) -> None:
    """Rebuild the damaged or lost journal of RUN, or of a batch, from what is left of it and what the server holds.

    Nothing is created or paid for, and the damaged journal is kept. Where the plan of a run cannot be read, give FOLDER
    and the flags that train was given; a batch has its plans.
    """
    from bria_async import training  # slow to import
    from bria_async.training.place import Place  # as above
    from bria_async.wire.convert import unstructure  # as above

    if database is not None:
        raise ConfigurationError(
            "Runs in PostgreSQL need no repair: it keeps what was written, or says that it cannot. "
            f"For a run on this disk unset {DATABASE}."
        )
    connection = {name: given.pop(name) for name in _CONNECTION}
    settings = training.Settings(state=state)
    if many := Place.of(run, state).is_batch:
        if folder or file:
            raise ConfigurationError(f"{run} is a batch, which has its plans: leave out {folder or file}.")
    elif len(tags) > 1:
        raise ConfigurationError(f"{run} is one run, so it has one --tag.")
    plan = plan_of(folder, file, given) if folder or file else None

    async def work() -> tuple[training.Repaired, ...]:
        async with session_of(**connection) as bria:
            if many:
                return await training.repair_batch(bria, run, tags=_by_run(tags), settings=settings)
            return (await training.repair(bria, run, plan=plan, tag=next(iter(tags), None), settings=settings),)

    found = run_work(work())
    if as_json:
        data = [unstructure(one) for one in found]
        click.echo(json.dumps(data if many else data[0], indent=2))
    elif many:
        click.echo(_words_of_batch(run, found))
    else:
        click.echo(_words_of(found[0]))


def _by_run(tags: tuple[str, ...]) -> dict[str, str]:
    pairs = [tag.partition("=") for tag in tags]
    if wrong := next((run for run, equals, _ in pairs if not equals), None):
        raise ConfigurationError(f"--tag {wrong!r} names no run: in a batch it is RUN=TEXT.")
    return {run: tag for run, _, tag in pairs}


def _words_of_batch(batch: str, found: "tuple[Repaired, ...]") -> str:
    images, missing = sum(one.images for one in found), sum(one.missing for one in found)
    reasons = {one.run.rpartition("/")[2]: f"perhaps charged {', '.join(one.charged)}" for one in found if one.charged}
    lines = [
        f"The journal of {batch} is rebuilt for {len(found):,} runs; what is in none of them has made nothing.",
        f"  {images - missing:,} of {images:,} images are on the server",
        *(f"  {line}" for line in reasons_of(reasons, batch)),
        *(f"  kept {path}" for path in {one.damaged for one in found if one.damaged}),
    ]
    return typed("\n".join([*lines, f"next: bria-async resume {batch}"]))


def _words_of(repaired: "Repaired") -> str:
    there = f"{repaired.images - repaired.missing:,} of {repaired.images:,} on the server"
    facts = {
        "damage": repaired.damage,
        "kept": repaired.damaged or "there was no journal left",
        "plan": f"{'read from the journal' if repaired.plan_from_journal else 'as given'}, tag {repaired.tag!r}",
        "images": f"{repaired.images:,} in one zip" if "bulk" in repaired.adopted else there,
        "found": _counted(repaired.adopted),
        "readable": _counted(repaired.kept),
        "charged": f"perhaps {', '.join(repaired.charged)}" if repaired.charged else "nothing that is not there",
    }
    lines = [f"The journal of {repaired.run} is rebuilt.", *(f"  {name:9} {value}" for name, value in facts.items())]
    return typed("\n".join([*lines, f"next: bria-async resume {repaired.run}"]))


def _counted(steps: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" if number > 1 else name for name, number in steps.items()) or "nothing"
