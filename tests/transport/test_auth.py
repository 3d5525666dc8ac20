"""The token's way: to its own origin and nowhere else."""

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bria_async.transport.auth import PinnedToken
from bria_async.wire.secret import Secret
from tests.support import TOKEN, Recorder, recorder


def middleware(token: PinnedToken) -> aiohttp.ClientMiddlewareType:
    """What gives the token to a request on its way."""

    async def pin(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        token.pin(request)
        return await handler(request)

    return pin


@pytest.mark.fault("N19")
async def test_the_token_stays_at_its_origin_even_if_redirects_were_followed(server: Recorder) -> None:
    """A pool that follows redirects, as somebody might lend one, does not take the token along."""
    async with recorder() as elsewhere:
        server.answer = lambda _: web.Response(status=307, headers={"Location": f"{elsewhere.base_url}/b"})
        pinned = middleware(PinnedToken(Secret(TOKEN), URL(server.base_url)))
        async with aiohttp.ClientSession() as http:
            await (await http.get(f"{server.base_url}/a", middlewares=(pinned,))).read()
        assert server.requests[0].headers["api_token"] == TOKEN
        assert len(elsewhere.requests) == 1
        assert TOKEN not in str(elsewhere.requests[0].headers)


async def test_another_port_is_another_origin(server: Recorder) -> None:
    """Scheme, host and port must all be the same."""
    pinned = middleware(PinnedToken(Secret(TOKEN), URL("http://127.0.0.1:1")))
    async with aiohttp.ClientSession() as http:
        await (await http.get(server.base_url, middlewares=(pinned,))).read()
    assert "api_token" not in server.requests[0].headers
