"""A process that runs a graph over a server which is a file, and dies where it is told to.

    python -m tests.engines.child FOLDER (before-sending | before-the-answer | never)

`never` says `ready` when everything but its last request is answered, and waits to be killed.
"""

import asyncio
import os
import sys
from pathlib import Path

import attrs

from bria_async.engines.local import Bounds
from tests.graph.toy import Bench, Server


@attrs.define(eq=False)
class FileServer(Server):
    """A server that outlives the processes that talk to it."""

    file: Path = Path()
    dies: str = ""

    async def answer(self, name: str) -> str:
        """Die where it is told to, else write the name down and answer."""
        if self.dies == "before-sending" and name == "thing 3":
            os._exit(9)
        with self.file.open("a") as file:
            file.write(f"{name}\n")
        if self.dies == "before-the-answer" and name == "thing 3":
            os._exit(9)
        if self.dies == "never" and name == "thing 3":
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
        self.made = self.file.read_text().split("\n")
        return await super().answer(name)

    def list(self) -> set[str]:
        """What all processes together have made."""
        self.looks += 1
        return set(self.file.read_text().splitlines())


def bench(folder: Path, dies: str = "") -> Bench:
    """A bench whose server is a file in this folder."""
    return Bench(folder / "run", server=FileServer(file=folder / "server.txt", dies=dies), bounds=Bounds(otherwise=2))


if __name__ == "__main__":
    asyncio.run(bench(Path(sys.argv[1]), sys.argv[2]).run())
