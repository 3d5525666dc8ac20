"""Certificates that are not good end it at once, and nothing leaves."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal

import aiohttp
import attrs
import pytest
import trustme

from bria_async.errors import DownloadFailed, OutcomeUnknown, TlsFailed, Untrusted
from bria_async.session import Session
from tests.security.ways import ADDRESSED, ALL, CALLS, Way
from tests.support import TOKEN, PushedHost


@attrs.define
class Tls:
    """A server with a certificate, and a context of clients that trust whoever signed it."""

    base_url: str
    trusting: ssl.SSLContext
    connections: int = 0
    heard: bytes = b""


class MutualTls(asyncio.Protocol):
    """A server that wants a certificate of the client: its TLS 1.3 handshake ends after that of the client.

    The connection stays open until the client is gone, so that no RST overtakes the alert.
    """

    def __init__(self, context: ssl.SSLContext, counted: list[None]) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._counted = counted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counted.append(None)

    def data_received(self, data: bytes) -> None:
        """Go on with the handshake, and tell how it ended."""
        self._incoming.write(data)
        with contextlib.suppress(ssl.SSLError):
            self._tls.do_handshake()
        self._transport.write(self._outgoing.read())


async def wait_for_a_job(bria: Session, _: str, __: Path) -> object:
    """What outlives an outage."""
    return await bria.jobs.wait("r1")


ASKED: Mapping[str, Way] = {**CALLS, "wait for a job": wait_for_a_job}


@pytest.mark.fault("N3")
@pytest.mark.parametrize("way", [*ASKED, *ADDRESSED])
async def test_a_server_that_wants_a_certificate_is_asked_once(way: str, file: Path) -> None:
    """The alert comes when the request may have left: it leaves doubt, and is not met twice, whatever is said.

    It is told as TLS, unless it comes in the middle of a file: then aiohttp only tells that it could not write on.
    """
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    counted: list[None] = []
    on_doubt: Literal["raise", "resend"] = "raise" if way == "send a file" else "resend"
    host = PushedHost(seed=1)
    async with contextlib.AsyncExitStack() as stack:
        listening = await asyncio.get_running_loop().create_server(lambda: MutualTls(context, counted), "127.0.0.1", 0)
        stack.callback(listening.close)
        base_url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        pools = [aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) for _ in range(3)]
        http, downloads, uploads = [await stack.enter_async_context(pool) for pool in pools]
        bria = await stack.enter_async_context(
            Session(TOKEN, base_url, http=http, downloads=downloads, uploads=uploads, host=host, on_doubt=on_doubt)
        )
        words = "TLS|reset" if way in ("send a file", "put a file", "post a form") else "broke off TLS"
        with pytest.raises(OutcomeUnknown if way in ASKED else DownloadFailed, match=words) as caught:
            await {**ASKED, **ADDRESSED}[way](bria, f"{base_url}/a", file)
    assert (len(counted), host.slept) == (1, [])
    if isinstance(caught.value, OutcomeUnknown):
        assert len(caught.value.attempts) == 1
        assert isinstance(caught.value, TlsFailed) is ("TLS" in caught.value.message)


KINDS = ["untrusted", "expired", "of another host", "no TLS"]


@contextlib.asynccontextmanager
async def serving(kind: str) -> AsyncIterator[Tls]:
    """Serve with a certificate that is untrusted, expired, of another host, or without TLS at all."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    authority.issue_cert(
        "elsewhere.example" if kind == "of another host" else "127.0.0.1",
        not_after=yesterday if kind == "expired" else None,
    ).configure_cert(context)
    trusting = ssl.create_default_context()
    if kind != "untrusted":
        authority.configure_trust(trusting)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        try:
            if kind == "no TLS":
                found.heard += await reader.read(1)
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            else:
                await writer.start_tls(context)
            found.heard += await reader.read()
        except (ssl.SSLError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    found = Tls(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", trusting)
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.fault("N3")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ALL)
async def test_a_certificate_that_is_not_good_ends_it_at_once(way: str, kind: str, file: Path) -> None:
    """One connection, no wait, no word of the request, whatever is asked and whatever is wrong."""
    host = PushedHost(seed=1)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(kind))
        pools = [aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=server.trusting)) for _ in range(3)]
        http, downloads, uploads = [await stack.enter_async_context(pool) for pool in pools]
        bria = await stack.enter_async_context(
            Session(TOKEN, server.base_url, http=http, downloads=downloads, uploads=uploads, host=host)
        )
        with pytest.raises(Untrusted if way in CALLS else DownloadFailed, match="not trusted") as caught:
            await ALL[way](bria, f"{server.base_url}/a", file)
    assert (server.connections, host.slept) == (1, [])
    assert TOKEN.encode() not in server.heard
    assert b"HTTP" not in server.heard
    if isinstance(caught.value, Untrusted):
        assert len(caught.value.attempts) == 1


async def test_a_good_certificate_is_taken(file: Path) -> None:
    """The same server with the right certificate hears the request: what is tested above is the certificate."""
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving("good"))
        pool = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=server.trusting))
        http = await stack.enter_async_context(pool)
        bria = await stack.enter_async_context(Session(TOKEN, server.base_url, http=http, timeout=0.3))
        with pytest.raises(OutcomeUnknown):
            await CALLS["create"](bria, "", file)
    assert TOKEN.encode() in server.heard
