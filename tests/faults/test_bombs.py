"""Answers that are bombs: one lost answer each, in bounded memory and time."""

import asyncio
import gzip
import json
import tracemalloc

import pytest

from bria_async.errors import Outcome, RequestError
from bria_async.transport.guard import LARGEST_ANSWER
from tests.transport.raw import Behaviour, Connection, http, raw

from .studio import connected

MIB = 2**20


async def endless(connection: Connection) -> None:
    """A body without an end."""
    await connection.body()
    await connection.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n" % MIB + bytes(MIB) + b"\r\n"
    while True:
        await connection.answer(chunk)


def answering(*parts: bytes, **headers: str) -> Behaviour:
    """One answer after the request."""

    async def behave(connection: Connection) -> None:
        await connection.body()
        await connection.answer(http(b"".join(parts), **headers))

    return behave


BOMBS = {
    "endless": endless,
    "gzip": answering(gzip.compress(bytes(4 * LARGEST_ANSWER), 1), Content_Encoding="gzip"),
    "deep": answering(b'{"id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "number": answering(b'{"id": ' + b"9" * 5_000_000 + b"}"),
    "float": answering(b'{"id": 1e999999999}'),
    "fields": answering(json.dumps({str(key): key for key in range(200_000)}).encode()),
}


@pytest.mark.fault("N20")
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
async def test_a_bomb_is_one_lost_answer(bomb: Behaviour) -> None:
    """The outcome is unknown, it is asked once and soon over, and memory stays near what an answer may have."""
    tracemalloc.start()
    try:
        async with raw(bomb) as server, connected(server.base_url, timeout=30.0) as session, asyncio.timeout(60):
            with pytest.raises(RequestError) as caught:
                await session.models.create(name="vases", dataset_id=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * LARGEST_ANSWER, f"{peak / MIB:.0f} MiB at its peak"
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(server.heads) == 1
    assert len(str(caught.value)) < 5000, "the error carries the bomb"
