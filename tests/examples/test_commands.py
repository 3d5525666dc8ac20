"""The commands of `docs/examples.md` do what the page says, as they stand there; JupyterLab alone is not started."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from bria_async.testing import ServedSimulator
from tests.newcomer import a_port
from tests.pages import ROOT, blocks

from .pictures import COUNT, paint

PAGE = ROOT / "docs" / "examples.md"
COMMANDS: dict[str, str] = dict(re.findall(r"^\| \[`([^`]+)`\]\S+ \| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE))
"""Example -> what is typed to run it."""
APPLICATIONS = ("fastapi_app", "litestar_app", "aiohttp_app")


@pytest.fixture
def folder(bria_env: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the reader is: beside `examples`, with pictures of his own."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    paint(tmp_path / "pictures")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    return tmp_path


@contextlib.contextmanager
def typed(command: str, folder: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A command that was typed, and what it prints; it ends with the block."""
    with subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env={**os.environ, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout
        finally:
            process.kill()


def until(printed: IO[str], words: str) -> str:
    """The first line with these words."""
    told = []
    for line in printed:
        if words in line:
            return line
        told.append(line)
    raise AssertionError("".join(told))


def test_every_example_is_there() -> None:
    """The page has a command for each example that there is, and each of them is run by a test."""
    apart = {"asgi.py", "studio.py", "__pycache__"}
    assert set(COMMANDS) == {path.name for path in (ROOT / "examples").iterdir()} - apart
    assert set(COMMANDS) == {*APPLICATIONS, "batch_tree.py", "captions_by_hand.py", "notebook.ipynb"}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_application(name: str, folder: Path) -> None:
    """It listens, and draws a picture for whoever asks."""
    for needed in () if name == "aiohttp_app" else (name.removesuffix("_app"), "uvicorn"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (extra dev)")
    port = a_port()
    with typed(COMMANDS[name], folder, UVICORN_PORT=port, PORT=port) as (_, printed):
        until(printed, f":{port}")
        body = json.dumps({"prompt": "a cat"}).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/pictures", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310  # of this machine
            assert json.load(answer)["url"].startswith(os.environ["BRIA_BASE_URL"])


def test_batch(folder: Path, bria_sim: ServedSimulator) -> None:
    """It trains the one model of the reader's folder, and says which."""
    with typed(COMMANDS["batch_tree.py"], folder) as (process, printed):
        until(printed, "pictures is model")
        assert process.wait() == 0
    assert bria_sim.counts["models.start_training"] == 1


def test_captions(folder: Path, bria_sim: ServedSimulator) -> None:
    """A run waits for its captions, which another terminal reads, changes and approves; then it is trained."""
    (training,) = [block.text for block in blocks(PAGE) if "--review" in block.text]
    by_hand = COMMANDS["captions_by_hand.py"].replace("RUN", "pictures")
    assert f"`{by_hand.replace('DATASET', '1001')}`" in PAGE.read_text().replace("\n", " ")
    with typed(training, folder) as (process, printed):
        number = re.search(r"dataset (\d+)", until(printed, "ready for review"))
        assert number is not None
        with typed(by_hand.replace("DATASET", number[1]), folder) as (reading, shown):
            caption = '{"short_description": "A cat on a roof."}'
            reading.communicate(f"{caption}\n" + "\n" * (COUNT - 1))
            assert reading.returncode == 0, shown
        process.communicate()
        assert process.returncode == 0
    assert bria_sim.counts["images.update"] == 1, "the others were kept as they were"
    assert bria_sim.counts["models.start_training"] == 1
