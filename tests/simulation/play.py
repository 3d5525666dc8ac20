"""One seed, from the first process to the verdict."""

import asyncio
import hashlib
import itertools
import logging
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from bria_async.errors import BriaError, RunFailed, RunPaused
from bria_async.graph.events import Event
from bria_async.training import Plan, Trained, train, verify

from .checker import Verdict, judge
from .climate import TIMEOUT, Climate
from .disk import Journal
from .evidence import Evidence
from .loop import VirtualHost, run_virtually
from .process import Fate, Killed, Process, only_the_living
from .witness import Finding, Witness
from .world import ADDRESS, FILES, Land, connected, land
from .writes import written

DEADLINE = 90 * 86_400.0
"""Seconds after which whatever still goes on is stuck."""
AGAIN = 2
"""How often a run must pause with the same sentence in the quiet phase until that is its end."""
PATIENCE = 12
"""How often somebody starts a run again in the quiet phase before he calls it stuck."""


class Stopped(BriaError):
    """A process was told to stop, and did."""


@attrs.define
class Story:
    """What happened in one world, as it is told and as it is hashed."""

    climate: Climate
    folder: Path
    kills: int = 0
    stops: int = 0
    heard: list[str] = attrs.field(factory=list)
    """Everything that the client said: events, log lines, errors with their tracebacks."""
    ends: list[str] = attrs.field(factory=list)
    """How each process ended."""
    plans: list[Plan] = attrs.field(factory=list)
    """What each process was given."""
    witness: Witness = attrs.field(init=False)
    _trace: Any = attrs.field(factory=hashlib.sha256)

    @witness.default
    def _beside_it(self) -> Witness:
        return Witness(self.folder / self.climate.plan.run / "journal.db")

    def event(self, event: Event) -> None:
        """Something happened in the run."""
        self.witness.hear(event)
        self.say(f"{event.at:.6f} {event.words} {dict(event.data)}")

    def say(self, text: str) -> None:
        """Somebody said something."""
        self.heard.append(text)
        self._trace.update(text.replace(str(self.folder), "").encode())

    def error(self, error: BaseException) -> str:
        """An error, as people would see it."""
        self.say("".join(traceback.format_exception(error)))
        self.say(repr(error))
        return f"{type(error).__name__}: {error}"

    @property
    def trace(self) -> str:
        """A hash of all that was said, in its order."""
        return str(self._trace.hexdigest())


def play(climate: Climate) -> tuple[Verdict, Story]:
    """Play the world of a seed to its end, and judge it."""
    folder = Path(tempfile.mkdtemp(prefix=f"bria-{climate.seed}-", dir=_memory()))
    story = Story(climate, folder / "state")
    try:
        with _listening(story):
            verdict: Verdict = run_virtually(lambda: _world(story))
            return verdict, story
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    """A disk in memory where there is one: a dead process leaves what it had written, and no machine dies here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a fresh folder below it


async def _world(story: Story) -> Verdict:
    climate, loop, witness = story.climate, asyncio.get_running_loop(), story.witness
    only_the_living(loop)
    story.folder.mkdir()
    pictures, files = _looks(climate.plan.images), FILES if climate.seed % 3 == 0 else ADDRESS
    async with land(climate.seed, climate.options, sky=climate.weather, see=witness.see, files=files) as here:
        here.sim.faults, witness.sim = climate.weather, here.sim
        result: Trained | None = None
        with written() as paths:
            try:
                async with asyncio.timeout(DEADLINE):
                    outcome, result = await _processes(story, here)
            except Exception as error:  # noqa: BLE001  # whatever it is, the run has not ended as it should
                outcome = f"stuck: {story.error(error)}"
        climate.weather.settle()
        if _looks(climate.plan.images) != pictures:
            witness.findings.append(Finding("outside", "the user's pictures are not as they were"))
        differences = await _differences(story, here) if result else ()
        for seen in here.sim.requests:
            story.say(f"{seen.time:.6f} {seen.method} {seen.path} {seen.status}")
        return judge(
            Evidence(
                climate=climate,
                sim=here.sim,
                state=story.folder,
                outcome=outcome,
                result=result,
                differences=differences,
                heard=story.heard,
                plans=story.plans,
                witness=witness,
                written=frozenset(map(Path, paths)),
                journal=Journal.read(witness.journal),
            )
        )


def _looks(folder: Path) -> list[tuple[str, int, int, bytes]]:
    """What is in a folder, its bytes, and when and how it was put there."""
    found = [(path, path.stat()) for path in sorted(folder.iterdir())]
    return [(path.name, stat.st_mode, stat.st_mtime_ns, path.read_bytes()) for path, stat in found]


async def _processes(story: Story, here: Land) -> tuple[str, Trained | None]:
    """Start the run again and again, as its user would, until it is over; how it ended, and its result."""
    climate, weather = story.climate, story.climate.weather
    plan, same, calm = climate.plan, 0, 0
    for number in itertools.count():
        fate = climate.fates[number] if number < len(climate.fates) else Fate()
        try:
            return "done", await _process(story, here, plan, fate, number)
        except Killed:
            story.kills += 1
            end = "killed"
        except RunFailed as error:
            return f"failed: {story.error(error)}", None
        except BriaError as error:
            end = story.error(error)
            plan = _decided(plan, error, climate)
        same = same + 1 if story.ends[-1:] == [end] else 0
        story.ends.append(end)
        if weather.calm and same >= AGAIN and end.startswith("RunPaused"):
            return f"paused: {end}", None
        calm += weather.calm
        if calm > PATIENCE:
            break
        if number >= len(climate.fates) + PATIENCE:
            weather.settle()
        await asyncio.sleep(climate.rests[number % len(climate.rests)])
    return f"stuck: {story.ends[-3:]}", None


def _decided(plan: Plan, error: BriaError, climate: Climate) -> Plan:
    """What the user changes when a run asks him."""
    text = str(error) if isinstance(error, RunPaused) else ""
    if "on-doubt resend" in text:
        return attrs.evolve(plan, on_doubt=climate.decision if "--on-doubt skip" in text else "resend")
    if "on_bad_image" in text:
        return attrs.evolve(plan, on_bad_image="skip")
    if "on_doubt=skip" in text:
        return attrs.evolve(plan, on_doubt="skip")
    return plan


async def _process(story: Story, here: Land, plan: Plan, fate: Fate, number: int) -> Trained:
    climate = story.climate
    process = Process(story.folder, climate.seed * 1000 + number, fate)
    api, files = here.connector(fresh=climate.fresh), here.connector(fresh=climate.fresh)
    process.dying += [api.vanish, files.vanish]
    story.plans.append(plan)
    story.witness.born(api, files)
    story.say(f"process {number}: {fate}")

    async def work() -> Trained:
        async with connected(process.host, api, files, timeout=TIMEOUT, requests_per_minute=climate.rate) as session:
            return await train(session, plan, settings=climate.settings(story.folder), on_event=[story.event])

    try:
        return await process.live(work)
    except asyncio.CancelledError:
        if not process.told:
            raise
        story.stops += 1
        raise Stopped("It was told to stop, and did.") from None


async def _differences(story: Story, here: Land) -> tuple[str, ...]:
    """What `verify` finds between journal, server and disk."""
    host = VirtualHost(story.climate.seed)
    async with connected(host, here.connector(), here.connector(), timeout=TIMEOUT) as session:
        return (await verify(session, story.climate.plan.run, state=story.folder)).differences


@contextmanager
def _listening(story: Story) -> Iterator[None]:
    """Hear all that the library logs."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            story.say(self.format(record))

    log, ear = logging.getLogger("bria_async"), Ear()
    level, propagate = log.level, log.propagate
    log.addHandler(ear)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(ear)
        log.setLevel(level)
        log.propagate = propagate
