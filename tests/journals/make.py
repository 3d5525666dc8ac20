"""Makes the journals that processes leave which die in mid-run: `python -m tests.journals.make`.

They have this version's format. Those of every format that was ever released are kept: later versions must read them
and carry their runs on. `format-N.db` is of a toy graph; `format-N` holds a run of each shape of a training, and the
server that it talks to.
"""

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

from bria_async.engines.local import Bounds
from bria_async.graph.storage import VERSION
from tests.graph.toy import LOST, REFUSED, Bench, Server, until

from .runs import HERE, SHAPES, keep


class HangingServer(Server):
    """Never answers one of its requests."""

    async def answer(self, name: str) -> str:
        """Answer all but one."""
        if name == "thing 2":
            await asyncio.Event().wait()
        return await super().answer(name)


async def make_toy(target: Path) -> None:
    """Run until one item is refused, while another is on its way and the answer to a third was lost."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder) / "run", server=HangingServer(), bounds=Bounds(otherwise=2))
        bench.server.faults = {"thing 1": [LOST], "thing 4": [REFUSED]}
        running = asyncio.create_task(bench.run())
        await until(lambda: bench.path.exists() and bench.happened("failed") != [])
        dead = bench.died()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        database = sqlite3.connect(dead.path)
        database.execute("PRAGMA journal_mode = DELETE")
        database.close()
        shutil.move(dead.path, target)


def make(target: Path) -> None:
    """Make them all anew."""
    asyncio.run(make_toy(target.with_suffix(".db")))
    shutil.rmtree(target, ignore_errors=True)
    for name, shape in SHAPES.items():
        with tempfile.TemporaryDirectory() as folder:
            keep(shape, Path(folder).resolve(), target / name)


if __name__ == "__main__":
    make(HERE / f"format-{VERSION}")
