"""Two processes on one run, and what a host application's children inherit of it."""

import asyncio
import signal
import socket
from pathlib import Path

import attrs
import pytest

from tests.kill.stage import SMALL, pictures, scene, zygote

pytestmark = pytest.mark.exhaustive

RACES = 4


@pytest.mark.fault("P6")
async def test_the_second_process_is_refused_and_takes_the_run_when_the_first_is_killed(tmp_path: Path) -> None:
    """The refusal names process and host of the holder; once that is killed the second one goes on at once."""
    images = pictures(tmp_path / "images", *SMALL)
    async with (
        zygote(tmp_path / "one") as one,
        zygote(tmp_path / "two") as two,
        scene(one, "legacy", images, tmp_path / "state") as first,
    ):
        second = attrs.evolve(first, zygote=two)
        first.sim.fail("images.upload", hang=True, when="after")
        holder = await first.start()
        await first.struck()
        while not first.sim.counts["images.upload"]:  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.005)
        before = first.sim.counts
        refused = await (await second.start()).end()
        assert refused.code == 4, refused.said
        assert f"process {holder.pid} on {socket.gethostname()}" in refused.said, refused.said
        assert first.sim.counts == before, "the second one sent something"
        holder.send(signal.SIGKILL)
        first.sim.release()
        assert not await second.problems(await second.finish())


@pytest.mark.fault("P6")
async def test_two_processes_that_start_at_once(tmp_path: Path) -> None:
    """One of them makes the run; the other one is refused, or finds it done."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "one") as one, zygote(tmp_path / "two") as two:
        for number in range(RACES):
            async with scene(one, "legacy", images, tmp_path / f"{number}") as first:
                second = attrs.evolve(first, zygote=two)
                victims = await asyncio.gather(first.start(), second.start())
                ends = await asyncio.gather(*(victim.end() for victim in victims))
                assert {end.code for end in ends} in ({0}, {0, 4}), ends
                assert not await first.problems(next(end for end in ends if end.code == 0))


@pytest.mark.fault("P4")
@pytest.mark.parametrize("point", ["before:images.upload:2", "after:journal:20"])
async def test_a_child_of_a_killed_host_does_not_hold_its_run(point: str, tmp_path: Path) -> None:
    """A host application may fork, and die: its children, who live on, keep nobody from the run."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "said") as victims, scene(victims, "legacy", images, tmp_path / "state") as here:
        assert (await here.live(point=point, act="fork")).code == -signal.SIGKILL
        assert not await here.problems(await here.finish())


@pytest.mark.fault("P4")
@pytest.mark.parametrize("point", ["before:images.upload:2", "after:journal:20", "answered:models.get:1"])
async def test_a_child_that_ends_does_the_run_no_harm(point: str, tmp_path: Path) -> None:
    """A host application may fork while a run goes on: what its child tidies up at its end is its own."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "said") as victims, scene(victims, "legacy", images, tmp_path / "state") as here:
        assert not await here.problems(await here.live(point=point, act="fork_briefly"))
