"""A batch in a simulated world whose process is killed again and again, and what that cost."""

import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from bria_async.graph import feed
from bria_async.graph.events import Event
from bria_async.sim import Options
from bria_async.training import Plan, Settings, train_many, verify_many
from bria_async.training.batch import Batched
from bria_async.training.place import Place
from tests.simulation.climate import pictures
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.process import Fate, Killed, Moment, Process, only_the_living
from tests.simulation.world import Land, connected, land

NAME = "many"
SIDE = 256
"""Pixels of an image."""
TURNS = 10_000
"""Turns of the loop that a run may take, all its processes together."""
MOMENTS: tuple[Moment, ...] = ("before", "after")
"""Where a process dies, in turn: around its next write to the journal."""
LEAST = {
    "projects.create": 1,
    "datasets.create": 1,
    "tailored.generate_prefix": 1,
    "datasets.update": 2,  # the prefix applied, and completed
    "datasets.get": 2,  # no caption is being made anew, and not completed yet
    "images.list": 2,  # every caption is there, and every image once
    "models.create": 1,
    "models.start_training": 1,
    "models.get": 1,  # it is trained
}
"""Requests that a run needs when nothing goes wrong and every look is the last one; and one for each image."""


@attrs.frozen(kw_only=True)
class Measured:
    """What came of a batch, and what it cost: `seconds` of a processor, `hours` of the simulated world."""

    runs: int
    images: int
    """Of each run."""
    kills: int
    trained: int
    uploads: int
    """Images that the server holds."""
    trainings: int
    """That the server accepted."""
    findings: tuple[str, ...]
    """Whatever is there twice, is not as it was planned, or differs between journal and server."""
    requests: int
    least: int
    events: int
    seconds: float
    hours: float
    mebibytes: float
    """The most memory that the process had, which is client and simulator."""

    @property
    def exactly_once(self) -> bool:
        """Whether every image and every training is there, once."""
        return not self.findings and self.trained == self.trainings == self.runs and self.uploads == self.wanted

    @property
    def wanted(self) -> int:
        """Images of all runs."""
        return self.runs * self.images


@attrs.define
class Studio:
    """A batch of plans that differ in their names, and the processes that work on it, one after the other."""

    runs: int
    images: int
    kills: int
    state: Path
    events: int = 0
    killed: int = 0

    @property
    def plans(self) -> list[Plan]:
        """What is to be trained."""
        folder = pictures(self.images, SIDE)
        return [
            Plan(
                images=folder,
                name=f"Run {number}",
                family="legacy",
                ip_type="stylized_scene",
                ip_medium="photography",
                on_doubt="resend",  # nobody is there to ask about a prefix that was on its way at two deaths
            )
            for number in range(self.runs)
        ]

    @property
    def share(self) -> int:
        """Events after which a process is killed: as many as between each two kills, and after the last one."""
        return self.runs * (3 * self.images + 20) // (self.kills + 1)

    async def work(self, here: Land) -> Batched:
        """Train them all: a process after the other, until one is through."""
        while True:
            try:
                return await self._process(here)
            except Killed:
                self.killed += 1

    async def _process(self, here: Land) -> Batched:
        process = Process(self.state, self.killed, Fate())
        api, files = here.connector(), here.connector()
        process.dying += [api.vanish, files.vanish]

        async def work() -> Batched:
            async with connected(process.host, api, files) as session:
                settings = Settings(state=self.state, control_interval=30.0)
                return await train_many(session, self.plans, name=NAME, settings=settings, on_event=[heard])

        def heard(_: Event) -> None:
            self.events += 1
            if self.killed < self.kills and self.events == self.share * (self.killed + 1):
                process.fate = Fate(write=process.writes + 1, moment=MOMENTS[self.killed % len(MOMENTS)])

        return await process.live(work)

    async def findings(self, here: Land, batched: Batched) -> list[str]:
        """What is wrong, as far as server, journal and client know."""
        found = [f"{run}: {error}" for run, error in batched.failed.items()]
        audit = here.sim.audit()
        found += audit.twice()
        found += [f"model {model} was trained without captions" for model in audit.trained_uncaptioned]
        views = feed.views(Place.of(NAME, self.state).journal)
        found += [f"{view.run.name} is {view.state}" for view in views if view.state != "done"]
        async with connected(VirtualHost(0), here.connector(), here.connector()) as session:
            for one in await verify_many(session, NAME, state=self.state):
                found += [f"{one.run}: {difference}" for difference in one.differences]
        return found

    async def measured(self) -> Measured:
        """Do it all, and say what it cost."""
        loop, began = asyncio.get_running_loop(), time.process_time()
        only_the_living(loop)
        self.state.mkdir()
        async with land(1, Options(seed=1, decode=False, caption_delay=30.0)) as here:
            batched = await self.work(here)
            seconds, hours = time.process_time() - began, loop.time() / 3600
            requests = here.sim.counts.total()
            return Measured(
                runs=self.runs,
                images=self.images,
                kills=self.killed,
                trained=len(batched.trained),
                uploads=len(here.sim.world.images),
                trainings=here.sim.audit().trainings.total(),
                findings=tuple(await self.findings(here, batched)),
                requests=requests,
                least=self.runs * (sum(LEAST.values()) + self.images),
                events=self.events,
                seconds=seconds,
                hours=hours,
                mebibytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            )


def measure(runs: int, images: int, kills: int) -> Measured:
    """Measure a batch of so many runs of so many images, killed so often."""
    memory = Path("/dev/shm")  # noqa: S108  # a fresh folder below it: the disk is not what is measured
    folder = Path(tempfile.mkdtemp(prefix="bria-batch-", dir=memory if memory.is_dir() else None))
    try:
        studio = Studio(runs, images, kills, folder / "state")
        measured: Measured = run_virtually(studio.measured, turns=TURNS * runs)
        return measured
    finally:
        shutil.rmtree(folder)


def measure_apart(runs: int, images: int, kills: int) -> Measured:
    """The same in a process of its own, whose memory nobody else had a part in."""
    command = [sys.executable, "-m", "tests.batches", "one", f"{runs}", f"{images}", f"{kills}"]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    data = json.loads(told.stdout)
    return Measured(**{**data, "findings": tuple(data["findings"])})


COLUMNS: Mapping[str, str] = {
    "runs": "{0.runs:,}",
    "killed": "{0.kills}",
    "images on the server": "{0.uploads:,} of {0.wanted:,}",
    "trainings": "{0.trainings:,}",
    "exactly once": "{0.exactly_once}",
    "requests of the least possible": "{0.requests:,} of {0.least:,}",
    "ratio": "{1:.2f}",
    "events": "{0.events:,}",
    "seconds of a core": "{0.seconds:,.0f}",
    "events a second": "{2:,.0f}",
    "simulated hours": "{0.hours:.1f}",
    "peak memory, MiB": "{0.mebibytes:,.0f}",
}


def table(found: Sequence[Measured]) -> str:
    """Measurements as a table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---:|" * len(COLUMNS)]
    for one in found:
        cells = (form.format(one, one.requests / one.least, one.events / one.seconds) for form in COLUMNS.values())
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, *(finding for one in found for finding in one.findings[:20])])
