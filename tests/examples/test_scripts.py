"""The examples that are run from a terminal."""

import re
from pathlib import Path

import pytest

from bria_async.testing import ServedSimulator
from examples import batch_tree

from .pictures import paint


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
