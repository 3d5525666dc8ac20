"""A simulator on a real socket, whose hours are fractions of a second, and a studio that trains on it."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from bria_async.sim import Clock, Options, Simulator, simulator

from .studio import COUNT, Studio

WEIGHT = 10 * 1024


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures that differ, each of a little more than 10 KiB."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(COUNT):
        ballast = PngImagePlugin.PngInfo()
        ballast.add_text("ballast", random.Random(number).randbytes(WEIGHT // 2).hex())
        picture = Image.new("RGB", (300 + number, 300), (20 * number, 90, 250 - 20 * number))
        picture.save(folder / f"{number:02d}.png", pnginfo=ballast)
    return folder


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """A simulator that needs 20 ms for captions and 0.1 s for a training."""
    async with simulator(options=Options(training_time=100.0), clock=Clock(speed=1000.0)) as running:
        yield running


@pytest.fixture
def studio(pictures: Path, tmp_path: Path) -> Studio:
    """A place to run plans in."""
    return Studio(pictures, tmp_path / "state")
