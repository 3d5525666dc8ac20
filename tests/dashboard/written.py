"""Journals that are written directly: runs in any state, of images that are nowhere."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from bria_async.dashboard.report import SAMPLE
from bria_async.dashboard.thumbnails import LARGE, SMALL, Thumbnails, Wanted
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Keeper, Row
from bria_async.graph.states import Change
from bria_async.host import Host
from bria_async.images.content_key import content_key
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.training import Plan
from bria_async.training.place import Place
from bria_async.training.run import Looked, create

SIDES = (SMALL, LARGE, SAMPLE)
DRAFTED = ("project", "dataset", "schema", "refinement", "identity")


def images(folder: Path, count: int) -> Mapping[str, ImageFile]:
    """As many images as that, none of which is there."""
    found = {}
    for number in range(count):
        path, sha256 = folder / f"IMG_{number:06}.jpg", f"{number * 2654435761 % 2**32:08x}" * 8
        key = content_key(path.name, sha256, "jpg")
        found[key] = ImageFile(path, key, sha256, 2**20, 1_700_000_000_000_000_000, "jpeg", 4000, 3000)
    return found


def keep_thumbnails(place: Place, found: Mapping[str, ImageFile], sides: Iterable[int] = SIDES) -> None:
    """Put their thumbnails where they would be: small pictures of the size in bytes that photographs have."""
    some = [noise(seed) for seed in range(8)]
    thumbnails = Thumbnails.of(place.folder)
    for side in sides:
        for number, image in enumerate(found.values()):
            target = thumbnails.place(Wanted(image.path, side, image.sha256), image.sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(some[number % len(some)])


def noise(seed: int) -> bytes:
    """A picture that is no smaller than photographs are."""
    picture = Image.frombytes("RGB", (24, 24), Random(seed).randbytes(24 * 24 * 3)).resize((96, 96))
    small = io.BytesIO()
    picture.save(small, "WEBP", quality=80)
    return small.getvalue()


def plan(folder: Path, name: str, **fields: Any) -> Plan:
    """A plan of such images."""
    return Plan(images=folder, name=name, ip_type="other", ip_medium="photography", upload="each", **fields)


@contextlib.asynccontextmanager
async def writing(place: Place, host: Host | None = None) -> AsyncIterator[tuple[Session, Journal]]:
    """Somebody works on a journal: whoever looks meanwhile sees that."""
    place.folder.mkdir(parents=True, exist_ok=True)
    async with Session("none", "http://127.0.0.1:9", host=host) as bria, Journal(place.journal, bria.host) as journal:
        yield bria, journal


async def begun(bria: Session, journal: Keeper, made: Plan, found: Mapping[str, ImageFile]) -> Ledger:
    """A run that has just begun."""
    ledger = await Ledger.load(journal, await create(bria, journal, made, Looked(found)), bria.host)
    await ledger.settle_run("running", None, Happened.STARTED)
    return ledger


async def finish(ledger: Ledger, row: Row, result: Any = None) -> None:
    """A task is done; by default it made something with its own number."""
    await ledger.change(row, Change.ANNOUNCED)
    made = {"id": row.id, "name": row.key} if result is None else result
    await ledger.change(row, Change.FINISHED, result=made, via="sent")


async def uploaded(ledger: Ledger, most: int | None = None, drafted: Iterable[str] = DRAFTED) -> None:
    """The dataset is a draft, and so many images are in it."""
    for name in drafted:
        await finish(ledger, ledger.rows[name][""], {"id": 5, "name": ""})
    await asyncio.gather(*(finish(ledger, row) for row in ledger.of("upload")[:most]))
