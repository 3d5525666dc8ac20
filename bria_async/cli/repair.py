"""`repair`: a new journal for a run whose own is damaged or gone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .advice import typed
from .flags import Lazy, json_flag, plan_flags, plan_of, session_flags, session_of, state_flag
from .work import run as run_work

if TYPE_CHECKING:
    from bria_async.training import Repaired

_CONNECTION = ("token_file", "base_url", "requests_per_minute", "attempts", "timeout")


@click.command(cls=Lazy, lazy=(plan_flags,))
@click.argument("run")
@click.argument("folder", required=False)
@click.option("--plan", "file", type=Path, metavar="FILE", help="The plan as TOML, if the journal's cannot be read.")
@click.option("--tag", metavar="TEXT", help="What marks the run on the server, if several have its name.")
@json_flag
@state_flag
@session_flags
def repair(
    run: str, folder: str | None, file: Path | None, tag: str | None, *, as_json: bool, state: Path | None, **given: Any
) -> None:
    """Rebuild the damaged or lost journal of RUN from what is left of it and from what the server holds.

    Nothing is created or paid for, and the damaged journal is kept. Where its plan cannot be read, give FOLDER and the
    flags that train was given.
    """
    from bria_async import training  # slow to import
    from bria_async.wire.convert import unstructure  # as above

    connection = {name: given.pop(name) for name in _CONNECTION}
    plan = plan_of(folder, file, given) if folder or file else None

    async def work() -> training.Repaired:
        async with session_of(**connection) as bria:
            return await training.repair(bria, run, plan=plan, tag=tag, settings=training.Settings(state=state))

    repaired = run_work(work())
    click.echo(json.dumps(unstructure(repaired), indent=2) if as_json else _words_of(repaired))


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
