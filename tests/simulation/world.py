"""A whole world in one process on one clock: client, orchestrator, journal and simulator."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bria_async.graph.events import Event
from bria_async.session import Session
from bria_async.sim import SIMULATOR, Clock, Options, Simulator, create_app
from bria_async.training import Plan, Settings, Trained, train

from .loop import VirtualHost
from .network import MemoryConnector

ADDRESS = "http://127.0.0.1"


class World:
    """One seed, one world; everything that happened in it is in `trace`."""

    def __init__(self, seed: int, sim: Simulator, session: Session) -> None:
        self.seed = seed
        self.sim = sim
        self.session = session
        self.trace: list[Any] = []

    async def train(self, plan: Plan, settings: Settings) -> Trained:
        """Train, and keep a trace of all events and requests."""

        def note(event: Event) -> None:
            self.trace.append((round(event.at, 6), event.words, dict(event.data)))

        try:
            return await train(self.session, plan, settings=settings, on_event=[note])
        finally:
            self.trace.extend((seen.time, seen.method, seen.path, seen.status) for seen in self.sim.requests)
            self.sim.requests.clear()


@asynccontextmanager
async def world(seed: int, *, options: Options | None = None, state: Path | None = None) -> AsyncIterator[World]:
    """Build a world on the running virtual loop."""
    loop = asyncio.get_running_loop()
    app = create_app(options or Options(seed=seed), Clock(source=loop.time), state)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        rng = random.Random(seed)
        server = runner.server
        assert server is not None, "the application is set up"
        async with (
            aiohttp.ClientSession(connector=MemoryConnector(server, rng)) as http,
            aiohttp.ClientSession(connector=MemoryConnector(server, rng)) as downloads,
            Session(
                "canary", ADDRESS, http=http, downloads=downloads, uploads=downloads, host=VirtualHost(seed)
            ) as session,
        ):
            yield World(seed, app[SIMULATOR], session)
    finally:
        await runner.cleanup()
