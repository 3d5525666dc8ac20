"""The token at home: redirects are not followed, and nobody else ever sees it."""

import contextlib
from pathlib import Path

import aiohttp
import pytest

from bria_async.errors import BriaError, ConfigurationError, DownloadFailed, Redirected, Unreadable
from bria_async.session import Session
from tests.security.ways import ADDRESSED, ALL, CALLS
from tests.support import TOKEN, PushedHost, Recorder

REDIRECTS = [301, 302, 303, 307, 308]


@pytest.mark.fault("N19")
@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("way", ALL)
async def test_no_redirect_is_followed(
    way: str, status: int, server: Recorder, elsewhere: Recorder, file: Path
) -> None:
    """Neither to another origin nor to the same one, whatever is asked; the other host hears nothing at all."""
    refused = Unreadable if status == 303 else Redirected  # 303 follows something done
    for target in (elsewhere.base_url, server.base_url):
        server.requests.clear()
        server.answers(status=status, Location=f"{target}/elsewhere")
        async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
            if way == "probe":
                assert await ALL[way](bria, f"{server.base_url}/a", file) is None
            else:
                with pytest.raises(refused if way in CALLS else DownloadFailed):
                    await ALL[way](bria, f"{server.base_url}/a", file)
        assert len(server.requests) == 1, [seen.path for seen in server.requests]
        assert elsewhere.requests == []


@pytest.mark.fault("N19")
@pytest.mark.parametrize("way", ALL)
async def test_only_calls_carry_the_token(way: str, server: Recorder, elsewhere: Recorder, file: Path) -> None:
    """An address gets none, not even one of the API's own origin."""
    for target in (server, elsewhere):
        async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
            with contextlib.suppress(BriaError):
                await ALL[way](bria, f"{target.base_url}/a", file)
    calls = way in CALLS
    assert {seen.headers.get("api_token") for seen in server.requests} == {TOKEN if calls else None}
    assert bool(elsewhere.requests) is not calls
    assert TOKEN not in str(elsewhere.requests)


@pytest.mark.parametrize("way", ADDRESSED)
async def test_headers_of_a_lent_pool_stay_with_its_calls(way: str, server: Recorder, file: Path) -> None:
    """Whoever lends the pool for calls may have put credentials of his own into it."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": "lent"}) as http,
        Session(TOKEN, server.base_url, http=http, host=PushedHost(seed=1)) as bria,
    ):
        with contextlib.suppress(BriaError):
            await ADDRESSED[way](bria, f"{server.base_url}/a", file)
    assert server.requests
    assert all("authorization" not in seen.headers for seen in server.requests)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cret@api.example",
        "https://:s3cret@api.example",
        "https://api.example?key=s3cret",
        "https://api.example#s3cret",
        "http://user:s3cret@api.example",
        "https://user:s3cret@api.example:port",
    ],
)
def test_a_base_url_with_more_than_a_host_is_refused_without_being_shown(url: str) -> None:
    """What stands before or behind the host is a secret, and no place for one."""
    with pytest.raises(ConfigurationError) as caught:
        Session(TOKEN, url)
    assert "s3cret" not in str(caught.value) + repr(caught.value)
    assert "api.example" in str(caught.value)
