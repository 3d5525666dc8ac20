"""Killed again and again while it resumes, few images or many on their way at once: a run still ends as planned."""

import random
import signal
from pathlib import Path

import pytest

from tests.kill.points import Point
from tests.kill.stage import IMAGES, SHAPES, SMALL, pictures, scene, zygote

SEEDS = 10
KILLS = 12
"""How often a process dies, at most, before one is left alone."""
CROWD = (60, 256)
AT_ONCE = ("--uploads-at-once", "16", "--on-doubt", "resend")


async def killed_and_killed(seed: int, shape: str, size: tuple[int, int], steps: int, folder: Path) -> None:
    """Kill a run, and each process that resumes it, after up to so many points more."""
    rng = random.Random(seed)
    kills = 0
    async with zygote(folder / "said") as victims:
        images = pictures(folder / "images", *size)
        async with scene(victims, shape, images, folder / "state") as here:
            for _ in range(KILLS):
                ended = await here.live(*AT_ONCE, point=Point("any", "", rng.randint(1, steps)))
                if ended.code != -signal.SIGKILL:
                    break
                kills += 1
            problems = await here.problems(await here.finish(*AT_ONCE))
    assert not problems, f"seed {seed}, {kills} kills: {problems}"
    assert kills > 1, f"seed {seed}: the run was through after {kills} kills"


@pytest.mark.exhaustive
@pytest.mark.fault("P2")
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_killed_while_it_resumes(seed: int, tmp_path: Path) -> None:
    """A run whose processes die after a few steps each, those that resume it too, converges."""
    shape = list(SHAPES)[seed % len(SHAPES)]
    await killed_and_killed(seed, shape, IMAGES.get(shape, SMALL), 70, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.fault("P1", "P2")
@pytest.mark.parametrize("shape", ["fibo", "legacy", "2024"])
async def test_killed_with_many_on_their_way(shape: str, tmp_path: Path) -> None:
    """Sixty images, sixteen at once: whatever was on its way when a process died is there once in the end."""
    await killed_and_killed(len(shape), shape, CROWD, 150, tmp_path)
