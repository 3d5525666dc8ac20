"""A stage for real processes: runs of every shape, victims that die at a point, and the verdict on what they left."""

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from aiohttp.web_protocol import RequestHandler
from PIL import Image

from bria_async.session import Session
from bria_async.sim import Clock, Options, Simulator, simulator
from bria_async.training import verify
from bria_async.types.trainings import Family
from bria_async.wire import Effect
from tests.effects import accepted_once, having
from tests.kill.points import Point
from tests.support import TOKEN

ROOT = Path(__file__).parents[2]
FIBO = ("--ip-type", "stylized_scene", "--ip-medium", "photography")
LEGACY = ("--family", "legacy", *FIBO)
SHAPES: Mapping[str, tuple[str, ...]] = {
    "fibo": (*FIBO, "--refine", "warmer"),
    "legacy": LEGACY,
    "2024": ("--family", "2024", "--use-case", "illustrative_style", "--style-description", "flat"),
    "zip": (*LEGACY, "--upload", "zip"),
    "files": (*LEGACY, "--captions", "files"),
}
"""Every shape of a training, as flags."""
IMAGES: Mapping[str, tuple[int, int]] = {"fibo": (5, 256), "zip": (3, 1024)}
"""How many images, of how many pixels a side, a shape needs; the others have small ones."""
SMALL = (3, 256)
QUICK = ("--settle", "0.05", "--poll-start", "0.002", "--poll-cap", "0.005", "--uploads-at-once", "1")
"""As patient as somebody who knows that the server is done with what it was sent."""
KEPT = {"journal.db", "journal.db-wal", "journal.db-shm", "journal.lock", "control", "images.zip"}
"""What a run's own folder holds in the end."""
RESUMES = 4
"""Starts that a run may take to its end once nothing kills it: it may ask for a decision."""


@attrs.frozen
class Ended:
    """How a process ended, what it said, and which points it came by, if it lived to tell."""

    code: int
    said: str
    reached: tuple[tuple[str, str], ...] = ()


@attrs.define
class Zygote:
    """Starts victims, one at a time."""

    process: asyncio.subprocess.Process
    folder: Path
    _numbers: "itertools.count[int]" = attrs.field(factory=itertools.count)

    async def start(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        point: Point | str | None = None,
        act: str = "die",
    ) -> "Victim":
        """Start the command line, which meets this at the point."""
        output = self.folder / f"{next(self._numbers)}.txt"
        order = {
            "words": list(words),
            "point": point and str(point),
            "act": act,
            "output": str(output),
            "environment": dict(environment),
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return Victim(self, int(await self.line()), output)

    async def line(self) -> bytes:
        """What the zygote says next."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the zygote is dead"
        return line


@attrs.define
class Victim:
    """A process that goes on."""

    zygote: Zygote
    pid: int
    output: Path

    def said(self) -> str:
        """What it has said so far."""
        return self.output.read_text() if self.output.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):  # it may be gone already
            os.kill(self.pid, number)

    async def end(self) -> Ended:
        """Wait until it is over."""
        code = int(await self.zygote.line())
        reached = self.output.with_suffix(".reached")
        found = json.loads(reached.read_text()) if reached.exists() else []
        return Ended(code, self.said(), tuple((when, where) for when, where in found))


@contextlib.asynccontextmanager
async def zygote(folder: Path) -> AsyncIterator[Zygote]:
    """A zygote whose victims talk to this server; they are gone with it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BRIA_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kill.zygote"),
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    folder.mkdir(exist_ok=True)
    try:
        yield Zygote(process, folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def pictures(folder: Path, count: int, side: int) -> Path:
    """A folder of pictures that differ, each with a caption beside it."""
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (side, side), (40 * number % 256, 90, 200)).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"picture {number}")
    return folder


def _is_served(task: "asyncio.Task[Any]") -> bool:
    """Whether this is a connection of aiohttp's server that has a request in hand."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    handler = frame.f_locals.get("self") if frame else None
    return isinstance(handler, RequestHandler) and handler._current_request is not None


# --- one run ----------------------------------------------------------------------------------------------------


@attrs.define
class Scene:
    """One run of a shape against a server of its own, and the processes that work on it one after the other."""

    zygote: Zygote
    sim: Simulator
    shape: str
    images: Path
    folder: Path

    @property
    def words(self) -> list[str]:
        """The command that trains, and continues, this run."""
        return [
            *("train", str(self.images), "--name", "run", "--state", str(self.folder), "--sample", "a harbour"),
            *("--output", str(self.output), *QUICK, *SHAPES[self.shape], "--json"),
            *(("--zip-url", self.zip_url) if self.shape == "zip" else ()),
        ]

    @property
    def family(self) -> Family:
        """The family of its plan."""
        flags: Any = dict(itertools.pairwise(SHAPES[self.shape]))
        found: Family = flags.get("--family", "fibo")
        return found

    @property
    def output(self) -> Path:
        """Where the samples go."""
        return self.folder / "samples"

    @property
    def environment(self) -> dict[str, str]:
        """What the command finds in its environment."""
        found = {"BRIA_API_TOKEN": TOKEN, "BRIA_BASE_URL": self.sim.base_url}
        return {**found, "BRIA_ZIP_PUT_URL": self.zip_url} if self.shape == "zip" else found

    @property
    def zip_url(self) -> str:
        """Where the zip is put, and fetched."""
        return f"{self.sim.base_url}/_sim/files/set.zip"

    async def start(self, *more: str, point: Point | str | None = None, act: str = "die") -> Victim:
        """Start a process that works on it, with more flags, and meets this at the point."""
        return await self.zygote.start([*self.words, *more], self.environment, point, act)

    async def live(self, *more: str, point: Point | str | None = None, act: str = "die") -> Ended:
        """The same, and wait until it is over, and the server done with what it was sent."""
        ended = await (await self.start(*more, point=point, act=act)).end()
        await self.quiet()
        return ended

    async def quiet(self) -> None:
        """Wait until the server works on nothing any more."""
        await asyncio.sleep(0.005)  # what lies in a socket is taken
        while any(map(_is_served, asyncio.all_tasks())):  # noqa: ASYNC110  # aiohttp tells nobody
            await asyncio.sleep(0.001)

    async def struck(self) -> None:
        """Wait until the server has the request that goes wrong."""
        async with asyncio.timeout(20):
            while len(self.sim.faults):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.005)

    async def finish(self, *more: str) -> Ended:
        """Start it again as its user would, who decides when he is asked to, until it is done."""
        how = more
        for _ in range(RESUMES):
            ended = await self.live(*how)
            if ended.code != 3 or "--on-doubt" not in ended.said:
                return ended
            how = (*more, "--on-doubt", "resend")
        return ended

    async def problems(self, ended: Ended) -> list[str]:
        """What is wrong with a run that should be done: on the server, on disk, in the journal, in what was said."""
        if ended.code != 0:
            return [f"it ended with {ended.code}: {ended.said[-2000:]}"]
        result = json.loads(ended.said.splitlines()[-1])
        return [
            *self._on_the_server(result["perhaps_charged"]),
            *self._on_disk(),
            *self._secrets(ended.said),
            *await self._differences(),
        ]

    def _on_the_server(self, charged: int) -> list[str]:
        audit, counts = self.sim.audit(), self.sim.counts
        planned = {hashlib.sha256(path.read_bytes()).hexdigest() for path in self.images.glob("*.png")}
        found = [*audit.twice(), *(f"lost: {sha256}" for sha256 in audit.lost(planned))]
        if audit.trained_uncaptioned:
            found.append(f"trained without captions: {audit.trained_uncaptioned}")
        expected = accepted_once(self.family, len(planned), by_zip=self.shape == "zip")
        found += [
            f"{operation} was accepted {counts[operation]} times instead of {times}"
            for operation, times in expected.items()
            if counts[operation] != times
        ]
        extra = sum(max(0, counts[operation] - 1) for operation in having(Effect.CHEAP, Effect.BILLED))
        if extra > charged:
            found.append(f"{extra} calls were paid twice, {charged} were told: {counts}")
        return found

    def _on_disk(self) -> list[str]:
        samples = sorted(path.name for path in self.output.iterdir())
        found = [] if samples == ["01-a-harbour.png"] else [f"the samples are {samples}"]
        with Image.open(self.output / "01-a-harbour.png") as sample:
            sample.load()
        left = {path.name for path in (self.folder / "run").iterdir()} - KEPT
        return [*found, *(f"left over: {name}" for name in sorted(left))]

    def _secrets(self, said: str) -> list[str]:
        files = [path for path in self.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
        return [f"the token is in {path}" for path in files] + (["the token was said"] if TOKEN in said else [])

    async def _differences(self) -> tuple[str, ...]:
        async with Session(TOKEN, self.sim.base_url) as session:
            return (await verify(session, "run", state=self.folder)).differences

    def states(self) -> Counter[str]:
        """How many tasks of the journal are in which state."""
        with contextlib.closing(sqlite3.connect(self.folder / "run" / "journal.db")) as journal:
            return Counter(dict(journal.execute("SELECT state, count(*) FROM task GROUP BY state")))


@contextlib.asynccontextmanager
async def scene(victims: Zygote, shape: str, images: Path, folder: Path, **slower: float) -> AsyncIterator[Scene]:
    """A fresh run of a shape, and a server whose time goes by with each request, so that every run is the same.

    `slower` are options of the simulator, in requests.
    """
    running: list[Simulator] = []
    clock = Clock(source=lambda: float(sum(len(sim.requests) for sim in running)))
    waits: dict[str, Any] = {"caption_delay": 4.0, "training_time": 4.0, "bulk_delay": 2.0, "bulk_time_per_image": 1.0}
    waits |= {"job_time": 2.0 if shape == "fibo" else 0.0, **slower}
    options = Options(token=TOKEN, **waits)
    async with simulator(options=options, clock=clock) as sim:
        running.append(sim)
        yield Scene(victims, sim, shape, images, folder)
