"""Ctrl-C and SIGTERM in every phase of a run, once and twice: an orderly end in time, and nothing twice afterwards."""

import asyncio
import contextlib
import itertools
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bria_async.session import FAMILIES
from bria_async.wire import Endpoint
from tests.kill.points import points_of
from tests.kill.stage import IMAGES, SMALL, Ended, Scene, Victim, Zygote, pictures, scene, zygote

pytestmark = pytest.mark.exhaustive

Signals = tuple[signal.Signals, ...]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
LONGEST = 10.0
"""Seconds that a process may take to end once it is told to."""
AT_ONCE = 3.0
"""Seconds in which it is gone when it is told twice, the machine's own slowness included."""
SLOW = 0.8
"""Seconds that a request takes which is on its way when the signal comes: longer than a process takes to hear it."""

INT, TERM = signal.SIGINT, signal.SIGTERM
ONCE = ((INT,), (TERM,))
TWICE = ((INT, INT), (TERM, TERM), (INT, TERM), (TERM, INT))
"""The second signal may be another one: an impatient user, or a machine that goes down after a Ctrl-C."""

PHASES: Mapping[str, tuple[str, ...]] = {
    "project and dataset": ("fibo projects.create", "fibo datasets.create"),
    "identity": (
        "fibo tailored.generate_visual_schema",
        "fibo tailored.refine_structured_prompt",
        "fibo datasets.update",
        "files tailored.generate_prefix",
    ),
    "uploads": ("fibo images.upload", "zip images.bulk_upload"),
    "captions": ("zip images.bulk_upload_status", "files images.update", "fibo images.list", "fibo datasets.get"),
    "training": ("fibo models.start_training", "fibo models.create", "fibo models.get"),
    "samples": ("fibo tailored.generate", "files tailored.text_to_image", "fibo jobs.status"),
}
"""What may be on its way in each phase, with the shape of its run; each meets some of the signals, the phase all."""


async def until(victim: Victim, text: str) -> None:
    """Return when the victim has said this."""
    async with asyncio.timeout(20):
        while text not in victim.said():  # noqa: ASYNC110  # another process tells nobody
            await asyncio.sleep(0.01)


def endpoint_of(operation: str) -> Endpoint:
    """What the client declares about an operation."""
    family, _, name = operation.partition(".")
    return FAMILIES[family].endpoints[name]


@contextlib.asynccontextmanager
async def cast(shape: str, folder: Path) -> AsyncIterator[tuple[Zygote, Path]]:
    """A zygote, and images for a shape."""
    images = pictures(folder / "images", *IMAGES.get(shape, SMALL))
    async with zygote(folder / "said") as victims:
        yield victims, images


async def told(victim: Victim, numbers: Signals, within: float) -> Ended:
    """What becomes of a victim once it is told to stop, and told again when it has heard that."""
    first, *more = numbers
    victim.send(first)
    for number in more:
        await until(victim, "Once more to stop at once")
        victim.send(number)
    began = time.monotonic()
    async with asyncio.timeout(within):
        ended = await victim.end()
    assert ended.code == CODES[first], f"exit code {ended.code} after {time.monotonic() - began:.1f} s: {ended.said}"
    assert "bria-async resume" in ended.said, f"the command that goes on is not printed: {ended.said}"
    assert "Traceback" not in ended.said, ended.said
    return ended


def requests(phase: str) -> list[tuple[Signals, str, str]]:
    """Signals, shape and operation: the phase meets them all, and each of its requests some."""
    places = itertools.cycle(PHASES[phase])
    found: list[tuple[Signals, str, str]] = []
    for numbers in (*ONCE, *TWICE):
        shape, operation = next(places).split()
        found.append((numbers, shape, operation))
    return found


@pytest.mark.exhaustive
@pytest.mark.fault("P3")
@pytest.mark.parametrize("phase", list(PHASES))
async def test_told_while_a_request_is_on_its_way(phase: str, tmp_path: Path) -> None:
    """Told once, it waits for the answer; told twice, it leaves it to the next process; nothing is there twice."""
    told_so = requests(phase)
    images = {
        shape: pictures(tmp_path / shape, *IMAGES.get(shape, SMALL)) for shape in {shape for _, shape, _ in told_so}
    }
    async with zygote(tmp_path / "said") as victims:
        for numbers, shape, operation in told_so:
            name = "-".join([operation, *(number.name for number in numbers)])
            async with scene(victims, shape, images[shape], tmp_path / name) as here:
                await (told_once if len(numbers) == 1 else told_twice)(here, operation, numbers)
                assert not await here.problems(await here.finish()), name


async def told_once(here: Scene, operation: str, numbers: Signals) -> None:
    """A request with an effect gets its answer, and the process ends in order."""
    here.sim.fail(operation, delay=SLOW)
    victim = await here.start()
    await here.struck()
    await told(victim, numbers, LONGEST)
    taken = here.sim.counts[operation]
    await here.quiet()
    if not endpoint_of(operation).safe:
        assert here.sim.counts[operation] == taken, f"the process did not wait for {operation}"
    assert not here.states()["in_doubt"], f"{operation} is in doubt"


async def told_twice(here: Scene, operation: str, numbers: Signals) -> None:
    """An answer that does not come is not waited for."""
    here.sim.fail(operation, hang=True, when="after")
    victim = await here.start()
    await here.struck()
    await told(victim, numbers, AT_ONCE)
    here.sim.release()
    await here.quiet()


@pytest.mark.fault("P3")
async def test_told_once_while_an_answer_does_not_come(tmp_path: Path) -> None:
    """A request gets its grace and no more: the process is gone in ten seconds, whatever the server does."""
    async with (
        cast("legacy", tmp_path) as (victims, images),
        scene(victims, "legacy", images, tmp_path / "run") as here,
    ):
        here.sim.fail("images.upload", hang=True, when="after")
        victim = await here.start()
        await here.struck()
        await told(victim, (TERM,), LONGEST)
        assert here.states()["in_doubt"] == 1, here.states()
        here.sim.release()
        await here.quiet()
        assert not await here.problems(await here.finish())


FOREVER = 1e9
WAITS: Mapping[str, tuple[str, Mapping[str, float], tuple[str, ...]]] = {
    "captions": ("captions are there", {"caption_delay": FOREVER}, ()),
    "training": ("the training is InProgress", {"training_time": FOREVER}, ()),
    "approval": ("ready for review", {}, ("--review",)),
    "turn": ('"what": "finished", "task": "upload"', {}, ("--requests-per-minute", "1")),
    "settle": ("until the server must be done", {}, ("--settle", "60")),
}
"""What a run waits for without a request on its way: what it then says, the server's slowness, and the flags."""


@pytest.mark.fault("P3")
@pytest.mark.parametrize("told_so", [ONCE[:1], ONCE[1:], TWICE], ids=["SIGINT", "SIGTERM", "twice"])
async def test_told_while_it_waits(told_so: tuple[Signals, ...], tmp_path: Path) -> None:
    """Nothing has left, so the process ends at once, and the next one waits on."""
    async with cast("legacy", tmp_path) as (victims, images):
        for (what, (words, slower, flags)), numbers in zip(WAITS.items(), itertools.cycle(told_so), strict=False):
            async with scene(victims, "legacy", images, tmp_path / what, **slower) as here:
                if what == "settle":
                    here.sim.fail("datasets.create", drop=True, when="after")
                victim = await here.start(*flags)
                await until(victim, words)
                await told(victim, numbers, AT_ONCE)
                await here.quiet()
                assert here.sim.counts["tailored.text_to_image"] == 0, f"{what}: it was through"
                here.sim.clock.push(FOREVER if slower else 0)
                assert not await here.problems(await here.finish("--no-review")), what


@pytest.mark.fault("P3")
@pytest.mark.parametrize("number", list(CODES))
async def test_told_twice_while_a_disk_does_not_answer(number: signal.Signals, tmp_path: Path) -> None:
    """Work in a thread that is stuck holds nobody up: here the zip, whose sync takes a minute."""
    async with cast("zip", tmp_path) as (victims, images):
        async with scene(victims, "zip", images, tmp_path / "counted") as here:
            reached = points_of((await here.live()).reached)
        put = next(at for at, point in enumerate(reached) if point.where == "files.PUT")
        sync = [point for point in reached[:put] if (point.when, point.where) == ("before", "sync")][-1]
        async with scene(victims, "zip", images, tmp_path / "run") as here:
            victim = await here.start(point=sync, act="hang")
            await until(victim, '"what": "finished", "task": "identity"')
            await told(victim, (number, number), AT_ONCE)
            assert not await here.problems(await here.finish())
