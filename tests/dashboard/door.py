"""Asking a dashboard for something by raw bytes, as no browser would."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import attrs
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from bria_async import dashboard
from bria_async.engines.postgres.database import Database

FORM = "application/x-www-form-urlencoded"
OURS = ("Sec-Fetch-Site", "same-origin")
"""What a browser says of a request by a page of the dashboard."""
PATIENCE = 60.0


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@attrs.frozen
class Door:
    """A dashboard on a port; `name` is what its requests call it, and `cookie` what they bring."""

    port: int
    name: str | None = None
    key: str = ""
    cookie: str = ""
    version: str = "HTTP/1.1"

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def ask(
        self, target: str, method: str = "GET", body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """Send a request whose target and headers are not looked at; of a stream of events only its head is read."""
        told = [("Host", self.name)] if self.name is not None else []
        told += [("Cookie", self.cookie)] if self.cookie else []
        told += [("Connection", "close"), *headers]
        told += [] if "Transfer-Encoding" in dict(told) else [("Content-Length", str(len(body)))]
        lines = [f"{name}: {value}" for name, value in told]
        head = "\r\n".join([f"{method} {target} {self.version}", *lines, "", ""])
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(head.encode("latin-1") + body)
                begun, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                found = CIMultiDict([(line.partition(": ")[0], line.partition(": ")[2]) for line in rest if line])
                streams = found.get("Content-Type") == "text/event-stream"
                return Answer(int(begun.split()[1]), found, b"" if streams else await reader.read())
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    async def post(self, target: str, body: bytes = b"") -> Answer:
        """Send a form, as a page of the dashboard does."""
        return await self.ask(target, "POST", body, [OURS, ("Content-Type", FORM)])


@contextlib.asynccontextmanager
async def serving(journals: Path | Database, **how: Any) -> AsyncIterator[Door]:
    """The dashboard as the command serves it, for somebody who was let in."""
    async with dashboard.serving(journals, **how) as address:
        url = URL(address)
        assert url.port is not None
        stranger = Door(url.port, f"127.0.0.1:{url.port}", url.query["key"])
        entered = await stranger.ask(url.raw_path_qs)
        yield attrs.evolve(stranger, cookie=entered.headers["Set-Cookie"].partition(";")[0])


@contextlib.asynccontextmanager
async def listening(application: web.Application, name: str) -> AsyncIterator[Door]:
    """Any application on a port of this machine."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Door(runner.addresses[0][1], name)
    finally:
        await runner.cleanup()
