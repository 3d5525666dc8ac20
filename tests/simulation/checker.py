"""The verdict on a world: what the server, the journal and the disk hold in the end, compared byte for byte."""

import asyncio
import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from bria_async.graph.journal import items, runs, tasks
from bria_async.sim import Simulator
from bria_async.training import Trained

from .climate import Climate
from .world import TOKEN


@attrs.define
class Verdict:
    """What is wrong with a world: nothing but `perhaps_charged` and `paused`, and `healed` in worlds beyond.

    `lost`: planned images or steps that a finished run lacks on the server. `duplicated`: more than one server image
    per key when the dataset is completed. `healed`: duplicates that the audit removed. `double_spent`: accepted
    findable or billed calls beyond their intents. `leaks`: where the token was found. `stuck`: neither finished nor
    paused with a sentence after the quiet phase. `problems` has a sentence for everything that is wrong.
    """

    outcome: str
    faults: int = 0
    hours: float = 0.0
    lost: int = 0
    duplicated: int = 0
    healed: int = 0
    double_spent: int = 0
    perhaps_charged: int = 0
    leaks: int = 0
    paused: int = 0
    stuck: int = 0
    problems: list[str] = attrs.field(factory=list)

    @property
    def good(self) -> bool:
        """Whether every invariant holds."""
        return not self.problems


def judge(
    climate: Climate,
    sim: Simulator,
    folder: Path,
    outcome: str,
    result: Trained | None,
    differences: Sequence[str],
    heard: Sequence[str],
) -> Verdict:
    """Compare the world with what it should be; `differences` are those that `verify` found."""
    verdict = Verdict(outcome, climate.weather.counts.total(), asyncio.get_running_loop().time() / 3600)
    verdict.problems += [f"untrue: {difference}" for difference in differences]
    _Judge(climate, sim, folder, verdict, heard, result).judge()
    return verdict


ONCE = {
    "projects.create": "project",
    "datasets.create": "dataset",
    "models.create": "model",
    "models.start_training": "training",
    "images.bulk_upload": "bulk",
}
"""Operations that a run may have accepted once, whatever happens, and the task of each."""
CHEAP = {
    "tailored.generate_visual_schema": "schema",
    "tailored.refine_structured_prompt": "refinement",
    "tailored.generate_prefix": "prefix",
}


@attrs.define
class _Judge:
    climate: Climate
    sim: Simulator
    folder: Path
    verdict: Verdict
    heard: Sequence[str]
    result: Trained | None
    rows: dict[str, dict[str, Any]] = attrs.field(factory=dict, init=False)
    items: dict[str, dict[str, Any]] = attrs.field(factory=dict, init=False)
    events: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)

    def judge(self) -> None:
        self._secrets()
        journal = self.folder / self.climate.plan.run / "journal.db"
        if self.verdict.outcome.startswith("stuck"):
            self.verdict.stuck += 1
            self._problem("stuck", self.verdict.outcome)
        self.verdict.paused += self.verdict.outcome.startswith("paused")
        self.verdict.healed = self.sim.counts["images.delete"]
        if self.verdict.healed and not self.climate.beyond:
            self._problem(
                "healed", f"{self.verdict.healed} duplicates, though nothing took longer than the settle delay"
            )
        self._copies()
        if not journal.exists() or not self._read(journal):
            self._nothing()
            return
        self._spent()
        self._uncaptioned()
        self._stored()
        if self.result is not None:
            self._complete(self.result)

    def _problem(self, word: str, sentence: str) -> None:
        self.verdict.problems.append(f"{word}: {sentence}")

    def _nothing(self) -> None:
        """Without a run in a journal nothing was sent."""
        if sent := sorted(name for name in self.sim.counts if name.endswith(("create", "upload"))):
            self.verdict.lost += 1
            self._problem("lost", f"no journal tells of {sent}")

    def _read(self, journal: Path) -> bool:
        """Read the journal's run; false when it holds none yet."""
        with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as database:
            if (run := next(runs(database), None)) is None:
                return False
            for row in tasks(database, run.id):
                self.rows.setdefault(row.name, {})[row.key] = row
            self.items = {name: dict(items(database, run.id, name)) for name in ("image", "prompt")}
            names = {row.id: (row.name, row.key) for held in self.rows.values() for row in held.values()}
            for task, what, _ in database.execute("SELECT task, what, data FROM event"):
                name, key = names.get(task, ("", ""))
                self.events[what, name] += 1
                if key:
                    self.events[what, f"{name} {key}"] += 1
        return True

    # --- money -----------------------------------------------------------------------------------------------

    def _spent(self) -> None:
        counts = self.sim.counts
        for operation, task in ONCE.items():
            if (extra := counts[operation] - 1) > 0:
                self.verdict.double_spent += extra
                self._problem("double_spent", f"{operation} was accepted {extra + 1} times (task {task})")
        charged = sum(
            number for (what, name), number in self.events.items() if what == "perhaps_charged" and " " not in name
        )
        self.verdict.perhaps_charged = charged
        for operation, task in CHEAP.items():
            extra = counts[operation] - 1 - self.events["perhaps_charged", task]
            if extra > 0:
                self.verdict.double_spent += extra
                self._problem("double_spent", f"{operation} was accepted {extra} times more than was told")
        images = counts["images.upload"] - len(self.items["image"]) - self.events["reopened", "upload"]
        if images > 0 and not self.climate.beyond:
            self.verdict.double_spent += images
            self._problem("double_spent", f"images.upload was accepted {images} times more than there are images")
        self._samples()

    def _samples(self) -> None:
        """Each prompt is drawn once, and once more for each time that its user said so."""
        drawn = Counter(job.prompt for job in self.sim.world.jobs.values())
        for key, prompt in self.items["prompt"].items():
            again = self.events["perhaps_charged", f"submission {key}"]
            if (extra := drawn[prompt["text"]] - 1 - again) > 0:
                self.verdict.double_spent += extra
                self._problem("double_spent", f"{prompt['text']!r} was drawn {extra} times more than was decided")

    # --- images ----------------------------------------------------------------------------------------------

    def _copies(self) -> None:
        completed = {dataset.id for dataset in self.sim.world.datasets.values() if dataset.status == "completed"}
        for (dataset, sha256), ids in self.sim.audit().duplicates.items():
            if dataset in completed:
                self.verdict.duplicated += len(ids) - 1
                self._problem("duplicated", f"dataset {dataset} holds {sha256[:12]} as images {ids}")

    def _stored(self) -> None:
        """What the journal says of an image is what the server has (I1)."""
        for key, row in self.rows.get("upload", {}).items():
            if row.state != "done" or not row.result:
                continue
            stored = json.loads(row.result)
            pairs = [(key, stored)] if key else list(stored.items())
            for name, image in pairs:
                held = self.sim.world.images.get(int(image["id"]))
                planned = self.items["image"][name]["sha256"]
                if held is None:
                    if self.verdict.outcome == "done":
                        self.verdict.lost += 1
                        self._problem("lost", f"image {image['id']} ({name}) is in the journal and not on the server")
                elif held.sha256 != planned:
                    self.verdict.lost += 1
                    self._problem("lost", f"image {image['id']} should be {name} and holds other bytes")

    def _complete(self, result: Trained) -> None:
        """A run that is done has all its images and steps on the server, and its samples on disk."""
        world = self.sim.world
        left_out = {key for key, row in self.rows["upload"].items() if row.state == "skipped"}
        for key in left_out:
            if not any(word in key for word in self.climate.options.moderation.inputs):
                self.verdict.lost += 1
                self._problem("lost", f"{key} was left out, and nothing is wrong with it")
        trained = [model for model in world.models.values() if model.starts]
        if len(trained) != 1 or trained[0].id != result.model_id:
            self.verdict.lost += 1
            self._problem("lost", f"trained are {trained}, the result says {result}")
            return
        dataset = trained[0].dataset_id
        there = {image.sha256 for image in world.images.values() if image.dataset_id == dataset}
        refused = 0
        if "" in self.rows["upload"]:
            refused = len(self.items["image"]) - len(json.loads(self.rows["upload"][""].result))
        missing = [
            key for key, image in self.items["image"].items() if image["sha256"] not in there and key not in left_out
        ]
        if len(missing) > refused:
            self.verdict.lost += len(missing) - refused
            self._problem("lost", f"not in dataset {dataset}: {missing}")
        for key, row in self.rows["sample"].items() if "sample" in self.rows else ():
            if row.state == "skipped":
                continue
            path = Path(json.loads(row.result)["path"])
            if not path.is_file() or not path.stat().st_size:
                self.verdict.lost += 1
                self._problem("lost", f"sample {key} is not on disk: {path}")

    def _uncaptioned(self) -> None:
        for model, images in self.sim.audit().trained_uncaptioned.items():
            self.verdict.lost += 1
            self._problem("uncaptioned", f"model {model} was trained while images {images} had no caption")

    # --- secrets ---------------------------------------------------------------------------------------------

    def _secrets(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and TOKEN.encode() in path.read_bytes():
                self.verdict.leaks += 1
                self._problem("leak", f"the token is in {path.name}")
        for text in self.heard:
            if TOKEN in text:
                self.verdict.leaks += 1
                self._problem("leak", f"the token was said: {text[:300]}")
