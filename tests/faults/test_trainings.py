"""Trainings that do not end as they should, and what the status service says meanwhile."""

import asyncio

import pytest

from bria_async.errors import RunFailed, RunPaused, WebhookInvalid
from bria_async.sim import Clock, Options, Simulator, simulator
from bria_async.wire import Polling
from bria_async.wire.webhook import verify_webhook
from tests.support import TOKEN, Recorder

from .studio import ONCE, Studio, connected, once, right


@pytest.mark.fault("N17")
async def test_a_model_that_is_deleted_meanwhile_ends_the_run(studio: Studio, sim: Simulator) -> None:
    """There is nothing left to wait for: the run fails with that reason, and does not train another one."""

    def delete() -> None:
        sim.world.models.pop(next(iter(sim.world.models)))

    async with connected(sim.base_url) as session:
        for _ in range(2):
            with pytest.raises(RunFailed, match="gone from the server"):
                await studio.train(session, None, once("finished", "training", delete))
    assert sim.counts["models.start_training"] == 1


@pytest.mark.fault("N17")
async def test_a_status_that_goes_backwards_pays_nothing_twice(studio: Studio, sim: Simulator) -> None:
    """`Created` after `InProgress`: it is asked to start, the server's 409 says that it has, and the run goes on."""

    def go_back() -> None:
        model = {"id": next(iter(sim.world.models)), "status": "Created"}
        sim.fail("models.get", status=200, body=model, times=1, after=1)

    async with connected(sim.base_url) as session:
        await studio.train(session, None, once("finished", "training", go_back), settle=0.0)
    assert studio.happened("reopened", "training"), "nobody noticed"
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N17")
async def test_a_server_that_contradicts_itself_pauses_the_run(studio: Studio, sim: Simulator) -> None:
    """`Created` for ever, and a 409 for whoever starts it: nobody can tell, so the run pauses with its words."""

    def go_back() -> None:
        model = {"id": next(iter(sim.world.models)), "status": "Created"}
        sim.fail("models.get", status=200, body=model, times=10**6)

    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match="already started"):
            await studio.train(session, None, once("finished", "training", go_back))
        sim.faults = type(sim.faults)()
        await studio.train(session)
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N10", "N17")
async def test_a_status_that_nobody_knows_is_warned_of_and_asked_again(studio: Studio, sim: Simulator) -> None:
    """It ends nothing, is told once, and the wait still has its deadline."""

    def invent() -> None:
        model = {"id": next(iter(sim.world.models)), "status": "Marinating"}
        sim.fail("models.get", status=200, body=model, times=10**6)

    briefly = Polling(start=0.02, cap=0.05, timeout=0.5)
    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match="still Marinating"):
            await studio.train(session, None, once("finished", "training", invent), training=briefly)
        assert len([reason for reason in studio.reasons("warned") if "Marinating" in reason]) == 1
        sim.faults = type(sim.faults)()
        await studio.train(session)
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N17")
async def test_a_training_that_stalls_pauses_at_its_deadline(studio: Studio) -> None:
    """It is in progress for ever: the run pauses, again at each go, and starts no second one."""
    options = Options(training_outcome="Stalled")
    briefly = Polling(start=0.02, cap=0.05, timeout=0.3)
    async with simulator(options=options, clock=Clock(speed=10**6)) as sim, connected(sim.base_url) as session:
        for _ in range(2):
            with pytest.raises(RunPaused, match="still InProgress"):
                await studio.train(session, training=briefly)
        assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N23")
async def test_webhooks_are_told_apart_and_the_status_decides(sim: Simulator, server: Recorder) -> None:
    """Of the real ones each comes with its id, however often and late; forged, altered and stale ones are none."""
    async with connected(sim.base_url) as session:
        told = f"{server.base_url}/hook"
        jobs = [await session.generation.generate(prompt=f"cat {number}", webhook_url=told) for number in range(2)]
        async with asyncio.timeout(10):
            while len(server.requests) < len(jobs):
                await sim.settle()
        came = [(hook.body, hook.headers) for hook in server.requests]
        heard = {hook.request_id for hook in (verify_webhook(*each, TOKEN) for each in [*reversed(came), *came])}
        assert heard == {job.request_id for job in jobs}, "twice and out of order they are still two jobs"
        for job in jobs:
            assert (await session.jobs.status(job.request_id)).status == "COMPLETED"
    (body, headers), (other, _) = came
    later = float(headers["bria-webhook-timestamp"]) + 3600
    with pytest.raises(WebhookInvalid):
        verify_webhook(other, headers, TOKEN)
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, {**headers, "bria-webhook-timestamp": "1700000000"}, TOKEN)
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, headers, "another token")
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, headers, TOKEN, max_age=300, now=later)
