"""How soon a training uploads its first photograph, and how long it goes on checking the others: in one run of it.

Each file is read, decoded to its last pixel and hashed before it is sent. What a training waits for are the hashes and
headers of all, whose names at the server they make, and the pixels of the first 200. What one writes by hand checks all
first; the floor sends each as soon as it was checked, and knows nothing of the others. Their check is that of `scan`.
"""

import asyncio
import concurrent.futures
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs

from bria_async.host import Host

from .contender import Round, drive
from .contest import Bar, Contender, Question
from .floor import Connections, form, request, sliced
from .scan import CORES, drafted, kept_photographs
from .small import HEADERS, TOKEN, Work, check

T = TypeVar("T")


@contextlib.contextmanager
def photographs(work: Work) -> Iterator[Mapping[str, Any]]:
    """A folder of photographs, each with bytes of its own behind its picture, so that none is another's copy."""
    pictures = kept_photographs(work)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(work["photographs"]):
            path = Path(folder, f"IMG_{number:05}.jpg")
            shutil.copyfile(pictures[number % len(pictures)], path)
            with path.open("ab") as file:
                file.write(number.to_bytes(4, "big"))
        yield {"folder": folder}


class Watching(Host):
    """A host that notes when each file was checked, by its name: samples for a prefix are checked twice."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: dict[str, float] = {}

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Note it where the work was such a check."""
        from bria_async.images.probe import check as decode

        done = await super().in_thread(function, *args)
        if function is decode:
            self.checked[args[0].path.name] = time.perf_counter()
        return done


@contextlib.asynccontextmanager
async def train(work: Work) -> AsyncIterator[Round]:
    """A whole training."""
    from bria_async import Plan, Session, Settings
    from bria_async import train as whole
    from bria_async.types.trainings import MOST_EACH

    plan = Plan(images=Path(work["folder"]), name="train", ip_type="other", ip_medium="photography", upload="each")
    host, uploads = Watching(), list[float]()

    @contextlib.contextmanager
    def note(sending: Any) -> Iterator[None]:
        if sending.operation == "images.upload":
            uploads.append(time.perf_counter())
        yield

    async with Session(TOKEN, work["url"], host=host, on_call=note) as session:

        async def measure() -> dict[str, float]:
            host.checked.clear()
            uploads.clear()
            with tempfile.TemporaryDirectory() as state:
                began = time.perf_counter()
                trained = await whole(session, plan, settings=Settings(state=Path(state)))
            check((trained.images, len(uploads)), (work["photographs"],) * 2)
            check(len(host.checked), work["photographs"] - MOST_EACH)  # the others were before the run began
            first, last = min(uploads) - began, max(host.checked.values()) - began
            return {"share": first / last, "first": first, "last": last}

        yield Round(measure)


# --- by hand ---------------------------------------------------------------------------------------------------------

DATASETS = "/v1/tailored-gen/datasets"


@attrs.frozen
class Times:
    """When each photograph was checked, and when it began to be sent."""

    began: float = attrs.field(factory=time.perf_counter)
    checked: list[float] = attrs.field(factory=list)
    sent: list[float] = attrs.field(factory=list)

    def look(self, path: Path) -> None:
        """Check one; in a thread."""
        drafted(path)
        self.checked.append(time.perf_counter())

    def sends(self) -> None:
        """One is about to leave."""
        self.sent.append(time.perf_counter())

    def figures(self, paths: list[Path], arrived: list[dict[str, Any]]) -> dict[str, float]:
        """What they come to, once the server has all of them."""
        check(sorted(image["image_name"] for image in arrived), [path.name for path in paths])
        check((len(self.checked), len(self.sent)), (len(paths),) * 2)
        first, last = min(self.sent) - self.began, max(self.checked) - self.began
        return {"share": first / last, "first": first, "last": last}


@contextlib.asynccontextmanager
async def pillow(work: Work) -> AsyncIterator[Round]:
    """Pillow in two threads checks all, and then aiohttp uploads them."""
    import aiohttp

    paths, url = sorted(Path(work["folder"]).iterdir()), work["url"] + DATASETS  # noqa: ASYNC240  # before it begins

    async def measure() -> dict[str, float]:
        times = Times()
        with concurrent.futures.ThreadPoolExecutor(CORES) as threads:
            await asyncio.to_thread(lambda: list(threads.map(times.look, paths)))
        async with aiohttp.ClientSession(headers=HEADERS) as http:
            async with http.post(url, json={}) as response:
                images = f"{url}/{(await response.json())['id']}/images"

            async def call(number: int) -> None:
                with paths[number].open("rb") as opened:
                    sent = aiohttp.FormData()
                    sent.add_field("file", opened, filename=paths[number].name, content_type="image/jpeg")
                    times.sends()
                    async with http.post(images, data=sent) as response:
                        check((await response.json())["image_name"], paths[number].name)

            await drive(call, len(paths), work["in_flight"])
            async with http.get(images) as response:
                return times.figures(paths, await response.json())

    yield Round(measure)


@contextlib.asynccontextmanager
async def pipeline(work: Work) -> AsyncIterator[Round]:
    """The floor: each is read, decoded and hashed in one of two threads, and then sent by hand."""
    paths = sorted(Path(work["folder"]).iterdir())  # noqa: ASYNC240  # before it begins
    loop = asyncio.get_running_loop()
    with concurrent.futures.ThreadPoolExecutor(CORES) as threads:

        async def measure() -> dict[str, float]:
            times = Times()
            async with Connections(work["url"]) as connections:
                number = json.loads(await connections.ask(request("POST", DATASETS, HEADERS, b"{}")))["id"]
                images = f"{DATASETS}/{number}/images"

                async def call(number: int) -> None:
                    path = paths[number]
                    await loop.run_in_executor(threads, times.look, path)
                    times.sends()
                    head, tail = form(images, HEADERS, path.name, path.stat().st_size)
                    found = json.loads(await connections.stream(sliced(head, str(path), tail)))
                    check(found["image_name"], path.name)

                await drive(call, len(paths), work["in_flight"])
                return times.figures(paths, json.loads(await connections.ask(request("GET", images, HEADERS))))

        yield Round(measure)


FIRST_UPLOAD = Question(
    name="first_upload",
    asks="A training of 600 photographs of 12 megapixels: how soon the first is sent, while others are not yet checked",
    figure="share",
    unit="of the time until the last is checked",
    contenders=(
        Contender("train()", f"{__name__}:train", needs=("PIL",)),
        Contender("train(), uvloop", f"{__name__}:train", fast=True, needs=("PIL",)),
        Contender("Pillow in 2 threads, then aiohttp FormData", f"{__name__}:pillow", needs=("PIL",)),
        Contender("a pipeline by hand", f"{__name__}:pipeline", needs=("PIL",)),
    ),
    bars=(Bar("train()", 1.0), Bar("train(), uvloop", 1.0)),
    server=("benchmarks.server", "studio"),
    prepared=photographs,
    pinned=False,
    work={"photographs": 600, "distinct": 24, "sides": (4000, 3000), "in_flight": 16},
    quick={"photographs": 203, "distinct": 3, "sides": (640, 480)},
    rounds=5,
    also=("first", "last"),
)
