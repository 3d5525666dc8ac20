"""What measurements share: a simulator in a process of its own, pictures of a given size, and memory."""

import asyncio
import io
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from bria_async.sim import Clock, Options, serve


def peak_mib() -> float:
    """The most memory that this process ever held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def draw_many(folder: Path, count: int, size: int) -> None:
    """Write photographs-like JPEG files of exactly this many bytes, each with bytes of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.glob("*.jpg"))) == count:
        return
    buffer = io.BytesIO()
    Image.effect_noise((1024, 1024), 60).convert("RGB").save(buffer, "JPEG", quality=80)
    picture = buffer.getvalue()
    for number in range(count):
        (folder / f"{number:05d}.jpg").write_bytes(picture + os.urandom(size - len(picture)))


@contextmanager
def simulated(speed: float = 3600.0) -> Iterator[str]:
    """A simulator in another process, its clock fast and its datasets without bound; gives its base URL."""
    command = [sys.executable, "-m", "benchmarks.support", str(speed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    unbounded = Options(decode=False, max_images=1_000_000, max_zip_images=1_000_000)
    asyncio.run(
        serve(
            "127.0.0.1",
            0,
            options=unbounded,
            clock=Clock(speed=float(sys.argv[1])),
            state=None,
            ready=lambda url: print(url, flush=True),
        )
    )
