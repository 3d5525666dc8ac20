"""`repair`: a new journal for a run whose own is damaged or gone, from what is left of it and what the server holds.

Theory. A journal says what was planned, what was done, and what may have been done. The plan and the tag are in the
damaged journal or are given again; what was done is on the server, where names carry the tag and images their content
key; and what may have been done is everything else. So the new journal has what was found as adopted, and is marked as
one that nobody closed: whoever resumes it looks at the server once more, after the settle delay, before he sends
anything that creates. What costs and leaves nothing to find is in doubt, unless its result could still be read.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.local import Run
from bria_async.errors import ConfigurationError, PlanChanged, RunError
from bria_async.graph import lock
from bria_async.graph.events import Happened
from bria_async.graph.graph import DOUBTS, KNOWN, Graph, Task, names_of
from bria_async.graph.journal import Journal, Row
from bria_async.graph.ledger import Ledger
from bria_async.graph.salvage import Remains, put_in_place, salvage
from bria_async.graph.states import Change, State
from bria_async.images.inspect import inspect
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.types.datasets import Dataset, DatasetStatus
from bria_async.types.models import ModelStatus
from bria_async.wire.convert import ConversionError, structure, unstructure

from .changes import plan_of, refuse_other_server
from .lifecycle import shape
from .place import Place
from .plan import Plan, Settings
from .reconcile import ONCE
from .run import create

CHARGED = "its journal was damaged, and nothing on the server tells whether it was sent"


@attrs.frozen(kw_only=True)
class Repaired:
    """What a repair found and did; the run can be resumed.

    `adopted` counts what was found on the server, by step; `kept` the results that the damaged journal still held;
    `charged` names what was perhaps paid for and is not there; `missing` counts images that are not on the server.
    """

    run: str
    tag: str
    damage: str
    damaged: Path | None
    """Where the damaged journal is kept."""
    plan_from_journal: bool
    images: int
    missing: int
    adopted: Mapping[str, int]
    kept: Mapping[str, int]
    charged: tuple[str, ...]


async def repair(
    session: Session,
    run: str,
    *,
    plan: Plan | None = None,
    tag: str | None = None,
    settings: Settings | None = None,
) -> Repaired:
    """Rebuild the journal of a run; nothing is sent that creates or costs, and the damaged journal is kept.

    Args:
        session: an open session, to the server that the run began on.
        run: the run's id.
        plan: the plan, where the journal's cannot be read.
        tag: what marks the run's things on the server, where the journal is gone and there are several runs.
        settings: where runs are kept.

    Raises:
        RunError: there is nothing to repair, or the plan or the tag must be given.
        PlanChanged: the journal can be read and has another plan, or began on another server.
        RunPaused: two things on the server could be the run's.
        JournalLocked: another process works on it.
    """
    place = Place.of(run, (settings or Settings()).state)
    handle = lock.take(place.journal)
    try:
        remains = await session.host.in_thread(salvage, place.journal, run)
        if remains.whole:
            raise RunError(f"The journal of {run!r} is whole: bria-async resume {run}", run)
        plan = _plan(session, run, remains, plan)
        images = await _images(session, plan, remains)
        tag = remains.run.tag if remains.run else tag or await find_tag(session, plan)
        with tempfile.TemporaryDirectory(prefix=".repair-", dir=place.folder) as folder:
            fresh = Path(folder) / place.journal.name
            async with Journal(fresh, session.host) as journal:
                row = await create(session, journal, plan, images, tag)
                ledger = await Ledger.load(journal, row, session.host)
                items: dict[str, Mapping[str, Any]] = {"image": images}
                here = Run(run, row.tag, place.folder, place.folder / "samples", items, 0.0, ledger, place.control)
                survey = _Survey(session, plan, here, shape(plan, len(images)), remains)
                await survey.carry_out()
                await ledger.settle_run("paused", f"its journal was repaired: {remains.damage}", Happened.PAUSED)
                await journal.distrust()
            damaged = await session.host.in_thread(put_in_place, fresh, place.journal)
    finally:
        lock.let_go(handle)
    return Repaired(
        run=run,
        tag=row.tag,
        damage=remains.damage,
        damaged=damaged,
        plan_from_journal=remains.run is not None,
        images=len(images),
        missing=survey.missing,
        adopted=survey.adopted,
        kept=survey.kept,
        charged=tuple(survey.charged),
    )


def _plan(session: Session, run: str, remains: Remains, given: Plan | None) -> Plan:
    if remains.run is not None:
        refuse_other_server(session, remains.run)
        older = plan_of(remains.run)
        if given is not None and (lines := given.difference(older)):
            raise PlanChanged(f"The run {run!r} was started with another plan:", run, lines)
        return given or older
    if given is None:
        raise ConfigurationError(
            f"The plan of {run!r} cannot be read ({remains.damage}). Give it again, as it was given to train: "
            f"bria-async repair {run} FOLDER and the same flags, or --plan FILE."
        )
    if given.run != run:
        raise ConfigurationError(f"The plan is for the run {given.run!r}, not {run!r}: is its --name the same?")
    return given


async def _images(session: Session, plan: Plan, remains: Remains) -> dict[str, ImageFile]:
    """The images that the run was started on, or those that are in its folder now."""
    if remains.items is not None:
        return {key: structure(data, ImageFile) for key, data in remains.items.get("image", {}).items()}
    found = await inspect(plan.images, session.host, plan.limits)
    plan.check(found, zip_host=True)  # where the zip lies is asked for when it is sent
    return {image.key: image for image in found.images}


async def find_tag(session: Session, plan: Plan) -> str | None:
    """The tag of the one run of this plan's name that the server shows, None if it shows none.

    Raises:
        ConfigurationError: there are several, and only the user knows which.
    """
    if plan.family == "2024":
        texts = [dataset.name for dataset in await session.datasets.list()]
    else:
        texts = [project.project_name for project in await session.projects.list()]
    texts += [model.name for model in await session.models.list()]
    named = re.compile(re.escape(plan.name) + r" \[(run [0-9a-f]{12})\]")
    tags = sorted({match[1] for text in texts if text and (match := named.fullmatch(text))})
    if len(tags) > 1:
        raise ConfigurationError(
            f"The server shows {len(tags)} runs named {plan.name!r} ({', '.join(tags)}): say which one by --tag."
        )
    return tags[0] if tags else None


@attrs.define
class _Survey:
    """Looks at everything that the run may have made, and writes what it finds into the new journal."""

    session: Session
    plan: Plan
    run: Run
    graph: Graph
    remains: Remains
    adopted: dict[str, int] = attrs.field(factory=dict, init=False)
    kept: dict[str, int] = attrs.field(factory=dict, init=False)
    charged: list[str] = attrs.field(factory=list, init=False)
    missing: int = attrs.field(default=0, init=False)
    _results: dict[str, Any] = attrs.field(factory=dict, init=False)

    async def carry_out(self) -> None:
        """Project, dataset, images, model and training by looking; what they prove; then what only results tell."""
        await self._look("project")
        dataset = await self._dataset()
        if dataset is not None:
            self._results["identity"] = dataset
            await self._look("bulk")
            if self.graph.by_name["upload"].over:
                await self._look("upload")
        self.missing = len(self._pending("upload")) if self.graph.by_name["upload"].over else 0
        await self._look("model")
        await self._look("training")
        if dataset is not None:
            await self._proved(dataset)
        await self._kept()
        await self._doubtful(begun=dataset is not None)

    async def _dataset(self) -> Dataset | None:
        await self._look("dataset")
        made = self._results.get("dataset")
        return None if made is None else await self.session.datasets.get(made.id, max_images=1)

    async def _look(self, name: str) -> None:
        """Look for what a step may have made, if the plan has it and what it builds on was found."""
        task = self.graph.by_name.get(name)
        if task is None or task.adopt is None:
            return
        rows = self.run.ledger.rows[name]
        given = {"session": self.session, "run": self.run, "plan": self.plan, **self._results, KNOWN: {}}
        given[DOUBTS] = {key: self.run.items[task.over][key] if task.over else None for key in rows}
        names = names_of(task.adopt)
        if all(wanted in given for wanted in names):
            await self._adopt(task, await task.adopt(**{wanted: given[wanted] for wanted in names}))

    async def _adopt(self, task: Task, found: Mapping[str, Any]) -> None:
        for key, value in found.items():
            row = self.run.ledger.rows[task.name][key]
            await self.run.ledger.change(row, Change.ADOPTED, result=unstructure(value), via="adopted")
            self.adopted[task.name] = self.adopted.get(task.name, 0) + 1
        if ONCE in found:
            self._results[task.name] = found[ONCE]

    async def _proved(self, dataset: Dataset) -> None:
        """What comes before something that is there was done: images follow the identity, completion follows all."""
        completed = dataset.status == DatasetStatus.COMPLETED
        begun = {"upload", "bulk"} & self.adopted.keys() or dataset.visual_schema is not None
        if not completed and not begun:
            return
        text = dataset.visual_schema if self.plan.family == "fibo" else dataset.caption_prefix
        proved: dict[str, Any] = {"schema": text or "", "refinement": text or "", "prefix": text, "identity": dataset}
        if completed:
            proved |= {"captions": dataset, "complete": dataset}
        for name in proved.keys() & self.run.ledger.rows.keys():
            await self._adopt(self.graph.by_name[name], {ONCE: proved[name]})
        for name in ("upload", "caption") if completed else ():
            await self._frozen(name)

    async def _frozen(self, name: str) -> None:
        """A completed dataset takes no image and no caption any more: what is not in it was left out."""
        task = self.graph.by_name.get(name)
        for row in self._pending(name) if task is not None and task.over else ():
            reason = "it is not in the completed dataset"
            uploaded = self.run.ledger.rows["upload"][row.key]
            if name == "caption" and uploaded.result is not None:
                await self.run.ledger.change(row, Change.ADOPTED, result=json.loads(uploaded.result), via="adopted")
            else:
                await self.run.ledger.change(row, Change.SKIPPED, reason=reason)

    async def _kept(self) -> None:
        """What nothing on the server shows, and the damaged journal still does: paid results, and samples on disk."""
        for task in self.graph.order():
            if task.effect not in ("cheap", "billed") and task.name != "sample":
                continue
            for row in self._pending(task.name):
                if (task.name, row.key) not in self.remains.results:
                    continue
                data = self.remains.results[task.name, row.key]
                try:
                    structure(data, task.returns)
                except ConversionError:
                    continue
                await self.run.ledger.change(row, Change.ADOPTED, result=data, via="adopted")
                self.kept[task.name] = self.kept.get(task.name, 0) + 1

    async def _doubtful(self, *, begun: bool) -> None:
        """What was perhaps paid for: a cheap step is reported and sent again, a billed one is in doubt."""
        trained = self._results.get("training")
        paying = {"cheap": begun, "billed": trained is not None and trained.status == ModelStatus.COMPLETED}
        for task in self.graph.order():
            for row in self._pending(task.name) if paying.get(task.effect) else ():
                self.charged.append(f"{task.name} {row.key}".strip())
                if task.effect == "billed":
                    await self.run.ledger.change(row, Change.ANNOUNCED)
                    await self.run.ledger.change(row, Change.LOST, reason=CHARGED)
                else:
                    self.run.ledger.note(Happened.CHARGED, row, reason=CHARGED)

    def _pending(self, name: str) -> list[Row]:
        return self.run.ledger.of(name, State.PENDING)
