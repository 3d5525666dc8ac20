"""Check and hash photographs of 12 megapixels before a training, on two cores: what Pillow alone allows, and we take.

Each file is read, decoded, measured and hashed, and its SHA-256 compared with that of its bytes. What is measured
(light, contrast, entropy, edges, two hashes of 64 bits) Pillow alone measures by calls of its own. The photographs are
made once, lie in the system's temporary folder from then on, and have many names each, as 2,000 of their own would take
7 GB.
"""

import concurrent.futures
import contextlib
import hashlib
import io
import multiprocessing
import os
import random
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contender import Meter, Round
from .contest import Bar, Contender, Question
from .small import Work, check

if TYPE_CHECKING:
    from PIL import Image

CORES = 2
MEASURED = 512
"""Pixels of the shorter side that photographs are measured at."""
KEPT = Path(tempfile.gettempdir()) / "bria-benchmarks"


@contextlib.contextmanager
def photographs(work: Work) -> Iterator[Mapping[str, Any]]:
    """A folder of so many names, and the SHA-256 of the files that they go round."""
    files = kept_photographs(work)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        for number in range(work["photographs"]):
            os.link(files[number % len(files)], Path(folder) / f"{number:04d}.jpg")
        yield {"folder": folder, "sha256": [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]}


def kept_photographs(work: Work) -> list[Path]:
    """The distinct ones of these sides, made now unless they were before."""
    width, height = work["sides"]
    kept = KEPT / f"{work['distinct']}-of-{width}x{height}"
    if not kept.exists():
        drawing = kept.with_suffix(f".{os.getpid()}")
        drawing.mkdir(parents=True)
        for number in range(work["distinct"]):
            (drawing / f"{number}.jpg").write_bytes(photograph(number, width, height))
        drawing.rename(kept)
    return [kept / f"{number}.jpg" for number in range(work["distinct"])]


def photograph(number: int, width: int, height: int) -> bytes:
    """A JPEG with large shapes, small ones and grain; 3.8 MB of 4000 x 3000."""
    from PIL import Image, ImageChops

    rng = random.Random(number)

    def shapes(columns: int, rows: int) -> Image.Image:
        small = Image.frombytes("RGB", (columns, rows), rng.randbytes(3 * columns * rows))
        return small.resize((width, height), Image.Resampling.BICUBIC)

    picture = Image.blend(shapes(12, 9), shapes(width // 8, height // 8), 0.25)
    grain = ImageChops.offset(Image.effect_noise((width, height), 22), rng.randrange(width), rng.randrange(height))
    buffer = io.BytesIO()
    Image.blend(picture, Image.merge("RGB", [grain] * 3), 0.25).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def verified(work: Work, meter: Meter, found: Mapping[str, str]) -> dict[str, float]:
    """The figures of a round that found these hashes, by file name."""
    expected = work["sha256"]
    check(found, {f"{number:04d}.jpg": expected[number % len(expected)] for number in range(work["photographs"])})
    return {"per_second": len(found) / meter.wall, "cpu_ms": meter.cpu / len(found) * 1e3, "wall": meter.wall}


@contextlib.asynccontextmanager
async def bria(work: Work) -> AsyncIterator[Round]:
    """This library, as it looks at a folder."""
    from bria_async.host import Host
    from bria_async.images.folder import scan

    first = [Path(work["folder"], f"{number:04d}.jpg") for number in range(CORES)]
    await scan(first, Host(), at_once=CORES)  # threads start, and all is imported

    async def measure() -> dict[str, float]:
        with Meter() as meter:
            found = await scan(Path(work["folder"]), Host(), at_once=CORES)
        images = {image.path.name: image for group in (found.images, *found.duplicates) for image in group}
        seen = {(image.width, image.height, image.measures is not None) for image in images.values()}
        check(seen, {(*work["sides"], True)})
        return verified(work, meter, {name: image.sha256 for name, image in images.items()})

    yield Round(measure)


@contextlib.contextmanager
def pillow(work: Work) -> Iterator[Round]:
    """Pillow alone, in threads or in processes."""
    workers: concurrent.futures.Executor
    if work["processes"]:
        workers = concurrent.futures.ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn"))
    else:
        workers = concurrent.futures.ThreadPoolExecutor(CORES)
    look = drafted if work["draft"] else decoded
    paths = sorted(Path(work["folder"]).iterdir())
    with workers:
        list(workers.map(look, paths[:CORES]))  # processes start, and all import

        async def measure() -> dict[str, float]:
            with Meter() as meter:
                found = list(workers.map(look, paths))
            return verified(work, meter, {path.name: sha256 for path, sha256 in zip(paths, found, strict=True)})

        yield Round(measure)


def decoded(path: Path) -> str:
    """Read a file, decode all its pixels, measure them, and hash it."""
    from PIL import Image

    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        check(len(measured(image)), 7)
    return hashlib.sha256(content).hexdigest()


def drafted(path: Path) -> str:
    """The same without the transform to more pixels than are measured, which is what we do."""
    from PIL import Image

    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        image.draft(None, (MEASURED, MEASURED))
        image.load()
        check(len(measured(image)), 7)
    return hashlib.sha256(content).hexdigest()


def measured(image: "Image.Image") -> tuple[float | bytes, ...]:
    """What its pixels come to at a side of 512: light, contrast, entropy, edges, and two hashes of 64 bits."""
    from PIL import Image, ImageFilter, ImageStat

    grey = image.reduce(max(1, min(image.size) // MEASURED)).convert("L")
    if (scale := MEASURED / min(grey.size)) < 1:
        grey = grey.resize((round(grey.width * scale), round(grey.height * scale)), Image.Resampling.BILINEAR)
    light = ImageStat.Stat(grey)
    edges = ImageStat.Stat(grey.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), 1, 128)))
    fields = [
        picture.resize((9, 8), Image.Resampling.BOX).tobytes()
        for picture in (grey, grey.transpose(Image.Transpose.TRANSPOSE))
    ]
    return (light.mean[0], light.stddev[0], light.var[0], grey.entropy(), edges.var[0], *fields)


def _pillow(name: str, *, processes: bool = False, draft: bool = False) -> Contender:
    return Contender(name, f"{__name__}:pillow", needs=("PIL",), options={"processes": processes, "draft": draft})


SCAN = Question(
    name="scan",
    asks="2,000 photographs of 12 megapixels checked, measured and hashed on 2 cores; a round takes 100 of them",
    figure="per_second",
    unit="photographs a second",
    contenders=(
        Contender("bria_async", f"{__name__}:bria", needs=("PIL",)),
        Contender("bria_async, uvloop", f"{__name__}:bria", fast=True, needs=("PIL",)),
        _pillow("Pillow, 2 threads"),
        _pillow("Pillow, 2 processes", processes=True),
        _pillow("Pillow, 2 threads, drafts", draft=True),
    ),
    bars=tuple(
        Bar(name, 0.9, "Pillow, 2 threads, drafts", least=True) for name in ("bria_async", "bria_async, uvloop")
    ),
    prepared=photographs,
    pinned=False,
    work={"photographs": 100, "distinct": 24, "sides": (4000, 3000)},
    quick={"photographs": 6, "distinct": 3, "sides": (640, 480)},
)
