"""Simulators to talk to, a shell to type in, and a folder of pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bria_async.sim import Clock, Options, Simulator
from tests.cli.shell import Shell, served
from tests.support import TOKEN, picture

COLOURS = ("teal", "salmon", "gold", "orchid", "olive", "navy")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of six different images."""
    folder = tmp_path / "Cats"
    folder.mkdir()
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(picture(colour=colour))
    return folder


@pytest.fixture
def fast() -> Iterator[Simulator]:
    """A simulator in which two hours take a third of a second."""
    with served(Options(token=TOKEN), Clock(speed=20_000)) as sim:
        yield sim


@pytest.fixture
def slow() -> Iterator[Simulator]:
    """A simulator whose trainings last until its clock is pushed, and whose captions are there at once."""
    with served(Options(caption_delay=0, job_time=0, token=TOKEN), Clock()) as sim:
        yield sim


@pytest.fixture
def shell(fast: Simulator, tmp_path: Path) -> Shell:
    """A shell that talks to the fast simulator."""
    return Shell.on(fast, tmp_path)


@pytest.fixture
def slow_shell(slow: Simulator, tmp_path: Path) -> Shell:
    """A shell that talks to the simulator whose trainings wait."""
    return Shell.on(slow, tmp_path)
