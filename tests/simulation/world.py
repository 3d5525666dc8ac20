"""A whole world in one process on one clock: client, orchestrator, journal and simulator."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bria_async.graph.events import Event
from bria_async.host import Host
from bria_async.session import Session
from bria_async.sim import SIMULATOR, Clock, Options, Simulator, create_app
from bria_async.training import Plan, Settings, Trained, train

from .loop import VirtualHost
from .network import MemoryConnector, Sky

ADDRESS = "http://127.0.0.1"
FILES = "http://files.example"
"""Where results and images are found in some worlds: another origin, which the token never sees."""
TOKEN = "canary"
"""The token of all worlds: it is searched for in everything that is written or said."""


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


class Land:
    """The part of a world that outlives every process of the client: the server, and the wires to it."""

    def __init__(self, server: web.Server, sim: Simulator, rng: random.Random, sky: Sky | None) -> None:
        self.server = server
        self.sim = sim
        self._rng = rng
        self._sky = sky

    def connector(self, *, fresh: bool = False) -> MemoryConnector:
        """Wires to the server, and `fresh` ones for every request."""
        return MemoryConnector(self.server, self._rng, self._sky, fresh=fresh)


See = Callable[[web.Request], Awaitable[None]]
"""Whoever sees each request as it arrives, before anything is done about it."""


@asynccontextmanager
async def land(
    seed: int,
    options: Options,
    state: Path | None = None,
    sky: Sky | None = None,
    *,
    see: See | None = None,
    files: str = ADDRESS,
) -> AsyncIterator[Land]:
    """A server on the running virtual loop; its answers name files at the origin `files`."""
    app = create_app(options, Clock(source=asyncio.get_running_loop().time), state)

    @web.middleware
    async def seen(request: web.Request, handler: Any) -> web.StreamResponse:
        if see is not None:
            await see(request)
        response: web.StreamResponse = await handler(request)
        if files != ADDRESS and isinstance(response, web.Response) and isinstance(response.body, bytes):
            response.body = response.body.replace(f"{ADDRESS}/_sim/".encode(), f"{files}/_sim/".encode())
        return response

    app.middlewares.append(seen)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        assert runner.server is not None, "the application is set up"
        yield Land(runner.server, app[SIMULATOR], random.Random(seed), sky)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(host: Host, api: MemoryConnector, files: MemoryConnector, **fields: Any) -> AsyncIterator[Session]:
    """A session over these wires: one pool for the API, one for files."""
    async with (
        aiohttp.ClientSession(connector=api) as http,
        aiohttp.ClientSession(connector=files) as downloads,
        Session(TOKEN, ADDRESS, http=http, downloads=downloads, uploads=downloads, host=host, **fields) as session,
    ):
        yield session


@asynccontextmanager
async def world(seed: int, *, options: Options | None = None, state: Path | None = None) -> AsyncIterator[World]:
    """Build a world in which nothing goes wrong, on the running virtual loop."""
    async with (
        land(seed, options or Options(seed=seed), state) as here,
        connected(VirtualHost(seed), here.connector(), here.connector()) as session,
    ):
        yield World(seed, here.sim, session)
