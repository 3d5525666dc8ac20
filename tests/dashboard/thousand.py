"""`python -m tests.dashboard.thousand FOLDER` tells how long pages of a batch of 1,000 runs take, and their sizes.

So it does of what those who follow a page are sent when some of the runs change. Its journal is made directly, with the
images of each run but without their files.
"""

import asyncio
import contextlib
import functools
import json
import shutil
import sqlite3
import sys
import time
from pathlib import Path

import attrs

from bria_async.graph.events import Happened
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Keeper
from bria_async.session import Session
from bria_async.training import Plan
from bria_async.training.members import members_of, written
from bria_async.training.place import Place
from tests.simulation.loop import run_virtually

from .door import Door, serving
from .live import followed
from .written import begun, finish, images, plan, uploaded, writing

COUNT, IMAGES = 1000, 5
STATES = {"done": 500, "failed": 150, "paused": 150, "interrupted": 100, "not begun": 100}
_ALL = [state for state, number in STATES.items() for _ in range(number)]
ENDS = {
    "done": ("done", None, Happened.COMPLETED),
    "failed": ("failed", "the server refused the dataset", Happened.RUN_FAILED),
    "paused": ("paused", "it was asked to", Happened.PAUSED),
}
PAGES = ("/", "/runs/many", "/runs/many/runs/run-000", "/compare")
FOLLOWED = ("/", "/runs/many")
CHANGING = 10
"""Runs that change while somebody follows a page."""
AT_ONCE = 50


def state_of(number: int) -> str:
    """The state of a run, of all evenly mixed."""
    return _ALL[number * 7 % COUNT]


async def prepare(place: Place) -> None:
    """Write a batch whose process died."""
    plans = [plan(place.folder, f"run-{number:03}") for number in range(COUNT)]
    async with writing(place) as (bria, journal):
        place.plans.write_text(written(members_of(plans)))
        for first in range(0, COUNT, AT_ONCE):
            some = enumerate(plans[first : first + AT_ONCE], first)
            await asyncio.gather(*(write(bria, journal, made, state_of(number)) for number, made in some))


async def prepare_singles(state: Path) -> None:
    """Write as many runs that are no batch: a journal, and copies of it that call their run otherwise."""
    first = Place.of("run-000", state)
    async with writing(first) as (bria, journal):
        await write(bria, journal, plan(first.folder, first.name), "done")
    for number in range(1, COUNT):
        place = Place.of(f"run-{number:03}", state)
        place.folder.mkdir()
        shutil.copy(first.journal, place.journal)
        with contextlib.closing(sqlite3.connect(place.journal)) as database:
            database.execute("PRAGMA synchronous=OFF")
            database.execute("UPDATE run SET name = ?", (place.name,))
            database.commit()


async def write(bria: Session, journal: Keeper, made: Plan, state: str) -> None:
    """A run in this state."""
    if state == "not begun":
        return
    ledger = await begun(bria, journal, made, images(made.images / made.name, IMAGES))
    await uploaded(ledger, IMAGES if state == "done" else 2)
    if state == "done":
        await finish(ledger, ledger.rows["model"][""], {"id": 7, "name": made.name})
    if state in ENDS:
        await ledger.settle_run(*ENDS[state])


async def measured(door: Door, target: str) -> tuple[float, float, int]:
    """Milliseconds until a page was there, at first and the next time, and its bytes."""
    took = []
    for _ in range(2):
        began = time.perf_counter()
        answer = await door.ask(target)
        took.append((time.perf_counter() - began) * 1e3)
    return took[0], took[1], len(answer.body)


@attrs.frozen
class Told:
    """What those who follow a page were sent when some runs changed: its parts, and bytes; and after which seconds."""

    parts: set[str]
    size: int
    took: float


async def told(state: Path, page: str) -> Told:
    """Have some runs that were stopped go on, or stop again, while somebody follows a page; on a virtual loop."""
    stopped = [f"run-{number:03}" for number in range(COUNT) if state_of(number) == "paused"]
    async with contextlib.AsyncExitStack() as stack:
        board = await stack.enter_async_context(followed(state))
        bria, journal = await stack.enter_async_context(writing(Place.of("many", state)))
        after = await board.version(page)
        async with board.follow(f"{page.rstrip('/')}/live?after={after}") as reader:
            assert await reader.until(10) == [], "it has all"
            for name in stopped[:CHANGING]:
                run = await journal.find_run(name)
                assert run is not None
                change = ENDS["paused"] if run.state == "running" else ("running", None, Happened.RESUMED)
                await (await Ledger.load(journal, run, bria.host)).settle_run(*change)
            began = time.perf_counter()
            while not (sent := await reader.until(0.1)):
                pass
            took = time.perf_counter() - began
            sent += await reader.until(10)
    data = [dict(each.data) for each in sent]
    return Told({name for parts in data for name in parts}, sum(len(json.dumps(parts)) for parts in data), took)


async def main(state: Path) -> None:
    """Write it unless it is there, and tell."""
    place = Place.of("many", state)
    if not place.journal.exists():
        await prepare(place)
    async with serving(state) as door:
        for target in PAGES:
            first, next_time, size = await measured(door, target)
            sys.stdout.write(f"{target}: {first:.0f} ms, then {next_time:.0f} ms, {size / 1e3:.0f} kB\n")


if __name__ == "__main__":
    where = Path(sys.argv[1])
    asyncio.run(main(where))
    for page in FOLLOWED:
        found = run_virtually(functools.partial(told, where, page))
        told_in = f"{found.size / 1e3:.0f} kB in {found.took * 1e3:.0f} ms"
        sys.stdout.write(f"{page}, followed while {CHANGING} runs change: {told_in}\n")
