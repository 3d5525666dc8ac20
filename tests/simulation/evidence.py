"""All that is known of a world when it is over."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from bria_async.graph.records import Row
from bria_async.graph.states import State
from bria_async.sim import Simulator
from bria_async.sim.entities import Image, Job, Model
from bria_async.training import Plan, Trained

from .climate import Climate
from .disk import Journal
from .witness import Finding, Witness


@attrs.frozen
class Evidence:
    """What server, journal, disk and witnesses say of a world."""

    climate: Climate
    sim: Simulator
    state: Path
    """The state folder."""
    outcome: str
    """How the run ended: a word, and what it said."""
    result: Trained | None
    """What it returned."""
    differences: Sequence[str]
    """What `verify` found."""
    heard: Sequence[str]
    """Everything that the client said."""
    plans: Sequence[Plan]
    """The plans that it was given, one after the other."""
    witness: Witness
    written: frozenset[Path]
    """Files that were written to."""
    journal: Journal

    @property
    def done(self) -> bool:
        """Whether the run says that it is done."""
        return self.result is not None

    @property
    def folder(self) -> Path:
        """The run's own folder."""
        return self.state / self.climate.plan.run

    def stored(self) -> Iterator[tuple[str, int]]:
        """Content key and id of each image that the journal says is uploaded."""
        for key, row in self.journal.of("upload").items():
            if row.state is State.DONE:
                stored = result_of(row)
                yield from ((name, int(image["id"])) for name, image in ({key: stored} if key else stored).items())

    def dataset(self) -> int | None:
        """The dataset, by the journal."""
        row = self.journal.of("dataset").get("")
        return int(result_of(row)["id"]) if row is not None and row.state is State.DONE else None

    def images(self) -> list[Image]:
        """What the server holds in that dataset."""
        return [image for image in self.sim.world.images.values() if image.dataset_id == self.dataset()]

    def refused(self) -> set[str]:
        """Content keys of the images that the server refuses, whoever sends them."""
        words = self.climate.options.moderation.inputs if self.climate.plan.content_moderation else ()
        if self.climate.shape != "zip":
            return {key for key in self.journal.items["image"] if any(word.lower() in key.lower() for word in words)}
        files = [file for bulk in self.sim.world.bulks.values() for file in bulk.files if file.error_code]
        names = {file.filename for file in files}
        return {key for key, image in self.journal.items["image"].items() if {Path(image["path"]).name, key} & names}

    def trained(self) -> list[Model]:
        """The models whose training was started."""
        return [model for model in self.sim.world.models.values() if model.starts]

    def drawn(self, key: str) -> list[Job]:
        """The jobs that were accepted for a prompt; the server may put the dataset's prefix before it."""
        text = self.journal.items["prompt"][key]["text"]
        return [job for job in self.sim.world.jobs.values() if job.prompt.endswith(text)]

    def happened(self, what: str, task: str, key: str | None = None) -> int:
        """How often this happened to a task, or to one of its items."""
        return sum((what, task) == found[:2] and key in (None, found[2]) for found in self.journal.happened)


def result_of(row: Row) -> Any:
    """The result of a task as JSON."""
    return json.loads(row.result or "null")


Check = Callable[[Evidence], Iterator[Finding]]
"""One thing that must hold: yields what is wrong with it."""
