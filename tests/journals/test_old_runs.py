"""Runs that an older version left in mid-run: this one reads all of them, and carries each to its end."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.errors import RunPaused
from bria_async.graph.storage import VERSION
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.training import Plan, Trained, resume
from bria_async.training.lifecycle import shape
from bria_async.types.common import Value
from bria_async.wire.convert import structure, unstructure
from tests.simulation.loop import run_virtually
from tests.simulation.world import World, world

from .runs import HERE, NAME, SHAPES, lay_images, settings

OLD = sorted(path.parent for path in HERE.glob("format-*/*/journal.db"))
LATER = 86_400.0
"""Seconds after the beginning of a world at which the runs are taken up again: after all that was kept."""
ONCE = (
    "projects.create",
    "datasets.create",
    "images.bulk_upload",
    "tailored.generate_visual_schema",
    "tailored.refine_structured_prompt",
    "tailored.generate_prefix",
    "models.create",
    "models.start_training",
)
UNKNOWN = {"custom_metadata"}
"""Fields that no version knew."""


@pytest.fixture(params=OLD, ids=lambda path: f"{path.parent.name}-{path.name}")
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a kept run and its server, in a working directory with its images."""
    lay_images(tmp_path)
    shutil.copytree(request.param / "server", tmp_path / "server")
    (tmp_path / "runs" / NAME).mkdir(parents=True)
    shutil.copy(request.param / "journal.db", tmp_path / "runs" / NAME)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def strangers(value: Any) -> Iterator[str]:
    """Fields of a stored answer that its class does not know."""
    if isinstance(value, Value):
        yield from value.extra
        for field in attrs.fields(type(value)):
            yield from strangers(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from strangers(item)


async def carried_on(here: World) -> Trained:
    """Resume, and decide what the run asks about a sample that was perhaps paid for."""
    try:
        return await resume(here.session, NAME, settings=settings())
    except RunPaused:
        return await resume(here.session, NAME, settings=settings(), on_doubt="resend")


@pytest.mark.fault("P8")
def test_every_shape_is_kept() -> None:
    """A run of each shape in this version's format is there: `python -m tests.journals.make` makes them."""
    assert {path.name for path in OLD if path.parent.name == f"format-{VERSION}"} == SHAPES.keys()


@pytest.mark.fault("P8")
def test_an_old_run_is_carried_on(old: Path) -> None:
    """Whatever it had done, on the server as it was then, is done once in the end, and no image is missing."""

    async def main() -> None:
        await asyncio.sleep(LATER)
        async with world(2, state=old / "server") as here:
            trained = await carried_on(here)
            assert (trained.images, len(trained.samples)) == (5, 2), trained
            counts, audit = here.sim.counts, here.sim.audit()
            assert {name: counts[name] for name in ONCE if counts[name] > 1} == {}, counts
            assert counts["images.upload"] + 5 * counts["images.bulk_upload"] == 5, counts
            asked = counts["tailored.generate"] + counts["tailored.text_to_image"]
            assert 2 <= asked <= 2 + trained.perhaps_charged, f"{asked} samples, {trained.perhaps_charged} told"
            assert not audit.twice(), audit
            assert not audit.trained_uncaptioned, audit

    run_virtually(main)


@pytest.mark.fault("P8")
def test_nothing_in_an_old_run_is_strange(old: Path) -> None:
    """Its plan, its images and every result have the fields and the tasks that this version knows."""
    with contextlib.closing(sqlite3.connect(old / "runs" / NAME / "journal.db")) as journal:
        ((text,),) = journal.execute("SELECT plan FROM run").fetchall()
        images = journal.execute("SELECT data FROM item WHERE input = 'image'").fetchall()
        tasks = journal.execute("SELECT DISTINCT name FROM task").fetchall()
        results = journal.execute("SELECT name, result FROM task WHERE result IS NOT NULL").fetchall()
    kept = json.loads(text)
    server = kept.pop("base_url")
    plan = Plan.of(kept)
    assert {**plan.to_json(), "images": kept["images"]}.items() >= kept.items(), "a field of the plan has another name"
    assert str(Session("token", server).base_url) == server, "the server is told otherwise"
    for (data,) in images:
        assert unstructure(structure(json.loads(data), ImageFile)).items() >= json.loads(data).items(), "an image"
    graph = shape(plan, len(images))
    assert {name for (name,) in tasks} == graph.by_name.keys(), "a task has another name"
    for name, result in results:
        value = structure(json.loads(result), graph.by_name[name].returns)
        assert set(strangers(value)) <= UNKNOWN, f"{name} has another field"
