"""What comes back is bounded, and downloads go nowhere private.

A filtering resolver is not enough (address literals skip it), so the check sits where a socket is made.
This machine is allowed only when the base URL itself is this machine, as with the simulator.
"""

import ipaddress
import socket
import ssl
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from bria_async.errors import ConfigurationError
from bria_async.wire.retry import Failure

from .auth import LOOPBACK

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of an API answer after decompression."""
LARGEST_DOWNLOAD = 1024 * 1024 * 1024
"""Bytes of a downloaded result."""


class AnswerTooLarge(Exception):  # never leaves this floor
    """An answer went on beyond its limit."""


class Dropped(Exception):  # never leaves this floor
    """A connection broke under a request, said so that aiohttp does not send the request again by itself."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.words)
        self.failure = failure


class NotPublic(OSError):
    """A download would have gone to a private address; all say the same, so that several are one to aiohttp."""


def opened(pool: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """The pool of connections, unless whoever lent it has closed it.

    Raises:
        ConfigurationError: it is closed.
    """
    if pool.closed:
        raise ConfigurationError(
            "The session is closed, or the aiohttp session given to Session(...) is closed: keep it open meanwhile."
        )
    return pool


async def read_capped(response: aiohttp.ClientResponse, limit: int = LARGEST_ANSWER) -> bytes:
    """Read a body, and stop when it is larger than anything the API answers."""
    content = response.content
    body = await content.readany()
    if not content.at_eof():  # as small answers are at once
        parts, total = [body], len(body)
        while not content.at_eof() and total <= limit:
            parts.append(await content.readany())
            total += len(parts[-1])
        body = b"".join(parts)
    if len(body) > limit:
        raise AnswerTooLarge
    return body


def public_only(address: Any) -> socket.socket:
    """A socket factory that refuses addresses which are not public."""
    return _socket(address, is_public(_ip(address)))


def public_or_here(address: Any) -> socket.socket:
    """A socket factory that refuses addresses which are neither public nor this machine."""
    ip = _ip(address)
    return _socket(address, ip.is_loopback or is_public(ip))


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address leads into the public network, by whatever other address it carries inside."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(ip.packed[-4:]))
        return ip in _GLOBAL_UNICAST and ip not in _TUNNELLED and ip.is_global
    return ip.is_global and not ip.is_multicast


_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""What a gateway turns into the IPv4 address of the last four bytes (RFC 6052)."""
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_TUNNELLED = ipaddress.IPv6Network("2002::/16")
"""6to4: retired, and it holds an IPv4 address of anybody's choice."""


def _ip(address: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address[4][0].split("%")[0])
    return (ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None) or ip


def _socket(address: Any, allowed: bool) -> socket.socket:
    if not allowed:
        raise NotPublic(Failure.PRIVATE.words)
    family, kind, protocol, *_ = address
    return socket.socket(family, kind, protocol)


def connector_for(host: str | None) -> aiohttp.TCPConnector:
    """The connector for addresses that answers name, given the host of the API."""
    return aiohttp.TCPConnector(socket_factory=public_or_here if host in LOOPBACK else public_only)


async def sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Client middleware: one attempt is one request on the wire.

    aiohttp sends GET, PUT and DELETE a second time when their connection breaks, which nobody would count. It does so
    for two kinds of exceptions, and there is no switch, so they leave here as another kind.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Dropped(classify(error)) from None


def classify(error: BaseException) -> Failure:
    """Which failure an aiohttp exception stands for; measured, because several are not what they seem.

    A bad status line or duplicate headers look like a status 400; a slow body raises a plain `TimeoutError`; a body
    that cannot be decompressed looks like one that was cut short.
    """
    if isinstance(error, Dropped):
        return error.failure
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, NotPublic):
        return Failure.PRIVATE
    if isinstance(error.__cause__, ContentEncodingError):
        return Failure.GARBAGE
    if _broke_tls(error):
        return Failure.TLS
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds):
            return failure
    return Failure.RESET


def _broke_tls(error: BaseException) -> bool:
    """Whether TLS itself broke on a connection that was there; one that merely ends may pass."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    broken = any(isinstance(each, ssl.SSLError) and not isinstance(each, ssl.SSLEOFError) for each in causes)
    return broken and not isinstance(error, aiohttp.ClientConnectorError)


_FAILURES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Failure], ...] = (
    ((aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError), Failure.UNTRUSTED),
    (aiohttp.ServerFingerprintMismatch, Failure.UNTRUSTED),
    (aiohttp.ClientConnectorDNSError, Failure.UNRESOLVED),
    (aiohttp.ConnectionTimeoutError, Failure.CONNECT_TIMEOUT),
    (aiohttp.ClientConnectorError, Failure.UNREACHABLE),
    (aiohttp.InvalidURL, Failure.ILLEGIBLE),
    (aiohttp.ServerDisconnectedError, Failure.DISCONNECTED),
    (TimeoutError, Failure.TIMEOUT),
    (aiohttp.ClientPayloadError, Failure.CUT),
    (aiohttp.ClientResponseError, Failure.GARBAGE),
    (AnswerTooLarge, Failure.TOO_LARGE),
    (OSError, Failure.RESET),
)
