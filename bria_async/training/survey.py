"""Looking at everything that a run may have made, for a journal that is rebuilt."""

import json
from collections.abc import Mapping
from typing import Any

import attrs

from bria_async.engines.run import Run
from bria_async.graph.events import Happened
from bria_async.graph.graph import DOUBTS, KNOWN, Graph, Task, names_of
from bria_async.graph.records import Row
from bria_async.graph.salvage import Remains
from bria_async.graph.states import Change, State
from bria_async.session import Session
from bria_async.types.datasets import Dataset, DatasetStatus
from bria_async.types.models import ModelStatus
from bria_async.wire.convert import ConversionError, structure, unstructure

from .captions import keep_captions
from .plan import Plan
from .reconcile import ONCE

CHARGED = "its journal was damaged, and nothing on the server tells whether it was sent"


@attrs.define
class Survey:
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
        if completed:
            await keep_captions(self.run, await self.session.images.list(dataset.id))
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
