"""A whole lifecycle on a virtual clock is a function of its seed."""

import asyncio
from pathlib import Path

import pytest
from PIL import Image

from bria_async.sim import Options
from bria_async.training import Plan, Settings

from .loop import DeadlockError, run_virtually
from .world import world

HOURS = 3600.0


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small images that differ."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(7):
        Image.new("RGB", (300 + number, 300), (40 * number, 90, 200 - 20 * number)).save(folder / f"{number}.png")
    return folder


def plan(pictures: Path, family: str) -> Plan:
    return Plan(
        images=pictures,
        name=f"world {family}",
        family=family,  # type: ignore[arg-type]  # parametrised
        ip_type="stylized_scene",
        ip_medium="photography",
        use_case="illustrative_style",
        style_description="flat",
        samples=("a lighthouse", "a harbour"),
    )


def lifecycle(seed: int, pictures: Path, state: Path, family: str) -> tuple[list[object], float]:
    """One lifecycle in one world: its trace and how long it took there, in seconds."""

    async def main() -> tuple[list[object], float]:
        options = Options(seed=seed, caption_delay=90.0, training_time=3 * HOURS)
        async with world(seed, options=options) as here:
            result = await here.train(plan(pictures, family), Settings(state=state, control_interval=60.0))
            assert len(result.samples) == 2, f"samples: {result.samples}"
            assert not here.sim.audit().twice(), f"twice: {here.sim.audit()}"
            return here.trace, here.session.host.monotonic()

    found: tuple[list[object], float] = run_virtually(main)
    return found


@pytest.mark.parametrize("family", ["fibo", "legacy", "2024"])
def test_same_seed_same_trace(pictures: Path, tmp_path: Path, family: str) -> None:
    """Two worlds of one seed agree on every event, request and moment; hours pass in them."""
    first, hours = lifecycle(1, pictures, tmp_path / "one", family)
    second, _ = lifecycle(1, pictures, tmp_path / "two", family)
    assert first == second, "the same seed gave two traces"
    assert hours > 3 * HOURS, f"the training took 3 h in that world, the run {hours} s"
    assert len(first) > 60, f"a trace of {len(first)} entries cannot be a whole lifecycle"


def test_another_seed_is_another_world(pictures: Path, tmp_path: Path) -> None:
    """The seed is what decides: another one gives another trace."""
    first, _ = lifecycle(1, pictures, tmp_path / "one", "fibo")
    second, _ = lifecycle(2, pictures, tmp_path / "two", "fibo")
    assert first != second, "two seeds gave one trace"


def test_what_would_hang_fails() -> None:
    """A world in which nothing can happen any more is an error, not a hang."""

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run_virtually(main)
