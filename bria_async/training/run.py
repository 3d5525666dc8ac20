"""`train` and `resume`: one run from its plan to its samples, as often as it takes.

The same plan always continues the same run: its id comes from the plan's name, its state lies in one folder
(`journal.db`, control folder, zip, samples), and whatever was paid for is in the journal before anything else happens.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from bria_async.engines.local import Bounds, LocalEngine, Run
from bria_async.errors import RunCancelled, RunError, RunFailed, RunPaused
from bria_async.graph.control import CAPTION
from bria_async.graph.events import Happened, Listener
from bria_async.graph.graph import Graph
from bria_async.graph.journal import Journal, RunRow
from bria_async.graph.ledger import Ledger
from bria_async.graph.runner import Protocol, Runner
from bria_async.graph.states import State
from bria_async.images.captions import unusable_captions
from bria_async.images.inspect import inspect
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.wire.convert import structure, unstructure
from bria_async.wire.retry import time_for

from .captions import caption_editor
from .changes import images_of, plan_of, refuse_if_changed, refuse_other_server
from .lifecycle import shape
from .place import Place
from .plan import Plan, Settings
from .policy import policy
from .result import Trained, result_of
from .samples import Prompt
from .stop import stop_if_training

SETTLE_MARGIN = 30.0
"""Seconds beyond the timeout of the longest request that a slow server gets before anybody looks."""


@attrs.frozen
class _Codec:
    """Results as JSON, by the converter of answers."""

    def dump(self, value: Any) -> Any:
        return unstructure(value)

    def load(self, data: Any, kind: Any) -> Any:
        return structure(data, kind)


async def train(
    session: Session, plan: Plan, *, settings: Settings | None = None, on_event: Iterable[Listener] = ()
) -> Trained:
    """Train a tailored model; called again with the same plan, it continues where it stopped.

    Args:
        session: an open session.
        plan: what to train.
        settings: how this process works on it.
        on_event: called with every event, after it is durable.

    Raises:
        PlanInvalid: the plan cannot work; nothing was created.
        PlanChanged: the run exists with another plan; nothing was sent.
        RunPaused: it stopped where it can go on.
        RunFailed: it ended for good, such as a training that failed.
        JournalLocked: another process works on it.
        JournalError: the disk is full or broken; nothing was sent that is not recorded.
    """
    settings = settings or Settings()
    place = Place.of(plan.run, settings.state)
    place.refuse_if_locked()
    if not place.journal.exists():
        images, warnings = await _inspected(session, plan, settings)
        async with Journal(place.journal, session.host) as journal:
            row = await create(session, journal, plan, images)
            return await _carry_on(session, plan, settings, journal, row, on_event, warnings)
    async with Journal(place.journal, session.host) as journal:
        found = await journal.find_run(plan.run)
        if found is None:
            images, warnings = await _inspected(session, plan, settings)
            row = await create(session, journal, plan, images)
            return await _carry_on(session, plan, settings, journal, row, on_event, warnings)
        await refuse_if_changed(session, plan, journal, found)
        return await _carry_on(session, plan, settings, journal, found, on_event)


async def resume(
    session: Session,
    run: str,
    *,
    settings: Settings | None = None,
    on_event: Iterable[Listener] = (),
    **how: Any,
) -> Trained:
    """Continue a run by its id, with the plan it was started with.

    Args:
        session: an open session.
        run: the run's id.
        settings: how this process works on it.
        on_event: called with every event, after it is durable.
        **how: fields of the plan that may change: `review`, `on_bad_image`, `on_doubt`.

    Raises:
        RunError: there is no such run, or as in `train`.
    """
    settings = settings or Settings()
    place = Place.existing(run, settings.state)
    place.refuse_if_locked()
    async with Journal(place.journal, session.host) as journal:
        row = await journal.find_run(run)
        if row is None:
            raise RunError(f"The journal {place.journal} holds no run {run!r}.", run)
        refuse_other_server(session, row)
        plan = attrs.evolve(plan_of(row), **how)
        return await _carry_on(session, plan, settings, journal, row, on_event)


async def _inspected(session: Session, plan: Plan, settings: Settings) -> tuple[dict[str, ImageFile], tuple[str, ...]]:
    found = await inspect(plan.images, session.host, plan.limits)
    texts = await session.host.in_thread(unusable_captions, found.images) if plan.captions == "files" else ()
    warnings = plan.check(found, zip_host=settings.zip_url is not None, captions=texts)
    return {image.key: image for image in found.images}, warnings


async def create(
    session: Session, journal: Journal, plan: Plan, images: Mapping[str, ImageFile], tag: str | None = None
) -> RunRow:
    """Write a new run into its journal: the plan, its images and prompts, and all its tasks; by default a new tag."""
    graph = shape(plan, len(images))
    prompts = {f"{number:03d}": Prompt(number, text) for number, text in enumerate(plan.samples, 1)}
    items: dict[str, Mapping[str, Any]] = {"image": images, "prompt": prompts}
    _check(graph, items)
    keys = [(task.name, key) for task in graph.order() for key in (items[task.over] if task.over else ("",))]
    data = {name: {key: unstructure(item) for key, item in found.items()} for name, found in items.items()}
    tag = tag or f"run {session.host.uuid().hex[:12]}"
    return await journal.create_run(
        plan.run, tag, {**plan.to_json(), "base_url": str(session.base_url)}, graph.draw(), data, keys
    )


def _check(graph: Graph, items: Iterable[str]) -> None:
    graph.check({"session": Session, "plan": Plan, "settings": Settings, "run": Run}, items)


async def _carry_on(
    session: Session,
    plan: Plan,
    settings: Settings,
    journal: Journal,
    row: RunRow,
    on_event: Iterable[Listener],
    warnings: tuple[str, ...] = (),
) -> Trained:
    place = Place.of(row.name, settings.state)
    ledger = await Ledger.load(journal, row, session.host, on_event)
    if row.state == "failed":
        raise RunFailed(row.reason or "The run failed.", row.name)
    images = await images_of(journal, row)
    prompts = {key: structure(data, Prompt) for key, data in (await journal.items(row.id, "prompt")).items()}
    graph = shape(plan, len(images))
    items: dict[str, Mapping[str, Any]] = {"image": images, "prompt": prompts}
    _check(graph, items)
    slowest = time_for(max((image.size for image in images.values()), default=0), session.timeout)
    settle = slowest + SETTLE_MARGIN if settings.settle is None else settings.settle
    output = settings.output or place.folder / "samples"
    run = Run(row.name, row.tag, place.folder, output, items, settle, ledger, place.control)
    runner = Runner(ledger, _Codec(), Protocol(settle, plan.on_doubt), policy(plan))
    engine = LocalEngine(
        graph=graph,
        runner=runner,
        inputs={"session": session, "plan": plan, "settings": settings, "run": run},
        bounds=Bounds(
            {"upload": settings.uploads_at_once},
            grace=settings.grace,
            control_interval=settings.control_interval,
        ),
        run=run,
        unclean=journal.unclean,
        handlers={CAPTION: caption_editor(session, ledger, run)},
    )
    if row.state != "done":
        fresh = row.state == "running" and not any(ledger.of(name, State.DONE) for name in ledger.rows)
        await ledger.settle_run("running", None, Happened.STARTED if fresh else Happened.RESUMED)
        for warning in warnings:
            run.warned(warning)
        await _execute(session, engine)
    return await result_of(engine, row)


async def _execute(session: Session, engine: LocalEngine) -> None:
    """Run the engine, and record what became of the run."""
    ledger = engine.ledger
    try:
        await engine.execute()
    except RunFailed as error:
        await ledger.settle_run("failed", error.message, Happened.RUN_FAILED)
        raise
    except RunCancelled as error:
        if any(request.data.get("training") for request in engine.run.stop_requests):
            await stop_if_training(session, ledger)
        await ledger.settle_run("paused", error.message, Happened.PAUSED)
        raise
    except RunPaused as error:
        await ledger.settle_run("paused", error.message, Happened.PAUSED)
        raise
    except BaseException as error:
        ledger.leave_run(f"it was interrupted ({type(error).__name__})")
        raise
    await ledger.settle_run("done", None, Happened.COMPLETED)
