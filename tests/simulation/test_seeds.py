"""Three hundred worlds in which much goes wrong: nothing is lost, nothing happens twice, nothing hangs."""

from pathlib import Path

import pytest

from .climate import Climate
from .play import play
from .soak import merge, replay, shard, soak

SEEDS = 300
EACH = 10


@pytest.mark.parametrize("first", range(0, SEEDS, EACH))
def test_worlds(first: int) -> None:
    """Whatever goes wrong in a world, its run ends, and server, journal and disk agree."""
    for seed in range(first, first + EACH):
        verdict, _ = play(Climate.of(seed))
        assert verdict.good, f"{verdict.outcome}\n" + "\n".join(verdict.problems) + f"\nreplay it: {replay(seed)}"


@pytest.mark.parametrize("seed", [2, 4, 7, 9, 11])
def test_same_seed_same_trace(seed: int) -> None:
    """A seed that failed fails again in the same way, because every event, error and request comes again."""
    first, second = play(Climate.of(seed)), play(Climate.of(seed))
    assert first[1].trace == second[1].trace, "the same seed gave two traces"
    assert first[0] == second[0], "the same seed gave two verdicts"


def test_worlds_differ() -> None:
    """Among few seeds are all lifecycles, kills at writes and between, all kinds of faults, and all ends."""
    climates = [Climate.of(seed) for seed in range(60)]
    assert {climate.shape for climate in climates} == {"fibo", "legacy", "2024", "zip"}
    assert {fate.moment for climate in climates for fate in climate.fates if fate.write} == {
        "before",
        "torn",
        "after",
        "error",
    }
    assert any(climate.beyond for climate in climates)
    struck = {kind for climate in climates[:25] for kind in _struck(climate)}
    assert struck >= {"refused", "429", "5xx before", "5xx after", "garbage", "drop", "hang", "slow"}, struck
    assert struck >= {"cut up", "cut down", "stall up", "stall down"}, struck


def _struck(climate: Climate) -> list[str]:
    play(climate)
    return list(climate.weather.counts)


def test_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A soak that was interrupted goes on where it was, and its last line sums up all seeds."""
    shard(tmp_path / "000000000-000000003.jsonl", range(3))
    assert soak(tmp_path, 0, 3)
    before = capsys.readouterr().out.splitlines()[-1]
    assert merge(tmp_path.glob("*.jsonl"))
    assert capsys.readouterr().out.splitlines()[-1] == before
    assert '"seeds": 3' in before
