"""SIGKILL at many points of a 60-image run, over all three lifecycles: nothing lost, nothing twice, one training."""

import asyncio
import hashlib
import os
import signal
import sys
from pathlib import Path

import pytest
from PIL import Image

from bria_async.sim import Clock, Options, simulator

VICTIM = Path(__file__).with_name("victim.py")
IMAGES = 60


def uploads(shift: int) -> tuple[str, ...]:
    """In the middle of the uploads, of finding out what became of them, and of waiting for captions."""
    return (
        f"before:images.upload:{1 + shift}",
        f"cut:images.upload:{3 + shift}",
        f"left:images.upload:{2 + shift}",
        f"answered:images.upload:{5 + shift}",
        f"commit:before:{6 + shift}",
        f"commit:after:{5 + shift}",
        f"left:images.upload:{9 + shift}",
        "left:images.list:1",
        "answered:images.list:1",
        f"{'left' if shift % 2 else 'answered'}:datasets.get:1",
    )


END = (
    "before:models.start_training:1",
    "left:models.start_training:1",
    "answered:models.get:1",
    "left:models.get:2",
)

CHAINS = {
    "fibo": (
        "before:projects.create:1",
        "left:projects.create:1",
        "answered:projects.list:1",
        "left:datasets.create:1",
        "answered:tailored.generate_visual_schema:1",
        "left:datasets.update:1",
        *uploads(0),
        "before:datasets.update:1",
        "left:models.create:1",
        *END,
        "left:tailored.generate:1",
        "answered:jobs.status:1",
    ),
    "legacy": (
        "answered:projects.create:1",
        "left:projects.list:1",
        "answered:datasets.create:1",
        "left:tailored.generate_prefix:1",
        *uploads(1),
        "left:datasets.update:1",
        "answered:models.create:1",
        *END,
        "before:tailored.text_to_image:1",
    ),
    "2024": (
        "left:datasets.create:1",
        "answered:datasets.list:1",
        *uploads(2),
        "left:models.create:1",
        "answered:datasets.update:1",
        *END,
        "answered:tailored.text_to_image:1",
    ),
}


def test_there_are_enough_points() -> None:
    """At least 40 points that differ by moment, operation or count, whatever the lifecycle."""
    points = {point for chain in CHAINS.values() for point in chain}
    assert len(points) >= 40, f"only {len(points)} points"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pictures that differ, large enough to be cut in the middle."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(IMAGES):
        noise = Image.effect_noise((300, 300), 40 + number).convert("RGB")
        noise.save(folder / f"picture {number}.png")
    return folder


def command(pictures: Path, state: Path, family: str) -> list[str]:
    words = [
        *("train", str(pictures), "--name", f"kill {family}", "--family", family, "--state", str(state)),
        *("--settle", "0.3", "--poll-start", "0.02", "--poll-cap", "0.1", "--on-doubt", "resend", "--json"),
        *("--sample", "a lighthouse", "--sample", "a harbour"),
    ]
    if family == "2024":
        return [*words, "--use-case", "illustrative_style", "--style-description", "flat"]
    return [*words, "--ip-type", "stylized_scene", "--ip-medium", "photography"]


async def run(point: str, base_url: str, words: list[str]) -> tuple[int, str]:
    """Run the command line, which dies at the point, and return its exit code and what it said."""
    environment = {**os.environ, "BRIA_API_TOKEN": "canary", "BRIA_BASE_URL": base_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(VICTIM),
        point,
        *words,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("family", list(CHAINS))
async def test_killed_again_and_again(family: str, pictures: Path, tmp_path: Path) -> None:
    """A run that is killed at every point of its chain ends with each image once and one training."""
    options = Options(caption_delay=60.0, training_time=600.0)
    async with simulator(options=options, clock=Clock(speed=1200.0)) as sim:
        words = command(pictures, tmp_path, family)
        for point in CHAINS[family]:
            code, said = await run(point, sim.base_url, words)
            assert code == -signal.SIGKILL, f"{point} was not reached: exit {code}\n{said[-3000:]}"
        code, said = await run("never:never:1", sim.base_url, words)
        assert code == 0, said[-3000:]

        audit, counts = sim.audit(), sim.counts
        expected = {hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures.iterdir()}
        assert not audit.lost(expected), f"lost: {audit.lost(expected)}"
        assert not audit.duplicates, f"on the server twice: {audit.duplicates}"
        assert not audit.twice(), audit
        assert not audit.trained_uncaptioned, "a training was started while captions were missing"
        created = {name: counts[name] for name in ("datasets.create", "models.create", "models.start_training")}
        assert set(created.values()) == {1}, created
        assert counts["projects.create"] == (0 if family == "2024" else 1), counts
        assert counts["images.upload"] == IMAGES, f"{counts['images.upload']} uploads were accepted"
        assert "canary" not in said, "the token was printed"
        assert len(list((tmp_path / f"kill-{family}" / "samples").iterdir())) == 2, "two samples lie on disk"
