"""Webhooks: signed, repeated, to this machine only, and no word of the token anywhere."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest
from aiohttp import web

from bria_async.sim import Clock, Options, serve
from bria_async.sim.webhooks import signature
from tests.sim.helpers import TOKEN, Api, JsonObject, running
from tests.sim.scenery import hosted

VIDEO = b"\0\0\0\x18ftypmp42"


@attrs.define
class Receiver:
    """Somebody's server: keeps what it is sent, and answers with the statuses it was told, the last for ever."""

    url: str
    statuses: list[int]
    got: list[tuple[dict[str, str], bytes]] = attrs.field(factory=list)
    came: asyncio.Event = attrs.field(factory=asyncio.Event)


@asynccontextmanager
async def receiving(statuses: Sequence[int] = (200,)) -> AsyncIterator[Receiver]:
    """A receiver on this machine."""
    receiver = Receiver("", list(statuses))

    async def take(request: web.Request) -> web.Response:
        receiver.got.append((dict(request.headers), await request.read()))
        receiver.came.set()
        status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()


async def submitted(api: Api, webhook_url: str, **fields: Any) -> JsonObject:
    """A new job that is to be told about."""
    body = {"video": await hosted(api, VIDEO, "a.mp4"), "webhook_url": webhook_url} | fields
    job: JsonObject = await api.call("POST", "/v2/video/edit/green_screen", 202, json=body)
    return job


def test_the_published_vector_comes_out() -> None:
    """Token, id, time, body and signature that the official clients share (NOTES section 1)."""
    body = (
        b'{"status":"COMPLETED","result":{"url":"https://cdn.bria.ai/final.png"},"request_id":"req_contract_test_001"}'
    )
    signed = signature("contract-test-shared-token", "req_contract_test_001", "1700000000", body)
    assert signed == "v1=muClfnkuIXEqW69htILKVEwJdzC0LWB1tP53ptLm7SM="


async def test_a_finished_job_is_posted_and_signed(api: Api) -> None:
    """Not before its time, once, with the body of the status, and a signature that holds."""
    async with receiving() as receiver:
        job = await submitted(api, receiver.url)
        await api.sim.settle()
        assert receiver.got == []
        api.sim.clock.push(api.sim.options.job_time)
        await api.sim.settle()
        await api.sim.settle()
        ((headers, body),) = receiver.got
        assert json.loads(body) == await api.call("GET", job["status_url"])
        assert headers["Bria-Webhook-Id"] == job["request_id"]
        stamp = headers["Bria-Webhook-Timestamp"]
        assert stamp == str(int(api.sim.clock.now()))
        key = hmac.new(TOKEN.encode(), b"bria-webhook-signing-v1", hashlib.sha256).digest()
        message = b".".join([job["request_id"].encode(), stamp.encode(), body])
        expected = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        assert headers["Bria-Webhook-Signature"] == f"v1={expected}"
        (delivery,) = api.sim.webhooks.deliveries
        assert (delivery.state, delivery.answers) == ("delivered", [200])


async def test_any_request_notices_what_is_due(api: Api) -> None:
    """Nobody has to ask for it, and the one who is there does not wait for the answer."""
    async with receiving() as receiver:
        await submitted(api, receiver.url)
        await api.call("POST", "/_sim/clock", json={"push": api.sim.options.job_time})
        await asyncio.wait_for(receiver.came.wait(), 10)
        assert len(receiver.got) == 1


async def test_a_failed_job_is_told_too() -> None:
    """With the error that the status tells."""
    async with running(job_outcome="ERROR") as api, receiving() as receiver:
        await submitted(api, receiver.url)
        api.sim.clock.push(60)
        await api.sim.settle()
        ((_, body),) = receiver.got
        assert (json.loads(body)["status"], json.loads(body)["error"]["code"]) == ("ERROR", 500)


async def test_five_attempts_are_made_over_45_minutes(api: Api) -> None:
    """Each at its time, each with a signature of its own, and then no more; a redirect is no answer."""
    async with receiving([500, 302, 404, 503, 500]) as receiver:
        await submitted(api, receiver.url)
        made = []
        for passing in (api.sim.options.job_time, 59, 1, 240, 600, 1799, 1, 86400):
            api.sim.clock.push(passing)
            await api.sim.settle()
            made.append(len(receiver.got))
        assert made == [1, 1, 2, 3, 4, 4, 5, 5]
        (delivery,) = api.sim.webhooks.deliveries
        assert (delivery.state, delivery.answers) == ("given up", [500, 302, 404, 503, 500])
        assert len({headers["Bria-Webhook-Signature"] for headers, _ in receiver.got}) == 5
        assert {headers["Bria-Webhook-Id"] for headers, _ in receiver.got} == {delivery.request_id}


async def test_a_leap_of_the_clock_makes_up_for_what_was_due(api: Api) -> None:
    """All attempts, until one is answered."""
    async with receiving([500, 500, 204]) as receiver:
        await submitted(api, receiver.url)
        api.sim.clock.push(3600)
        await api.sim.settle()
        assert (len(receiver.got), api.sim.webhooks.deliveries[0].state) == (3, "delivered")


async def test_nobody_there_is_an_attempt_without_an_answer(api: Api) -> None:
    """A 0 among the answers."""
    async with receiving() as receiver:
        closed = receiver.url
    await submitted(api, closed)
    api.sim.clock.push(api.sim.options.job_time)
    await api.sim.settle()
    assert api.sim.webhooks.deliveries[0].answers == [0]
    assert api.sim.webhooks.deliveries[0].state == "waiting"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://127.0.0.1@example.com/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "http://[",
        "",
    ],
)
async def test_only_this_machine_is_reached(api: Api, url: str) -> None:
    """Other addresses are recorded as undeliverable, and the job goes on."""
    await submitted(api, url)
    api.sim.clock.push(3600)
    await api.sim.settle()
    (delivery,) = api.sim.webhooks.deliveries
    assert (delivery.state, delivery.answers, delivery.url) == ("undeliverable", [], url)


async def test_an_answer_that_was_lost_changes_nothing_about_the_webhook() -> None:
    """The effect that comes late is told too, signed with the token of its caller."""
    async with running(late_effect=30) as api, receiving() as receiver:
        url = await hosted(api, VIDEO, "a.mp4")
        api.sim.fail("video.green_screen", when="after", drop=True)
        body = {"video": url, "webhook_url": receiver.url}
        with pytest.raises(aiohttp.ClientError):
            await api.call("POST", "/v2/video/edit/green_screen", json=body)
        api.sim.clock.push(30)
        await api.sim.settle()
        api.sim.clock.push(api.sim.options.job_time)
        await api.sim.settle()
        ((headers, data),) = receiver.got
        expected = signature(TOKEN, headers["Bria-Webhook-Id"], headers["Bria-Webhook-Timestamp"], data)
        assert headers["Bria-Webhook-Signature"] == expected


async def test_the_token_is_kept_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in reprs, logs or the state, and not in memory once the delivery is over."""
    with caplog.at_level(logging.DEBUG):
        async with running(state=tmp_path) as api, receiving() as receiver:
            await submitted(api, receiver.url)
            (delivery,) = api.sim.webhooks.deliveries
            shown = f"{api.sim!r} {delivery!r} {delivery.call!r}"
            api.sim.clock.push(api.sim.options.job_time)
            await api.sim.settle()
            assert delivery.call is None
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN.encode() not in stored
    assert TOKEN not in shown + caplog.text


async def test_a_served_simulator_delivers_by_itself() -> None:
    """Its clock runs, and nobody asks it anything."""
    addresses: asyncio.Queue[str] = asyncio.Queue()
    options, clock = Options(), Clock(speed=1000)
    serving = asyncio.create_task(
        serve("127.0.0.1", 0, options=options, clock=clock, state=None, ready=addresses.put_nowait)
    )
    try:
        base_url = await addresses.get()
        async with receiving() as receiver, aiohttp.ClientSession(headers={"api_token": TOKEN}) as http:
            async with http.put(f"{base_url}/_sim/files/a.mp4", data=VIDEO) as response:
                assert response.status == 201
            body = {"video": f"{base_url}/_sim/files/a.mp4", "webhook_url": receiver.url}
            async with http.post(f"{base_url}/v2/video/edit/green_screen", json=body) as response:
                assert response.status == 202
            await asyncio.wait_for(receiver.came.wait(), 10)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
