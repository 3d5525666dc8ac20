"""Runs on a virtual clock: hours pass in milliseconds, and the same code takes the same steps every time."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from PIL import Image, ImageFilter

from bria_async.graph.events import Event
from bria_async.sim import Options, Simulator
from bria_async.training import Plan, Settings, Trained, resume, train
from bria_async.training.place import Place
from tests.simulation.loop import run_virtually
from tests.simulation.world import World, world

COUNT = 7


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small images that differ."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(COUNT):
        Image.new("RGB", (300 + number, 300), (30 * number, 90, 250 - 30 * number)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of 1024 pixels, which nothing needs to enlarge."""
    folder = tmp_path_factory.mktemp("large")
    for number in range(COUNT):
        Image.new("RGB", (1024, 1024), (30 * number, 90, 250 - 30 * number)).save(folder / f"{number}.png")
    return folder


@attrs.define
class Studio:
    """Runs plans in worlds; `events` has what happened in the last go."""

    pictures: Path
    state: Path
    events: list[Event] = attrs.field(factory=list)

    def plan(self, **fields: Any) -> Plan:
        """A plan that works, but for what is given."""
        usual: dict[str, Any] = {
            "images": self.pictures,
            "name": "Studio",
            "ip_type": "stylized_scene",
            "ip_medium": "photography",
        }
        if fields.get("family") == "2024":
            usual |= {"use_case": "illustrative_style", "style_description": "flat"}
        return Plan(**{**usual, **fields})

    def settings(self, **fields: Any) -> Settings:
        """Settings in this test's folder."""
        return Settings(**{"state": self.state, "control_interval": 5.0, **fields})

    async def train(self, here: World, plan: Plan, **settings: Any) -> Trained:
        """Train in a world, and keep the events."""
        self.events = []
        return await train(here.session, plan, settings=self.settings(**settings), on_event=[self.events.append])

    async def resume(self, here: World, run: str = "studio", **how: Any) -> Trained:
        """Resume in a world, and keep the events."""
        self.events = []
        return await resume(here.session, run, settings=self.settings(), on_event=[self.events.append], **how)

    def happened(self, what: str, task: str = "") -> list[Event]:
        """The events of this kind."""
        return [event for event in self.events if event.what == what and task in ("", event.task)]

    @property
    def place(self) -> Place:
        """The run's folder."""
        return Place.of("studio", self.state)


@pytest.fixture
def studio(pictures: Path, tmp_path: Path) -> Studio:
    """A place to run plans in."""
    return Studio(pictures, tmp_path / "state")


@pytest.fixture
def within() -> Callable[..., Any]:
    """Run a coroutine function of a world on a fresh virtual loop: `within(main, seed=1, caption_delay=30.0)`."""

    def run(main: Callable[[World], Awaitable[Any]], *, seed: int = 1, **options: Any) -> Any:
        async def live() -> Any:
            async with world(seed, options=Options(seed=seed, **options)) as here:
                return await main(here)

        return run_virtually(live)

    return run


def clean(sim: Simulator) -> bool:
    """Nothing twice, and nothing trained on a missing caption."""
    found = sim.audit()
    return not found.twice() and not found.trained_uncaptioned


def drawings(folder: Path, count: int) -> None:
    """Pictures that differ, but that the second shows nothing, the third and the fourth look the same, as do the first
    and the last; the third from the end is dark, and the one before the last is blurry.
    """
    for number in range(count):
        _drawn(number).save(folder / f"{number:03d}.png")
    Image.new("L", (256, 256), 250).save(folder / "001.png")
    _larger(2).save(folder / "003.png")
    _drawn(count - 4).point(lambda value: value // 10).rotate(90).save(folder / f"{count - 3:03d}.png")
    _drawn(count).filter(ImageFilter.GaussianBlur(9)).save(folder / f"{count - 2:03d}.png")
    _larger(0).save(folder / f"{count - 1:03d}.png")


def _larger(seed: int) -> Image.Image:
    return _drawn(seed).resize((300, 300), Image.Resampling.NEAREST)


def _drawn(seed: int) -> Image.Image:
    """Fields of many greys, different for every seed, with sharp edges."""
    return Image.frombytes("L", (9, 9), Random(seed).randbytes(81)).resize((256, 256), Image.Resampling.NEAREST)


def copied(source: Path, target: Path) -> Path:
    """A folder with the same files, which a test may change."""
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target
