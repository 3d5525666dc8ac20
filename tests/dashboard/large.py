"""`python -m tests.dashboard.large FOLDER` reports a run of 5,000 images, and prints the most memory it took, in MiB.

Its journal is made directly, and its thumbnails are there already: bytes of their usual size.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.contender import resident
from bria_async.dashboard.report import write_report
from bria_async.dashboard.thumbnails import SMALL
from bria_async.graph.events import Happened
from bria_async.host import Host
from bria_async.training.place import Place

from .written import begun, images, keep_thumbnails, plan, uploaded, writing

COUNT = 5000


async def prepare(place: Place) -> None:
    """Write the journal of a run that stopped when all its images were uploaded."""
    found = images(place.folder, COUNT)
    async with writing(place) as (bria, journal):
        ledger = await begun(bria, journal, plan(place.folder, place.name), found)
        await uploaded(ledger)
        await ledger.settle_run("paused", "it was asked to", Happened.PAUSED)
    keep_thumbnails(place, found, [SMALL])


if __name__ == "__main__":
    where = Path(sys.argv[1])
    asyncio.run(write_report(Place.of("large", where), where / "report.html", Host()))
    sys.stdout.write(f"{resident('VmHWM')}\n")
