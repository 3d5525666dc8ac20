"""A server that fails or says no: nothing is sent twice, one bad image is one image, and a stop is a stop."""

import attrs
import pytest
from aiohttp import web

from bria_async.errors import RunPaused
from bria_async.session import Session
from bria_async.sim import Simulator
from tests.support import TOKEN, PushedHost, Recorder

from .studio import COUNT, ONCE, Studio, connected, once, right

ANOTHER = "canary-of-tomorrow"
"""The token after it was changed."""


@pytest.mark.fault("N13")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_burst_of_failures_after_the_effect_repeats_nothing(
    studio: Studio, sim: Simulator, status: int
) -> None:
    """Every upload took effect and every answer was a failure: one look finds them all."""
    sim.fail("images.upload", when="after", status=status, times=COUNT)
    async with connected(sim.base_url) as session:
        result = await studio.train(session)
    assert result.adopted == COUNT, result
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N13")
async def test_a_server_that_keeps_failing_pauses_the_run(studio: Studio, sim: Simulator) -> None:
    """However long it fails, it gets a bounded number of requests; the run pauses, and ends once the server is well."""
    sim.fail("images.upload", status=503, times=10**6)
    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match="keeps losing"):
            await studio.train(session, settle=0.05)
        tried = len([seen for seen in sim.requests if seen.operation == "images.upload"])
        assert COUNT <= tried <= 5 * COUNT, f"{tried} requests"
        sim.faults = type(sim.faults)()
        result = await studio.train(session)
    assert result.images == COUNT
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N12")
@pytest.mark.parametrize("ask", ["models.get", "models.create"])
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7.0, 8.0),
        ("0", 0.0, 1.0),
        ("1e9", 0.0, 2.0),  # no number of RFC 9110, which has digits only: nonsense, so the usual wait
        ("99999999999", 600.0, 660.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 600.0, 660.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0, 2.0),
        ("-5", 0.0, 2.0),
        ("nan", 0.0, 2.0),
        ("inf", 0.0, 2.0),
        ("\uff11\uff12", 0.0, 2.0),
        (None, 0.0, 2.0),
    ],
)
async def test_a_pause_is_bounded_whatever_the_header_says(
    server: Recorder, ask: str, header: str | None, least: float, most: float
) -> None:
    """Polls and creating calls alike wait for what a sane header says, ten minutes at most, and are then sent again."""
    host = PushedHost(seed=1)
    throttled = web.Response(status=429, headers={} if header is None else {"Retry-After": header})
    answers = [throttled, web.json_response({"id": 7})]
    server.answer = lambda _: answers.pop(0)
    async with Session(TOKEN, server.base_url, host=host) as session:
        asked = session.models.get(7) if ask == "models.get" else session.models.create(name="cat", dataset_id=1)
        assert (await asked).id == 7
    assert len(server.requests) == 2
    assert least <= sum(host.slept) <= most, host.slept


@pytest.mark.fault("N14")
async def test_a_token_that_is_changed_meanwhile_stops_the_run_once(studio: Studio, sim: Simulator) -> None:
    """No more refusals than requests that were on their way; with the new token the run ends, nothing twice."""
    sim.options = attrs.evolve(sim.options, token=TOKEN)

    def change() -> None:
        sim.options = attrs.evolve(sim.options, token=ANOTHER)

    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match="401"):
            await studio.train(session, None, once("finished", "upload", change), uploads_at_once=3)
    refused = [seen for seen in sim.requests if seen.status == 401]
    assert 1 <= len(refused) <= 3, f"{len(refused)} requests with a token that was refused already"
    async with connected(sim.base_url, ANOTHER) as session:
        result = await studio.train(session)
    assert result.images == COUNT
    assert not right(sim, ONCE), right(sim, ONCE)
    written = b"".join(path.read_bytes() for path in studio.state.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written and ANOTHER.encode() not in written, "a token lies in the state folder"


@pytest.mark.fault("N14")
async def test_a_quota_that_is_used_up_stops_the_run_once(studio: Studio, sim: Simulator) -> None:
    """The server's sentence is the run's, and what was uploaded stays uploaded."""
    sim.fail("images.upload", status=403, body="Quota exceeded: Free users", after=4, times=3)
    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match="Quota exceeded"):
            await studio.train(session, uploads_at_once=3)
        refused = [seen for seen in sim.requests if seen.status == 403]
        assert 1 <= len(refused) <= 3, f"{len(refused)} requests of an account that was refused already"
        sim.faults = type(sim.faults)()
        await studio.train(session)
    assert not right(sim, ONCE), right(sim, ONCE)


@pytest.mark.fault("N15")
@pytest.mark.parametrize("status", [412, 413, 415, 422])
async def test_an_image_that_is_refused_stops_or_is_left_out_with_its_reason(
    studio: Studio, sim: Simulator, status: int
) -> None:
    """One image is no reason to lose the others: the user decides, and the reason is told in both cases."""
    sim.fail("images.upload", status=status, body={"error": "not this one"}, match="03--", times=99)
    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match=r"03--.*not this one.*on_bad_image=skip"):
            await studio.train(session)
        result = await studio.train(session, studio.plan(on_bad_image="skip"))
    [(key, reason)] = result.skipped.items()
    assert "03--" in key and "not this one" in reason, result.skipped
    assert result.images == COUNT - 1
    assert not right(sim, {**ONCE, "images.upload": COUNT - 1})


@pytest.mark.fault("N15")
async def test_a_dataset_that_somebody_else_completed_stops_the_run(studio: Studio, sim: Simulator) -> None:
    """A 409 is about all images: none is left out for it, nothing more is paid, whatever was said about bad images."""

    def complete() -> None:
        dataset = next(iter(sim.world.datasets))
        sim.world.datasets[dataset] = attrs.evolve(sim.world.datasets[dataset], status="completed")

    async with connected(sim.base_url) as session:
        plan = studio.plan(on_bad_image="skip")
        with pytest.raises(RunPaused, match="409"):
            await studio.train(session, plan, once("finished", "upload", complete), uploads_at_once=1)
    assert not studio.happened("skipped"), [event.words for event in studio.happened("skipped")]
    paid = {name: sim.counts[name] for name in ("models.create", "models.start_training")}
    assert not any(paid.values()), paid
