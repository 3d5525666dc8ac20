"""Connections that break around an effect: what happened is found, what did not is sent once more."""

import attrs
import pytest

from bria_async.errors import OutcomeUnknown, RunFailed, RunPaused
from bria_async.sim import Simulator
from tests.transport.raw import Connection, http, raw

from .proxy import LimitData, ResetPeer, Toxic, proxy
from .studio import COUNT, ONCE, Studio, connected, for_requests, once, right

UPLOAD = b"/images HTTP"
CREATED = http(b'{"id": 7, "image_name": "cat.png"}', status="201 Created")


@pytest.mark.fault("N4")
async def test_uploads_reset_at_every_kilobyte_arrive_once(studio: Studio, sim: Simulator) -> None:
    """Each upload is reset after one more KiB of it: nobody knows, so somebody looks, and each is sent once more."""
    cuts = [(LimitData("upstream", at * 1024), ResetPeer("upstream")) for at in range(COUNT)]
    async with proxy(sim.base_url, for_requests(UPLOAD, *cuts)) as chaos, connected(chaos.base_url) as session:
        result = await studio.train(session)
    assert len(studio.happened("lost", "upload")) == COUNT, studio.reasons("lost")
    assert (result.images, result.adopted) == (COUNT, 0)
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N5")
@pytest.mark.parametrize("end", [(), (ResetPeer("downstream"),)], ids=["FIN", "RST"])
async def test_uploads_whose_answers_are_cut_are_adopted(
    studio: Studio, sim: Simulator, end: tuple[Toxic, ...]
) -> None:
    """The server has every image, and each answer ends after some more of its bytes: all are found, none goes twice."""
    cuts = [(LimitData("downstream", at * 40), *end) for at in range(COUNT)]
    async with proxy(sim.base_url, for_requests(UPLOAD, *cuts)) as chaos, connected(chaos.base_url) as session:
        result = await studio.train(session)
    assert (result.images, result.adopted) == (COUNT, COUNT)
    assert len([seen for seen in sim.requests if seen.operation == "images.upload"]) == COUNT, "something went twice"
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N5", "N10")
async def test_an_answer_cut_after_any_of_its_bytes_is_no_answer() -> None:
    """Between the first byte and the last but one nothing is taken for success, and the request went once."""
    answers = [CREATED[:end] for end in range(len(CREATED) + 1)]

    async def answer(connection: Connection) -> None:
        await connection.body()
        await connection.answer(answers.pop(0))

    async with raw(answer) as server, connected(server.base_url) as session:
        while len(answers) > 1:
            with pytest.raises(OutcomeUnknown):
                await session.models.create(name="vases", dataset_id=1)
        assert (await session.models.create(name="vases", dataset_id=1)).id == 7
    assert len(server.heads) == len(CREATED) + 1, "something was sent again"


@pytest.mark.fault("N6", "N7")
@pytest.mark.parametrize(
    ("request_line", "task"),
    [
        (b"POST /v1/tailored-gen/projects ", "project"),
        (b"POST /v1/tailored-gen/datasets ", "dataset"),
        (b"POST /v1/tailored-gen/models ", "model"),
        (b"/start_training ", "training"),
    ],
)
async def test_what_is_made_once_is_found_by_its_tag(
    studio: Studio, sim: Simulator, request_line: bytes, task: str
) -> None:
    """The server made it and said so to nobody: it is found by the run's tag or by its status, and not made again."""
    silent = for_requests(request_line, (LimitData("downstream", 0),))
    async with proxy(sim.base_url, silent) as chaos, connected(chaos.base_url) as session:
        result = await studio.train(session)
    assert result.adopted == 1, result
    assert [event.task for event in studio.happened("adopted")] == [task]
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N7")
async def test_a_conflict_about_a_training_is_looked_into(studio: Studio, sim: Simulator) -> None:
    """A 409 may mean that the training runs or that somebody stopped it: its status tells, and it is not started."""
    sim.fail("models.start_training", when="before", status=409)

    def stop() -> None:
        model = {"id": next(iter(sim.world.models)), "status": "Stopped"}
        sim.fail("models.get", status=200, body=model, times=99)

    async with connected(sim.base_url) as session:
        with pytest.raises(RunFailed, match="Stopped"):
            await studio.train(session, None, once("finished", "model", stop))
    assert sim.counts["models.start_training"] == 0


@pytest.mark.fault("N9")
async def test_a_sample_whose_answer_is_cut_is_not_paid_for_twice(studio: Studio, sim: Simulator) -> None:
    """Nothing on the server tells: the run pauses and says that it was perhaps charged, and only a word resends it."""
    plan = studio.plan(samples=("a lighthouse",))
    cut = for_requests(b"/v2/image/generate", (LimitData("downstream", 30),))
    async with proxy(sim.base_url, cut) as chaos, connected(chaos.base_url) as session:
        with pytest.raises(RunPaused, match="perhaps charged"):
            await studio.train(session, plan)
        with pytest.raises(RunPaused, match="perhaps charged"):
            await studio.train(session, plan)
        assert sim.counts["tailored.generate"] == 1, "it was sent again without a word"
        result = await studio.train(session, attrs.evolve(plan, on_doubt="resend"))
    assert (len(result.samples), result.perhaps_charged) == (1, 1), result
    assert sim.counts["tailored.generate"] == 2
