"""A small world for graphs: a host on a manual clock, a server in memory, a graph over it, and a bench to run it on."""

import asyncio
import concurrent.futures
import contextlib
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import anyio
import attrs

from bria_async.engines.inbox import Inbox
from bria_async.engines.local import Bounds, LocalEngine
from bria_async.engines.run import Run
from bria_async.errors import BriaError, NotSent, OutcomeUnknown, Refused, RunError, RunFailed, RunPaused
from bria_async.graph.control import STOP, Control, Request
from bria_async.graph.events import Event, Happened
from bria_async.graph.graph import Graph, Task, each, task
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import RunRow
from bria_async.graph.runner import Policy, Protocol, Runner
from bria_async.host import Host, Worker, observer

T = TypeVar("T")

THINGS = {f"{number:02d}": f"thing {number}" for number in range(6)}
PROMPTS = {"1": "a cat", "2": "a dog"}


# --- a host that nobody waits for ---------------------------------------------------------------------------------


@attrs.define
class StepWorker(Worker):
    """A thread of its own whose every piece of work the host has to let through, once it holds them."""

    host: "ManualHost"

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Wait to be let through, then run."""
        if self.host.held is not None:
            await self.host.held.acquire()
        self.host.pieces += 1
        return await Worker.run(self, function, *args)


@attrs.define(eq=False)
class ManualHost(Host):
    """A host whose clock stands still until a test pushes it.

    `slept` has what was slept; `pieces` counts the work handed to the journal's thread, which waits for `held` if
    that is set.
    """

    time: float = 1_000_000.0
    slept: list[float] = attrs.field(factory=list)
    pieces: int = 0
    held: asyncio.Semaphore | None = None
    _sleepers: list[tuple[float, anyio.Event]] = attrs.field(factory=list)
    _asleep: anyio.Event = attrs.field(factory=anyio.Event)

    def now(self) -> float:
        """The manual clock."""
        return self.time

    def monotonic(self) -> float:
        """The same clock."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock has been pushed so far."""
        wake = anyio.Event()
        self.slept.append(seconds)
        self._sleepers.append((self.time + seconds, wake))
        self._asleep.set()
        if seconds <= 0:
            wake.set()
        await wake.wait()

    def push(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
        for due, wake in self._sleepers:
            if due <= self.time:
                wake.set()

    async def asleep(self, seconds: float) -> None:
        """Return when somebody has gone to sleep for so long."""
        while seconds not in self.slept:
            self._asleep = anyio.Event()
            await self._asleep.wait()

    async def let_pass(self, seconds: float) -> None:
        """Wait until somebody has gone to sleep for so long, and let that time pass."""
        await self.asleep(seconds)
        self.push(seconds)

    def worker(self, name: str) -> Worker:
        """A thread that can be held."""
        return StepWorker(concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix=name), self)


async def cycles(number: int = 200) -> None:
    """Let the loop turn, so that whatever can happen without the clock has happened."""
    for _ in range(number):
        await asyncio.sleep(0)


# --- a server in memory -------------------------------------------------------------------------------------------

NOT_SENT, REFUSED, LOST, LOST_AFTER, LATE = "not sent", "refused", "lost", "lost after", "late"
"""What can happen to a request: `LOST` did not take effect, `LOST_AFTER` did, `LATE` does when it is `settled`."""


@attrs.define(eq=False)
class Server:
    """Makes things by name and lists them; `faults` says what happens to the next requests for a name.

    `requests` has every request that left, `made` everything that was made, doubles included; `looks` counts
    listings. `before` is called with the name of each request after its announcement. While `gate` is set, requests
    wait for it on the server.
    """

    faults: dict[str, list[str]] = attrs.field(factory=dict)
    requests: list[str] = attrs.field(factory=list)
    made: list[str] = attrs.field(factory=list)
    late: list[str] = attrs.field(factory=list)
    looks: int = 0
    active: int = 0
    peak: int = 0
    gate: anyio.Event | None = None
    before: Callable[[str], None] = lambda _: None

    async def make(self, name: str, effect: str = "findable") -> str:
        """A request with an effect."""
        watcher = observer.get()
        if watcher is not None:
            await watcher.announced(effect)
        return await self.answer(name)

    async def answer(self, name: str) -> str:
        """A request without announcement: one that is safe to repeat."""
        self.before(name)
        fault = next(iter(self.faults.get(name, ())), None)
        if fault is not None:
            self.faults[name].pop(0)
        if fault == NOT_SENT:
            raise NotSent("no connection", f"make {name}")
        self.requests.append(name)
        self.active += 1
        self.peak = max(self.peak, self.active)
        try:
            if self.gate is not None:
                await self.gate.wait()
            await anyio.lowlevel.checkpoint()
        finally:
            self.active -= 1
        if fault == REFUSED:
            raise Refused("no", f"make {name}", status=412)
        if fault in (LOST, LATE):
            self.late += [name] * (fault == LATE)
            raise OutcomeUnknown("the connection was reset", f"make {name}")
        self.made.append(name)
        if fault == LOST_AFTER:
            raise OutcomeUnknown("no answer in time", f"make {name}")
        return f"id of {name}"

    def settled(self) -> None:
        """What was late takes effect."""
        self.made += self.late
        self.late.clear()

    def list(self) -> set[str]:
        """What there is."""
        self.looks += 1
        return set(self.made)


# --- a graph over it ----------------------------------------------------------------------------------------------


async def find_box(server: Server) -> Mapping[str, str]:
    """Look for the box."""
    return {"": "id of box"} if "box" in server.list() else {}


async def find_things(server: Server, box: str, doubts: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Look for the things in doubt, and for the known ones."""
    there = server.list()
    still = {key: found for key, found in known.items() if found.removeprefix("id of ") in there}
    return still | {key: f"id of {thing}" for key, thing in doubts.items() if thing in there}


@task(effect="findable", adopt=find_box)
async def box(server: Server) -> str:
    """Make the box."""
    return await server.make("box")


@each("thing", effect="findable", adopt=find_things)
async def put(server: Server, box: str, thing: str) -> str:
    """Put a thing into the box."""
    return await server.make(thing)


@each("thing")
async def label(server: Server, put: str, thing: str) -> str:
    """Label a thing that is in the box."""
    return await server.answer(f"label of {thing}")


@each("thing")
async def photo(server: Server, label: str, thing: str) -> str:
    """Photograph a labelled thing."""
    return await server.answer(f"photo of {thing}")


@task()
async def close(server: Server, box: str, put: Mapping[str, str]) -> int:
    """Close the box; the result is how many things are in it."""
    await server.answer("close")
    return len(put)


@task(effect="cheap")
async def hint(server: Server) -> str:
    """Ask for something that costs little and leaves no trace."""
    return await server.make("hint", "cheap")


@each("prompt", effect="billed")
async def sale(server: Server, prompt: str) -> str:
    """Buy something that leaves no trace."""
    return await server.make(prompt, "billed")


BOXES = Graph("boxes", (box, put, close))


def stop(task: Task, key: str, error: BriaError) -> RunError | None:
    """The policy that stops at any refusal."""
    return RunPaused(f"{task.name} {key}: {error.message}", "toy")


def skip(task: Task, key: str, error: BriaError) -> RunError | None:
    """The policy that leaves out what was refused."""
    return None if isinstance(error, Refused) else stop(task, key, error)


# --- a bench to run it on -----------------------------------------------------------------------------------------


@attrs.frozen
class Plain:
    """Results that are JSON already."""

    def dump(self, value: Any) -> Any:
        """The value itself."""
        return value

    def load(self, data: Any, kind: Any) -> Any:
        """The data itself."""
        return data


@attrs.define(eq=False)
class Bench:
    """Runs a graph over a journal in a folder, as often as it is told; `events` has what was seen of all of it."""

    folder: Path
    graph: Graph = BOXES
    name: str = "toy"
    host: ManualHost = attrs.field(factory=ManualHost)
    server: Server = attrs.field(factory=Server)
    items: Mapping[str, Mapping[str, Any]] = attrs.field(factory=lambda: {"thing": THINGS, "prompt": PROMPTS})
    protocol: Protocol = attrs.field(factory=lambda: Protocol(settle=0.0))
    policy: Policy = stop
    bounds: Bounds = attrs.field(factory=lambda: Bounds(otherwise=4))
    interval: float = 0.5
    """Seconds between looks into the control folder."""
    inputs: Mapping[str, Any] = attrs.field(factory=dict)
    events: list[Event] = attrs.field(factory=list)
    ledger: Ledger | None = None
    engine: LocalEngine | None = None

    @property
    def path(self) -> Path:
        """The journal."""
        return self.folder / "journal.db"

    @property
    def control(self) -> Control:
        """The control folder."""
        return Control(self.folder / "control")

    async def run(self) -> None:
        """Run the graph, or continue."""
        async with Journal(self.path, self.host) as journal:
            await self.over(journal)

    async def over(self, journal: Journal, *more: Callable[[Event], None]) -> None:
        """Run the graph over an open journal."""
        row = await journal.find_run(self.name) or await self.create(journal)
        self.ledger = await Ledger.load(journal, row, self.host, [*more, self.events.append])
        settle, output = self.protocol.settle, self.folder / "out"
        run = Run(self.name, row.tag, self.folder, output, self.items, settle, self.ledger, self.control)
        inputs = {"server": self.server, "run": run, **self.inputs}
        self.graph.check({name: type(value) for name, value in inputs.items()}, self.items)
        self.engine = LocalEngine(
            graph=self.graph,
            runner=Runner(self.ledger, Plain(), self.protocol, self.policy),
            inputs=inputs,
            bounds=self.bounds,
            run=run,
            unclean=journal.unclean,
            inbox=Inbox(run.control, self.host, self.interval),
        )
        await self._execute(self.engine, self.ledger)

    async def create(self, journal: Journal) -> RunRow:
        """Create the run."""
        keys = [(one.name, key) for one in self.graph.order() for key in (self.items[one.over] if one.over else ("",))]
        return await journal.create_run(self.name, "tag", {}, self.graph.draw(), self.items, keys)

    async def _execute(self, engine: LocalEngine, ledger: Ledger) -> None:
        try:
            await engine.execute()
        except RunFailed as error:
            await ledger.settle_run("failed", error.message, Happened.RUN_FAILED)
            raise
        except RunPaused as error:
            await ledger.settle_run("paused", error.message, Happened.PAUSED)
            raise
        except BaseException as error:
            ledger.leave_run(type(error).__name__)
            raise
        await ledger.settle_run("done", None, Happened.COMPLETED)

    async def ask_to_stop(self) -> None:
        """Ask the run to stop once it listens: it waits for no time that passed before, and heeds no older request."""
        await self.host.asleep(self.interval)
        self.control.ask(Request(STOP), self.host)
        self.host.push(self.interval)

    async def paused(self, kind: type[BriaError] = RunPaused) -> str:
        """Run the graph, which must stop with this error; the result is its message."""
        try:
            await self.run()
        except kind as error:
            return error.message
        raise AssertionError(f"the run went through, where {kind.__name__} was due")

    def states(self, name: str) -> dict[str, str]:
        """The states of a task by item, as the file on disk has them."""
        return {row["key"]: row["state"] for row in self.rows(name)}

    def vias(self, name: str) -> dict[str, str]:
        """How the results of a task came about, by item, as the file on disk has it."""
        return {row["key"]: row["via"] for row in self.rows(name)}

    def rows(self, name: str) -> list[sqlite3.Row]:
        """The rows of a task, read through a connection of its own."""
        return self.query("SELECT * FROM task WHERE name = ? ORDER BY id", name)

    def query(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Ask the file on disk."""
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(sql, values).fetchall()

    def happened(self, *words: str) -> list[Event]:
        """The events of these kinds."""
        return [event for event in self.events if event.what in words]

    def died(self) -> "Bench":
        """A bench with the files as a process leaves them that is killed right now, and the same server."""
        folder = self.folder.with_name(f"{self.folder.name}-after")
        folder.mkdir()
        for file in self.folder.glob("journal.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, folder)
        return attrs.evolve(self, folder=folder, events=[], ledger=None, engine=None)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something holds that does not wait for the clock."""
    with anyio.fail_after(30):
        while not condition():
            await anyio.lowlevel.checkpoint()


async def finished(running: Awaitable[Any]) -> Any:
    """Await something that must end, and does not if the code under test is wrong."""
    with anyio.fail_after(30):
        return await running
