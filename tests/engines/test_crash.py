"""Processes that die: what they leave behind, and how the next one carries on."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bria_async.errors import JournalLocked
from bria_async.graph.journal import Journal
from bria_async.graph.lock import SECOND_TRY, holder
from tests.engines.child import bench
from tests.graph.toy import THINGS, ManualHost, finished

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def started(folder: Path, dies: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that works on the run in this folder; it is dead in the end, whatever happens to the test."""
    command = [sys.executable, "-m", "tests.engines.child", str(folder), dies]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def made(folder: Path) -> list[str]:
    """What the server was told to make, in order."""
    return (folder / "server.txt").read_text().splitlines()


@pytest.mark.fault("P1")
@pytest.mark.parametrize("point", ["before-sending", "before-the-answer"])
async def test_a_process_that_dies_around_a_request_makes_nothing_twice(tmp_path: Path, point: str) -> None:
    """Killed after its intent, or after the effect and before the outcome: the next process looks, and finishes."""
    with started(tmp_path, point) as process:
        assert process.wait(30) == 9
    there = "thing 3" in made(tmp_path)
    assert there == (point == "before-the-answer")
    after = bench(tmp_path)
    assert after.states("put")["03"] == "intent"
    async with Journal(after.path, after.host) as journal:
        assert journal.unclean
        await after.over(journal)
    assert sorted(made(tmp_path)) == sorted(["box", *THINGS.values(), "close"])
    assert after.vias("put")["03"] == ("adopted" if there else "resent")
    lost = next(event for event in after.events if event.what == "lost")
    assert lost.data["reason"] == "the process ended before the answer came"


@pytest.mark.fault("P6")
async def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    """The refusal names the holder; the lock is free the moment the holder is killed, with nothing to clean up."""
    with started(tmp_path, "never") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        after = bench(tmp_path)
        assert holder(after.path)
        second = asyncio.create_task(after.run())
        await finished(after.host.let_pass(SECOND_TRY))
        with pytest.raises(JournalLocked, match=f"being worked on by process {process.pid} on "):
            await second
        process.kill()
        process.wait(30)
    assert not holder(after.path)
    await after.run()
    assert sorted(made(tmp_path)) == sorted(["box", *THINGS.values(), "close"])


async def test_a_close_in_order_leaves_nothing_to_look_for(tmp_path: Path) -> None:
    """A journal that was closed is not unclean."""
    host = ManualHost()
    path = tmp_path / "journal.db"
    for expected in (False, False):
        async with Journal(path, host) as journal:
            assert journal.unclean == expected
