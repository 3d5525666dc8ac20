"""Clocks that jump: set forwards, set back, summer time, a machine that slept; the wall clock only dates things."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import RunPaused
from bria_async.graph.control import APPROVE, STOP, Request
from bria_async.graph.events import Event
from bria_async.host import Host
from bria_async.sim import Options
from bria_async.training import Plan, Settings, train
from bria_async.training.place import Place
from tests.simulation.climate import pictures
from tests.simulation.loop import VirtualHost, VirtualLoop, run_virtually
from tests.simulation.world import Land, connected, land

HOUR = 3600.0
DAY = 24 * HOUR
SETTLE = 150.0
LATE = 100.0
"""Seconds that a slow server works on for a client that has lost its answer."""
JUMPS = {"forwards": (DAY,), "back": (-DAY,), "summer": (HOUR, -HOUR), "suspended": (8 * HOUR,)}
"""By how much the wall clock is set, one after the other, each time that a request has left."""
CREATES = ("projects.create", "datasets.create", "images.upload", "models.create", "models.start_training")


class JumpingHost(VirtualHost):
    """A machine whose wall clock is set now and then; its loop's clock goes on as ever, as Linux's does in a sleep."""

    def __init__(self, jumps: Sequence[float]) -> None:
        super().__init__(1)
        self.jumps = jumps
        self.jumped = 0
        self.set = 0.0

    def now(self) -> float:
        """Seconds since the epoch, as somebody set them."""
        return super().now() + self.set

    def jump(self) -> None:
        """Be set."""
        self.set += self.jumps[self.jumped % len(self.jumps)]
        self.jumped += 1


def plan(**fields: Any) -> Plan:
    return Plan(
        images=pictures(5, 256),
        name="run",
        ip_type="stylized_scene",
        ip_medium="photography",
        family="legacy",
        **fields,
    )


async def trained(here: Land, host: Host, state: Path, on_event: Any, **fields: Any) -> None:
    """Train once."""
    settings = Settings(state=state, settle=SETTLE, control_interval=5.0)
    async with connected(host, here.connector(), here.connector()) as session:
        await train(session, plan(**fields), settings=settings, on_event=[on_event])


@pytest.mark.fault("P7")
@pytest.mark.parametrize("kind", list(JUMPS))
def test_a_clock_that_jumps_while_an_answer_is_lost_makes_nothing_twice(kind: str, tmp_path: Path) -> None:
    """The server gets its whole time before anybody looks, and the run none too much."""

    async def main() -> None:
        host = JumpingHost(JUMPS[kind])

        def jump(event: Event) -> None:
            if event.what in ("announced", "lost"):
                host.jump()

        async with land(1, Options(seed=1, decode=False, late_effect=LATE, caption_delay=5.0)) as here:
            for operation in CREATES:
                here.sim.fail(operation, drop=True, when="after")
            await trained(here, host, tmp_path, jump)
            assert host.jumped >= len(CREATES), "the clock was set"
            assert not here.sim.audit().twice(), here.sim.audit()
            assert {name: here.sim.counts[name] for name in CREATES} == {
                **dict.fromkeys(CREATES, 1),
                "images.upload": 5,
            }
            assert here.sim.counts["images.delete"] == 0, "nothing had to be mended"
            took = asyncio.get_running_loop().time()
            assert took < 2.2 * HOUR + 6 * SETTLE, f"two hours of training took {took / HOUR:.1f}"

    run_virtually(main)


@pytest.mark.fault("P7")
@pytest.mark.parametrize("kind", list(JUMPS))
def test_a_request_to_stop_is_heard_whatever_the_clock_says(kind: str, tmp_path: Path) -> None:
    """Whoever asks may have another time than the process had when it began."""

    async def main() -> None:
        host = JumpingHost(JUMPS[kind])

        def stop(event: Event) -> None:
            if (event.what, event.task) == ("finished", "dataset"):
                host.jump()
                Place.of("run", tmp_path).control.ask(Request(STOP), host)

        async with land(1, Options(seed=1, decode=False, caption_delay=60.0)) as here:
            with pytest.raises(RunPaused, match="asked to stop"):
                await trained(here, host, tmp_path, stop)
            assert not here.sim.counts["models.create"], "it did not go on"

    run_virtually(main)


@pytest.mark.fault("P7")
@pytest.mark.parametrize("kind", list(JUMPS))
def test_an_approval_counts_whatever_the_clock_says(kind: str, tmp_path: Path) -> None:
    """It counts if it was given after the run had asked for it, and not if it lay there before."""

    async def main() -> None:
        host = JumpingHost(JUMPS[kind])
        control = Place.of("run", tmp_path).control
        heard: list[str] = []

        def approve(event: Event) -> None:
            heard.append(event.what)
            if (event.what, event.task) == ("finished", "dataset"):
                control.ask(Request(APPROVE), host)
                host.jump()
            if event.what == "asked_for_approval":
                host.jump()
                asyncio.get_running_loop().call_later(600, control.ask, Request(APPROVE), host)

        async with land(1, Options(seed=1, decode=False, caption_delay=5.0)) as here:
            await trained(here, host, tmp_path, approve, review=True)
            assert heard.count("asked_for_approval") == 1, heard
            assert heard.count("approved") == 1, heard
            assert asyncio.get_running_loop().time() > 2 * HOUR + 600, "the one that lay there counted"

    run_virtually(main)


@pytest.mark.fault("P7")
@pytest.mark.parametrize("jump", [DAY, -DAY])
@pytest.mark.parametrize("operation", ["projects.create", "models.create", "models.start_training"])
def test_a_clock_that_is_set_between_two_processes_makes_nothing_twice(
    operation: str, jump: float, tmp_path: Path
) -> None:
    """Who takes over while the server still works for the one before waits the whole delay by his own clock."""

    async def main() -> None:
        host = JumpingHost((jump,))
        loop = asyncio.get_running_loop()

        def die(event: Event) -> None:
            if event.what == "lost":
                first.cancel()

        async with land(1, Options(seed=1, decode=False, late_effect=LATE, caption_delay=1.0)) as here:
            here.sim.fail(operation, drop=True, when="after")
            first = loop.create_task(trained(here, host, tmp_path, die))
            await asyncio.wait([first])
            assert first.cancelled()
            host.jump()
            await trained(here, host, tmp_path, lambda _: None)
            assert here.sim.counts[operation] == 1

    run_virtually(main)


@pytest.mark.fault("P7")
@pytest.mark.parametrize("jump", [0.0, DAY, -DAY])
def test_a_clock_that_is_set_leaves_no_copy_in_a_completed_dataset(jump: float, tmp_path: Path) -> None:
    """An upload that arrives after it was sent again, and is listed late, is waited for by this process's own clock."""

    async def main() -> None:
        host = JumpingHost((jump,))

        def hear(event: Event) -> None:
            if (event.what, event.task) == ("finished", "captions"):
                host.jump()

        options = Options(seed=1, decode=False, late_effect=SETTLE + 1, listing_lag=30.0, caption_delay=1.0)
        async with land(1, options) as here:
            here.sim.fail("images.upload", drop=True, when="after", after=4)
            await trained(here, host, tmp_path, hear)
            assert host.jumped == 1
            assert here.sim.counts["images.upload"] == 6, "one was sent again"
            assert (here.sim.audit().duplicates, here.sim.counts["images.delete"]) == ({}, 1)

    run_virtually(main)


ASLEEP = 8 * HOUR
LONGER: Mapping[str, Mapping[str, float]] = {
    "images.list": {"caption_delay": ASLEEP + 60},
    "models.get": {"training_time": ASLEEP + HOUR},
}
"""What lasts longer than the sleep, so that it is still to come when the machine wakes up."""


@pytest.mark.fault("P7")
@pytest.mark.parametrize("counted", [False, True], ids=["the loop's clock stood still", "the loop's clock went on"])
@pytest.mark.parametrize("operation", [*CREATES, "images.list", "models.get"])
def test_a_machine_that_sleeps_in_the_middle_of_a_request(operation: str, counted: bool, tmp_path: Path) -> None:
    """Its connection is dead when it wakes up: it connects again, looks, and ends, though no deadline allowed hours.

    A loop's clock stands still in a sleep on Linux, and goes on elsewhere; the server's and the wall's go on anyway.
    """

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        host = JumpingHost((0.0 if counted else ASLEEP,))

        times: dict[str, Any] = {"caption_delay": 5.0, **({} if counted else LONGER.get(operation, {}))}

        async with land(1, Options(seed=1, decode=False, **times)) as here:

            def sleep() -> None:
                host.jump()
                here.sim.release()
                if counted:
                    loop._clock.now += ASLEEP
                else:
                    here.sim.clock.push(ASLEEP)

            async def once_it_is_under_way() -> None:
                while len(here.sim.faults):  # noqa: ASYNC110  # the server tells nobody
                    await asyncio.sleep(0.01)
                sleep()

            here.sim.fail(operation, hang=True, when="after")
            asleep = loop.create_task(once_it_is_under_way())
            await trained(here, host, tmp_path, lambda _: None)
            await asleep
            assert {name: here.sim.counts[name] for name in CREATES} == {
                **dict.fromkeys(CREATES, 1),
                "images.upload": 5,
            }
            assert not here.sim.audit().twice(), here.sim.audit()
            awake = loop.time() - (ASLEEP if counted else 0)
            assert awake < 2.2 * HOUR + 6 * SETTLE, f"awake for {awake / HOUR:.1f} hours"

    run_virtually(main)
