"""Following a page of a dashboard on a virtual clock, over wires in memory."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import attrs
from aiohttp import web

from bria_async import dashboard
from tests.simulation.loop import VirtualHost
from tests.simulation.network import MemoryConnector
from tests.simulation.world import ADDRESS


@attrs.frozen
class Sent:
    """An event as it arrived: when on the loop's clock, what, the version it carries, and its data."""

    at: float
    kind: str
    version: str
    data: Mapping[str, Any]


@attrs.define
class Reader:
    """Somebody who follows a page; `sent` has what arrived."""

    answer: aiohttp.ClientResponse
    sent: list[Sent] = attrs.field(factory=list)
    beats: int = 0
    _kept: bytes = b""

    async def until(self, seconds: float) -> list[Sent]:
        """What arrives in so many seconds from now, or before the stream ends."""
        before = len(self.sent)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.end()
        return self.sent[before:]

    async def end(self) -> list[Sent]:
        """All that arrived when the stream ended."""
        while block := await self._block():
            lines = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            if lines:
                now = asyncio.get_running_loop().time()
                self.sent.append(Sent(now, lines["event"], lines.get("id", ""), json.loads(lines["data"])))
            else:
                self.beats += 1
        return self.sent

    async def _block(self) -> list[str]:
        while b"\n\n" not in self._kept and (data := await self.answer.content.readany()):
            self._kept += data
        block, _, self._kept = self._kept.partition(b"\n\n")
        return block.decode().splitlines()

    @property
    def shown(self) -> dict[str, str]:
        """The parts that it has, as they arrived last."""
        found: dict[str, str] = {}
        for event in self.sent:
            found |= event.data if event.kind == "parts" else {}
        return found


@attrs.define
class Followed:
    """A dashboard in this world, and whoever reads it."""

    http: aiohttp.ClientSession
    runner: web.AppRunner

    @contextlib.asynccontextmanager
    async def follow(self, target: str, **headers: str) -> AsyncIterator[Reader]:
        """Follow a page until the end of the block."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.get(f"{ADDRESS}{target}", headers=named) as answer:
            assert answer.status == 200
            yield Reader(answer)

    async def version(self, target: str) -> str:
        """The version of a page as it is loaded."""
        async with self.http.get(f"{ADDRESS}{target}") as answer:
            return (await answer.text()).partition('data-version="')[2].partition('"')[0]


@contextlib.asynccontextmanager
async def followed(journals: Path, **how: Any) -> AsyncIterator[Followed]:
    """A dashboard on the running virtual loop."""
    runner = web.AppRunner(dashboard.app(journals, host=VirtualHost(1), **how), access_log=None, shutdown_timeout=60)
    await runner.setup()
    assert runner.server is not None
    connector = MemoryConnector(runner.server, random.Random(1))
    try:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            yield Followed(http, runner)
    finally:
        await runner.cleanup()
