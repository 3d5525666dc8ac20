"""The simulator's rule where the API's documents contradict each other: projects, datasets and models, a test per row.

Requests are written by hand, over plain HTTP, so that no correction of the client stands between.
"""

import pytest

from tests.sim.helpers import V1, Api, base64_of, picture, running

CHARACTER = {
    "ip_type": "defined_character",
    "ip_name": "The Little Red Fox",
    "ip_description": "one of nine words " * 3,
}
SCHEMA = '{"style": "flat"}'


@pytest.mark.parametrize("word", ["completed", "COMPLETED", "Completed"])
async def test_c01_simulator_reads_a_status_in_any_case(api: Api, word: str) -> None:
    """Whatever case it came in, the answer is in lower case."""
    dataset = await api.filled("max", 1)
    assert (await api.update(dataset["id"], status=word))["status"] == "completed"


@pytest.mark.parametrize(
    ("generation", "words"),
    [("A", ["Created", "Training In Progress", "ready"]), ("all", ["Created", "InProgress", "Completed"])],
)
async def test_c02_simulator_speaks_the_words_of_an_era(generation: str, words: list[str]) -> None:
    """The six words of 2026 by default, those of 2024 in that profile."""
    async with running(generation=generation) as api:
        dataset = await api.dataset_2024()
        await api.upload(dataset["id"])
        api.sim.clock.push(60)
        await api.update(dataset["id"], status="COMPLETED")
        model = await api.call("POST", f"{V1}/models", 201, json={"name": "m", "dataset_id": dataset["id"]})
        await api.start(model["id"])
        seen = [model["status"], (await api.get_model(model["id"]))["status"]]
        api.sim.clock.push(api.sim.options.training_time)
        assert [*seen, (await api.get_model(model["id"]))["status"]] == words


async def test_c03_simulator_accepts_more_words_than_documented(api: Api) -> None:
    """The documentation's own example has them."""
    assert (await api.project(**CHARACTER))["ip_name"] == "The Little Red Fox"


async def test_c04_simulator_tells_the_two_kinds_of_datasets_by_project_id(api: Api) -> None:
    """With it the dataset is a project's, without it the organisation's, as in 2024."""
    of_project, of_organisation = await api.dataset(), await api.dataset_2024()
    assert of_project["project_id"] and "use_case" not in of_project
    assert of_organisation["use_case"] and "project_id" not in of_organisation


async def test_c05_simulator_takes_an_upload_as_form_and_as_json(api: Api) -> None:
    """Both are the same image under the same name, and the answer is JSON."""
    dataset = await api.dataset()
    form = await api.upload(dataset["id"], picture(1), name="a.png")
    body = {"file": base64_of(picture(2)), "image_name": "a.png"}
    json = await api.call("POST", f"{V1}/datasets/{dataset['id']}/images", 201, json=body)
    assert form["image_name"] == json["image_name"] == "a.png"


@pytest.mark.parametrize(("version", "minimum"), [("max", 1), ("fibo", 5)])
async def test_c06_simulator_wants_as_many_images_as_the_family_needs(api: Api, version: str, minimum: int) -> None:
    """One fewer is a 409, as many are enough."""
    dataset = await api.filled(version, minimum - 1)
    refused = await api.update(dataset["id"], 409, status="completed")
    assert f"at least {minimum}" in refused["error"]
    await api.upload(dataset["id"], picture(99))
    assert (await api.update(dataset["id"], status="completed"))["status"] == "completed"


async def test_c14_simulator_keeps_training_version_and_lets_it_be_null(api: Api) -> None:
    """In an answer of 2025 it stands, undecided as null; that of 2026 has none."""
    assert (await api.project(training_version="fibo"))["training_version"] == "fibo"
    assert (await api.project(training_version=None))["training_version"] is None
    async with running(generation="E") as newest:
        assert "training_version" not in await newest.project()


async def test_c15_simulator_emits_prefix_or_schema_by_family(api: Api) -> None:
    """A legacy dataset has the one, a FIBO dataset the other."""
    legacy, fibo = await api.dataset("max"), await api.dataset("fibo")
    assert "caption_prefix" in legacy and "visual_schema" not in legacy
    assert "visual_schema" in fibo and "caption_prefix" not in fibo


async def test_c16_simulator_calls_captions_empty_when_nobody_asked_for_new_ones(api: Api) -> None:
    """Also in a completed dataset."""
    dataset = await api.filled("max", 1)
    await api.update(dataset["id"], status="completed")
    assert (await api.get_dataset(dataset["id"]))["captions_update_status"] == "empty"


@pytest.mark.parametrize("path", ["bulk-upload", "bulk"])
async def test_c17_simulator_serves_both_paths_of_a_bulk_upload(api: Api, path: str) -> None:
    """The newer and the older reach the same operation, which refuses a basic dataset."""
    dataset = await api.dataset(upload_type="basic")
    url = f"{V1}/datasets/{dataset['id']}/images/{path}"
    refused = await api.call("POST", url, 400, json={"zip_url": f"{api.sim.base_url}/_sim/files/a.zip"})
    assert "advanced" in refused["error"]
    assert api.sim.requests[-1].operation == "images.bulk_upload"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_c18_simulator_regenerates_captions_with_and_without_a_slash(api: Api, slash: str) -> None:
    """Both paths are served."""
    dataset = await api.filled("max", 1)
    answer = await api.call("PUT", f"{V1}/datasets/{dataset['id']}/images{slash}", 202)
    assert answer["captions_update_status"] == "in_progress"


@pytest.mark.parametrize("identifier", ["a9f-a-long-legacy-id", "0x10", "%2F", "9" * 400, "-1"])
async def test_c19_simulator_takes_any_text_for_an_id(api: Api, identifier: str) -> None:
    """An id that names nothing is a 404, whatever it looks like."""
    await api.call("GET", f"{V1}/models/{identifier}", 404)
    await api.call("POST", f"/v1/text-to-image/tailored/{identifier}", 404, json={"prompt": "a fox"})


async def test_c20_simulator_deletes_without_a_body(api: Api) -> None:
    """A 204 that holds nothing, for models and datasets."""
    model = await api.model()
    for path in (f"{V1}/models/{model['id']}", f"{V1}/datasets/{model['dataset_id']}"):
        async with api.http.delete(api.sim.base_url + path) as response:
            assert (response.status, await response.read()) == (204, b"")


async def test_c21_simulator_shows_updated_at_where_the_documents_do(api: Api) -> None:
    """A list of projects has it, a single project has not, and it is null until something changed."""
    project = await api.project()
    assert "updated_at" not in await api.call("GET", f"{V1}/projects/{project['id']}")
    assert (await api.call("GET", f"{V1}/projects"))[0]["updated_at"] is None
    dataset = await api.dataset()
    assert (await api.update(dataset["id"], name="other"))["updated_at"]


async def test_c22_simulator_says_no_in_the_shape_of_the_endpoint(api: Api) -> None:
    """An error object, a field list, a message, a bare text, and the envelope of v2."""
    assert set(await api.call("GET", f"{V1}/projects/9", 404)) == {"error"}
    assert set((await api.call("POST", f"{V1}/projects", 400, json={}))["errors"][0]) == {
        *("msg", "field_name", "field_input")
    }
    model = await api.model()
    await api.start(model["id"])
    assert set(await api.call("DELETE", f"{V1}/models/{model['id']}", 409)) == {"message"}
    assert await api.call("GET", f"{V1}/models/9/checkpoints", 404) == "Model not found"
    envelope = await api.call("POST", "/v2/image/generate/tailored", 422, json={})
    assert set(envelope) == {"error", "request_id"}
    assert envelope["error"]["code"] == 422


@pytest.mark.parametrize("hours", [1, 6])
async def test_c28_simulator_trains_on_its_own_clock(hours: int) -> None:
    """Hours pass when the clock is pushed, and not a second before."""
    async with running(training_time=hours * 3600) as api:
        model = await api.model()
        await api.start(model["id"])
        api.sim.clock.push(hours * 3600 - 1)
        assert (await api.get_model(model["id"]))["status"] == "InProgress"
        api.sim.clock.push(1)
        assert (await api.get_model(model["id"]))["status"] == "Completed"


@pytest.mark.parametrize(
    ("side", "increase", "status"),
    [(255, "true", 412), (256, "true", 201), (1023, "false", 412), (1024, "false", 201), (256, None, 201)],
)
async def test_c30_simulator_wants_256_pixels_or_1024_without_enlarging(
    api: Api, side: int, increase: str | None, status: int
) -> None:
    """Enlarging is the default."""
    dataset = await api.dataset()
    asked = {} if increase is None else {"increase_resolution": increase}
    await api.upload(dataset["id"], picture(size=(side, side)), status, **asked)


@pytest.mark.parametrize("header", ["", "data:image/png;base64,"])
async def test_c32_simulator_takes_base64_with_and_without_a_header(api: Api, header: str) -> None:
    """Both are the same image."""
    dataset = await api.dataset()
    body = {"file": header + base64_of(picture()), "image_name": "a.png"}
    await api.call("POST", f"{V1}/datasets/{dataset['id']}/images", 201, json=body)


async def test_c34_simulator_keeps_a_dataset_while_a_model_trains_on_it(api: Api) -> None:
    """A 409 in training; afterwards it goes, though a text of 2024 says that it stays."""
    model = await api.model()
    await api.start(model["id"])
    path = f"{V1}/datasets/{model['dataset_id']}"
    await api.call("DELETE", path, 409)
    api.sim.clock.push(api.sim.options.training_time)
    await api.call("DELETE", path, 204)


async def test_c35_simulator_takes_a_draft_for_a_model_but_not_for_a_training(api: Api) -> None:
    """201 for the model, 412 for its start, until the dataset is completed."""
    dataset = await api.filled("max", 1)
    model = await api.call("POST", f"{V1}/models", 201, json={"name": "m", "dataset_id": dataset["id"]})
    await api.start(model["id"], 412)
    await api.update(dataset["id"], status="completed")
    await api.start(model["id"])


async def test_c36_simulator_captions_nothing_before_the_schema(api: Api) -> None:
    """Images that came first get their captions when these are made anew after the schema."""
    dataset = await api.dataset("fibo")
    image = await api.upload(dataset["id"])
    path = f"{V1}/datasets/{dataset['id']}/images"
    api.sim.clock.push(3600)
    assert (await api.call("GET", f"{path}/{image['id']}"))["caption"] is None
    await api.update(dataset["id"], visual_schema=SCHEMA)
    await api.call("PUT", path, 202)
    api.sim.clock.push(3600)
    assert (await api.call("GET", f"{path}/{image['id']}"))["caption"]
