"""Makes the journal that a process leaves which dies in mid-run: `python -m tests.journals.make FILE`.

One is kept for every format that was ever released; later versions must read it and carry the run on.
"""

import asyncio
import contextlib
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from bria_async.engines.local import Bounds
from tests.graph.toy import LOST, REFUSED, Bench, Server, until


class HangingServer(Server):
    """Never answers one of its requests."""

    async def answer(self, name: str) -> str:
        """Answer all but one."""
        if name == "thing 2":
            await asyncio.Event().wait()
        return await super().answer(name)


async def make(target: Path) -> None:
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


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
