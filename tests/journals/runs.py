"""Runs of every shape, and where each of them is when its process dies: what the journals here are made from."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.graph.events import Event
from bria_async.graph.seal import seal
from bria_async.graph.states import Change
from bria_async.training import Plan, Settings, train
from tests.simulation.loop import run_virtually
from tests.simulation.world import ADDRESS, world

HERE = Path(__file__).parent
NAME = "kept"
IMAGES = Path("images")
"""Relative, so that the journals name no folder of the machine that made them: who resumes one stands beside it."""
WRITTEN = 1_767_225_600_000_000_000
"""When the images were written, in nanoseconds; a run sends none that was changed since it looked."""
ZIP = f"{ADDRESS}/_sim/files/set.zip"


@attrs.frozen
class Shape:
    """A plan, and the place in its run that is kept: so many of a task are done."""

    plan: Mapping[str, Any]
    task: str
    done: int
    lost: Mapping[str, Any] | None = None
    """The answer that was lost before, as a fault of the simulator."""


_ICONS = {"ip_type": "stylized_scene", "ip_medium": "photography"}
_FIBO = {"family": "fibo", **_ICONS, "refine": "warmer"}
_2024 = {"family": "2024", "use_case": "illustrative_style", "style_description": "flat"}
_LOST = {"operation": "images.upload", "drop": True, "when": "after", "match": "1--"}
SHAPES: Mapping[str, Shape] = {
    "fibo-uploading": Shape(_FIBO, "upload", 2, _LOST),
    "fibo-zip-unpacking": Shape({**_FIBO, "upload": "zip"}, "bulk", 1),
    "fibo-zip-sampling": Shape({**_FIBO, "upload": "zip"}, "submission", 1),
    "legacy-captioning": Shape({"family": "legacy", **_ICONS, "captions": "files"}, "caption", 2),
    "2024-sampling": Shape(_2024, "submission", 1),
}


def settings() -> Settings:
    """How a process works on any of them, in the working directory."""
    return Settings(state=Path("runs"), zip_url=ZIP, zip_put_url=ZIP, uploads_at_once=1)


def lay_images(folder: Path) -> None:
    """Put the images into a folder, as old as they always are."""
    shutil.copytree(HERE / IMAGES, folder / IMAGES)
    for path in (folder / IMAGES).iterdir():
        os.utime(path, ns=(WRITTEN, WRITTEN))


def keep(shape: Shape, folder: Path, target: Path) -> None:
    """Train in a fresh folder, and keep journal and server as they are at the shape's place."""
    lay_images(folder)
    plan = Plan(images=folder / IMAGES, name=NAME, samples=("a harbour", "a lighthouse"), **shape.plan)
    here = attrs.evolve(settings(), state=folder / "runs")
    done = 0

    def look(event: Event) -> None:
        nonlocal done
        done += (event.what, event.task) == (Change.FINISHED, shape.task)
        if done == shape.done and not target.exists():
            shutil.copytree(folder / "server", target / "server")
            for path in (folder / "runs" / NAME).glob("journal.db*"):
                shutil.copy(path, target)

    async def main() -> None:
        async with world(1, state=folder / "server") as there:
            if shape.lost:
                there.sim.fail(**shape.lost)
            await train(there.session, plan, settings=here, on_event=[look])

    run_virtually(main)
    with _in_one_file(target / "journal.db") as journal:
        for table, column in (("run", "plan"), ("item", "data")):
            journal.execute(f"UPDATE {table} SET {column} = replace({column}, ?, '')", (f"{folder}/",))  # noqa: S608  # constants only
        seal(journal)
    with _in_one_file(target / "server" / "world.sqlite"):
        pass


@contextlib.contextmanager
def _in_one_file(path: Path) -> Any:
    """A database without a file of what was written ahead."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        yield database
        database.commit()
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
