"""What a task costs in a small run and in a large one, and how soon a large run that was stopped goes on.

A run is that of `journal`: tasks that do nothing, each with its intent and its outcome on disk. A resume is that of a
training all of whose images are uploaded, up to the first request that it makes; SQLite alone reads the same journal.
The run of DBOS is the small one only: at its 56 tasks a second the large one would take half an hour.
"""

import asyncio
import contextlib
import glob
import itertools
import json
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .contender import Meter, Round, resident
from .contest import Bar, Contender, Question
from .journal import dbos, run_all, write_all
from .small import TOKEN, check

Work = Mapping[str, Any]

NAME = "growth"
DONE = {
    "project": {"id": 5},
    "dataset": {"id": 77},
    "schema": "{}",
    "refinement": "{}",
    "identity": {"id": 77},
}
"""What came of the steps before the uploads."""


async def per_task(work: Work, once: Callable[[Path], Awaitable[Meter]]) -> dict[str, float]:
    """What it costs in a run of this size; small ones are done several times, after one that nobody sees."""
    tasks, repeats = work[work["size"]], work["repeats"]
    found = []
    for _ in range(repeats + (repeats > 1)):
        with tempfile.TemporaryDirectory() as folder:
            found.append(await once(Path(folder)))
    cpu, wall = sum(each.cpu for each in found[-repeats:]), sum(each.wall for each in found[-repeats:])
    return {"cpu_us": cpu / repeats / tasks * 1e6, "wall_s": wall / repeats, "peak_mib": resident("VmHWM")}


@contextlib.contextmanager
def run(work: Work) -> Iterator[Round]:
    """A whole run."""

    async def once(folder: Path) -> Meter:
        with Meter() as meter:
            await run_all(folder, work[work["size"]], work["in_flight"])
        return meter

    yield Round(lambda: per_task(work, once))


@contextlib.contextmanager
def write(work: Work) -> Iterator[Round]:
    """SQLite alone, with what a run has in its commits."""

    async def once(folder: Path) -> Meter:
        with Meter() as meter:
            write_all(folder, work[work["size"]], work["in_flight"])
        return meter

    yield Round(lambda: per_task(work, once))


@contextlib.asynccontextmanager
async def steps(work: Work) -> AsyncIterator[Round]:
    """DBOS on SQLite."""
    tasks = work[work["size"]]
    async with dbos({**work, "steps": tasks}) as found:

        async def measure() -> dict[str, float]:
            took = await found.measure()
            return {"cpu_us": took["cpu_us"], "wall_s": tasks / took["tasks_s"], "peak_mib": resident("VmHWM")}

        yield Round(measure)


@contextlib.contextmanager
def resume(work: Work) -> Iterator[Round]:
    """From the journal of a run that stopped behind its uploads to its first request."""
    from bria_async import Session, Settings  # so that a run is measured without
    from bria_async.training.run import resume

    async def once(folder: Path) -> Meter:
        shutil.copytree(work["stopped"][work["size"]], folder, dirs_exist_ok=True)
        asked = asyncio.Event()
        async with Session(TOKEN, work["url"], on_attempt=lambda _: asked.set()) as bria:
            with Meter() as meter:
                going_on = asyncio.create_task(resume(bria, NAME, settings=Settings(state=folder)))
                await asyncio.wait(
                    [going_on, hears := asyncio.create_task(asked.wait())], return_when="FIRST_COMPLETED"
                )
            going_on.cancel()
            await asyncio.wait([going_on, hears])
        return meter

    yield Round(lambda: per_task(work, once))


@contextlib.contextmanager
def read(work: Work) -> Iterator[Round]:
    """SQLite alone: all tasks of that journal, each with its result."""

    async def once(folder: Path) -> Meter:
        shutil.copytree(work["stopped"][work["size"]], folder, dirs_exist_ok=True)
        (path,) = glob.glob(f"{folder}/**/journal.db", recursive=True)  # noqa: PTH207  # as paths are not asynchronous
        with Meter() as meter, contextlib.closing(sqlite3.connect(path)) as database:
            rows = database.execute("SELECT name, key, state, result FROM task").fetchall()
            results = [json.loads(result) for name, _, _, result in rows if name == "upload"]
        check(len({each["id"] for each in results}), work[work["size"]])
        return meter

    yield Round(lambda: per_task(work, once))


@contextlib.contextmanager
def stopped(work: Work) -> Iterator[dict[str, Any]]:
    """Runs of both sizes that were stopped when all their images were uploaded."""
    with tempfile.TemporaryDirectory() as folder:
        found = {size: Path(folder, size) for size in ("small", "large")}
        for size, state in found.items():
            asyncio.run(_stop(state, work[size], work["url"]))
        yield {"stopped": {size: str(state) for size, state in found.items()}}


async def _stop(state: Path, images: int, url: str) -> None:
    from bria_async import Plan, Session
    from bria_async.graph.journal import Journal
    from bria_async.graph.ledger import Ledger
    from bria_async.graph.records import Row
    from bria_async.graph.states import Change
    from bria_async.images.content_key import content_key
    from bria_async.images.probe import ImageFile
    from bria_async.training.place import Place
    from bria_async.training.run import Looked, create

    plan = Plan(images=state / "pictures", name=NAME, ip_type="other", ip_medium="photography", upload="each")
    place = Place.of(plan.run, state)
    files = {}
    for number in range(images):
        path, sha256 = plan.images / f"IMG_{number:06}.jpg", f"{number * 2654435761 % 2**32:08x}" * 8
        key = content_key(path.name, sha256, "jpg")
        files[key] = ImageFile(path, key, sha256, 2**20, 1_700_000_000_000_000_000 + number, "jpeg", 4000, 3000)
    place.folder.mkdir(parents=True)
    async with Session(TOKEN, url) as bria, Journal(place.journal, bria.host) as journal:
        ledger = await Ledger.load(journal, await create(bria, journal, plan, Looked(files)), bria.host)

        async def finish(row: Row, result: Any) -> None:
            await ledger.change(row, Change.ANNOUNCED)
            await ledger.change(row, Change.FINISHED, result=result, via="sent")

        for name, result in DONE.items():
            await finish(ledger.rows[name][""], result)
        uploads = enumerate(ledger.of("upload"), 1_000_000)
        while many := tuple(itertools.islice(uploads, 1000)):
            await asyncio.gather(*(finish(row, {"id": number, "name": row.key}) for number, row in many))


def _contenders() -> Iterator[Contender]:
    for what, alone in (("run", "write"), ("resume", "read")):
        for size, repeats in (("small", 10), ("large", 1)):
            options = {"size": size, "repeats": repeats}
            for fast in (False, True):
                name = f"{what}, {size}{', uvloop' if fast else ''}"
                yield Contender(name, f"{__name__}:{what}", fast, options=options)
            yield Contender(f"{what}, {size}, sqlite3 alone", f"{__name__}:{alone}", options=options)
    yield Contender("run, small, DBOS on SQLite", f"{__name__}:steps", needs=("dbos",), options={"size": "small"})


def _bars() -> Iterator[Bar]:
    for end in ("", ", uvloop"):
        for what in ("run", "resume"):
            yield Bar(f"{what}, large{end}", 1.15, f"{what}, small{end}")
            yield Bar(f"{what}, large{end}", 120, figure="peak_mib")
        yield Bar(f"resume, large{end}", 1.5, figure="wall_s")


GROWTH = Question(
    name=NAME,
    asks="A task in a run of 1,000 and in one of 100,000; a resume up to its first request",
    figure="cpu_us",
    unit="µs of CPU per task",
    contenders=tuple(_contenders()),
    bars=tuple(_bars()),
    server=("benchmarks.server", "small"),
    prepared=stopped,
    fresh=True,
    work={"small": 1000, "large": 100_000, "in_flight": 64},
    quick={"small": 20, "large": 200},
    also=("wall_s", "peak_mib"),
    rounds=5,
)
