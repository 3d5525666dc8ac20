"""A whole training of 2,000 images, and how much of what it takes is not the check and the uploads themselves.

The images have 1024 pixels a side, the least that training wants, and random bytes behind them up to 1 MiB. So their
check, which both sides do, hides less of the rest than that of photographs would. No peer trains: the next to it is our
check, with aiohttp's own uploads behind it.
"""

import asyncio
import contextlib
import io
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from .contender import Meter, Round, figures
from .contest import Bar, Contender, Question
from .small import HEADERS, TOKEN, check

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


@attrs.frozen
class Uploader:
    """Who uploads what was checked: `create` a dataset, send an `image` to it, and tell `how_many` it has."""

    host: Any
    create: Callable[[], Awaitable[int | str]]
    image: Callable[[Any, Any], Awaitable[str | None]]
    how_many: Callable[[Any], Awaitable[int]]


@contextlib.asynccontextmanager
async def session(work: Work) -> AsyncIterator[Uploader]:
    """Our session."""
    from bria_async import Session  # not before it is known whether it is to be fast

    async with Session(TOKEN, work["url"]) as bria:

        async def create() -> int | str:
            return (await bria.datasets.create(project_id=1, name="bare")).id

        async def image(dataset: Any, one: Any) -> str | None:
            checked = one.size, one.mtime_ns
            return (await bria.images.upload_file(dataset, one.path, name=one.key, checked=checked)).image_name

        async def how_many(dataset: Any) -> int:
            return len(await bria.images.list(dataset))

        yield Uploader(bria.host, create, image, how_many)


@contextlib.asynccontextmanager
async def form_data(work: Work) -> AsyncIterator[Uploader]:
    """aiohttp, and an open file in a `FormData`."""
    import aiohttp

    from bria_async.host import Host

    url = f"{work['url']}/v1/tailored-gen/datasets"
    async with aiohttp.ClientSession(headers=HEADERS) as http:

        async def create() -> int:
            async with http.post(url, json={"project_id": 1, "name": "bare"}) as response:
                return int((await response.json())["id"])

        async def image(dataset: Any, one: Any) -> str:
            with one.path.open("rb") as opened:
                form = aiohttp.FormData()
                form.add_field("file", opened, filename=one.key, content_type="image/jpeg")
                async with http.post(f"{url}/{dataset}/images", data=form) as response:
                    return str((await response.json())["image_name"])

        async def how_many(dataset: Any) -> int:
            async with http.get(f"{url}/{dataset}/images") as response:
                return len(await response.json())

        yield Uploader(Host(), create, image, how_many)


@contextlib.asynccontextmanager
async def bare(work: Work) -> AsyncIterator[Round]:
    """The same check and the same uploads: no plan, no journal, no look at the server."""
    from bria_async.images.findings import findings_of, of_likeness, of_pixels
    from bria_async.images.folder import scan
    from bria_async.images.probe import check as decode
    from bria_async.images.terms import Terms
    from bria_async.types.trainings import MOST_EACH

    async with {"session": session, "form_data": form_data}[work["uploader"]](work) as uploader:
        host = uploader.host

        async def measure() -> dict[str, float]:
            with Meter() as meter:
                dataset = await uploader.create()
                found = await scan(Path(work["folder"]), host, most_decoded=MOST_EACH)
                await host.in_thread(findings_of, found, Terms(upload="each"))
                images, measured = iter(found.images), {image.path: image.measures for image in found.images}

                async def upload() -> None:
                    for image in images:
                        if not image.decoded:
                            measures = measured[image.path] = (await host.in_thread(decode, image)).measures
                            list(of_pixels(image.path, measures))
                        check(await uploader.image(dataset, image), image.key)

                async with asyncio.TaskGroup() as group:
                    for _ in range(work["in_flight"]):
                        group.create_task(upload())
                all_measured = {path: measures for path, measures in measured.items() if measures is not None}
                check(len(all_measured), work["images"])
                await host.in_thread(lambda: list(of_likeness(all_measured)))
            check(await uploader.how_many(dataset), work["images"])
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
        Contender(f"{words}{', uvloop' if fast else ''}", f"{__name__}:{name}", fast, needs=("PIL",), options=options)
        for words, name, options in (
            ("check and uploads", "bare", {"uploader": "session"}),
            ("check and FormData", "bare", {"uploader": "form_data"}),
            ("train()", "train", {}),
        )
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
