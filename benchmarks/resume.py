"""How long until a run of many finished uploads goes on? `python -m benchmarks.resume --images 20000`."""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from pathlib import Path

from bria_async import Host, Plan, Session, Settings
from bria_async.graph.events import Event
from bria_async.graph.journal import Journal
from bria_async.images.probe import ImageFile
from bria_async.training.place import Place
from bria_async.training.run import create, resume

from .support import peak_mib, simulated


async def prepare(session: Session, state: Path, count: int) -> None:
    """A journal in which everything up to the uploads is done."""
    plan = Plan(images=state, name="resume", ip_type="other", ip_medium="photography", upload="each")
    images = {
        f"{number:05d}--{number:012x}.jpg": ImageFile(
            path=state / f"{number:05d}.jpg",
            key=f"{number:05d}--{number:012x}.jpg",
            sha256=f"{number:064x}",
            size=2**20,
            mtime_ns=1,
            format="jpeg",
            width=1024,
            height=1024,
        )
        for number in range(count)
    }
    place = Place.of(plan.run, state)
    project = await session.projects.create(project_name="resume", ip_type="other", ip_medium="photography")
    dataset = await session.datasets.create(project_id=project.id, name="resume")
    async with Journal(place.journal, Host()) as journal:
        await create(session, journal, plan, images)
    done = {"project": project.raw, "dataset": dataset.raw, "schema": "{}", "refinement": "{}", "identity": dataset.raw}
    with sqlite3.connect(place.journal) as database:
        database.execute("UPDATE task SET state = 'done', result = json_object('id', id) WHERE name = 'upload'")
        for name, result in done.items():
            database.execute("UPDATE task SET state = 'done', result = ? WHERE name = ?", (json.dumps(result), name))
    database.close()


async def measure(base_url: str, state: Path, count: int) -> None:
    """Resume, and stop the clock at the first request of the next step."""
    async with Session("simulated", base_url) as session:
        await prepare(session, state, count)
        before, started = peak_mib(), time.perf_counter()
        reached = asyncio.Event()

        def note(event: Event) -> None:
            if event.what == "progressed":
                reached.set()

        going_on = asyncio.create_task(resume(session, "resume", settings=Settings(state=state), on_event=[note]))
        await reached.wait()
        took = time.perf_counter() - started
        going_on.cancel()
        await asyncio.wait([going_on])
    print(f"{count} finished uploads: the next step's first answer after {took:.2f} s")
    print(f"peak memory {peak_mib():.0f} MiB, {peak_mib() - before:.0f} MiB above the state before resuming")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, simulated() as base_url:
        asyncio.run(measure(base_url, Path(scratch), given.images))


if __name__ == "__main__":
    main()
