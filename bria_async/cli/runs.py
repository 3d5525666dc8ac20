"""Commands about runs: what there is, how each goes, and what is asked of whoever works on one."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import attrs
import click

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, STOP, Request
from bria_async.graph.lock import holder
from bria_async.host import Host

from .advice import typed
from .exits import Exit, Failure
from .facts import NAMED, facts_of, next_command, view_of
from .figures import duration, is_over, stages, told, training_time
from .flags import json_flag, session_flags, session_of, state_flag
from .follow import Follower, until_over
from .train import display_for
from .work import Interrupted
from .work import run as run_work

LAST = 8
"""Events that `show` prints."""
CHECK = 0.1
"""Seconds between looks at a lock."""
PATIENCE = 60.0
"""Seconds that `stop` waits for the process that works on a run."""


@click.command()
@state_flag
@json_flag
def runs(*, state: Path | None, as_json: bool) -> None:
    """List the runs: state, images, model and age."""
    from bria_async.training.place import default_state  # slow to import

    found: list[dict[str, Any]] = []
    for journal in sorted((state or default_state()).glob("*/journal.db")):
        try:
            found += [facts_of(journal, view) for view in feed.views(journal)]
        except JournalError as error:
            click.echo(f"warning: {error}", err=True)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo(typed("There are no runs. Begin one: bria-async train FOLDER"))
    else:
        _table(
            ("run", "state", "images", "model", "age"),
            [
                (f["run"], f["state"], f"{f['uploaded']:,} of {f['images']:,}", f["model"], _age(f["created"]))
                for f in found
            ],
        )


@click.command()
@click.argument("run")
@state_flag
@json_flag
def show(run: str, *, state: Path | None, as_json: bool) -> None:
    """Show RUN: its steps, ids, last events, and the next command."""
    from bria_async.training.place import Place  # as above

    place = Place.existing(run, state)
    view = view_of(place.journal, run)
    facts = facts_of(place.journal, view)
    if as_json:
        steps = [attrs.asdict(stage) for stage in stages(view)]
        click.echo(json.dumps({**facts, "reason": view.run.reason, "steps": steps}, indent=2))
        return
    click.echo(
        f"{run}: {view.state}{f' ({view.run.reason})' if view.run.reason else ''}, begun {_age(view.run.created)} ago"
    )
    _table(
        ("step", "done", "of", ""),
        [(f"{'✔' if is_over(s) else '·'} {s.name}", f"{s.done:,}", f"{s.total:,}", s.remarks) for s in stages(view)],
    )
    if view.state == "running" and (words := training_time(view, time.time())):
        click.echo(f"training: {words}")
    ids = ", ".join(f"{name} {facts[name]}" for name in NAMED if facts[name] is not None)
    click.echo(f"ids: {ids or 'nothing was created'}")
    events = [event for _, event in feed.events(place.journal, run, max(0, view.seq - LAST))]
    for at, words in told(events):
        click.echo(f"  {time.strftime('%H:%M:%S', time.localtime(at))}  {words}")
    click.echo(f"next: {next_command(place.journal, view)}")


@click.command()
@click.argument("run")
@state_flag
@json_flag
def watch(run: str, *, state: Path | None, as_json: bool) -> None:
    """Watch RUN while another process works on it, until that process ends."""
    from bria_async.training.place import Place  # slow to import

    place = Place.existing(run, state)
    display = display_for(as_json=as_json)
    follower = Follower(place.journal, run, display)
    follower.skip()
    try:
        run_work(until_over(follower))
    except Interrupted as error:
        raise Failure("No longer watched; the run goes on.", error.code) from None
    finally:
        display.close()
    view = view_of(place.journal, run)
    facts = facts_of(place.journal, view)
    display.summary(f"{run} is {view.state}; next: {next_command(place.journal, view)}", {"exit": Exit.DONE, **facts})


@click.command()
@click.argument("run")
@state_flag
def approve(run: str, *, state: Path | None) -> None:
    """Approve the captions of RUN, which waits for it with --review."""
    from bria_async.training.place import Place  # as above

    place = Place.existing(run, state)
    place.control.ask(Request(APPROVE), Host())
    alive = view_of(place.journal, run).alive
    click.echo(typed(f"{run} is approved{'' if alive else f'; go on with: bria-async resume {run}'}."))


@click.command()
@click.argument("run")
@state_flag
@session_flags
def captions(run: str, *, state: Path | None, **connection: Any) -> None:
    """List the captions of RUN's dataset, as the server has them."""
    from bria_async.training.place import Place  # slow to import

    place = Place.existing(run, state)
    dataset = facts_of(place.journal, view_of(place.journal, run))["dataset"]
    if dataset is None:
        raise Failure(f"{run} has no dataset yet.", Exit.FAILED)

    async def work() -> None:
        async with session_of(**connection) as bria:
            for image in await bria.images.list(dataset):
                click.echo(f"{image.image_name}: {image.caption or '(no caption yet)'}")

    run_work(work())


@click.command()
@click.argument("run")
@click.option("--training", is_flag=True, help="Also stop its training, for good: it cannot be started again.")
@state_flag
@session_flags
def stop(run: str, *, training: bool, state: Path | None, **connection: Any) -> None:
    """Ask whoever works on RUN to stop, and wait until it did."""
    from bria_async.training.place import Place  # as above
    from bria_async.training.stop import stop_training  # as above

    place = Place.existing(run, state)

    async def let_go() -> None:
        with anyio.fail_after(PATIENCE):
            while holder(place.journal):  # noqa: ASYNC110  # a lock of the kernel has no event to wait for
                await anyio.sleep(CHECK)

    async def without_its_process() -> None:
        async with session_of(**connection) as bria:
            click.echo(await stop_training(bria, run, state=state))

    if holder(place.journal):
        place.control.ask(Request(STOP, {"training": training}), Host())
        try:
            run_work(let_go())
        except TimeoutError:
            raise Failure(f"The process on {run} did not stop within {PATIENCE:.0f} s.", Exit.FAILED) from None
        click.echo(typed(f"{run} has stopped; go on with: bria-async resume {run}"))
    elif not training:
        click.echo(f"Nobody works on {run}.")
    if training:
        run_work(without_its_process())


@click.command()
@click.argument("run")
@state_flag
@json_flag
@session_flags
def verify(run: str, *, state: Path | None, as_json: bool, **connection: Any) -> None:
    """Compare journal, disk and server of RUN; nothing is changed. Exit code 1 when they differ."""
    from bria_async import training  # slow to import

    async def work() -> training.Verification:
        async with session_of(**connection) as bria:
            return await training.verify(bria, run, state=state)

    found = run_work(work())
    if as_json:
        click.echo(json.dumps(attrs.asdict(found), indent=2))
    else:
        facts = attrs.asdict(found, filter=attrs.filters.exclude("differences"))
        _table(
            ("", ""), [(name.replace("_", " "), "" if value is None else f"{value}") for name, value in facts.items()]
        )
        click.echo("\n".join(found.differences) or "Journal, disk and server agree.")
    if found.differences:
        raise Failure(f"{len(found.differences)} differences.", Exit.FAILED)


def _age(created: float) -> str:

    return duration(time.time() - created)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [
        [("" if cell is None else str(cell)) for cell in row] for row in ([head] if any(head) else []) + list(rows)
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
