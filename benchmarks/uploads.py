"""How fast, and in how much memory, does a training take its images? `python -m benchmarks.uploads --images 2000`."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from bria_async import Plan, Polling, Session, Settings, train
from bria_async.graph.events import Event

from .support import draw_many, peak_mib, simulated


async def measure(base_url: str, folder: Path, state: Path) -> None:
    """Run a whole lifecycle and say what it took."""
    moments: dict[str, float] = {}

    def note(event: Event) -> None:
        if event.task == "upload" and event.what in ("announced", "finished"):
            moments.setdefault("first", time.perf_counter())
            moments["last"] = time.perf_counter()

    polling = Polling(start=0.05, cap=0.5, timeout=600.0)
    plan = Plan(images=folder, name="uploads", ip_type="other", ip_medium="photography", upload="each")
    settings = Settings(state=state, settle=1.0, training=polling, waiting=polling)
    before = peak_mib()
    started, cpu = time.perf_counter(), time.process_time()
    async with Session("simulated", base_url) as session:
        result = await train(session, plan, settings=settings, on_event=[note])
    took, uploading = time.perf_counter() - started, moments["last"] - moments["first"]
    print(f"images {result.images}, whole run {took:.1f} s, check and hash {moments['first'] - started:.1f} s")
    print(
        f"uploads {uploading:.1f} s = {result.images / uploading:.0f} images/s, CPU {time.process_time() - cpu:.1f} s"
    )
    print(f"peak memory {peak_mib():.0f} MiB, {peak_mib() - before:.0f} MiB above the start")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--size", type=int, default=2**20, help="bytes per image")
    parser.add_argument("--folder", type=Path, help="where the pictures are kept between runs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, simulated() as base_url:
        folder = given.folder or Path(scratch) / "pictures"
        draw_many(folder, given.images, given.size)
        asyncio.run(measure(base_url, folder, Path(scratch) / "state"))


if __name__ == "__main__":
    main()
