"""A worker as a process of its own, for `proof.py`: database, server, folder and rate on the command line."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from bria_async.engines.desk import Pulse
from bria_async.engines.postgres.database import Database
from bria_async.training import Settings
from bria_async.training.worker import worker
from bria_async.wire import Polling


async def main(url: str, base_url: str, folder: str, rate: str) -> None:
    """Work until SIGTERM."""
    settings = Settings(
        state=Path(folder),
        settle=5.0,
        uploads_at_once=64,
        models_at_once=100,
        training=Polling(start=2.0, cap=10.0, timeout=1800.0),
        waiting=Polling(start=1.0, cap=5.0, timeout=1800.0),
    )
    async with worker(
        Database(url),
        name=f"process {os.getpid()}",
        settings=settings,
        requests_per_minute=float(rate),
        base_url=base_url,
        token="simulated",
        timeout=20.0,
        pulse=Pulse(sweep=1.0),
    ) as desk:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, desk.stop)
        await desk.work()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(*sys.argv[1:]))
