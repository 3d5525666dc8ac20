"""How soon a training uploads its first photograph, and how long it goes on checking the others: in one run of it.

Each file is read, decoded to its last pixel and hashed before it is sent. What a training waits for are the hashes and
headers of all, whose names at the server they make, and the pixels of the first 200.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bria_async.host import Host  # nobody else is asked

from .contender import Round
from .contest import Bar, Contender, Question
from .scan import kept_photographs
from .small import TOKEN, Work, check

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


FIRST_UPLOAD = Question(
    name="first_upload",
    asks="A training of 600 photographs of 12 megapixels: how soon the first is sent, while others are not yet checked",
    figure="share",
    unit="of the time until the last is checked",
    contenders=(Contender("train()", f"{__name__}:train", needs=("PIL",)),),
    bars=(Bar("train()", 1.0),),
    server=("benchmarks.server", "studio"),
    prepared=photographs,
    pinned=False,
    work={"photographs": 600, "distinct": 24, "sides": (4000, 3000)},
    quick={"photographs": 203, "distinct": 3, "sides": (640, 480)},
    rounds=5,
    also=("first", "last"),
)
