"""What comes back is bounded, and downloads go nowhere private.

A filtering resolver is not enough (address literals skip it), so the check sits where a socket is made.
Private addresses are allowed only when the base URL itself is this machine, as with the simulator.
"""

import ipaddress
import socket
from typing import Any

import aiohttp

from bria_async.errors import ConfigurationError
from bria_async.wire.retry import Failure

from .auth import LOOPBACK

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of an API answer after decompression."""
LARGEST_DOWNLOAD = 1024 * 1024 * 1024
"""Bytes of a downloaded result."""


class AnswerTooLarge(Exception):  # never leaves this floor
    """An answer went on beyond its limit."""


class NotPublic(OSError):
    """A download would have gone to a private address; all say the same, so that several are one to aiohttp."""


def opened(pool: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """The pool of connections, unless whoever lent it has closed it.

    Raises:
        ConfigurationError: it is closed.
    """
    if pool.closed:
        raise ConfigurationError("The aiohttp session given to Session(...) is closed: keep it open meanwhile.")
    return pool


async def read_capped(response: aiohttp.ClientResponse, limit: int = LARGEST_ANSWER) -> bytes:
    """Read a body, and stop when it is larger than anything the API answers."""
    parts: list[bytes] = []
    total = 0
    async for part in response.content.iter_any():
        total += len(part)
        if total > limit:
            raise AnswerTooLarge
        parts.append(part)
    return b"".join(parts)


def public_only(address: Any) -> socket.socket:
    """A socket factory that refuses addresses which are not public."""
    family, kind, protocol, _, target = address
    ip = ipaddress.ip_address(target[0].split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if not ip.is_global:
        raise NotPublic(Failure.PRIVATE.words)
    return socket.socket(family, kind, protocol)


def connector_for(host: str | None) -> aiohttp.TCPConnector:
    """The connector for downloads of results, given the host of the API."""
    return aiohttp.TCPConnector() if host in LOOPBACK else aiohttp.TCPConnector(socket_factory=public_only)


def classify(error: BaseException) -> Failure:
    """Which failure an aiohttp exception stands for; measured, because several are not what they seem.

    A bad status line or duplicate headers look like a status 400; a slow body raises a plain `TimeoutError`.
    """
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, NotPublic):
        return Failure.PRIVATE
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds):
            return failure
    return Failure.RESET


_FAILURES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Failure], ...] = (
    ((aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError), Failure.UNTRUSTED),
    (aiohttp.ServerFingerprintMismatch, Failure.UNTRUSTED),
    (aiohttp.ClientConnectorDNSError, Failure.UNRESOLVED),
    (aiohttp.ConnectionTimeoutError, Failure.CONNECT_TIMEOUT),
    (aiohttp.ClientConnectorError, Failure.UNREACHABLE),
    (aiohttp.InvalidURL, Failure.UNRESOLVED),
    (aiohttp.ServerDisconnectedError, Failure.DISCONNECTED),
    (TimeoutError, Failure.TIMEOUT),
    (aiohttp.ClientPayloadError, Failure.CUT),
    (aiohttp.ClientResponseError, Failure.GARBAGE),
    (AnswerTooLarge, Failure.TOO_LARGE),
    (OSError, Failure.RESET),
)
