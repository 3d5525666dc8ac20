"""`wait=True`: an operation that returns when its job is over."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from bria_async import errors
from bria_async.session import Session
from bria_async.sim import Simulator
from bria_async.types.jobs import Blocked, GeneratedImage, Submission
from bria_async.types.models import Model
from bria_async.wire import Polling
from bria_async.wire.convert import structure, unstructure
from tests.api.test_jobs import DONE, GOING, play
from tests.support import TOKEN, PushedHost, Recorder, Request

ACCEPTED = (202, {"request_id": "r1", "status_url": "https://a/status/r1", "warning": "slow today"})
QUICK = Polling(start=10, factor=1, jitter=0, timeout=20)


def session(server: Recorder, host: PushedHost | None = None) -> Session:
    """A session on a clock that is pushed."""
    return Session(TOKEN, server.base_url, host=host or PushedHost(seed=3))


async def generate(server: Recorder, **values: Any) -> Submission:
    """Generate with a FIBO model."""
    async with session(server) as bria:
        return await bria.tailored.generate(tailored_model_id=1, prompt="a vase", **values)


def paths(server: Recorder) -> list[str]:
    """The last segment of each path that was asked."""
    return [seen.path.rpartition("/")[2] for seen in server.requests]


# --- v2 jobs ----------------------------------------------------------------------------------------------------------


async def test_a_submission_comes_with_its_result(bria: Session, sim: Simulator, fibo: Model) -> None:
    """What would be there without waiting is there too; the job was made once."""
    done = await bria.tailored.generate(tailored_model_id=fibo.id, prompt="a vase", seed=5, wait=True)
    assert done.result is not None
    assert (done.result.seed, bool(done.result.image_url)) == (5, True)
    assert await bria.jobs.wait(done.request_id) == done.result
    assert sim.counts["tailored.generate"] == 1


async def test_what_came_first_is_kept(server: Recorder) -> None:
    """Id, address, warning and the answer itself stay beside the result; `wait` is no parameter of the API."""
    play(server, ACCEPTED, GOING, DONE)
    done = await generate(server, wait=True)
    assert (done.request_id, done.status_url, done.warning) == ("r1", "https://a/status/r1", "slow today")
    assert done.result is not None
    assert done.result.image_url == "https://a/1.png"
    assert structure(unstructure(done), Submission) == done, "a journal keeps the result"
    assert {name: value for name, value in done.raw.items() if name != "result"} == ACCEPTED[1]
    assert server.requests[0].json == {"tailored_model_id": "1", "prompt": "a vase", "sync": False}
    assert paths(server) == ["tailored", "r1", "r1"]


async def test_an_id_that_stands_in_the_address_alone_is_waited_for(server: Recorder) -> None:
    """An answer without `request_id` is a job all the same."""
    play(server, (202, {"status_url": "https://a/v2/status/r1"}), GOING, DONE)
    assert (await generate(server, wait=True)).address == "https://a/1.png"
    assert paths(server) == ["tailored", "r1", "r1"]


async def test_without_waiting_nothing_is_polled(server: Recorder) -> None:
    """The answer as it came."""
    play(server, ACCEPTED)
    assert (await generate(server)).result is None
    assert (await generate(server, wait=False)).result is None
    assert paths(server) == ["tailored"] * 2


async def test_a_result_that_is_there_is_not_polled_for(server: Recorder) -> None:
    """With `sync=True` the answer is the result, with and without an id."""
    result = {"image_url": "https://a/1.png"}
    play(server, (200, {"request_id": "r1", "result": result}), (200, result))
    for _ in range(2):
        done = await generate(server, sync=True, wait=True)
        assert done.result is not None
        assert done.result.image_url == "https://a/1.png"
        assert done.raw in ({"request_id": "r1", "result": result}, result), "as it came"
    assert paths(server) == ["tailored"] * 2


async def test_intervals_and_deadline_may_be_given(server: Recorder) -> None:
    """A `Polling` in place of `True`; what is not over at its deadline goes on at the server."""
    host = PushedHost(seed=3)
    play(server, ACCEPTED, GOING)
    async with session(server, host) as bria:
        with pytest.raises(errors.JobTimedOut, match="after 20 s") as caught:
            await bria.tailored.generate(tailored_model_id=1, prompt="a vase", wait=QUICK)
    assert caught.value.request_id == "r1"
    assert host.slept == [10, 10]
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, {"status": "ERROR", "error": {"code": 422, "message": "no"}}), errors.JobFailed),
        ((200, {"status": "UNKNOWN"}), errors.JobUnknown),
        ((404, {"status": "NOT_FOUND"}), errors.JobNotFound),
        (GOING, errors.JobTimedOut),
    ],
)
async def test_an_error_of_the_job_keeps_its_id(
    server: Recorder, answer: tuple[int, dict[str, object]], kind: type[errors.JobError]
) -> None:
    """It was accepted and may have been charged: with the id it can be looked at again."""
    play(server, ACCEPTED, answer)
    with pytest.raises(kind) as caught:
        await generate(server, wait=True)
    assert caught.value.request_id == "r1"
    assert paths(server).count("tailored") == 1


@pytest.mark.parametrize("answer", [(500, {"error": "down"}), (503, {}), (401, {"error": "no"}), (200, [])])
async def test_a_status_service_that_fails_loses_no_job(server: Recorder, answer: tuple[int, Any]) -> None:
    """What was accepted is never called safe to send again, and the error is all that is needed to wait again."""
    play(server, ACCEPTED, answer)
    with pytest.raises(errors.JobUnreachable, match="do not send it again") as caught:
        await generate(server, wait=True)
    assert (caught.value.request_id, caught.value.job) == ("r1", "r1")
    assert isinstance(caught.value.__cause__, errors.RequestError)
    assert "safe to try again" not in str(caught.value)


async def test_a_reason_given_as_text_is_told(server: Recorder) -> None:
    """v2 promises an object, v1 has shown what promises are."""
    play(server, ACCEPTED, (200, {"status": "ERROR", "error": "moderation stopped it"}))
    with pytest.raises(errors.JobFailed, match="job r1: moderation stopped it"):
        await generate(server, wait=True)


async def test_a_cancelled_wait_tells_the_job(server: Recorder) -> None:
    """Whoever gives up waiting learns what to wait for later."""
    play(server, ACCEPTED, GOING)

    def give_up(_: float) -> None:
        raise asyncio.CancelledError

    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1, push=give_up)) as bria:
        with pytest.raises(asyncio.CancelledError) as caught:
            await bria.tailored.generate(tailored_model_id="1", prompt="x", wait=True)
    assert "jobs.wait('r1')" in caught.value.__notes__[0]


@pytest.mark.parametrize("wait", [30, "yes", 1.5])
async def test_a_wait_that_is_none_is_refused_before_anything_is_paid(server: Recorder, wait: Any) -> None:
    """Seconds are no intervals."""
    with pytest.raises(errors.InvalidParameter, match="wait must be True, False or a Polling"):
        await generate(server, wait=wait)
    assert server.requests == []


@pytest.mark.parametrize("result", ["https://x/y.png", ["https://x/y.png"], [["https://x/y.png", 3]]])
async def test_a_result_of_an_unknown_shape_is_kept(server: Recorder, result: object) -> None:
    """What was paid for is reachable, whatever it looks like."""
    play(server, ACCEPTED, (200, {"status": "COMPLETED", "result": result}))
    answer = await generate(server, wait=True)
    assert answer.result is not None
    assert answer.result.raw["result"] == result


async def test_a_refusal_is_not_waited_for(server: Recorder) -> None:
    """Nothing was accepted."""
    play(server, (422, {"error": "no"}))
    with pytest.raises(errors.Unprocessable):
        await generate(server, wait=True)
    assert len(server.requests) == 1


# --- v1 images --------------------------------------------------------------------------------------------------------


def fill_in(server: Recorder, *, after: int) -> None:
    """Answer a v1 generation whose two images are there after so many looks each; the second is moderated."""
    looks = {"1.png": 0, "2.png": 0}

    def answer(seen: Request) -> web.Response:
        if seen.method == "POST":
            urls = [f"{server.base_url}/{name}?signature=s3" for name in looks]
            return web.json_response({"result": [{"urls": [url]} for url in urls]})
        name = seen.path[1:]
        looks[name] += 1
        if looks[name] <= after:
            return web.Response(status=404)
        return web.Response(body=b"image" if name == "1.png" else b"")

    server.answer = answer


async def test_v1_images_are_there_after_the_wait(server: Recorder) -> None:
    """Looked at until they are filled in; what moderation stopped is blocked."""
    fill_in(server, after=2)
    async with session(server) as bria:
        images = await bria.tailored.text_to_image(1, prompt="a vase", wait=True)
    assert images.urls == (f"{server.base_url}/1.png?signature=s3",)
    assert isinstance(images.result[1], Blocked)
    assert paths(server)[0] == "1"
    assert sorted(paths(server)[1:]) == ["1.png"] * 3 + ["2.png"] * 3
    assert all("api_token" not in seen.headers for seen in server.requests[1:])


async def test_v1_images_that_were_drawn_at_once_are_not_looked_at(server: Recorder) -> None:
    """With `sync=True` the answer came when they were there."""
    fill_in(server, after=0)
    async with session(server) as bria:
        images = await bria.tailored.text_to_image(1, prompt="a vase", sync=True, wait=True)
        assert len(images.urls) == 2
        assert len((await bria.tailored.text_to_image(1, prompt="a vase")).urls) == 2
    assert paths(server) == ["1", "1"]


@pytest.mark.parametrize(("wait", "seconds"), [(True, 120), (QUICK, 20)])
async def test_v1_images_have_their_own_deadline(server: Recorder, wait: Any, seconds: int) -> None:
    """Two minutes, or what was given."""
    fill_in(server, after=10_000)
    host = PushedHost(seed=3)
    async with session(server, host) as bria:
        with pytest.raises(errors.JobTimedOut, match=f"not ready after {seconds}") as caught:
            await bria.tailored.text_to_image(1, prompt="a vase", wait=wait)
    assert sum(host.slept) == pytest.approx(seconds)
    assert len(caught.value.job.urls) == 2, "nothing is left to wait for again"


async def test_a_v1_image_that_is_gone_does_not_cost_the_others(server: Recorder) -> None:
    """One is an image, the other says why not; only when all are gone it is an error."""
    held = {"/one.png": 200, "/two.png": 410}

    def answer(seen: Request) -> web.Response:
        if seen.method == "GET":
            return web.Response(body=b"x", status=held[seen.path])
        return web.json_response({"result": [{"urls": [f"{server.base_url}{path}"]} for path in held]})

    server.answer = answer
    async with session(server) as bria:
        first, second = (await bria.tailored.text_to_image(1, prompt="a vase", wait=True)).result
        assert isinstance(first, GeneratedImage)
        assert isinstance(second, Blocked)
        assert "410" in (second.description or "")
        held["/one.png"] = 410
        with pytest.raises(errors.JobUnreachable, match="410"):
            await bria.tailored.text_to_image(1, prompt="a vase", wait=True)


async def test_v1_images_without_a_way_to_them_are_kept_in_the_error(server: Recorder) -> None:
    """It says what is wrong with the address at once, and holds what was paid for."""
    server.answers({"result": [{"urls": ["http://[bad"]}]})
    host = PushedHost(seed=3)
    async with session(server, host) as bria:
        with pytest.raises(errors.JobUnreachable, match="cannot be read") as caught:
            await bria.tailored.text_to_image(1, prompt="a vase", wait=True)
    assert caught.value.job.urls == ("http://[bad",)
    assert host.slept == []


async def test_v1_images_are_waited_for_at_the_simulator(bria: Session, legacy: Model, host: PushedHost) -> None:
    """After the wait they can be downloaded."""
    images = await bria.tailored.text_to_image(legacy.id, prompt="a vase", num_results=1, wait=True)
    assert (await bria.fetch(images.urls[0])).startswith(b"\x89PNG")


# --- images that are still being onboarded ----------------------------------------------------------------------------

ONBOARDING: tuple[int, dict[str, object]] = (205, {})


async def test_an_image_that_is_still_onboarded_is_an_error(server: Recorder) -> None:
    """Without waiting: nothing to answer yet is no answer."""
    play(server, ONBOARDING)
    async with session(server) as bria:
        with pytest.raises(errors.StillOnboarding, match=r"visuals\.info: 205 .* with wait=True"):
            await bria.visuals.info("v1")
    assert len(server.requests) == 1


async def test_an_image_is_asked_for_until_it_is_onboarded(server: Recorder) -> None:
    """The same call again at growing intervals, and then its answer."""
    play(server, ONBOARDING, ONBOARDING, ONBOARDING, (200, {"description": "a vase"}))
    host = PushedHost(seed=3)
    async with session(server, host) as bria:
        info = await bria.visuals.info("v1", lean=True, wait=True)
    assert info.raw == {"description": "a vase"}
    assert {(seen.path, seen.query["lean"]) for seen in server.requests} == {("/v1/v1/info", "true")}
    assert len(server.requests) == 4
    assert host.slept[0] < host.slept[1] < host.slept[2]


@pytest.mark.parametrize(("wait", "looks", "seconds"), [(QUICK, 3, 20), (Polling(timeout=0), 1, 0)])
async def test_an_image_that_is_never_onboarded_is_an_error(
    server: Recorder, wait: Polling, looks: int, seconds: int
) -> None:
    """At the deadline the last answer is raised."""
    play(server, ONBOARDING)
    host = PushedHost(seed=3)
    async with session(server, host) as bria:
        with pytest.raises(errors.StillOnboarding):
            await bria.visuals.info("v1", wait=wait)
    assert (len(server.requests), sum(host.slept)) == (looks, seconds)


async def test_another_error_ends_the_onboarding(server: Recorder) -> None:
    """Only 205 is asked again."""
    play(server, ONBOARDING, (404, {}))
    async with session(server) as bria:
        with pytest.raises(errors.NotFound):
            await bria.visuals.info("v1", wait=True)
    assert len(server.requests) == 2
