"""A whole training of 2,000 images, and how much of what it takes is not the check and the uploads themselves.

The images have 1024 pixels a side, the least that training wants, and random bytes behind them up to 1 MiB. So their
check, which both sides do, hides less of the rest than that of photographs would.
"""

import asyncio
import contextlib
import io
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from .contender import Meter, Round, figures
from .contest import Bar, Contender, Question
from .small import TOKEN, check

Work = Mapping[str, Any]


@contextlib.contextmanager
def pictures(work: Work) -> Iterator[dict[str, str]]:
    """As many files of this size, each with bytes of its own behind the same picture."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.effect_noise((1024, 1024), 60).convert("RGB").save(buffer, "JPEG", quality=80)
    picture = buffer.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(work["images"]):
            Path(folder, f"IMG_{number:05}.jpg").write_bytes(picture + os.urandom(work["size"] - len(picture)))
        yield {"folder": folder}


@contextlib.asynccontextmanager
async def bare(work: Work) -> AsyncIterator[Round]:
    """The same check and the same uploads, by the same session: no plan, no journal, no look at the server."""
    from bria_async import Session  # not before it is known whether it is to be fast
    from bria_async.images.findings import findings_of, of_likeness, of_pixels
    from bria_async.images.folder import scan
    from bria_async.images.probe import check as decode
    from bria_async.images.terms import Terms
    from bria_async.types.trainings import MOST_EACH

    async with Session(TOKEN, work["url"]) as session:

        async def measure() -> dict[str, float]:
            with Meter() as meter:
                dataset = await session.datasets.create(project_id=1, name="bare")
                found = await scan(Path(work["folder"]), session.host, most_decoded=MOST_EACH)
                await session.host.in_thread(findings_of, found, Terms(upload="each"))
                images, measured = iter(found.images), {image.path: image.measures for image in found.images}

                async def upload() -> None:
                    for image in images:
                        if not image.decoded:
                            measures = measured[image.path] = (await session.host.in_thread(decode, image)).measures
                            list(of_pixels(image.path, measures))
                        checked = image.size, image.mtime_ns
                        stored = await session.images.upload_file(
                            dataset.id, image.path, name=image.key, checked=checked
                        )
                        check(stored.image_name, image.key)

                async with asyncio.TaskGroup() as group:
                    for _ in range(work["in_flight"]):
                        group.create_task(upload())
                all_measured = {path: measures for path, measures in measured.items() if measures is not None}
                check(len(all_measured), work["images"])
                await session.host.in_thread(lambda: list(of_likeness(all_measured)))
            check(len(await session.images.list(dataset.id)), work["images"])
            return figures(meter, work["images"])

        yield Round(measure)


@contextlib.asynccontextmanager
async def train(work: Work) -> AsyncIterator[Round]:
    """The whole lifecycle: from the folder to the trained model, with everything durable that has to be."""
    from bria_async import Plan, Session, Settings
    from bria_async import train as whole

    plan = Plan(images=Path(work["folder"]), name="train", ip_type="other", ip_medium="photography", upload="each")
    async with Session(TOKEN, work["url"]) as session:

        async def measure() -> dict[str, float]:
            with tempfile.TemporaryDirectory() as state, Meter() as meter:
                settings = Settings(state=Path(state), uploads_at_once=work["in_flight"])
                trained = await whole(session, plan, settings=settings)
            check(trained.images, work["images"])
            return figures(meter, work["images"])

        yield Round(measure)


TRAIN = Question(
    name="train",
    asks="2,000 images of 1 MiB, 16 at once: the whole lifecycle, and check and uploads by themselves",
    figure="cpu_us",
    unit="µs of CPU per image",
    contenders=tuple(
        Contender(f"{words}{', uvloop' if fast else ''}", f"{__name__}:{name}", fast=fast, needs=("PIL",))
        for words, name in (("check and uploads", "bare"), ("train()", "train"))
        for fast in (False, True)
    ),
    bars=tuple(
        Bar(f"train(){end}", most, f"check and uploads{end}", figure)
        for end in ("", ", uvloop")
        for most, figure in ((1.15, "cpu_us"), (1.08, "wall_us"))
    ),
    server=("benchmarks.server", "studio"),
    prepared=pictures,
    pinned=False,  # images are decoded on all processors
    work={"images": 2000, "size": 2**20, "in_flight": 16},
    quick={"images": 8},
    rounds=5,
    also=("wall_us",),
)
