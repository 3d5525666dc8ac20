"""Running the command line: in this process where that is enough, as a process of its own where it matters."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner

from bria_async.cli.app import app
from bria_async.sim import Clock, Options, Simulator, simulator
from tests.support import TOKEN

PATIENCE = 90.0
"""Seconds that a process gets."""
QUICK = ("--poll-start", "0.05", "--poll-cap", "0.2", "--settle", "0.5", "--attempts", "2")
"""As patient as tests are."""
ICONS = ("--ip-type", "icons", "--ip-medium", "illustration")
"""An identity that needs no more words."""
PROGRAM = (sys.executable, "-m", "bria_async")


def without(package: str) -> tuple[str, ...]:
    """The command line where a package is not installed."""
    hidden = f"import sys; sys.modules[{package!r}] = None; from bria_async.cli.__main__ import main; main()"
    return sys.executable, "-c", hidden


@attrs.frozen
class Result:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        """Its output as one JSON document."""
        return json.loads(self.out)


@attrs.define
class Running:
    """A process that goes on."""

    process: "subprocess.Popen[str]"
    seen: list[str] = attrs.field(factory=list)

    def until(self, text: str) -> str:
        """Read its output up to the first line that holds this text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} never came, but: {''.join(self.seen)} {self.end()}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill_all(self) -> None:
        """Kill it and what it started."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> Result:
        """Wait until it ends."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return Result(self.process.returncode, "".join(self.seen) + out, err)


@attrs.frozen
class Shell:
    """A working directory, and what commands find in their environment."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def on(cls, sim: Simulator, folder: Path) -> "Shell":
        """A shell whose commands talk to this simulator."""
        state = str(folder / "runs")
        return cls(folder, {"BRIA_BASE_URL": sim.base_url, "BRIA_API_TOKEN": TOKEN, "BRIA_STATE": state})

    def but(self, **changes: str) -> "Shell":
        """The same with other variables."""
        return attrs.evolve(self, environment={**self.environment, **changes})

    def run(self, *arguments: str | Path) -> Result:
        """Run a command to its end, in this process."""
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(app, list(map(str, arguments)), env=self.environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Result(done.exit_code, done.stdout, done.stderr)

    def train(self, folder: Path, *flags: str | Path) -> Result:
        """Train quickly, in this process."""
        return self.run("train", folder, *QUICK, *flags)

    @contextlib.contextmanager
    def start(self, *arguments: str | Path, program: tuple[str, ...] = PROGRAM) -> Iterator[Running]:
        """Start a command as a process; it is killed if it is still there in the end, or after too long."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BRIA_")}
        root = str(Path(__file__).parents[2])
        with subprocess.Popen(
            [*program, *map(str, arguments)],
            cwd=self.folder,
            env={**kept, **self.environment, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            guard = threading.Timer(PATIENCE, process.kill)
            guard.start()
            try:
                yield Running(process)
            finally:
                guard.cancel()
                process.kill()
                process.communicate()


@contextlib.contextmanager
def served(options: Options, clock: Clock) -> Iterator[Simulator]:
    """A simulator in a thread of its own, because the command line brings its loop."""
    ready = threading.Event()
    found: list[Simulator] = []
    loops: list[asyncio.AbstractEventLoop] = []
    over = asyncio.Event()

    async def serve() -> None:
        async with simulator(options=options, clock=clock) as sim:
            found.append(sim)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10), "the simulator did not start"
        yield found[0]
    finally:
        if loops:
            loops[0].call_soon_threadsafe(over.set)
        thread.join()
