"""Commands about runs: what there is, how each goes, and what is asked of whoever works on one."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import anyio
import attrs
import click

from bria_async.dashboard.facts import (
    NAMED,
    START_A_WORKER,
    batch_facts,
    facts_of,
    facts_of_runs,
    next_command,
    next_of_batch,
    view_of,
)
from bria_async.dashboard.figures import stages, told, training_time
from bria_async.dashboard.overview import WAITS, is_asked, overview_of
from bria_async.errors import BriaError, RunError
from bria_async.graph import feed
from bria_async.graph.control import STOP, Request
from bria_async.graph.feed import GOING_ON, View
from bria_async.host import Host

from .advice import typed
from .batches import many_runs, show_batch, show_not_begun
from .exits import Exit, Failure
from .flags import database_flag, json_flag, session_flags, session_of, state_flag
from .follow import Follower, OneRun, Source, until_over
from .tables import HEAD, STEPS, age, line_of, steps_of, table
from .work import Interrupted
from .work import run as run_work
from .working import display_for

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database
    from bria_async.training.place import Place

OVER = ("done", "failed")
"""States of a run that nobody works on any more."""
LAST = 8
"""Events that `show` prints."""
CHECK = 0.1
"""Seconds between looks at a lock."""
PATIENCE = 60.0
"""Seconds that `stop` waits for the process that works on a run."""
HEARS = 10.0
"""The same where the run only waits for its turn."""


@click.command()
@click.option("--all", "every", is_flag=True, help="List the runs of batches, too.")
@database_flag
@state_flag
@json_flag
def runs(*, every: bool, database: "Database | None", state: Path | None, as_json: bool) -> None:
    """List the runs: state, images, model and age; a batch is one line."""
    from bria_async.training.place import state_folder  # slow to import, as below
    from bria_async.training.shared import places

    found: list[dict[str, Any]] = []
    unreadable = False
    for place in places(state, database):
        try:
            if place.is_batch:
                overview = overview_of(place)
                found += [batch_facts(overview), *(facts_of_runs(place, overview) if every else [])]
            else:
                found += [facts_of(place, view) for view in feed.views(place.source)]
        except BriaError as error:
            unreadable = True
            click.echo(typed(f"warning: {error}"), err=True)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found and not unreadable:
        where = database or state_folder(state)
        click.echo(typed(f"There are no runs in {where}. Begin one: bria-async train FOLDER"))
    elif found:
        table(HEAD, map(line_of, found))


@click.command()
@click.argument("run")
@database_flag
@state_flag
@json_flag
def show(run: str, *, database: "Database | None", state: Path | None, as_json: bool) -> None:
    """Show RUN: its steps, ids, last events, and the next command; or a batch: its runs and their steps together."""
    from bria_async.training.shared import existing  # as above

    place = existing(run, state, database)
    if place.is_batch:
        show_batch(place, as_json=as_json)
        return
    if (view := _look(place)) is None:
        show_not_begun(place, as_json=as_json)
        return
    facts = facts_of(place, view)
    if as_json:
        steps = [attrs.asdict(stage) for stage in stages(view)]
        click.echo(json.dumps({**facts, "reason": view.run.reason, "steps": steps}, indent=2))
        return
    reason = f" ({view.run.reason})" if view.run.reason else ""
    waits = f", {WAITS}" if is_asked(view) else ""
    click.echo(f"{place.title}: {view.state}{reason}{waits}, begun {age(view.run.created)} ago")
    table(STEPS, steps_of(view))
    if view.state == "running" and (words := training_time(view, time.time())):
        click.echo(f"training: {words}")
    ids = ", ".join(f"{name} {facts[name]}" for name in NAMED if facts[name] is not None)
    click.echo(f"ids: {ids or 'nothing was created'}")
    for at, words in told(feed.last_events(place.source, place.name, LAST)):
        click.echo(f"  {time.strftime('%H:%M:%S', time.localtime(at))}  {typed(words)}")
    click.echo(typed(f"next: {next_command(place, view)}"))


@click.command()
@click.argument("run")
@database_flag
@state_flag
@json_flag
def watch(run: str, *, database: "Database | None", state: Path | None, as_json: bool) -> None:
    """Watch RUN, or a batch, while others work on it, until they do no more."""
    from bria_async.training.shared import existing  # slow to import

    place = existing(run, state, database)
    many = place.is_batch
    if not many and _look(place) is None:
        show_not_begun(place, as_json=as_json)
        return
    display = display_for(place, as_json=as_json, many=many)
    source: Source[Any] = many_runs(place) if many else OneRun(place.source, place.name)
    follower: Follower[Any] = Follower(source, display)
    follower.skip()

    def goes_on(seen: Any) -> bool:
        return bool((seen.alive or seen.waits) and (place.batch is None or seen.state in GOING_ON))

    try:
        with feed.held(place.source):
            if _has_no_worker(place):
                display.waiting(typed(f"waiting for a worker; start one with: {START_A_WORKER}"))
            run_work(until_over(follower, goes_on))
    except Interrupted as error:
        raise Failure("No longer watched; the run goes on.", error.code) from None
    finally:
        display.close()
    if many:
        overview = overview_of(place)
        state_now, following, facts = overview.state, next_of_batch(place, overview), batch_facts(overview)
    else:
        view = view_of(place.source, place.name)
        state_now, following, facts = view.state, next_command(place, view), facts_of(place, view)
    display.summary(typed(f"{place.title} is {state_now}; next: {following}"), {"exit": Exit.DONE, **facts})


@click.command()
@click.argument("run")
@database_flag
@state_flag
def approve(run: str, *, database: "Database | None", state: Path | None) -> None:
    """Approve the captions of RUN, which waits for it with --review."""
    from bria_async.training.captions import ask_for_approval  # slow to import
    from bria_async.training.shared import existing  # as above

    place = _begun(existing(run, state, database))
    ask_for_approval(place, Host())
    _say(f"{run} is approved", place, run)


@click.command()
@click.argument("run")
@click.argument("image")
@click.argument("text")
@database_flag
@state_flag
def caption(run: str, image: str, text: str, *, database: "Database | None", state: Path | None) -> None:
    """Have the caption of IMAGE, an id that `captions` lists, changed to TEXT while RUN's dataset is a draft."""
    from bria_async.training.captions import ask_for_caption  # slow to import
    from bria_async.training.shared import existing  # as above

    place = _begun(existing(run, state, database))
    ask_for_caption(place, image, text, Host())
    _say(f"{run} is to change the caption of image {image}", place, run)


@click.command()
@click.argument("run")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--captions-anew", is_flag=True, help="Have all captions made anew, those changed by hand too.")
@database_flag
@state_flag
def schema(run: str, file: TextIO, *, captions_anew: bool, database: "Database | None", state: Path | None) -> None:
    """Give RUN's dataset the visual schema or caption prefix in FILE (- is the standard input) while it is a draft."""
    from bria_async.training.captions import ask_for_schema  # slow to import
    from bria_async.training.shared import existing  # as above

    place = _begun(existing(run, state, database))
    try:
        text = file.read().strip()
    except UnicodeDecodeError:
        raise Failure(f"{file.name} is not UTF-8.", Exit.USAGE) from None
    ask_for_schema(place, text, Host(), captions_anew=captions_anew)
    _say(f"{run} is to change what captions are made with", place, run)


@click.command()
@click.argument("run")
@database_flag
@state_flag
@session_flags
def captions(run: str, *, database: "Database | None", state: Path | None, **connection: Any) -> None:
    """List the captions of RUN's dataset, as the server has them."""
    from bria_async.training.shared import existing  # slow to import

    place = _begun(existing(run, state, database))
    dataset = facts_of(place, view_of(place.source, place.name))["dataset"]
    if dataset is None:
        raise Failure(f"{run} has no dataset yet.", Exit.FAILED)

    async def work() -> None:
        async with session_of(**connection) as bria:
            for image in await bria.images.list(dataset):
                click.echo(f"{image.id} {image.image_name}: {image.caption or '(no caption yet)'}")

    run_work(work())


@click.command()
@click.argument("run")
@click.option("--training", is_flag=True, help="Also stop its training, for good: it cannot be started again.")
@database_flag
@state_flag
@session_flags
def stop(run: str, *, training: bool, database: "Database | None", state: Path | None, **connection: Any) -> None:
    """Ask whoever works on RUN to stop, and wait until it did."""
    from bria_async.training.shared import existing  # as above
    from bria_async.training.stop import stop_training  # as above

    place = existing(run, state, database)
    view = None if place.is_batch else _look(place)
    waits = not _is_under_way(place)

    async def without_its_process() -> None:
        async with session_of(**connection) as bria:
            click.echo("\n".join(await stop_training(bria, run, state=state, database=database)))

    if place.is_worked_on and (view is None or view.state not in OVER):
        place.control.ask(Request(STOP, {"training": training}), Host())
        if _has_no_worker(place):
            click.echo(typed(f"{run} is to stop, which waits for a worker that hears it: {START_A_WORKER}"))
            return
        _wait_until_stopped(place, HEARS if waits else PATIENCE)
        then = f"bria-async resume {place.title.partition('/')[0] if waits else run}"
        click.echo(typed(f"{run} {'does not get its turn' if waits else 'has stopped'}; go on with: {then}"))
    elif not training:
        click.echo(f"Nobody works on {run}.")
    if training and not place.is_worked_on:
        run_work(without_its_process())
    elif training and waits:
        raise Failure(f"A training of {run} is only stopped when nobody works on others of its batch.", Exit.FAILED)


@click.command()
@click.argument("run")
@database_flag
@state_flag
@json_flag
@session_flags
def verify(run: str, *, database: "Database | None", state: Path | None, as_json: bool, **connection: Any) -> None:
    """Compare journal, disk and server of RUN, or of a batch; nothing is changed. Exit code 1 when they differ."""
    from bria_async import training  # slow to import
    from bria_async.training.shared import existing  # as above

    place = existing(run, state, database)

    async def work() -> list[training.Verification]:
        async with session_of(**connection) as bria:
            if place.is_batch:
                return list(await training.verify_many(bria, run, state=state, database=database))
            return [await training.verify(bria, run, state=state, database=database)]

    found = [attrs.evolve(one, run=(place.run(one.run) if place.is_batch else place).title) for one in run_work(work())]
    differences = [(f"{one.run}: " if place.is_batch else "") + words for one in found for words in one.differences]
    if as_json:
        data = [attrs.asdict(one) for one in found]
        click.echo(json.dumps(data if place.is_batch else data[0], indent=2))
    elif place.is_batch:
        click.echo(f"{len(found):,} runs, {sum(one.uploaded for one in found):,} images uploaded.")
    else:
        facts = attrs.asdict(found[0], filter=attrs.filters.exclude("differences"))
        table((), ((name.replace("_", " "), value) for name, value in facts.items()))
    if not as_json:
        click.echo("\n".join(differences) or "Journal, disk and server agree.")
    if differences:
        raise Failure(f"{len(differences):,} difference{'s' if len(differences) > 1 else ''}.", Exit.FAILED)


def _wait_until_stopped(place: "Place", patience: float) -> None:
    """Wait until whoever was asked to stop did.

    Raises:
        Failure: he did not.
    """

    async def let_go() -> None:
        with anyio.fail_after(patience), feed.held(place.source):
            while _is_under_way(place) or _is_unheard(place):  # noqa: ASYNC110  # a lock of the kernel has no event
                await anyio.sleep(CHECK)

    try:
        run_work(let_go())
    except TimeoutError:
        raise Failure(f"Whoever works on {place.title} did not stop within {patience:.0f} s.", Exit.FAILED) from None


def _is_under_way(place: "Place") -> bool:
    """Whether somebody is on it; whoever is on a batch is not on all of its runs."""
    if not place.is_worked_on:
        return False
    view = feed.view(place.source, place.name) if place.batch else None
    return place.batch is None or (view is not None and view.state in GOING_ON)


def _is_unheard(place: "Place") -> bool:
    """Whether there is somebody who is yet to hear that it is to stop."""
    return place.is_worked_on and any(request.what == STOP for _, request in place.control.waiting())


def _say(done: str, place: "Place", run: str) -> None:
    """Say what is done, and what it waits for."""
    view = view_of(place.source, place.name)
    then = "." if view.alive or view.waits else f"; go on with: bria-async resume {run}"
    if _has_no_worker(place):
        then = f", and waits for a worker; start one with: {START_A_WORKER}"
    click.echo(typed(f"{done}{then}"))


def _has_no_worker(place: "Place") -> bool:
    """Whether it is to be worked on, and there is nobody who could."""
    tended = feed.tended(place.source)
    return bool(tended.waiting) and not tended.workers


def _begun(place: "Place") -> "Place":
    """Refuse a batch where one run is meant, and a run that has not begun."""
    if place.is_batch:
        raise Failure(f"{place.name} is a batch; name one of its runs: {place.name}/RUN", Exit.USAGE)
    if _look(place) is None:
        raise Failure(f"{place.title} has not begun.", Exit.FAILED)
    return place


def _look(place: "Place") -> View | None:
    """A run as it is now; None for one that its batch has not begun.

    Raises:
        RunError: its batch does not know it.
    """
    if place.batch is None:
        return view_of(place.source, place.name)
    view = feed.view(place.source, place.name)
    if view is None and place.name not in place.planned:
        raise RunError(f"The batch {place.batch.name!r} has no run {place.name!r}.", place.title)
    return view
