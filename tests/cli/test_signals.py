"""Ctrl-C and SIGTERM, on real processes."""

import signal
import sys
import time
from pathlib import Path

import pytest

from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Shell

SLOWLY = ("--requests-per-minute", "120")
"""Half a second between two uploads."""
LONGEST = 10.0
"""Seconds that an interrupted command may take."""


@pytest.mark.fault("P3")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_uploads_stops_in_order(
    number: signal.Signals, code: int, slow_shell: Shell, slow: Simulator, pictures: Path
) -> None:
    """What is on its way finishes, the resume command is printed, and resuming sends nothing twice."""
    with slow_shell.start("train", pictures, *ICONS, *QUICK, *SLOWLY, "--json") as running:
        running.until('"task": "upload"')
        began = time.monotonic()
        running.send(number)
        stopped = running.end()
    assert stopped.code == code, stopped.err
    assert time.monotonic() - began < LONGEST, "it took too long"
    assert "bria-async resume cats" in stopped.err, stopped.err
    assert "Traceback" not in stopped.err, stopped.err
    assert 0 < slow.counts["images.upload"] < 6, "it stopped between uploads"
    assert stopped.events[-1]["exit"] == code, stopped.events[-1]
    assert slow_shell.run("runs", "--json").json[0]["state"] == "paused", "the journal says so"
    slow.clock.push(3 * 3600)
    with slow_shell.start("resume", "cats", *QUICK, "--json") as running:
        running.until("training is InProgress")
        slow.clock.push(3 * 3600)
        assert running.end().code == 0, running.seen
    assert slow.counts["images.upload"] == 6, "every image once"
    assert not slow.audit().twice(), slow.audit()


@pytest.mark.fault("P3")
def test_a_second_signal_stops_at_once(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """While a request hangs the first Ctrl-C lets it finish; the second one does not wait for it."""
    slow.fail("images.upload", hang=True, when="after")
    with slow_shell.start("train", pictures, *ICONS, *QUICK, "--json") as running:
        running.until('"task": "upload"')
        running.send(signal.SIGINT)
        assert running.process.stderr is not None
        assert "Once more to stop at once" in running.process.stderr.readline(), "it says what it waits for"
        began = time.monotonic()
        running.send(signal.SIGINT)
        stopped = running.end()
    assert stopped.code == 130, stopped.err
    assert time.monotonic() - began < 5, "it did not wait for the request"
    assert "bria-async resume cats" in stopped.err, stopped.err
    with slow_shell.start("resume", "cats", *QUICK, "--json") as running:
        running.until("training is InProgress")
        slow.clock.push(3 * 3600)
        done = running.end()
    assert done.code == 0, done.err
    assert done.events[-1]["adopted"] >= 1, "what was on its way was found on the server"
    assert not slow.audit().twice(), slow.audit()


@pytest.mark.fault("P3")
def test_sigterm_while_the_training_runs(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """A process that waits for a training ends at once, and the training goes on at the server."""
    with slow_shell.start("train", pictures, *ICONS, *QUICK) as running:
        running.until("training is InProgress")
        running.send(signal.SIGTERM)
        stopped = running.end()
    assert stopped.code == 143, stopped.err
    slow.clock.push(3 * 3600)
    done = slow_shell.run("resume", "cats", *QUICK)
    assert done.code == 0, done.err
    assert slow.counts["models.start_training"] == 1, slow.counts


@pytest.mark.fault("P3")
def test_a_signal_before_anything_was_created(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """While images are still looked at, Ctrl-C says that nothing was created."""
    (pictures / "pipe.png").symlink_to(pictures / "teal.png")
    for number in range(200):
        (pictures / f"{number}.png").write_bytes((pictures / "teal.png").read_bytes() + bytes([number]))
    with shell.start("train", pictures, *ICONS, *QUICK) as running:
        running.until("looking at the images")
        running.send(signal.SIGINT)
        stopped = running.end()
    assert (stopped.code, "Nothing was created" in stopped.err) == (130, True), stopped.err
    assert not fast.counts, fast.counts


SIGNALLED = """
import os, sys
class Finder:
    def find_spec(name, *_):
        if name == {name!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder)
from bria_async.cli.__main__ import main
main()
"""
"""The command line, which gets a signal while it imports this module."""


@pytest.mark.fault("P3")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("name", ["click", "bria_async.cli.app", "bria_async.training", "aiohttp"])
def test_a_signal_while_it_starts(
    name: str, number: signal.Signals, code: int, shell: Shell, fast: Simulator, pictures: Path
) -> None:
    """From the first import on, a signal ends it with its exit code and a sentence, and nothing is sent."""
    program = (sys.executable, "-c", SIGNALLED.format(name=name, number=int(number)))
    with shell.start("train", pictures, *ICONS, *QUICK, program=program) as running:
        stopped = running.end()
    assert stopped.code == code, stopped
    assert stopped.err.startswith("Interrupted. Nothing was "), stopped.err
    assert "Traceback" not in stopped.err, stopped.err
    assert not fast.counts, fast.counts


ENDING = """
import asyncio, os, signal
from bria_async.cli.work import Interrupted, run

async def work():
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.Event().wait()

try:
    run(work())
except Interrupted as error:
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    raise SystemExit(error.code)
"""
"""A command that gets more signals when the first one has ended its work."""


@pytest.mark.fault("P3")
def test_a_signal_that_comes_too_late(shell: Shell) -> None:
    """Who is impatient twice still gets the sentence and the exit code of the first signal."""
    with shell.start(program=(sys.executable, "-c", ENDING)) as running:
        stopped = running.end()
    assert (stopped.code, stopped.err) == (143, ""), stopped
