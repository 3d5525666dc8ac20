"""Two hundred and forty worlds in which much goes wrong: nothing is lost, nothing happens twice, nothing hangs."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from .climate import AIMS, LAST_WRITE, Climate, Shape
from .play import play
from .process import Process
from .soak import one, replay
from .weather import KINDS, SERVER

pytestmark = pytest.mark.exhaustive

SEEDS = 240
ENOUGH = 20
"""How often each operation of a lifecycle is struck at least in these worlds."""
BY_THE_AUDIT = "images.delete"
"""Only images that are there twice are deleted, which ordinary worlds have none of."""
WIRES = {f"{kind} {direction}" for kind in KINDS for direction in ("up", "down")}


def good(climate: Climate) -> dict[str, Any]:
    """Play a world in which nothing may be wrong, and return its line."""
    line = one(climate)
    assert not line["problems"], "\n".join([*line["problems"], f"replay it: {replay(climate.seed)}"])
    return line


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", list(AIMS))
def test_ordinary_worlds(shape: Shape) -> None:
    """Whatever goes wrong, runs end, and server, journal and disk agree; and all of it goes wrong often enough."""
    worlds = [climate for climate in map(Climate.of, range(SEEDS)) if climate.shape == shape and not climate.beyond]
    ends = {good(climate)["end"] for climate in worlds}
    weathers = [climate.weather for climate in worlds]
    strikes = sum((weather.strikes for weather in weathers), Counter[str]())
    called = {operation for weather in weathers for operation in weather.calls} - {BY_THE_AUDIT}
    # Worlds with a zip are few, and all but its upload is the lifecycle that it is part of.
    expected = {operation for operation in called if shape != "zip" or "bulk" in operation}
    assert expected >= set(AIMS[shape]), f"never called: {set(AIMS[shape]) - expected}"
    rare = {operation: strikes[operation] for operation in expected if strikes[operation] < ENOUGH}
    assert not rare, f"struck less than {ENOUGH} times: {rare}"
    if shape != "zip":
        struck = {kind for weather in weathers for kind in weather.counts}
        assert struck == {"refused", *SERVER, *WIRES}, f"not struck: {({'refused', *SERVER, *WIRES}) - struck}"
        assert ends == {"done", "paused", "failed"}, f"ends: {ends}"


@pytest.mark.timeout(600)
def test_worlds_beyond() -> None:
    """Where uploads linger for longer than the settle delay, copies are made, and none is left when it counts."""
    lines = [good(climate) for climate in map(Climate.of, range(SEEDS)) if climate.beyond]
    assert sum(line["duplicated"] for line in lines) == 0
    assert sum(line["healed"] for line in lines) > 0, "no copy was made, so nothing was proven"


def test_worlds_differ() -> None:
    """Among the seeds are all lifecycles, all ways to die or to be stopped, and all that servers may do."""
    climates = [Climate.of(seed) for seed in range(SEEDS)]
    assert {climate.shape for climate in climates} == set(AIMS)
    fates = [fate for climate in climates for fate in climate.fates]
    assert {fate.moment for fate in fates if fate.write} == {"before", "torn", "after", "error"}
    assert {fate.told for fate in fates if fate.seconds is not None} == {True, False}
    options = [climate.options for climate in climates]
    assert any(one.listing_lag for one in options)
    assert any(one.missing_captions for one in options)
    assert any(one.moderation.inputs for one in options)
    assert any(one.moderation.outputs for one in options)
    assert any(one.moderation.first_output for one in options)
    assert {one.image_names for one in options} == {"echo", "prefix", "rewrite"}
    assert {one.training_outcome for one in options} == {"Completed", "Failed", "Stalled"}
    assert {one.job_outcome for one in options} == {"COMPLETED", "ERROR", "UNKNOWN"}


def test_every_write_can_be_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills are drawn from the whole of an undisturbed run, however many writes that has."""
    seen: list[Process] = []
    live = Process.live

    async def watched(self: Process, work: Any) -> Any:
        seen.append(self)
        return await live(self, work)

    monkeypatch.setattr(Process, "live", watched)
    for climate in map(Climate.of, range(20)):
        climate.weather.settle()
        play(attrs.evolve(climate, fates=()))
    most = max(process.writes for process in seen)
    assert 40 < most <= LAST_WRITE, f"an undisturbed run makes {most} writes"
    drawn = {fate.write for seed in range(1_000) for fate in Climate.of(seed).fates}
    assert set(range(1, LAST_WRITE + 1)) <= drawn, f"never drawn: {set(range(1, LAST_WRITE + 1)) - drawn}"


@pytest.mark.parametrize("seed", [2, 4, 7, 9, 11])
def test_same_seed_same_trace(seed: int) -> None:
    """A seed that failed fails again in the same way, because every event, error and request comes again."""
    first, second = play(Climate.of(seed)), play(Climate.of(seed))
    assert first[1].trace == second[1].trace, "the same seed gave two traces"
    assert first[0] == second[0], "the same seed gave two verdicts"


@pytest.mark.parametrize("salt", ["1", "2"])
def test_same_seed_same_trace_in_another_process(salt: str) -> None:
    """What another process hashes otherwise changes nothing: a seed of a soak is the same seed when it is replayed."""
    seed = 3
    _, story = play(Climate.of(seed))
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "play", str(seed)],
        env=os.environ | {"PYTHONHASHSEED": salt},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.stdout.splitlines()[-1:] == [f"trace {story.trace}"], told.stderr
