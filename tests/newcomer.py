"""`python3 -m tests.newcomer`, or `make newcomer`: what somebody meets who follows the README.

A wheel is built from this tree, and the section of the README for newcomers is played as it stands, in an empty folder,
pip and all, with this wheel in place of the released package. Each step is told with the time it took. It fails where
the README does, when a model, a report or a passing test is missing in the end, and beyond ten minutes.
Needs a package index for pip, and nothing that is not in the standard library.
"""

import functools
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.dashboard.html import Page
from tests.pages import ROOT, Command, Terminal, blocks, environment, terminal

T = TypeVar("T")

README = ROOT / "README.md"
SECTION = "From an empty folder to a test of your own"
MOST = 600.0
"""Seconds that all of it may take."""


def wheel(folder: Path) -> Path:
    """The wheel of this tree."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def a_python(folder: Path) -> Path:
    """A folder with `python`, which is all that the newcomer has."""
    folder.mkdir()
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return folder


def a_port() -> str:
    """A port that is free, in place of the one that the README names."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def play(shell: Terminal) -> str:
    """Do what the section says, and return what was printed."""
    told = ""
    for block in blocks(README):
        if block.section != SECTION:
            continue
        if block.file:
            (shell.folder / block.file).write_text(block.text)
        if block.kind == "console":
            for command in block.commands:
                told += step(command.text, functools.partial(shell.run, command))
    return told


def check(shell: Terminal, told: str) -> None:
    """See that there is all that the section promises.

    Raises:
        AssertionError: something is missing.
    """
    where = shell.run(Command('python -c "import bria_async; print(bria_async.__file__)"'))
    assert Path(where).is_relative_to(shell.folder), f"not the wheel was used, but {where}"
    runs = json.loads(shell.run(Command("bria-async runs --json")))
    assert [run["state"] for run in runs] == ["done"], f"one run is done, not {runs}"
    model = json.loads(shell.run(Command(f"bria-async call models.get model_id={runs[0]['model']}")))
    assert model["status"] == "Completed", f"the server has not trained {model}"
    report = Page.of(shell.folder / f"{runs[0]['run']}.html")
    assert report.stands_alone()
    assert report.all("img"), "the report has no pictures"
    assert " 1 passed in " in told, "no test of one's own passed, or not without a warning"


def main() -> int:
    """Play the section, and tell how long each step took."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as made:
        folder = Path(made, "here").resolve()
        folder.mkdir()
        package = step("the wheel of this tree", functools.partial(wheel, Path(made)))
        instead = {"bria-async[": f"{package}[", "8080": a_port()}
        with terminal(folder, environment(a_python(Path(made, "bin"))), instead) as shell:
            told = play(shell)
            step("a trained model, a report that stands alone, a test that passed", lambda: check(shell, told))
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{seconds:7.1f} s  all of it\n")
    return 0 if seconds <= MOST else 1


def step(words: str, do: Callable[[], T]) -> T:
    """Do a step, and tell how long it took."""
    begun = time.monotonic()
    done = do()
    sys.stdout.write(f"{time.monotonic() - begun:7.1f} s  {words}\n")
    sys.stdout.flush()
    return done


if __name__ == "__main__":
    raise SystemExit(main())
