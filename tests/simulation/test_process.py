"""A process can die around everything that it writes to its journal."""

import asyncio
from pathlib import Path

import pytest

from bria_async.errors import JournalError
from bria_async.graph.journal import Journal
from bria_async.graph.records import Entry

from .loop import run_virtually
from .process import Fate, Killed, Moment, Process, only_the_living

OPEN, CREATED, RECORDED, CLOSED = 2, 4, 5, 7
"""How many writes it is until a journal is marked open, holds a run, holds a record more, and is marked closed; two
where a checkpoint follows the transaction.
"""


async def _work(process: Process) -> None:
    async with Journal(process.folder / "journal.db", process.host) as journal:
        run = await journal.create_run("run", "tag", {}, "{}", {}, [("step", "")])
        await journal.write(Entry(0.0, run.id, None, "noted"))


async def _next(folder: Path) -> tuple[bool, int]:
    """What the next process finds: whether the journal was not closed, and how many records it holds, or -1."""
    process = Process(folder, 2, Fate())
    found = (False, -1)

    async def look() -> None:
        nonlocal found
        async with Journal(folder / "journal.db", process.host) as journal:
            run = await journal.find_run("run")
            found = journal.unclean, -1 if run is None else await journal.count(run.id, "noted")

    await process.live(look)
    return found


def _dies(folder: Path, write: int, moment: Moment) -> tuple[bool, int]:
    async def main() -> tuple[bool, int]:
        only_the_living(asyncio.get_running_loop())
        process = Process(folder, 1, Fate(write=write, moment=moment))
        with pytest.raises(JournalError if moment == "error" and write < CLOSED - 1 else (Killed, JournalError)):
            await process.live(lambda: _work(process))
        assert process.met, "it did not meet its fate"
        return await _next(folder)

    found: tuple[bool, int] = run_virtually(main)
    return found


def test_all_writes_are_counted(tmp_path: Path) -> None:
    """Marks, a new run, records and checkpoints are writes."""
    process = Process(tmp_path, 1, Fate())
    run_virtually(lambda: process.live(lambda: _work(process)))
    assert process.writes == CLOSED


@pytest.mark.parametrize("moment", ["before", "torn", "after"])
@pytest.mark.parametrize("write", range(1, CLOSED + 1))
def test_killed_around_a_write(write: int, moment: Moment, tmp_path: Path) -> None:
    """What was written before is there, what was to be written is not, and nobody takes the journal for closed."""
    unclean, records = _dies(tmp_path, write, moment)
    done = write if moment == "after" else write - 1
    if moment != "torn":
        assert unclean == (1 <= done < CLOSED - 1), f"unclean is {unclean}"
    expected = -1 if done < CREATED - 1 else 0 if done < RECORDED else 1
    assert records == expected


@pytest.mark.parametrize("write", range(1, CLOSED - 1))
def test_an_error_at_a_write(write: int, tmp_path: Path) -> None:
    """An error of the disk is told, and what the journal held before is still there."""
    _, records = _dies(tmp_path, write, "error")
    assert records == (-1 if write < CREATED else 0)
