"""`python3 -m tests.newcomer`, or `make newcomer`: what somebody meets who follows `docs/tutorial.md`.

A wheel is built from this tree, and the page is played as it stands, in an empty folder, pip and all, with this wheel
in place of the released package. Each step is told with the time it took. It fails where the page does, and beyond ten
minutes.
Needs a package index for pip, and nothing that is not in the standard library.
"""

import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.pages import ROOT, blocks, environment, terminal

T = TypeVar("T")

TUTORIAL = ROOT / "docs" / "tutorial.md"
MOST = 600.0
"""Seconds that all of it may take."""


def wheel(folder: Path) -> Path:
    """The wheel of this tree."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def main() -> int:
    """Play the page, and tell how long each step took."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as made:
        here = Path(made, "here")
        here.mkdir()
        package = step("the wheel of this tree", functools.partial(wheel, Path(made)))
        python = Path(made, "bin")
        python.mkdir()
        (python / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (python / "python").chmod(0o755)
        with terminal(here, environment(python), {"bria-async[": f"{package}["}) as shell:
            for block in blocks(TUTORIAL):
                if block.file:
                    (here / block.file).write_text(block.text)
                if block.kind == "console":
                    for command in block.commands:
                        step(command.text, functools.partial(shell.run, command))
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
