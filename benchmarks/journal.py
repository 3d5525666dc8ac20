"""Durable tasks that do nothing: what it costs to make an intent durable before, and an outcome after, each of many."""

import asyncio
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from .contender import Meter, Round
from .contest import Bar, Contender, Question

Work = Mapping[str, Any]

RESTATE = 1515
"""Steps a second in one workflow of Restate 1.7, the best of what was measured on a machine like this one."""


def per_second(meter: Meter, tasks: int) -> dict[str, float]:
    """What a round of so many tasks took."""
    return {"tasks_s": tasks / meter.wall, "cpu_us": meter.cpu / tasks * 1e6}


# --- this library ----------------------------------------------------------------------------------------------------


async def run_all(folder: Path, tasks: int, in_flight: int) -> None:
    """Run a graph of one fan-out over a journal in this folder, through the real runner and engine.

    Its tasks announce an effect, as uploads do, so each has its intent on disk before it is done.
    """
    from bria_async.engines.local import Bounds, LocalEngine  # nobody else's process has it
    from bria_async.engines.run import Run
    from bria_async.engines.turns import Turns
    from bria_async.graph.control import Control
    from bria_async.graph.graph import Graph, each
    from bria_async.graph.journal import Journal
    from bria_async.graph.ledger import Ledger
    from bria_async.graph.runner import Protocol, Runner
    from bria_async.graph.states import State
    from bria_async.host import Host, observer

    async def find() -> dict[str, str]:
        return {}

    @each("thing", effect="findable", adopt=find)
    async def put(thing: str) -> dict[str, str]:
        if (watch := observer.get()) is not None:
            await watch.announced("findable")
        return {"id": thing, "name": thing}

    class Plain:
        def dump(self, value: Any) -> Any:
            return value

        def load(self, data: Any, kind: Any) -> Any:  # noqa: ARG002  # as the protocol names it
            return data

    host, graph = Host(), Graph("things", (put,))
    items = {"thing": {f"{number:06}.jpg": f"{number:06}" for number in range(tasks)}}
    async with Journal(folder / "journal.db", host) as journal:
        row = await journal.create_run("things", "", {}, graph.draw(), items, [("put", key) for key in items["thing"]])
        ledger = await Ledger.load(journal, row, host, [lambda _: None])
        control = Control(folder / "control")
        engine = LocalEngine(
            graph=graph,
            runner=Runner(ledger, Plain(), Protocol(), lambda *_: None),
            inputs={},
            bounds=Bounds({"put": Turns(in_flight)}),
            run=Run("things", "", folder, folder, items, 0.0, ledger, control),
        )
        await engine.execute()
        if len(ledger.of("put", State.DONE)) != tasks:
            raise AssertionError("not all tasks are done")


@contextlib.contextmanager
def bria(work: Work) -> Iterator[Round]:
    """This library: a fresh journal each round."""

    async def measure() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder, Meter() as meter:
            await run_all(Path(folder), work["tasks"], work["in_flight"])
        return per_second(meter, work["tasks"])

    yield Round(measure)


# --- DBOS ------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def dbos(work: Work) -> AsyncIterator[Round]:
    """DBOS on SQLite as it comes, all steps in one workflow; a step has one record, and no intent."""
    from dbos import DBOS
    from sqlalchemy import Engine, event

    if sqlite3.sqlite_version_info < (3, 42):  # it asks for what SQLite knows since then
        event.listen(Engine, "connect", lambda one, _: one.create_function("unixepoch", 1, lambda _: time.time()))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/dbos.sqlite"
        DBOS(config={"name": "benchmark", "system_database_url": url, "log_level": "ERROR", "run_admin_server": False})

        @DBOS.step()
        async def step(number: int) -> dict[str, str]:
            return {"id": f"{number:06}", "name": f"{number:06}"}

        @DBOS.workflow()
        async def workflow(steps: int, in_flight: int) -> int:
            done = 0
            for first in range(0, steps, in_flight):
                numbers = range(first, min(steps, first + in_flight))
                done += len(await asyncio.gather(*(step(number) for number in numbers)))
            return done

        async def measure() -> dict[str, float]:
            with Meter() as meter:
                done = await workflow(work["steps"], work["in_flight"])
            if done != work["steps"]:
                raise AssertionError("not all steps are done")
            return per_second(meter, work["steps"])

        DBOS.launch()
        try:
            yield Round(measure)
        finally:
            DBOS.destroy()


# --- the floor -------------------------------------------------------------------------------------------------------


def write_all(folder: Path, tasks: int, many: int) -> None:
    """Nothing but SQLite with the same durability: a commit holds the intents of so many tasks, or their outcomes."""
    database = sqlite3.connect(folder / "tasks.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE task (id INTEGER PRIMARY KEY, state TEXT, at REAL, result TEXT)")
    database.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, task INTEGER, at REAL, what TEXT)")
    for first in range(0, tasks, many):
        for what in ("intent", "done"):
            rows = [(what, time.time(), '{"id": "1"}', task) for task in range(first, min(tasks, first + many))]
            database.execute("BEGIN IMMEDIATE")
            if what == "intent":
                database.executemany("INSERT INTO task (state, at, result, id) VALUES (?, ?, ?, ?)", rows)
            else:
                database.executemany("UPDATE task SET state = ?, at = ?, result = ? WHERE id = ?", rows)
            events = [(task, at, what) for what, at, _, task in rows]
            database.executemany("INSERT INTO event (task, at, what) VALUES (?, ?, ?)", events)
            database.execute("COMMIT")
    (done,) = database.execute("SELECT count(*) FROM task WHERE state = 'done'").fetchone()
    database.close()
    if done != tasks:
        raise AssertionError("not all tasks are done")


@contextlib.contextmanager
def by_hand(work: Work) -> Iterator[Round]:
    """SQLite alone: a fresh database each round."""
    tasks, many = work["tasks"], work["in_flight"] if work["together"] else 1

    async def measure() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder, Meter() as meter:
            write_all(Path(folder), tasks, many)
        return per_second(meter, tasks)

    yield Round(measure)


JOURNAL = Question(
    name="journal",
    asks="Durable tasks that do nothing, 64 at once",
    figure="tasks_s",
    unit="tasks a second",
    contenders=(
        Contender("DBOS on SQLite, steps", f"{__name__}:dbos", needs=("dbos",)),
        Contender("bria_async", f"{__name__}:bria"),
        Contender("bria_async, uvloop", f"{__name__}:bria", fast=True),
        Contender("sqlite3, 64 in a commit", f"{__name__}:by_hand", options={"together": True}),
        Contender("sqlite3, one in a commit", f"{__name__}:by_hand", options={"together": False}),
    ),
    bars=(
        Bar("bria_async", 10, "DBOS on SQLite, steps", least=True),
        Bar("bria_async, uvloop", 10, "DBOS on SQLite, steps", least=True),
        Bar("bria_async", 3 * RESTATE, least=True),
        Bar("bria_async, uvloop", 3 * RESTATE, least=True),
    ),
    work={"tasks": 10_000, "steps": 500, "in_flight": 64},
    quick={"tasks": 200, "steps": 20},
    also=("cpu_us",),
)
