"""Addresses that answers name lead into the public network, or to this machine when the API itself is there."""

import socket
from pathlib import Path

import pytest
from aiohttp import web

from bria_async.errors import DownloadFailed
from bria_async.session import BASE_URL, Session
from bria_async.transport.guard import public_only, public_or_here
from tests.security.ways import CHOSEN, NAMED
from tests.support import TOKEN, PushedHost, Recorder

PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  # refused, not bound
    "224.0.0.1",
    "255.255.255.255",
    "fe80::1%1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "2002:a00:1::1",
    "2001:0:a00:1::1",
    "2001:db8::1",
]
HERE = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
PUBLIC = ["93.184.216.34", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]


def asked(address: str) -> tuple[int, int, int, str, tuple[str, int]]:
    """An address as aiohttp asks a factory for its socket."""
    return (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 443))


@pytest.mark.fault("N22")
@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_in_every_notation(address: str) -> None:
    """Also those that carry another address inside, and also where this machine is allowed."""
    for factory in (public_only, public_or_here):
        with pytest.raises(OSError, match="not a public address"):
            factory(asked(address))


@pytest.mark.parametrize("address", HERE)
def test_this_machine_is_allowed_where_the_api_is(address: str) -> None:
    """And nowhere else."""
    public_or_here(asked(address)).close()
    with pytest.raises(OSError, match="not a public address"):
        public_only(asked(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    """Everywhere, by way of a gateway too."""
    for factory in (public_only, public_or_here):
        factory(asked(address)).close()


@pytest.mark.fault("N22")
@pytest.mark.parametrize("way", NAMED)
async def test_what_an_answer_names_is_not_asked_for_here(way: str, server: Recorder, file: Path) -> None:
    """With the real API an address on this machine is refused where the socket is made, and only once."""
    host = PushedHost(seed=1)
    for name in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        async with Session(TOKEN, BASE_URL, host=host) as bria:
            with pytest.raises(DownloadFailed, match="not a public address"):
                await NAMED[way](bria, server.base_url.replace("127.0.0.1", name) + "/a", file)
    assert server.requests == []
    assert host.slept == []


@pytest.mark.fault("N22")
@pytest.mark.parametrize("way", NAMED)
async def test_a_local_api_does_not_open_the_network_beyond(way: str, server: Recorder, file: Path) -> None:
    """A simulator may name this machine, and not the machines around it."""
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        with pytest.raises(DownloadFailed, match="not a public address"):
            await NAMED[way](bria, "http://169.254.169.254/latest/meta-data", file)


@pytest.mark.parametrize("way", CHOSEN)
async def test_what_the_caller_chooses_may_be_anywhere(way: str, server: Recorder, file: Path) -> None:
    """The storage for zips is often a private one."""
    server.answer = lambda _: web.Response()
    async with Session(TOKEN, BASE_URL, host=PushedHost(seed=1)) as bria:
        await CHOSEN[way](bria, f"{server.base_url}/a", file)
    assert len(server.requests) == 1
