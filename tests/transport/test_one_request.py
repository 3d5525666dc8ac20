"""One attempt is one request, whatever is asked and whatever aiohttp would do by itself."""

import contextlib
from typing import Any

import aiohttp
import pytest

from bria_async.errors import Attempt, BriaError
from bria_async.session import Session
from bria_async.wire.retry import Failure, RetryPolicy
from tests.support import TOKEN, PushedHost
from tests.transport.raw import Connection, http, raw


@pytest.mark.parametrize("attempts", [1, 2])
@pytest.mark.parametrize(
    ("ask", "methods"),
    [
        (lambda bria: bria.projects.list(), ["GET", "GET"]),
        (lambda bria: bria.models.update(1, name="x"), ["PUT", "PUT"]),
        (lambda bria: bria.models.delete(1), ["DELETE", "DELETE"]),
        (lambda bria: bria.models.create(name="vases", dataset_id=1), ["POST"]),
        (lambda bria: bria.fetch(str(bria.base_url / "a")), ["GET", "GET"]),
        (lambda bria: bria.probe(str(bria.base_url / "a")), ["GET"]),
        (lambda bria: bria.put_file(str(bria.base_url / "a"), __file__, content_type="text/plain"), ["PUT"]),
        (
            lambda bria: bria.post_file(str(bria.base_url / "a"), __file__, fields={}, content_type="text/plain"),
            ["POST"],
        ),
    ],
    ids=["read", "change", "delete", "create", "download", "probe", "put a file", "post a file"],
)
async def test_one_attempt_is_one_request(ask: Any, methods: list[str], attempts: int) -> None:
    """A kept connection breaks: aiohttp would send GET, PUT and DELETE twice, in one attempt that nobody counts."""
    seen: list[str] = []
    told: list[Attempt] = []

    async def behave(connection: Connection) -> None:
        await connection.answer(http(b"[]"))
        again = await connection.reader.readuntil(b"\r\n\r\n")
        seen.append(again.split()[0].decode())
        if b"Content-Length" in again:
            await Connection(again, connection.reader, connection.writer).body()

    async with raw(behave) as server, aiohttp.ClientSession() as pool:
        # With one pool for all, a transfer meets the connection that a call has kept.
        pools: Any = {"http": pool, "downloads": pool, "uploads": pool}
        options: Any = {"retry": RetryPolicy(attempts=attempts), "on_attempt": told.append, **pools}
        async with Session(TOKEN, server.base_url, host=PushedHost(seed=1), **options) as bria:
            assert await bria.projects.list() == ()
            told.clear()
            with contextlib.suppress(BriaError):
                await ask(bria)
    assert seen == methods[:1], "the broken connection is the only one that was kept"
    assert seen + [head.split()[0].decode() for head in server.heads[1:]] == methods[:attempts]
    assert told[0].reason == Failure.DISCONNECTED.words
    assert len(told) == len(methods[:attempts])
