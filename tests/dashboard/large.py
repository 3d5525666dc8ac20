"""`python -m tests.dashboard.large FOLDER` reports a run of 5,000 images, and prints the most memory it took, in MiB.

Its journal is made directly, and its thumbnails are there already: bytes of their usual size.
"""

import asyncio
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random

from PIL import Image

from benchmarks.growth import peak_mib
from bria_async.dashboard.report import write_report
from bria_async.dashboard.thumbnails import SMALL, Thumbnails, Wanted
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Row
from bria_async.graph.states import Change
from bria_async.host import Host
from bria_async.images.content_key import content_key
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.training import Plan
from bria_async.training.place import Place
from bria_async.training.run import create

COUNT = 5000
DONE = ("project", "dataset", "schema", "refinement", "identity")


def files(folder: Path) -> Mapping[str, ImageFile]:
    """As many images as that, none of which is there."""
    found = {}
    for number in range(COUNT):
        path, sha256 = folder / f"IMG_{number:06}.jpg", f"{number * 2654435761 % 2**32:08x}" * 8
        key = content_key(path.name, sha256, "jpg")
        found[key] = ImageFile(path, key, sha256, 2**20, 1_700_000_000_000_000_000, "jpeg", 4000, 3000)
    return found


def noise(seed: int) -> bytes:
    """A picture that is no smaller than photographs are."""
    picture = Image.frombytes("RGB", (24, 24), Random(seed).randbytes(24 * 24 * 3)).resize((96, 96))
    small = io.BytesIO()
    picture.save(small, "WEBP", quality=80)
    return small.getvalue()


async def prepare(place: Place) -> None:
    """Write the journal of a run that stopped when all its images were uploaded."""
    plan = Plan(images=place.folder, name=place.name, ip_type="other", ip_medium="photography", upload="each")
    images = files(plan.images)
    place.folder.mkdir(parents=True)
    async with Session("none", "http://127.0.0.1:9") as bria, Journal(place.journal, bria.host) as journal:
        ledger = await Ledger.load(journal, await create(bria, journal, plan, images), bria.host)
        await ledger.settle_run("running", None, Happened.STARTED)

        async def finish(row: Row, number: int) -> None:
            await ledger.change(row, Change.ANNOUNCED)
            await ledger.change(row, Change.FINISHED, result={"id": number, "name": row.key}, via="sent")

        for name in DONE:
            await finish(ledger.rows[name][""], 5)
        await asyncio.gather(*(finish(row, number) for number, row in enumerate(ledger.of("upload"))))
        await ledger.settle_run("paused", "it was asked to", Happened.PAUSED)
    some = [noise(seed) for seed in range(8)]
    thumbnails = Thumbnails.of(place.folder)
    for number, image in enumerate(images.values()):
        target = thumbnails.place(Wanted(image.path, SMALL, image.sha256), image.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(some[number % len(some)])


if __name__ == "__main__":
    where = Path(sys.argv[1])
    asyncio.run(write_report(Place.of("large", where), where / "report.html", Host()))
    sys.stdout.write(f"{peak_mib()}\n")
