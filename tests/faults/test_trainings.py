"""Trainings that do not end as they should, and what the status service says meanwhile."""

import asyncio
import json

import attrs
import pytest

from bria_async.errors import RunFailed, RunPaused
from bria_async.sim import Clock, Options, Simulator, simulator
from bria_async.sim.webhooks import signature
from bria_async.wire import Polling
from bria_async.wire.webhook import verify_webhook
from tests.support import TOKEN, Recorder

from .studio import ONCE, Studio, connected, once, right

TIMESTAMP, SIGNATURE = "bria-webhook-timestamp", "bria-webhook-signature"


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


@pytest.mark.fault("N5", "N15")
@pytest.mark.parametrize(
    ("change", "words"),
    [("copied", "0 images missing, 1 twice"), ("gone", "1 images missing, 0 twice"), ("uncaptioned", "no caption")],
)
async def test_a_dataset_that_changes_before_the_training_is_not_paid_for(
    studio: Studio, sim: Simulator, change: str, words: str
) -> None:
    """A late upload, a deletion or a lost caption after the completion: one last look, and the run pauses."""

    def meddle() -> None:
        images = sim.world.images
        image = images[next(iter(images))]
        if change == "copied":
            images[10**6] = attrs.evolve(image, id=10**6)
        elif change == "gone":
            del images[image.id]
        else:
            images[image.id] = attrs.evolve(image, caption=None)

    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match=words):
            await studio.train(session, None, once("finished", "model", meddle))
    assert sim.counts["models.start_training"] == 0, sim.counts


@pytest.mark.fault("N23")
async def test_a_webhook_that_comes_twice_or_late_is_recognised_and_decides_nothing(
    sim: Simulator, server: Recorder
) -> None:
    """The library keeps no list of what came: each has its job's id, by which its user does, and the status decides."""
    async with connected(sim.base_url) as session:
        job = await session.generation.generate(prompt="a cat", webhook_url=f"{server.base_url}/hook")
        async with asyncio.timeout(10):
            while not server.requests:
                await sim.settle()
        came = server.requests[0]
        hooks = [verify_webhook(came.body, came.headers, TOKEN) for _ in range(2)]
        assert [hook.request_id for hook in hooks] == [job.request_id] * 2, "both are read, and are the same"
        body = json.dumps({"request_id": job.request_id, "status": "IN_PROGRESS"}).encode()
        sent = "1700000000"
        older = {**came.headers, TIMESTAMP: sent, SIGNATURE: signature(TOKEN, job.request_id, sent, body)}
        assert verify_webhook(body, older, TOKEN).status == "IN_PROGRESS", "it is older, and came afterwards"
        assert (await session.jobs.status(job.request_id)).status == "COMPLETED"
