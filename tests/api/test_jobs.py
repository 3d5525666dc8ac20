"""Waiting for jobs: v2 by request id, v1 by addresses that fill in later."""

import asyncio
import base64
import json
import pickle
import random
from collections.abc import Mapping
from itertools import islice

import pytest
from aiohttp import web

from bria_async.errors import (
    DownloadFailed,
    JobFailed,
    JobNotFound,
    JobTimedOut,
    JobUnknown,
    Refused,
    ServerFailed,
)
from bria_async.session import Session
from bria_async.sim import Moderation, Options, Simulator, simulator
from bria_async.types.jobs import Blocked, GeneratedImage, GeneratedImages, JobResult, Submission
from bria_async.types.models import Model
from bria_async.wire import Polling
from bria_async.wire.convert import structure, unstructure
from tests.api.conftest import trained
from tests.support import TOKEN, PushedHost, Recorder, Request, picture
from tests.transport.raw import Connection, http, raw


def test_intervals_grow_to_the_cap() -> None:
    """Without jitter the intervals are a plain progression with an end."""
    intervals = Polling(start=1, factor=2, cap=10, jitter=0).intervals(random.Random(1))
    assert list(islice(intervals, 6)) == [1, 2, 4, 8, 10, 10]


def test_intervals_are_jittered_around_their_value() -> None:
    """Every interval stays within its share of jitter, and no two are alike."""
    found = list(islice(Polling(start=10, factor=1, jitter=0.2).intervals(random.Random(1)), 50))
    assert all(8 <= interval <= 12 for interval in found)
    assert len(set(found)) == 50


def test_default_intervals_begin_at_a_second_and_end_at_a_minute() -> None:
    """The documented defaults."""
    found = list(islice(Polling(jitter=0).intervals(random.Random(1)), 30))
    assert found[0] == 1
    assert found[-1] == 60


async def test_a_job_is_waited_for(bria: Session, sim: Simulator, fibo: Model, host: PushedHost) -> None:
    """A submission is polled at growing intervals until its result is there."""
    submission = await bria.tailored.generate(tailored_model_id=fibo.id, prompt="a vase", seed=5)
    assert submission.result is None
    host.slept.clear()
    result = await bria.jobs.wait(submission)
    assert isinstance(result, JobResult)
    assert result.seed == 5
    assert result.image_url is not None
    assert len(host.slept) == sim.counts["jobs.status"] - 1
    assert host.slept[0] < host.slept[-2]


async def test_a_request_id_is_enough(bria: Session, fibo: Model) -> None:
    """Another process waits with the id alone, which survives a pickle."""
    submission = await bria.tailored.generate(tailored_model_id=fibo.id, prompt="a vase")
    request_id = pickle.loads(pickle.dumps(submission)).request_id  # noqa: S301  # made on the line itself
    assert await bria.jobs.wait(request_id) == await bria.jobs.wait(submission)


async def test_a_result_that_is_there_needs_no_poll(bria: Session, sim: Simulator, fibo: Model) -> None:
    """A synchronous submission returns its result at once."""
    submission = await bria.tailored.generate(tailored_model_id=fibo.id, prompt="a vase", sync=True)
    assert await bria.jobs.wait(submission) is submission.result
    assert sim.counts["jobs.status"] == 0


async def test_structured_prompts_and_videos_are_jobs_too(bria: Session, fibo: Model, pictures: list[str]) -> None:
    """The other v2 operations are waited for in the same way."""
    prompt = await bria.tailored.generate_structured_prompt(tailored_model_id=fibo.id, prompt="a vase")
    assert (await bria.jobs.wait(prompt)).structured_prompt
    video = await bria.tailored.image_to_video(tailored_model_id=fibo.id, image=pictures[0])
    assert (await bria.jobs.wait(video)).video_url


GOING = (200, {"status": "IN_PROGRESS", "request_id": "r1"})
MISSING = (404, {"status": "NOT_FOUND"})
DONE = (200, {"status": "COMPLETED", "request_id": "r1", "result": {"image_url": "https://a/1.png"}})


def play(server: Recorder, *answers: tuple[int, Mapping[str, object]]) -> None:
    """Answer one after the other, and the last one for ever."""
    left = list(answers)

    def answer(_: Request) -> web.Response:
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return web.json_response(body, status=status)

    server.answer = answer


async def wait(
    server: Recorder, *answers: tuple[int, Mapping[str, object]], polling: Polling | None = None
) -> JobResult:
    """Wait for a job whose status service gives these answers, the last one for ever."""
    play(server, *answers)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=3)) as bria:
        return await bria.jobs.wait("r1", polling=polling)


async def test_a_new_id_may_be_unknown_for_a_while(server: Recorder) -> None:
    """A 404 within the grace time is not the end."""
    result = await wait(server, MISSING, MISSING, GOING, DONE)
    assert result.image_url == "https://a/1.png"


async def test_an_id_that_stays_unknown_is_an_error(server: Recorder) -> None:
    """After the grace time a 404 is an error that names the id."""
    with pytest.raises(JobNotFound, match="r1") as caught:
        await wait(server, MISSING)
    assert caught.value.request_id == "r1"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("word", ["ERROR", "FAILED", "Failed"])
async def test_a_failed_job_is_an_error_though_http_says_200(server: Recorder, word: str) -> None:
    """The body decides: code, message and details come through."""
    body = {"status": word, "error": {"code": 422, "message": "no", "details": "blocked"}}
    with pytest.raises(JobFailed, match="job r1: no") as caught:
        await wait(server, GOING, (200, body))
    assert (caught.value.code, caught.value.details) == ("422", "blocked")


async def test_a_failure_without_a_reason_is_still_one(server: Recorder) -> None:
    """A status service that gives no error object is believed all the same."""
    with pytest.raises(JobFailed, match="no reason"):
        await wait(server, (200, {"status": "ERROR"}))


async def test_unknown_can_be_waited_for_again(server: Recorder) -> None:
    """UNKNOWN is an error of its own, after which the same id may be waited for."""
    unknown = (200, {"status": "UNKNOWN"})
    with pytest.raises(JobUnknown, match="waited for again"):
        await wait(server, unknown)
    assert (await wait(server, DONE)).image_url


@pytest.mark.fault("N10")
async def test_words_that_nobody_knows_keep_polling(server: Recorder) -> None:
    """A status of a later generation, or none at all, is not an end."""
    result = await wait(server, (200, {"status": "QUEUED"}), (200, {}), DONE)
    assert result.image_url


async def test_the_deadline_ends_a_wait(server: Recorder) -> None:
    """A job that stays in progress is given up at the deadline, no later, and said to go on."""
    server.answers(GOING[1])
    host = PushedHost(seed=3)
    async with Session(TOKEN, server.base_url, host=host) as bria:
        with pytest.raises(JobTimedOut, match="after 90 s") as caught:
            await bria.jobs.wait("r1", polling=Polling(timeout=90))
    assert caught.value.request_id == "r1"
    assert sum(host.slept) == pytest.approx(90)


async def test_what_is_done_at_the_deadline_is_returned(server: Recorder) -> None:
    """The last look comes at the deadline itself, before the clock is asked."""
    polling = Polling(start=10, factor=1, jitter=0, timeout=20)
    result = await wait(server, GOING, GOING, DONE, polling=polling)
    assert result.image_url
    assert len(server.requests) == 3


async def test_no_time_at_all_is_one_look(server: Recorder) -> None:
    """A deadline of zero asks once."""
    assert (await wait(server, DONE, polling=Polling(timeout=0))).image_url
    with pytest.raises(JobTimedOut):
        await wait(server, GOING, polling=Polling(timeout=0))


async def test_a_wait_without_a_deadline_goes_on(server: Recorder) -> None:
    """With no timeout the interval alone decides."""
    answers = [GOING] * 30
    assert (await wait(server, *answers, DONE, polling=Polling(timeout=None))).image_url


async def test_a_broken_status_service_names_the_job(server: Recorder) -> None:
    """An error of the service keeps the id, so that nothing paid for is lost."""
    with pytest.raises(ServerFailed) as caught:
        await wait(server, (500, {"error": {"code": 500, "message": "down"}}))
    assert "jobs.wait('r1')" in caught.value.__notes__[0]


@pytest.mark.fault("N13")
@pytest.mark.parametrize("status", [408, 425, 500, 503, 506, 512, 599])
async def test_a_status_service_that_recovers_ends_no_wait(server: Recorder, status: int) -> None:
    """A failure among the looks is a look that told nothing."""
    down = (status, {"error": {"code": status, "message": "down"}})
    assert (await wait(server, down, GOING, down, down, DONE)).image_url == "https://a/1.png"


async def test_a_status_service_that_is_away_for_a_while_ends_no_wait() -> None:
    """Connections that break are looks that told nothing."""
    left = 20

    async def behave(connection: Connection) -> None:
        nonlocal left
        left -= 1
        if left:
            connection.reset()
        else:
            await connection.answer(http(json.dumps(DONE[1]).encode()))

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=3)) as bria:
        assert (await bria.jobs.wait("r1")).image_url == "https://a/1.png"
    assert len(server.heads) == 20, "fewer attempts than one call has would prove nothing"


async def test_what_a_look_met_last_is_told_at_the_deadline(server: Recorder) -> None:
    """A failure that passed is none: the job is still going then."""
    down = (500, {"error": "down"})
    polling = Polling(start=10, factor=1, jitter=0, timeout=20)
    with pytest.raises(ServerFailed, match="down"):
        await wait(server, GOING, GOING, down, polling=polling)
    with pytest.raises(JobTimedOut, match="still in progress"):
        await wait(server, down, down, GOING, polling=polling)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_status_service_that_says_no_is_not_asked_again(server: Recorder, status: int) -> None:
    """A wrong token does not become right."""
    with pytest.raises(Refused) as caught:
        await wait(server, (status, {"error": "no"}))
    assert len(server.requests) == 1
    assert "jobs.wait('r1')" in caught.value.__notes__[0]


async def test_v1_images_are_waited_for(bria: Session, legacy: Model, host: PushedHost) -> None:
    """Addresses that were given at once are asked until they hold something."""
    images = await bria.tailored.text_to_image(legacy.id, prompt="a vase", num_results=2)
    host.slept.clear()
    ready = await bria.jobs.wait(images)
    assert ready == images
    assert host.slept, "nothing was waited for"


async def test_v1_images_that_are_there_need_no_wait(bria: Session, legacy: Model, host: PushedHost) -> None:
    """Synchronous results are looked at once."""
    images = await bria.tailored.text_to_vector(legacy.id, prompt="a vase", num_results=1)
    host.slept.clear()
    assert await bria.jobs.wait(images) == images
    assert host.slept == []


@pytest.mark.fault("N18")
async def test_a_moderated_v1_image_is_blocked() -> None:
    """A zero-byte file is not a success: it becomes a blocked output in its place."""
    options = Options(moderation=Moderation(first_output=("vase",)))
    async with simulator(options=options) as sim:
        host = PushedHost(seed=1, push=sim.clock.push)
        async with Session(TOKEN, sim.base_url, host=host) as bria:
            dataset = await bria.datasets.create(
                name="x", use_case="illustrative_style", style_description="flat", training_version="light"
            )
            file = base64.b64encode(picture()).decode()
            await bria.images.upload(dataset.id, file=file, image_name="0.png")
            model = await trained(bria, sim, dataset)
            images = await bria.tailored.text_to_image(
                model.id, prompt="a vase", num_results=2, content_moderation=True
            )
            ready = await bria.jobs.wait(images)
    first, second = ready.result
    assert isinstance(first, Blocked)
    assert isinstance(second, GeneratedImage)
    assert ready.urls == images.urls[1:]


async def test_v1_addresses_that_stay_empty_time_out(server: Recorder) -> None:
    """The addresses that are not ready are named, without their signatures."""
    server.answers(status=404)
    url = f"{server.base_url}/result.png?signature=secret"
    images = structure({"result": [{"urls": [url]}]}, GeneratedImages)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=3)) as bria:
        with pytest.raises(JobTimedOut, match=r"not ready after 120\.0 s: .*/result\.png\.") as caught:
            await bria.jobs.wait(images)
    assert "secret" not in str(caught.value)
    assert all("api_token" not in seen.headers for seen in server.requests)


@pytest.mark.parametrize("given", ["?signature=secret", "#secret", "\\u003fsecret"])
async def test_v1_addresses_are_named_without_their_signatures_however_a_wait_ends(
    server: Recorder, given: str
) -> None:
    """A note of a cancellation goes to the same logs as an error."""
    url = f"{server.base_url}/result.png{given}"

    def answer(seen: Request) -> web.Response:
        return web.Response(status=404) if seen.method == "GET" else web.json_response({"result": [{"urls": [url]}]})

    def give_up(_: float) -> None:
        raise asyncio.CancelledError

    server.answer = answer
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=3, push=give_up)) as bria:
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await bria.tailored.text_to_image(1, prompt="a vase", wait=True)
        images = structure({"result": [{"urls": [url]}]}, GeneratedImages)
        with pytest.raises(JobTimedOut) as late:
            await bria.jobs.wait(images, polling=Polling(timeout=0))
    told = [*cancelled.value.__notes__, str(late.value)]
    assert all("/result.png" in text and "secret" not in text for text in told), told


async def test_v1_addresses_that_fail_for_a_while_end_no_wait() -> None:
    """Failures of the server and broken connections are looks that told nothing."""
    answers = [http(status="500 Down"), b"", http(status="503 Down"), b"", http(b"image")]

    async def behave(connection: Connection) -> None:
        await connection.answer(answers.pop(0))

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=3)) as bria:
        images = structure({"urls": [f"{server.base_url}/1.png"]}, GeneratedImages)
        assert await bria.jobs.wait(images) == images
    assert answers == []


@pytest.mark.parametrize("url", ["http://[bad", "http://127.0.0.1:1/a.png"])
async def test_v1_addresses_that_lead_nowhere_are_told_at_once(url: str) -> None:
    """One that cannot be read, and a private one though the API is not: waiting is in vain, and costs no others."""
    host = PushedHost(seed=3)
    async with Session(TOKEN, "https://engine.prod.bria-api.com", host=host) as bria:
        with pytest.raises(DownloadFailed, match=r"cannot be read|is not a public address"):
            await bria.jobs.wait(structure({"result": [{"urls": [url]}]}, GeneratedImages))
    assert host.slept == []


async def test_what_was_found_is_in_the_answer_that_a_journal_keeps(server: Recorder) -> None:
    """Blocked images and addresses that hold nothing are read back as such, and the rest of the answer with them."""
    server.answer = lambda seen: web.Response(body=b"image" if "full" in seen.path else b"")
    full, empty = (f"{server.base_url}/{name}.png" for name in ("full", "empty"))
    body = {"result": [[full, 1, "one"], {"image_url": empty, "seed": 2}, {"urls": [empty, full]}], "later": 5}
    async with Session(TOKEN, server.base_url) as bria:
        found = await bria.jobs.wait(structure({**body, "redirected": True}, GeneratedImages))
    assert [isinstance(item, Blocked) for item in found.result] == [False, True, False]
    assert found.urls == (full, full)
    again = structure(json.loads(json.dumps(unstructure(found))), GeneratedImages)
    assert again == found
    assert (again.redirected, again.raw["later"]) == (True, 5)
    assert again.result[1].raw["image_url"] == empty, "what was paid for can still be asked about"


async def test_nothing_to_wait_for_is_at_once_done(server: Recorder) -> None:
    """Only blocked outputs, or none: there is nothing to poll."""
    images = GeneratedImages(result=(Blocked(blocked=True),))
    async with Session(TOKEN, server.base_url, host=PushedHost()) as bria:
        assert await bria.jobs.wait(images) == images
        done = Submission(request_id="", result=JobResult(image_url="https://a"))
        assert await bria.jobs.wait(done) == done.result
    assert server.requests == []
