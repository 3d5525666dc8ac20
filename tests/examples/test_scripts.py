"""The examples that are run from a terminal."""

import asyncio
import re
import sys
from pathlib import Path
from subprocess import run

import pytest

from bria_async import Plan, Session, Settings, Trained, train
from bria_async.graph.events import Event
from bria_async.testing import ServedSimulator
from examples import batch_tree

from .pictures import COUNT, paint

ROOT = Path(__file__).parents[2]


async def test_a_batch_over_a_tree(
    bria_env: None, bria_sim: ServedSimulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every folder with images is one model, named by its way; one that cannot be trained stops no other."""
    tree = tmp_path / "tree"
    paint(tree / "cats")
    paint(tree / "dogs" / "small")
    paint(tree / "dogs" / "alone", count=1)
    assert await batch_tree.main(tree) == 1
    shown = capsys.readouterr()
    assert re.findall(r"^([\w-]+) is model", shown.out, re.MULTILINE) == ["tree-cats", "tree-dogs-small"]
    assert shown.err.startswith("tree-dogs-alone: ")
    assert bria_sim.counts["models.start_training"] == 2

    assert await batch_tree.main(tree) == 1, "what is done is done"
    assert bria_sim.counts["models.start_training"] == 2


async def test_captions_by_hand(
    bria_env: None, bria_session: Session, bria_sim: ServedSimulator, tmp_path: Path
) -> None:
    """A run waits until somebody has read its captions, and is trained on what he made of them."""
    asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def listen(event: Event) -> None:
        if event.what == "asked_for_approval":
            asked.set_result(event.words)

    plan = Plan(images=paint(tmp_path / "cats"), name="cats", ip_type="other", ip_medium="photography", review=True)
    training: asyncio.Task[Trained] = asyncio.create_task(
        train(bria_session, plan, settings=Settings(control_interval=0.05), on_event=[listen])
    )
    _, _, dataset = (await asked).partition("dataset ")
    command = [sys.executable, "-m", "examples.captions_by_hand", "cats", dataset.split()[0]]
    caption = '{"short_description": "A cat on a roof."}'
    typed = f"{caption}\n" + "\n" * (COUNT - 1)
    done = await asyncio.to_thread(run, command, input=typed, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr

    trained = await training
    captions = [image.caption for image in await bria_session.images.list(trained.dataset_id)]
    assert captions.count(caption) == 1
    assert bria_sim.counts["images.update"] == 1, "the others were kept as they were"
