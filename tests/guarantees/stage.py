"""A stage for both engines: the same runs, handed over to real processes that are killed, asked for things, and go on.

Each engine is driven by what its users have: commands, workers, requests and the feed of events.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs

from bria_async.engines.postgres.database import Database
from bria_async.errors import JournalError, RunError
from bria_async.graph import feed
from bria_async.graph.control import Request
from bria_async.graph.events import Event
from bria_async.graph.feed import View
from bria_async.graph.states import Change
from bria_async.host import Host
from bria_async.session import Session
from bria_async.sim import Simulator
from bria_async.training import Verification, verify
from bria_async.training.place import Place
from bria_async.training.shared import existing
from tests.guarantees.zygote import ATTEMPTS, POLLS, SETTLE, TIMEOUT
from tests.support import TOKEN

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""
LOOKS = 0.1
"""Seconds between two looks at what other processes do."""
RUN = "run"
HOURS = 1800.0
"""Seconds by which the simulator's clock is pushed at each look, where nothing is to stand still."""
SETTINGS = (
    *("--settle", str(SETTLE), "--poll-start", str(POLLS[0]), "--poll-cap", str(POLLS[1])),
    *("--attempts", str(ATTEMPTS), "--timeout", str(TIMEOUT)),
)


# --- processes --------------------------------------------------------------------------------------------------------


@attrs.define
class Zygote:
    """Starts processes, of which any number may live at once."""

    process: "subprocess.Popen[str]"

    def ask(self, **order: Any) -> Any:
        """What it answers to an order."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def zygote() -> Iterator[Zygote]:
    """A zygote; what it started is gone with it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BRIA_")}
    with subprocess.Popen(
        (sys.executable, "-m", "tests.guarantees.zygote"),
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Zygote(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@attrs.define
class Process:
    """One of them; `code` is how it ended, None while it goes on."""

    zygote: Zygote
    pid: int
    output: Path
    code: int | None = None

    @property
    def lives(self) -> bool:
        """Whether it goes on."""
        if self.code is None:
            self.code = self.zygote.ask(ended=self.pid)
        return self.code is None

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self.output.read_text() if self.output.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.lives:
            os.kill(self.pid, number)

    def end(self) -> int:
        """Wait until it is over."""
        wait_for(lambda: not self.lives, lambda: f"it ends: {self.said[-3000:]}")
        assert self.code is not None
        return self.code

    def says(self, words: str) -> None:
        """Wait until it has said this."""
        wait_for(lambda: words in self.said, lambda: f"it says {words!r} and not only: {self.said[-3000:]}")


def wait_for(seen: Callable[[], object], what: Callable[[], str]) -> None:
    """Look at other processes until something is seen there."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s it was still waited until {what()}"
        time.sleep(LOOKS)


# --- engines ----------------------------------------------------------------------------------------------------------


@attrs.define(kw_only=True)
class Engine(ABC):
    """Drives runs on one engine, as its users do."""

    sim: Simulator
    images: Path
    folder: Path
    zygote: Zygote
    database: Database | None = None
    processes: list[Process] = attrs.field(factory=list)
    """All that were started, the newest last."""
    _seen: dict[str, list[tuple[int, Event]]] = attrs.field(factory=dict)
    _places: dict[str, Place] = attrs.field(factory=dict)

    name: ClassVar[str]
    flags: ClassVar[tuple[str, ...]] = ()
    """Of commands that hand over."""
    unseen: ClassVar[str]
    """What is said of an image that is not there, where `images` are looked for."""

    # --- what differs -------------------------------------------------------------------------------------------

    @abstractmethod
    def hand_over(self, *flags: str, run: str = RUN, times: int = 1) -> list[Process]:
        """Have a run worked on, by so many commands at once; those commands."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL to whoever works."""

    @abstractmethod
    def go_on(self, *how: str, run: str = RUN) -> None:
        """Have somebody go on with a run."""

    @abstractmethod
    def is_let_go(self, run: str) -> bool:
        """Whether nobody works on a run, and nobody will."""

    # --- what does not ------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What all processes find."""
        found = {"BRIA_API_TOKEN": TOKEN, "BRIA_BASE_URL": self.sim.base_url, "BRIA_STATE": str(self.state)}
        return found if self.database is None else {**found, "BRIA_DATABASE": self.database.url}

    @property
    def state(self) -> Path:
        """The folder of runs."""
        return self.folder / "runs"

    def start(self, program: str, *words: str, **environment: str) -> Process:
        """Start a process."""
        output = self.folder / f"{len(self.processes)}.txt"
        given = {**self.environment, **environment}
        pid = self.zygote.ask(program=program, words=words, environment=given, output=str(output))
        self.processes.append(Process(self.zygote, pid, output))
        return self.processes[-1]

    def train(self, *flags: str, run: str = RUN) -> Process:
        """Start the command that hands over."""
        return self.start("command", "train", str(self.images), "--name", run, *self.flags, *SETTINGS, *flags)

    def say(self, *words: str) -> tuple[int, str]:
        """Run a command to its end: its exit code, and what it said."""
        process = self.start("command", *words)
        return process.end(), process.said

    def place(self, run: str = RUN) -> Place:
        """Where a run lies."""
        if run not in self._places:
            self._places[run] = existing(run, self.state, self.database)
        return self._places[run]

    def view(self, run: str = RUN) -> View:
        """How it is now."""
        source = self.place(run).source
        with feed.held(source):
            view = feed.view(source, run)
        assert view is not None, f"there is no run {run}"
        return view

    def look(self, run: str = RUN) -> list[Event]:
        """All its events, as somebody sees them who follows it: each look is for those behind the last one."""
        seen = self._seen.setdefault(run, [])
        try:
            seen += feed.events(self.place(run).source, run, seen[-1][0] if seen else 0)
        except (RunError, JournalError):
            if seen:
                raise  # it was there before
        return [event for _, event in seen]

    def followed(self, run: str = RUN) -> list[tuple[int, Event]]:
        """What was seen by looking, with the numbers."""
        self.look(run)
        return self._seen[run]

    def happened(self, what: str, task: str = "", *, run: str = RUN) -> list[Event]:
        """Its events of this kind."""
        return [event for event in self.look(run) if event.what == what and task in ("", event.task)]

    def until(self, what: str, task: str = "", *, times: int = 1, push: float = 0.0, run: str = RUN) -> None:
        """Wait until something has happened so often, while the simulator's clock is pushed at each look."""
        self.wait(lambda: len(self.happened(what, task, run=run)) >= times, f"{what} {task}", push, run)

    def until_uploaded(self, images: int, run: str = RUN) -> None:
        """Wait until so many images are there and known; what follows waits for the clock."""

        def known() -> bool:
            uploads = [event for event in self.look(run) if event.task == "upload"]
            return len({event.key for event in uploads if event.what in (Change.FINISHED, Change.ADOPTED)}) == images

        self.wait(known, f"{images} images are uploaded", 0.0, run)

    def struck(self, left: int = 0) -> None:
        """Wait until no more than so many of the requests that go wrong are still to come."""
        self.wait(lambda: len(self.sim.faults) <= left, f"all faults but {left} have struck", 0.0, RUN)

    def wait(self, seen: Callable[[], object], what: str, push: float, run: str) -> None:
        """Wait for something, while the simulator's clock is pushed at each look."""

        def look() -> object:
            found = seen()
            if not found and push:
                self.sim.clock.push(push)
            return found

        def told() -> str:
            last = "\n".join(process.said[-1500:] for process in self.processes)
            return f"{what}; {[event.words for event in self.look(run)][-12:]}\n{last}"

        wait_for(look, told)

    def finished(self, run: str = RUN, *, push: float = HOURS) -> View:
        """Wait until nobody works on it any more."""
        self.wait(lambda: self.is_let_go(run), f"{run} is let go", push, run)
        return self.view(run)

    def ask(self, what: str, run: str = RUN, **data: Any) -> None:
        """Ask whoever works on a run for something."""
        self.place(run).control.ask(Request(what, data), Host())

    def verify(self, run: str = RUN) -> Verification:
        """Compare journal, server and disk."""

        async def ask() -> Verification:
            async with Session(TOKEN, self.sim.base_url) as session:
                return await verify(session, run, state=self.state, database=self.database)

        return asyncio.run(ask())

    def kept(self) -> dict[str, bytes]:
        """Everything that was written down: files, what processes said, tables."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def close(self) -> None:
        """Leave nobody behind."""
        for process in self.processes:
            process.send(signal.SIGKILL)
        for process in self.processes:
            process.end()


@attrs.define(kw_only=True)
class Local(Engine):
    """The process that trains works itself."""

    name = "local"
    unseen = "0.png"

    def hand_over(self, *flags: str, run: str = RUN, times: int = 1) -> list[Process]:
        """Start it."""
        return [self.train(*flags, run=run) for _ in range(times)]

    def kill(self) -> None:
        """Kill it."""
        for process in self.processes:
            process.send(signal.SIGKILL)
            process.end()

    def go_on(self, *how: str, run: str = RUN) -> None:
        """Resume in a new process."""
        self.start("command", "resume", run, *how, *SETTINGS)

    def is_let_go(self, run: str) -> bool:
        """Its process is over."""
        return not any(process.lives for process in self.processes)


@attrs.define(kw_only=True)
class Shared(Engine):
    """Workers of a database work on what commands hand over."""

    name = "dbos"
    flags = ("--engine", "dbos")
    unseen = "cannot see 1 of 5 images, such as"
    workers: list[Process] = attrs.field(factory=list)

    def hand_over(self, *flags: str, run: str = RUN, times: int = 1) -> list[Process]:
        """Hand it over, and see that there is a worker."""
        self.have_workers()
        commands = [self.train(*flags, run=run) for _ in range(times)]
        for one in commands:
            assert one.end() == 0, one.said
        return commands

    def kill(self) -> None:
        """Kill all workers."""
        for worker in self.workers:
            worker.send(signal.SIGKILL)
            worker.end()

    def go_on(self, *how: str, run: str = RUN) -> None:
        """Start another worker; what was paused is handed over again, what its worker left is not."""
        if how or self.view(run).run.state == "paused":
            code, said = self.say("resume", run, *how)
            assert code == 0, said
        self.have_workers()

    def is_let_go(self, run: str) -> bool:
        """It is no worker's, and waits for none."""
        view = self.view(run)
        assert view.alive or not view.waits or any(worker.lives for worker in self.workers), "there is no worker"
        return not (view.alive or view.waits)

    def have_workers(self, number: int = 1, rate: str = "inf", **environment: str) -> list[Process]:
        """See that so many workers live; those that do."""
        while len(living := [worker for worker in self.workers if worker.lives]) < number:
            name = f"worker {len(self.workers) + 1}"
            self.workers.append(self.start("worker", name, str(self.state), rate, **environment))
        for worker in living:
            worker.says("at work")
        return living

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """What the database holds, or what came of a change."""
        assert self.database is not None
        with self.database.session() as session:
            found = session.execute(sql, values)
            return list(found.fetchall()) if found.description else []

    def kept(self) -> dict[str, bytes]:
        """Also every row of every table."""
        tables = self.rows(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found: Mapping[str, bytes] = {
            table: "\n".join(text for (text,) in self.rows(f"SELECT t::text FROM {table} t")).encode()  # noqa: S608  # as above
            for (table,) in tables
        }
        assert any(b"project" in text for text in found.values()), "the tables are not read"
        return {**super().kept(), **found}
