"""Between socket and handler: token, generations, rates, unknown paths, control from other processes."""

import logging
from typing import Any

import aiohttp
import pytest

from bria_async.sim import SIMULATOR, Clock, Options, Simulator, create_app, simulator
from tests.sim.helpers import TOKEN, V1, Api, picture, running


@pytest.mark.parametrize("name", ["api_token", "Api_token", "API_TOKEN"])
async def test_the_token_is_read_in_any_case_of_its_header(api: Api, name: str) -> None:
    """Some clients capitalise header names (NOTES section 1)."""
    async with aiohttp.ClientSession(headers={name: TOKEN}) as http:
        await Api(api.sim, http).project()


@pytest.mark.parametrize("headers", [{}, {"api_token": ""}, {"api_token": "wrong"}, {"Authorization": "Bearer right"}])
async def test_a_wrong_or_missing_token_is_a_401(headers: dict[str, str]) -> None:
    """v1 and v2 say so in their own shapes, and nothing is done."""
    async with (
        simulator(options=Options(token="right")) as sim,
        aiohttp.ClientSession(headers=headers) as http,
    ):
        api = Api(sim, http)
        v1 = await api.call("POST", f"{V1}/projects", 401, json={})
        v2 = await api.call("GET", "/v2/status/x", 401)
        assert "Unauthorized" in v1["error"]
        assert (v2["error"]["code"], bool(v2["request_id"])) == (401, True)
        assert sim.counts.total() == 0


async def test_without_an_expected_token_any_token_will_do_but_none_will_not(api: Api) -> None:
    """By default every token that is not empty is accepted."""
    async with aiohttp.ClientSession() as http:
        await Api(api.sim, http).call("GET", f"{V1}/projects", 401)


async def test_the_token_appears_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in reprs, logs or answers."""
    with caplog.at_level(logging.DEBUG):
        async with running(token=TOKEN) as api:
            await api.project()
            state = await api.call("GET", "/_sim/state")
            shown = f"{api.sim!r} {api.sim.options!r} {api.sim.world!r} {state} {list(api.sim.requests)}"
    assert TOKEN not in shown + caplog.text


async def test_unknown_paths_and_methods_answer_in_json(api: Api) -> None:
    """404 and 405 with an error in the usual shape."""
    assert await api.call("GET", "/v1/nowhere", 404) == {"error": "Not Found"}
    assert await api.call("PATCH", f"{V1}/projects", 405) == {"error": "Method Not Allowed"}


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"[" * 100_000])
async def test_bodies_that_are_no_object_are_a_400(api: Api, body: bytes) -> None:
    """Broken, other and absurdly deep JSON."""
    answer = await api.call("POST", f"{V1}/projects", 400, data=body)
    assert "JSON" in answer["error"]


async def test_a_broken_multipart_body_is_a_400(api: Api) -> None:
    """What does not follow its own boundary is refused."""
    dataset = await api.dataset()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    path = f"{V1}/datasets/{dataset['id']}/images"
    await api.call("POST", path, 400, data=b"nothing of the kind", headers=headers)


async def test_unknown_fields_are_refused_when_strict(api: Api) -> None:
    """A misspelt field is ignored by default and a 400 under strict, in bodies and queries."""
    dataset = await api.dataset()
    await api.update(dataset["id"], caption_prefixx="A")
    async with running(strict=True) as other:
        dataset = await other.dataset()
        answer = await other.update(dataset["id"], 400, caption_prefixx="A")
        assert answer["errors"][0]["field_name"] == "caption_prefixx"
        await other.call("GET", f"{V1}/datasets/{dataset['id']}", 400, params={"max_image": "3"})
        await other.call("GET", f"{V1}/datasets", 400, params={"page": "2"})
        await other.call("PUT", f"{V1}/datasets/{dataset['id']}/images", 400, json={"force": True})


@pytest.mark.parametrize(
    ("generation", "method", "path", "body", "status"),
    [
        ("A", "GET", f"{V1}/projects", None, 404),
        ("A", "POST", f"{V1}/datasets", {"name": "d", "project_id": 1}, 400),
        ("B", "POST", f"{V1}/datasets", {"name": "d", "project_id": 1, "upload_type": "basic"}, 400),
        ("C", "POST", "/v2/image/generate/tailored", {}, 404),
        ("C", "POST", f"{V1}/generate_visual_schema", {}, 404),
        ("D", "POST", f"{V1}/generate_prefix", {}, 400),
        ("E", "POST", f"{V1}/generate_prefix", {}, 404),
        ("E", "POST", f"{V1}/models", {"name": "m", "dataset_id": 1, "training_version": "max"}, 400),
        ("E", "POST", f"{V1}/datasets", {"name": "d", "use_case": "illustrative_style"}, 400),
        ("E", "PUT", f"{V1}/datasets/1", {"caption_prefix": "x"}, 400),
        ("E", "POST", "/v1/text-to-image/tailored/1", {"prompt": "x"}, 404),
    ],
)
async def test_one_generation_knows_only_its_own(
    generation: str, method: str, path: str, body: Any, status: int
) -> None:
    """Operations of other generations are 404, their fields 400, strict or not."""
    async with running(generation=generation) as api:
        await api.call(method, path, status, json=body)


async def test_generation_a_speaks_its_own_words() -> None:
    """Models of 2024 are Created, Training In Progress and ready."""
    async with running(generation="A") as api:
        dataset = await api.dataset_2024()
        await api.upload(dataset["id"])
        api.sim.clock.push(60)
        await api.update(dataset["id"], status="COMPLETED")
        made = await api.call("POST", f"{V1}/models", 201, json={"name": "m", "dataset_id": dataset["id"]})
        assert made.keys() == {"id", "name", "description", "status", "dataset_id", "created_at"}
        assert (await api.start(made["id"]))["status"] == "Training In Progress"
        api.sim.clock.push(api.sim.options.training_time)
        assert (await api.get_model(made["id"]))["status"] == "ready"


async def test_a_project_of_2026_knows_no_version() -> None:
    """Answers of generation E lack `training_version`, and an undecided dataset is FIBO."""
    async with running(generation="E") as api:
        project = await api.project()
        assert "training_version" not in project
        made = await api.call("POST", f"{V1}/datasets", 201, json={"name": "d", "project_id": project["id"]})
        assert made["visual_schema"] is None


async def test_dates_end_in_z_by_option() -> None:
    """The form of 2024 instead of naive microseconds."""
    async with running(timestamps="Z") as api:
        assert (await api.project())["created_at"] == "2026-01-01T00:00:00Z"


async def test_requests_are_remembered(api: Api) -> None:
    """Time, method, path, operation and status of each request, refused ones included."""
    api.sim.clock.push(5)
    await api.call("POST", f"{V1}/projects", 400, json={})
    (seen,) = api.sim.requests
    expected = (api.sim.clock.now(), "POST", f"{V1}/projects", "projects.create", 400)
    assert (seen.time, seen.method, seen.path, seen.operation, seen.status) == expected


async def test_other_processes_ask_and_steer_without_a_token(api: Api) -> None:
    """State, clock and faults over HTTP."""
    dataset = await api.filled(count=1)
    async with aiohttp.ClientSession() as http:
        other = Api(api.sim, http)
        before = await other.call("GET", "/_sim/state")
        assert before["counts"]["images.upload"] == 1
        assert before["audit"]["accepted"] == before["counts"]
        moved = await other.call("POST", "/_sim/clock", json={"push": 60})
        assert moved["now"] == before["now"] + 60 == api.sim.clock.now()
        await other.call("POST", "/_sim/faults", 201, json={"operation": "datasets.get", "status": 503})
        assert (await other.call("GET", "/_sim/state"))["faults"] == 1
        await other.call("POST", "/_sim/clock", 400, json={"push": -1})
        await other.call("POST", "/_sim/clock", 400, json={})
        refused = await other.call("POST", "/_sim/faults", 400, json={"operation": "datasets.get", "stat": 5})
        assert "stat" in refused["error"]
        await other.call("POST", "/_sim/faults", 400, json={"operation": "datasets.get"})
    await api.call("GET", f"{V1}/datasets/{dataset['id']}", 503)


@pytest.mark.parametrize("path", ["/_sim/clock", "/_sim/faults"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 60_000,
        b'{"push": 1e999}',
        b'{"push": NaN}',
        b'{"push": [60]}',
        b'{"push": ' + b"9" * 400 + b"}",
        b'{"operation": "datasets.get", "status": 1e999}',
        b'{"operation": "datasets.get", "status": 99}',
        b'{"operation": "datasets.get", "status": 500, "headers": {"a": "b\\r\\nc"}}',
        b'{"operation": "datasets.get", "status": 500, "headers": ["a"]}',
        b'{"operation": "datasets.get", "status": 500, "headers": {"a b": "c"}}',
        b'{"operation": "datasets.get", "status": 500, "body": 1e999}',
        b'{"operation": "datasets.get", "status": 500, "body": [-1e999]}',
    ],
)
async def test_what_cannot_be_steered_is_a_400(api: Api, path: str, body: bytes) -> None:
    """Whatever is sent to the control of other processes, the answer says what is wrong, and nothing changes."""
    before = api.sim.clock.now()
    assert (await api.call("POST", path, 400, data=body))["error"]
    assert (api.sim.clock.now(), len(api.sim.faults)) == (before, 0)


async def test_a_fault_that_is_refused_is_told_why(api: Api) -> None:
    """In the words that Python's callers read, too."""
    wrong = {"operation": "datasets.get", "status": 99}
    answer = await api.call("POST", "/_sim/faults", 400, json=wrong)
    assert "a status from 200 to 599, not 99" in answer["error"]


@pytest.mark.parametrize("path", ["/_sim/clock", "/_sim/faults"])
async def test_what_steers_is_small(api: Api, path: str) -> None:
    """A body above 64 KiB is a 413 that is not read to its end, and nothing changes."""
    fault = {"operation": "datasets.get", "status": 500, "body": "x" * 65_536, "push": 60}
    before = api.sim.clock.now()
    assert (await api.call("POST", path, 413, json=fault))["error"]
    assert (api.sim.clock.now(), len(api.sim.faults)) == (before, 0)


async def test_the_repr_tells_where_and_what(api: Api) -> None:
    """Address, date and counts."""
    await api.filled(count=2)
    shown = repr(api.sim)
    assert shown.startswith(f"<Simulator {api.sim.base_url} <Clock 2026-01-01T00:00:20Z>:")
    assert shown.endswith("1 projects, 1 datasets, 2 images, 0 models>")


async def test_an_application_can_be_embedded() -> None:
    """`create_app` gives an application that holds its simulator and closes it."""
    app = create_app(clock=Clock(source=lambda: 0.0))
    sim = app[SIMULATOR]
    assert isinstance(sim, Simulator)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    directory = sim.world.blobs.directory
    assert directory.is_dir()
    await runner.cleanup()
    assert not directory.exists()


@pytest.mark.parametrize(
    "wrong", [{"generation": "F"}, {"image_names": "echoed"}, {"missing_captions": 1.5}, {"training_outcome": "x"}]
)
def test_options_are_checked(wrong: dict[str, Any]) -> None:
    """A value outside its choices is refused when the options are made."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)


async def test_memory_holds_no_images(api: Api) -> None:
    """Uploaded bytes lie in files."""
    dataset = await api.dataset()
    data = picture()
    image = await api.upload(dataset["id"], data)
    path = api.sim.world.blobs.path(api.sim.world.images[image["id"]].sha256)
    assert path.read_bytes() == data
