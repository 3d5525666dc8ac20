"""Limits that sessions have in common, and how long they are kept."""

import contextlib
import gc
import math
import re
from typing import Any

import pytest

from bria_async.errors import ConfigurationError, RateLimited
from bria_async.session import Session
from bria_async.transport import limit
from bria_async.transport.limit import HEADROOM, LATENESS
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, reply


async def test_a_session_keeps_its_pace(server: Recorder) -> None:
    """The limit of the session is that of its requests."""
    host = PushedHost()
    server.answers(reply("projects.list")["body"])
    async with Session(TOKEN, server.base_url, requests_per_minute=30, host=host) as bria:
        for _ in range(3):
            await bria.projects.list()
    assert host.slept == pytest.approx([2 / (1 - HEADROOM) - LATENESS, 2 / (1 - HEADROOM)])


async def test_sessions_of_one_token_share_a_limit(server: Recorder) -> None:
    """Two sessions are one client to the API: the lowest rate that one of them was given holds for both."""
    host = PushedHost()
    server.answers([])
    async with (
        Session(TOKEN, server.base_url, host=host) as one,
        Session(TOKEN, server.base_url, requests_per_minute={"projects.list": 60, "models.list": 600}, host=host),
        Session(TOKEN, server.base_url, requests_per_minute=30, host=host) as other,
    ):
        for session in (one, other, one):
            await session.projects.list()
    assert sum(host.slept) == pytest.approx(4 / (1 - HEADROOM) - LATENESS)


async def test_what_one_session_learns_the_other_knows(server: Recorder) -> None:
    """A 429 to one of them pauses both."""
    host = PushedHost(seed=1)
    server.answers("slow down", 429, Retry_After="20")
    async with (
        Session(TOKEN, server.base_url, host=host, retry=RetryPolicy(patience=0)) as one,
        Session(TOKEN, server.base_url, host=host) as other,
    ):
        with pytest.raises(RateLimited):
            await one.projects.list()
        server.answers([])
        await other.projects.list()
    assert host.slept == [20]


async def test_sessions_on_the_loop_s_clock_share_a_limit() -> None:
    """Sessions that are given no host share, as those do that are given the same; others do not, nor other tokens."""
    address = "http://127.0.0.1:1"
    host = PushedHost()
    sessions = [
        Session(TOKEN, address),
        Session(TOKEN, address),
        Session(TOKEN, address, host=host),
        Session(TOKEN, address, host=host),
        Session(TOKEN, address, host=PushedHost()),
        Session(TOKEN + "2", address),
        Session(TOKEN, address + "2"),
    ]
    async with sessions[0], sessions[1], sessions[2], sessions[3], sessions[4], sessions[5], sessions[6]:
        limiters = [session._client and session._client.limiter for session in sessions]
    assert [limiters.index(limiter) for limiter in limiters] == [0, 0, 2, 2, 4, 5, 6]


async def test_who_opens_a_session_for_each_request_keeps_its_pace(server: Recorder) -> None:
    """What is known of an endpoint, its rate and a pause included, outlives the session that knew it."""
    host = PushedHost(seed=1)
    server.answers("slow down", 429, Retry_After="300")
    with contextlib.suppress(RateLimited):
        async with Session(TOKEN, server.base_url, host=host, retry=RetryPolicy(patience=0)) as bria:
            await bria.projects.list()
    server.answers([])
    for _ in range(3):
        gc.collect()
        async with Session(TOKEN, server.base_url, host=host, requests_per_minute=10) as bria:
            await bria.projects.list()
    assert host.slept[0] == 300
    assert sum(host.slept[1:]) == pytest.approx(12 / (1 - HEADROOM) - LATENESS)


async def test_limiters_go_when_nobody_can_miss_them(server: Recorder) -> None:
    """A minute after its last request and its last session a limiter is gone; its key does not hold the token."""
    gc.collect()
    before, host = set(limit._shared), PushedHost()
    server.answers([])
    async with Session(TOKEN, server.base_url, host=host) as bria:
        await bria.projects.list()
        (key,) = set(limit._shared) - before
    assert TOKEN not in repr(key)
    assert TOKEN.encode() not in key[1]
    del bria
    for seconds, there in ((0, True), (59, True), (1, False)):
        host.time += seconds
        async with Session(TOKEN, "http://127.0.0.1:1", host=PushedHost()):
            gc.collect()
            assert (key in limit._shared) is there, f"after another {seconds} s"


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0, "must be above 0, not 0"),
        ("10", "must be above 0, not '10'"),
        (math.nan, "must be above 0, not nan"),
        ({"images.upload": 10, "models.get": 0}, "of models.get must be above 0"),
        ({"images.uplod": 10}, "no operation 'images.uplod' to limit. Is it 'images.upload'?"),
        ({"images.upload_file": 10}, "no operation 'images.upload_file' to limit. Is it 'images.upload'?"),
    ],
)
def test_a_rate_that_limits_nothing_is_refused(rate: Any, words: str) -> None:
    """Rather than to be ignored."""
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        Session(TOKEN, requests_per_minute=rate)
