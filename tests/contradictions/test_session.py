"""The session's rule where the API's documents contradict each other, a test per row of the contract's table."""

import re
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.api.guidance import Guidance
from bria_async.errors import (
    BadRequest,
    Conflict,
    InvalidParameter,
    JobFailed,
    JobNotFound,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    ServerFailed,
)
from bria_async.session import Session
from bria_async.types.datasets import Dataset, DatasetStatus
from bria_async.wire.convert import structure
from tests.support import (
    OLDER,
    TOKEN,
    PushedHost,
    Recorder,
    Request,
    contract,
    endpoint,
    parts,
    perform,
    picture,
    reply,
    sample,
    samples,
)

ADDRESS = "https://example.com/vase.png"


def read(operation: str, data: Any) -> Any:
    """What an operation makes of an answer."""
    return structure(data, endpoint(operation).answer)


@asynccontextmanager
async def session(server: Recorder, **options: Any) -> AsyncIterator[Session]:
    """A session whose sleeping takes no time."""
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=3), **options) as bria:
        yield bria


async def sent(server: Recorder, operation: str, *, answer: Any = None, **values: Any) -> Request:
    """The request that these values become, beside those that are required."""
    server.answers(reply(operation)["body"] if answer is None else answer)
    server.requests.clear()
    async with session(server) as bria:
        await perform(bria, operation, {**samples(operation, required_only=True), **values})
    return server.requests[-1]


async def test_c01_client_sends_lower_case_and_reads_any(server: Recorder) -> None:
    """One spelling goes out, all come in."""
    assert (await sent(server, "datasets.update", status="completed")).json == {"status": "completed"}
    for word in ("completed", "COMPLETED", "Completed"):
        assert read("datasets.get", {"id": 1, "status": word}).status is DatasetStatus.COMPLETED


async def test_c03_client_warns_of_too_many_words_and_sends_them(server: Recorder) -> None:
    """They are many in the documentation's own example."""
    text = "a girl with purple hair and a very long scarf"
    with pytest.warns(UserWarning, match="ip_description has 10 words"):
        seen = await sent(server, "projects.create", ip_description=text)
    assert seen.json["ip_description"] == text


@pytest.mark.parametrize(
    "fields",
    [{"project_id": 5, "name": "a"}, {"use_case": "illustrative_style", "style_description": "flat", "name": "a"}],
)
async def test_c04_client_makes_two_kinds_of_datasets_of_one_type(server: Recorder, fields: dict[str, Any]) -> None:
    """Both are requests of one method, and their answers one class with all of it optional."""
    seen = await sent(server, "datasets.create", **fields)
    assert seen.json == fields
    made = read("datasets.create", {"id": 1, **fields})
    assert isinstance(made, Dataset)
    assert {name: getattr(made, name) for name in fields} == fields


async def test_c05_client_uploads_as_json_or_as_form_under_one_name(server: Recorder, tmp_path: Path) -> None:
    """A file is a form with its name in both places, or JSON when asked."""
    file = tmp_path / "vase.png"
    file.write_bytes(picture(16, 16))
    server.answers(reply("images.upload")["body"], 201)
    async with session(server) as bria:
        await bria.images.upload_file(5, file, name="key.png")
        await bria.images.upload_file(5, file, name="key.png", as_json=True)
    form, json = server.requests
    text, part = parts(form)
    assert (text.get_payload(), part.get_filename()) == ("key.png", "key.png")
    assert json.json["image_name"] == "key.png"


@pytest.mark.parametrize("name", ["file_name", "image_name"])
async def test_c05_client_reads_a_form_encoded_answer_and_both_names(server: Recorder, name: str) -> None:
    """As JSON and urlencoded, with either name, it is the same image."""
    texts = {f'{{"id": 7, "{name}": "a.png"}}': "json", f"id=7&{name}=a.png": "x-www-form-urlencoded"}
    answers = [web.Response(text=text, content_type=f"application/{kind}") for text, kind in texts.items()]
    server.answer = lambda _: answers.pop()
    async with session(server) as bria:
        for _ in texts:
            found = await bria.images.upload(5, file="QUJD")
            assert (found.id, found.image_name) == (7, "a.png")


@pytest.mark.parametrize("status", [409, 412])
async def test_c06_client_leaves_the_minimum_to_the_server(server: Recorder, status: int) -> None:
    """The session sends the completion whatever is there, and its refusal comes through with its words."""
    server.answers({"error": "needs at least 5 images"}, status)
    async with session(server) as bria:
        with pytest.raises(Conflict if status == 409 else PreconditionFailed, match="needs at least 5 images"):
            await bria.datasets.update(5, status="completed")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("tailored.text_to_image", "model_influence"),
        ("tailored.text_to_vector", "model_influence"),
        ("tailored.generate", "tailored_model_influence"),
    ],
)
async def test_c07_client_takes_an_influence_up_to_one_and_a_half(server: Recorder, operation: str, name: str) -> None:
    """Under the name of the endpoint; beyond it nothing is sent."""
    assert (await sent(server, operation, **{name: 1.5})).json[name] == 1.5
    server.requests.clear()
    with pytest.raises(InvalidParameter, match=name):
        await sent(server, operation, **{name: 1.6})
    assert server.requests == []


GUIDED = ["tailored.text_to_image", "tailored.text_to_vector"]


@pytest.mark.parametrize("operation", GUIDED)
async def test_c08_client_takes_two_guidance_methods_and_no_third(server: Recorder, operation: str) -> None:
    """As values or as parameters; a third is refused before anything is sent."""
    methods = [Guidance("canny", picture(16, 16), scale=0.5), Guidance("depth", picture(16, 16))]
    body = (await sent(server, operation, guidance=methods)).json
    assert (body["guidance_method_1"], body["guidance_method_2"]) == ("controlnet_canny", "controlnet_depth")
    server.requests.clear()
    with pytest.raises(InvalidParameter, match="at most 2"):
        await sent(server, operation, guidance=[*methods, methods[0]])
    assert not [name for name in endpoint(operation).by_name if re.search(r"guidance_method_[3-9]", name)]
    assert server.requests == []


@pytest.mark.parametrize("operation", GUIDED)
@pytest.mark.parametrize("mode", ["style", "style_only"])
async def test_c09_client_sends_style_only_for_style(server: Recorder, operation: str, mode: str) -> None:
    """The spelling of a table's head is an alias."""
    assert (await sent(server, operation, image_prompt_mode=mode)).json["image_prompt_mode"] == "style_only"


@pytest.mark.parametrize(
    ("operation", "sync"),
    [
        ("tailored.text_to_image", False),
        ("tailored.text_to_vector", True),
        ("tailored.restyle_portrait", True),
        ("tailored.generate", False),
        ("visuals.replace_background", False),
    ],
)
async def test_c10_client_always_sends_sync(server: Recorder, operation: str, sync: bool) -> None:
    """No default of the server decides whether somebody waits."""
    assert (await sent(server, operation)).json["sync"] is sync


@pytest.mark.parametrize("name", ["image_url", "image_res"])
async def test_c12_client_reads_both_names_and_sends_the_id_as_text(server: Recorder, name: str) -> None:
    """A number becomes a text, and the result is found under either name."""
    body = {"result": [{name: "https://a/1.png"}]}
    seen = await sent(server, "tailored.restyle_portrait", answer=body, tailored_model_id=12, id_image_url=ADDRESS)
    assert seen.json["tailored_model_id"] == "12"
    assert read("tailored.restyle_portrait", body).urls == ("https://a/1.png",)


async def test_c14_client_omits_training_version_when_none_is_given(server: Recorder) -> None:
    """It is optional both ways, and any version is sent as it is."""
    assert "training_version" not in ((await sent(server, "projects.create", project_name="a")).json)
    assert (await sent(server, "projects.create", training_version="fibo-9")).json == {"training_version": "fibo-9"}
    for data in ({"id": 1}, {"id": 1, "training_version": None}):
        assert read("projects.create", data).training_version is None


@pytest.mark.parametrize(("status", "paths"), [(404, ["bulk-upload", "bulk"]), (400, ["bulk-upload"])])
async def test_c17_client_tries_the_older_path_where_the_newer_is_not_found(
    server: Recorder, status: int, paths: list[str]
) -> None:
    """And only there: any other refusal is the answer."""
    server.answers({"error": "no"}, status)
    async with session(server) as bria:
        with pytest.raises(Refused, match=str(status)) as caught:
            await bria.images.bulk_upload(5, zip_url="https://a/1.zip")
    assert [seen.path.rsplit("/", 1)[1] for seen in server.requests] == paths
    assert len(caught.value.attempts) == len(paths), "each is an attempt of its own"


async def test_c18_client_regenerates_captions_without_a_slash(server: Recorder) -> None:
    """As the published spec has it."""
    assert (await sent(server, "images.regenerate_captions", dataset_id=5)).path.endswith("/datasets/5/images")


@pytest.mark.parametrize("identifier", [12, "12", "a9f/legacy?id", "ü"])
async def test_c19_client_takes_numbers_and_texts_for_ids(server: Recorder, identifier: Any) -> None:
    """Quoted as one segment of the path."""
    seen = await sent(server, "models.get", answer={"id": identifier}, model_id=identifier)
    assert seen.path.endswith("/models/" + urllib.parse.quote(str(identifier), safe=""))


@pytest.mark.parametrize("operation", ["models.delete", "datasets.delete", "projects.delete", "models.stop_training"])
@pytest.mark.parametrize(("status", "body"), [(204, ""), (200, '{"status": "Deleted"}'), (200, "<html>")])
async def test_c20_client_ignores_what_comes_with_a_deletion(
    server: Recorder, operation: str, status: int, body: str
) -> None:
    """A 204, or a 200 with whatever body, is done."""
    server.answer = lambda _: web.Response(text=body or None, status=status)
    async with session(server) as bria:
        assert await perform(bria, operation, samples(operation, required_only=True)) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error": "no such thing"}', None),
        ('"no such thing"', None),
        ('{"message": "no such thing"}', None),
        ('{"errors": [{"msg": "no such thing", "field_name": "a", "field_input": 1}]}', None),
        ('{"error_code": 7, "description": "no such thing"}', "7"),
        ('{"error": {"code": 400, "message": "no such thing", "details": "x"}, "request_id": "r"}', "400"),
        ('{"error": {"code": "VALIDATION_ERROR", "message": "no such thing"}}', "VALIDATION_ERROR"),
        ("no such thing", None),
    ],
)
async def test_c22_client_reads_every_shape_of_an_error(server: Recorder, body: str, code: str | None) -> None:
    """Message and code come through, and the text and status are kept."""
    server.answer = lambda _: web.Response(text=body, status=400)
    async with session(server) as bria:
        with pytest.raises(BadRequest, match="no such thing") as caught:
            await bria.models.get(1)
    assert (caught.value.status, caught.value.body, caught.value.code) == (400, body, code)


@pytest.mark.parametrize("word", ["FAILED", "ERROR", "Error"])
async def test_c23_client_takes_failed_for_an_error(server: Recorder, word: str) -> None:
    """Two words for the same end, which HTTP calls 200."""
    server.answers({"status": word, "error": {"message": "no"}})
    async with session(server) as bria:
        with pytest.raises(JobFailed, match="no"):
            await bria.jobs.wait("r1")


async def test_c23_client_goes_on_at_any_other_word_and_needs_no_image(server: Recorder) -> None:
    """What it does not know is no end, and a result may be a structured prompt alone."""
    answers = iter([{"status": "QUEUED"}, {"status": "IN_PROGRESS"}, {}])
    done = {"status": "COMPLETED", "result": {"structured_prompt": "{}"}}
    server.answer = lambda _: web.json_response(next(answers, done))
    async with session(server) as bria:
        result = await bria.jobs.wait("r1")
    assert (result.structured_prompt, result.image_url) == ("{}", None)


async def test_c23_client_names_a_job_that_is_not_found(server: Recorder) -> None:
    """The 404 has a body of its own."""
    server.answers({"status": "NOT_FOUND"}, 404)
    async with session(server) as bria:
        with pytest.raises(JobNotFound, match="r1"):
            await bria.jobs.wait("r1")


@pytest.mark.parametrize(("status", "times"), [(429, 2), (500, 1), (502, 1), (503, 1), (504, 1)])
async def test_c26_client_repeats_a_post_only_when_it_was_certainly_not_done(
    server: Recorder, status: int, times: int
) -> None:
    """What was throttled is sent again, what may have been done is not."""
    answers = iter([web.Response(status=status)])
    server.answer = lambda _: next(answers, None) or web.json_response(reply("tailored.generate")["body"])
    async with session(server) as bria:
        call = bria.tailored.generate(tailored_model_id=1, prompt="a")
        if times == 2:
            await call
        else:
            with pytest.raises(ServerFailed):
                await call
    assert len(server.requests) == times


async def test_c26_client_sends_a_lost_post_once_and_a_lost_get_again(server: Recorder) -> None:
    """A gateway that gave up leaves a POST in doubt, and does not matter to a GET."""
    server.answer = lambda seen: (
        web.Response(status=502)
        if sum(request.method == seen.method for request in server.requests) == 1
        else web.json_response([])
    )
    async with session(server) as bria:
        assert await bria.models.list() == ()
        with pytest.raises(OutcomeUnknown):
            await bria.models.create(name="a", dataset_id=1)
    assert [seen.method for seen in server.requests] == ["GET", "GET", "POST"]


async def test_c27_client_paces_each_endpoint_as_told(server: Recorder) -> None:
    """Polls have a bucket of their own, and what has no rate waits for nobody."""
    host = PushedHost(seed=3)
    server.answer = lambda seen: web.json_response({"status": "IN_PROGRESS"} if "status" in seen.path else [])
    rates = {"jobs.status": 60.0, "models.list": 6.0}
    async with Session(TOKEN, server.base_url, host=host, requests_per_minute=rates) as bria:
        began = host.time
        for _ in range(2):
            await bria.jobs.status("r1")
        assert host.time - began == pytest.approx(1, abs=0.5)
        for _ in range(2):
            await bria.models.list()
        assert host.time - began == pytest.approx(11, abs=1)
        for _ in range(20):
            await bria.projects.list()
        assert host.time - began == pytest.approx(11, abs=1)


async def test_c30_client_leaves_the_size_of_an_image_to_the_server(server: Recorder) -> None:
    """The session sends the smallest picture, and the refusal comes through."""
    server.answers({"error": "The image must be at least 256x256 pixels"}, 412)
    async with session(server) as bria:
        with pytest.raises(PreconditionFailed, match="256x256"):
            await bria.images.upload(5, file=picture(8, 8))
    assert len(server.requests) == 1


OLDER_PAIRS = [(operation, *pair) for operation, pairs in OLDER.items() for pair in pairs.items()]


@pytest.mark.parametrize(("operation", "older", "newer"), OLDER_PAIRS)
async def test_c31_client_takes_either_name_but_not_both(
    server: Recorder, operation: str, older: str, newer: str
) -> None:
    """Each is sent as it is given; together they are refused before anything is sent."""
    both = {row["name"]: sample(row) for row in contract()[operation]["params"]}
    for name in (older, newer):
        assert (await sent(server, operation, **{name: both[name]})).json[name] == both[name]
    server.requests.clear()
    with pytest.raises(InvalidParameter, match=f"{older}|{newer}"):
        await sent(server, operation, **{older: both[older], newer: both[newer]})
    assert server.requests == []
    assert re.search(rf"{older}: older name of `{newer}`", endpoint(operation).doc)


@pytest.mark.parametrize("word", ["hd", "had"])
async def test_c31_client_sends_both_spellings_of_a_resolution(server: Recorder, word: str) -> None:
    """Where one page writes the one and another the other, each goes out as given."""
    seen = await sent(server, "visuals.remove_objects", visual_id="v", desired_resolution=word)
    assert seen.query["desired_resolution"] == word


@pytest.mark.parametrize("operation", ["images.upload", "editing.remove_background"])
@pytest.mark.parametrize("keep", [False, True])
async def test_c32_client_strips_the_header_of_base64_unless_told_to_keep_it(
    server: Recorder, operation: str, keep: bool
) -> None:
    """One option of the session."""
    name = "file" if operation == "images.upload" else "image"
    server.answers(reply(operation)["body"])
    async with session(server, keep_data_uri=keep) as bria:
        values = samples(operation, required_only=True) | {name: "data:image/png;base64,QUJD"}
        await perform(bria, operation, values)
    assert server.requests[0].json[name] == ("data:image/png;base64,QUJD" if keep else "QUJD")


async def test_c33_client_has_two_operations_for_captions(server: Recorder) -> None:
    """By visual id and by image."""
    by_id = await sent(server, "visuals.caption", visual_id="v1")
    by_image = await sent(server, "search.caption", image_url=ADDRESS)
    assert (by_id.method, by_id.path) == ("GET", "/v1/v1/caption")
    assert (by_image.method, by_image.path, by_image.json) == ("POST", "/v1/caption", {"image_url": ADDRESS})


@pytest.mark.parametrize("text", ["Cannot delete dataset with status 'ready'", "used by a model in training"])
async def test_c34_client_says_why_a_dataset_stays(server: Recorder, text: str) -> None:
    """Whatever the reason, it is a conflict with the server's words."""
    server.answers({"error": text}, 409)
    async with session(server) as bria:
        with pytest.raises(Conflict, match=re.escape(text)):
            await bria.datasets.delete(5)
