"""`train` and `resume`: one run from its plan to its samples, as often as it takes.

The same plan always continues the same run: its id comes from the plan's name, its state lies in one folder
(`journal.db`, control folder, zip, samples), and whatever was paid for is in the journal before anything else happens.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.inbox import Inbox
from bria_async.engines.local import Bounds, LocalEngine
from bria_async.engines.run import Run
from bria_async.engines.turns import Turns
from bria_async.errors import RunCancelled, RunError, RunFailed, RunPaused
from bria_async.graph.events import Happened, Heard, Listener, listeners
from bria_async.graph.graph import Graph
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Keeper, RunRow
from bria_async.graph.runner import Protocol, Runner
from bria_async.graph.states import State
from bria_async.images.captions import captions_of
from bria_async.images.findings import Finding
from bria_async.images.folder import DECODED_BESIDE_UPLOADS
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.wire.convert import structure, unstructure
from bria_async.wire.retry import time_for

from .changes import LEFT_OUT, images_of, plan_of, refuse_if_changed, refuse_other_server
from .earlier import Runs, images_of_last_run
from .editing import editors
from .fetching import Fetched, look_at
from .lifecycle import shape
from .place import Place
from .plan import Plan, Settings
from .policy import policy
from .result import Results, Trained, result_of
from .samples import Prompt
from .stop import stop_if_training
from .telling import FINDINGS, told, untold

SETTLE_MARGIN = 30.0
"""Seconds beyond the timeout of the longest request that a slow server gets before anybody looks."""

DIED = "the process that worked on it ended"


@attrs.frozen
class _Codec:
    """Results as JSON, by the converter of answers."""

    def dump(self, value: Any) -> Any:
        return unstructure(value)

    def load(self, data: Any, kind: Any) -> Any:
        return structure(data, kind)


async def train(session: Session, plan: Plan, *, settings: Settings | None = None, on_event: Heard = ()) -> Trained:
    """Train a tailored model; called again with the same plan, it continues where it stopped.

    Args:
        session: an open session.
        plan: what to train.
        settings: how this process works on it.
        on_event: called with every event, after it is durable; a function, or several. Like the hooks of a session
            it must not block; what it raises is logged and goes no further.

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
    if place.is_batch:
        raise RunError(f"{plan.run!r} is a batch: give the run another name.", plan.run)
    place.refuse_if_locked()
    looked = None if place.journal.exists() else await look(session, plan, settings, place)
    async with Journal(place.journal, session.host) as journal:
        work = Work(session, settings, journal, listeners(on_event))
        return await work.carry_out(plan, await work.open(plan, place, looked), place)


async def resume(
    session: Session,
    run: str,
    *,
    settings: Settings | None = None,
    on_event: Heard = (),
    **how: Any,
) -> Trained:
    """Continue a run by its id, with the plan it was started with.

    Args:
        session: an open session.
        run: the run's id.
        settings: how this process works on it.
        on_event: called with every event, after it is durable; a function, or several. Like the hooks of a session
            it must not block; what it raises is logged and goes no further.
        **how: fields of the plan that may change: `review`, `on_bad_image`, `on_doubt`.

    Raises:
        RunError: there is no such run, or as in `train`.
    """
    settings = settings or Settings()
    place = Place.existing(run, settings.state)
    place.refuse_if_locked()
    async with Journal(place.journal, session.host) as journal:
        row = await journal.find_run(place.name)
        if row is None:
            raise RunError(f"The journal {place.journal} holds no run {place.name!r}.", run)
        refuse_other_server(session, row)
        if place.batch:
            await tell_interrupted(session, journal, but=row.name)
        work = Work(session, settings, journal, listeners(on_event))
        return await work.carry_out(attrs.evolve(plan_of(row), **how), row, place)


@attrs.frozen
class Looked:
    """The images of a plan that was checked, by content key, what to say of them, and addresses that gave no image."""

    images: Mapping[str, ImageFile]
    findings: tuple[Finding, ...] = ()
    left_out: tuple[str, ...] = ()


async def look(
    session: Session,
    plan: Plan,
    settings: Settings,
    place: Place,
    fetched: Fetched | None = None,
    earlier: Runs | None = None,
) -> Looked:
    """Look at the images of a plan, fetched into its place where they are not on a disk, and check it.

    `earlier` are the runs that a folder is compared with the last of; by default all below the state folder.

    Raises:
        PlanInvalid: with every reason why it cannot work.
    """
    found, left_out = await look_at(session, plan, place.folder, fetched)
    texts = await session.host.in_thread(captions_of, found.images) if plan.captions == "files" else None
    has_zip_host, rate = settings.zip_url is not None, _uploads_per_minute(session)

    def check() -> tuple[Finding, ...]:
        known: Mapping[Path, ImageFile] = {}
        if found.folder:  # addresses are fetched into the folder of each run: by their paths nobody knows them again
            with contextlib.suppress(RunError):  # a state folder that is none is told when the journal is opened
                known = images_of_last_run(plan.images, settings.state, runs=earlier)
        return plan.check(found, zip_host=has_zip_host, texts=texts, requests_per_minute=rate, known=known)

    findings = await session.host.in_thread(check)
    return Looked({image.key: image for image in found.images}, findings, left_out)


async def create(session: Session, journal: Keeper, plan: Plan, looked: Looked, tag: str | None = None) -> RunRow:
    """Write a new run into its journal: the plan, its images and prompts, all its tasks, and what is to be told when it
    begins; by default a new tag.
    """
    images = looked.images
    graph = shape(plan, len(images))
    prompts = {f"{number:03d}": Prompt(number, text) for number, text in enumerate(plan.samples, 1)}
    items: dict[str, Mapping[str, Any]] = {"image": images, "prompt": prompts}
    _check(graph, items)
    keys = [(task.name, key) for task in graph.order() for key in (items[task.over] if task.over else ("",))]
    data = {name: {key: unstructure(item) for key, item in found.items()} for name, found in items.items()}
    data[LEFT_OUT] = _numbered(looked.left_out)
    data[FINDINGS] = _numbered(told(looked.findings))
    tag = tag or f"run {session.host.uuid().hex[:12]}"
    facts = {**plan.to_json(), "base_url": str(session.base_url)}
    return attrs.evolve(await journal.create_run(plan.run, tag, facts, graph.draw(), data, keys), fresh=True)


def _numbered(values: Iterable[Any]) -> dict[str, Any]:
    """Items of an input that is a list; they come back in the order of their keys."""
    return {f"{number:06d}": value for number, value in enumerate(values, 1)}


def _check(graph: Graph, items: Iterable[str]) -> None:
    graph.check({"session": Session, "plan": Plan, "settings": Settings, "run": Run}, items)


def _refuse_other_tasks(graph: Graph, row: RunRow) -> None:
    """Let a run go on only along the tasks that it began with; what they do may have been mended since."""
    began, now = ({line.partition(" ")[0] for line in text.splitlines()} for text in (row.graph, graph.draw()))
    if began != now:
        others = ", ".join(sorted(began ^ now))
        raise RunPaused(
            f"The run was begun by another version of this library, with other steps ({others}). "
            "Finish it with that version, or begin another run.",
            row.name,
        )


@attrs.frozen
class Work:
    """What one process does on the runs of a journal; `turns`, and those at the `processors`, are what they share."""

    session: Session
    settings: Settings
    journal: Keeper
    on_event: tuple[Listener, ...] = ()
    turns: Mapping[str, Turns] | None = None
    engine: type[LocalEngine] | Callable[..., LocalEngine] = LocalEngine
    """What leads a run through its graph."""
    processors: Turns = attrs.field(factory=lambda: Turns(DECODED_BESIDE_UPLOADS))

    async def open(self, plan: Plan, place: Place, looked: Looked | None = None) -> RunRow:
        """The run of a plan, which is written anew when there is none.

        Raises:
            PlanInvalid: it cannot work; nothing was created.
            PlanChanged: it was started with another plan.
        """
        if (row := await self.journal.find_run(plan.run)) is not None:
            await refuse_if_changed(self.session, plan, self.journal, row)
            return row
        looked = looked or await look(self.session, plan, self.settings, place)
        return await create(self.session, self.journal, plan, looked)

    async def carry_out(
        self,
        plan: Plan,
        row: RunRow,
        place: Place,
        *,
        weight: float = 1.0,
        working: Callable[[LocalEngine], None] | None = None,
    ) -> Trained:
        """Do what is left of a run.

        Args:
            plan: its plan.
            row: the run.
            place: where it lies.
            weight: its share of the turns.
            working: is given its engine, and hands it requests; by default the engine looks for them itself.

        Raises:
            RunError: it stopped before its end, or failed for good.
        """
        if row.state == "failed":
            raise RunFailed(row.reason or "The run failed.", place.title)
        prepared = await self.prepare(plan, row)
        ledger = await Ledger.load(self.journal, row, self.session.host, self.on_event)
        engine = self.engine_of(prepared, ledger, place, weight, listens=working is None)
        if row.state != "done":
            fresh = row.state == "running" and not any(ledger.of(name, State.DONE) for name in ledger.rows)
            what = Happened.STARTED if fresh else Happened.RESUMED
            more = await untold(self.journal, row)
            await ledger.settle_run("running", None, what, *more, **_limit(self.session))
            if working is not None:
                working(engine)
            try:
                await _execute(self.session, engine)
            except RunError as error:
                error.run = place.title  # as it is typed
                raise
        return await result_of(engine, row)

    async def prepare(self, plan: Plan, row: RunRow) -> "Prepared":
        """What never changes of a run.

        Raises:
            RunPaused: a version of this library began it that goes another way.
        """
        images = await images_of(self.journal, row)
        found = await self.journal.items(row.id, "prompt")
        prompts = {key: structure(data, Prompt) for key, data in found.items()}
        items: dict[str, Mapping[str, Any]] = {"image": images, "prompt": prompts}
        graph = shape(plan, len(images))
        _check(graph, items)
        _refuse_other_tasks(graph, row)
        slowest = time_for(await self.journal.largest(row.id, "image", "size"), self.session.timeout)
        settle = slowest + SETTLE_MARGIN if self.settings.settle is None else self.settings.settle
        return Prepared(plan, graph, items, settle)

    def engine_of(
        self, prepared: "Prepared", ledger: Ledger, place: Place, weight: float = 1.0, *, listens: bool = False
    ) -> LocalEngine:
        """An engine for a run, or for what the ledger holds of it."""
        session, settings, plan, row = self.session, self.settings, prepared.plan, ledger.run
        ledger.title = place.title
        run = Run(
            row.name,
            row.tag,
            place.folder,
            place.samples(settings.output),
            prepared.items,
            prepared.settle,
            ledger,
            place.control,
            interval=settings.control_interval,
            processors=self.processors,
        )
        turns = self.turns
        if turns is None:
            turns = {"upload": Turns(max(1, round(settings.uploads_at_once * weight)))}
        return self.engine(
            graph=prepared.graph,
            runner=Runner(ledger, _Codec(), Protocol(prepared.settle, plan.on_doubt), policy(plan)),
            inputs={"session": session, "plan": plan, "settings": settings, "run": run},
            bounds=Bounds(turns, weight, grace=settings.grace),
            run=run,
            unclean=self.journal.unclean and not row.fresh,
            inbox=Inbox(place.control, session.host, settings.control_interval) if listens else None,
            handlers=editors(session, settings, Results(prepared.graph, ledger.rows), run),
        )


@attrs.frozen
class Prepared:
    """What never changes of a run: its plan, its graph, what it fans out over, and how long a server is waited for."""

    plan: Plan
    graph: Graph
    items: Mapping[str, Mapping[str, Any]]
    settle: float


def _limit(session: Session) -> Mapping[str, float]:
    rate = _uploads_per_minute(session)
    return {} if rate is None else {"uploads_per_minute": rate}


def _uploads_per_minute(session: Session) -> float | None:
    """Uploads a minute that the session keeps to; None where nobody limits them."""
    rate = session.rates.rate("images.upload")
    return rate if math.isfinite(rate) else None


async def tell_interrupted(session: Session, journal: Journal, *, but: str = "") -> None:
    """Record that runs which a dead process left in their midst are paused: this one may get to them late, or never."""
    left = [row for row in await journal.runs() if row.state == "running" and row.name != but]
    paused = (Ledger(journal, row, session.host, {}).settle_run("paused", DIED, Happened.PAUSED) for row in left)
    await asyncio.gather(*paused)


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
        if not engine.hands_over:
            ledger.leave_run(f"it was interrupted ({type(error).__name__})")
        raise
    await ledger.settle_run("done", None, Happened.COMPLETED)
