"""The simulator's rule where the API's documents contradict each other: generating and editing, a test per row.

Requests are written by hand, over plain HTTP, so that no correction of the client stands between.
"""

from typing import Any

import aiohttp
import pytest

from bria_async.sim import Moderation
from bria_async.sim.app import declared
from bria_async.sim.schema import fields
from tests.sim.helpers import V1, Api, base64_of, flat, picture, running

SHOT = "/v1/product/lifestyle_shot_by_text"


def images_of(model: dict[str, Any]) -> str:
    """Where a legacy model makes images."""
    return f"/v1/text-to-image/tailored/{model['id']}"


def default(operation: str, field: str) -> Any:
    """The default that the simulator declares for a field of an operation."""
    return fields(next(found.takes for found in declared() if found.name == operation))[field].default


async def registered(api: Api, data: bytes) -> str:
    """The visual id of a registered image."""
    dataset = await api.dataset()
    url = (await api.upload(dataset["id"], data))["image_url"]
    visual = await api.call("POST", "/v1/register", json={"image_url": url})
    api.sim.clock.push(3600)
    return str(visual["visual_id"])


@pytest.mark.parametrize(("influence", "status"), [(1.5, 200), (1.6, 400)])
async def test_c07_simulator_takes_an_influence_up_to_one_and_a_half(api: Api, influence: float, status: int) -> None:
    """The wider of the two documented ranges; beyond it the request is refused."""
    model = await api.trained("light")
    await api.call("POST", images_of(model), status, json={"prompt": "a fox", "model_influence": influence})


async def test_c08_simulator_refuses_a_third_guidance_method(api: Api) -> None:
    """Two are taken."""
    model = await api.trained("light")
    body: dict[str, Any] = {"prompt": "a fox"}
    for number, status in ((1, 200), (2, 200), (3, 400)):
        method = f"guidance_method_{number}"
        body |= {method: "controlnet_canny", f"{method}_image_file": base64_of(picture())}
        await api.call("POST", images_of(model), status, json=body)


@pytest.mark.parametrize(("mode", "status"), [("style_only", 200), ("style", 400)])
async def test_c09_simulator_knows_the_enum_only(api: Api, mode: str, status: int) -> None:
    """`style`, as a table's head prints it, is refused."""
    model = await api.trained("light")
    body = {"prompt": "a fox", "image_prompt_mode": mode, "image_prompt_file": base64_of(picture())}
    await api.call("POST", images_of(model), status, json=body)


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
def test_c10_simulator_has_a_default_of_sync_per_endpoint(operation: str, sync: bool) -> None:
    """Each as its own page says."""
    assert default(operation, "sync") is sync


async def test_c10_simulator_follows_its_default_of_sync(api: Api) -> None:
    """Images fill in later unless asked otherwise, vectors are there."""
    model = await api.trained("light")
    later = await api.call("POST", images_of(model), json={"prompt": "a fox"})
    await api.raw(later["result"][0]["urls"][0], 404)
    path = f"/v1/text-to-vector/tailored/{model['id']}"
    there = await api.call("POST", path, json={"prompt": "a fox"})
    assert await api.raw(there["result"][0]["urls"][0])


@pytest.mark.parametrize(("as_string", "kind"), [(False, list), (True, str)])
async def test_c11_simulator_answers_urls_as_array_or_by_option_as_text(as_string: bool, kind: type) -> None:
    """The real shape is the default, the documented one a profile."""
    async with running(urls_as_string=as_string) as api:
        model = await api.trained("light")
        answer = await api.call("POST", images_of(model), json={"prompt": "a fox"})
        assert {type(result["urls"]) for result in answer["result"]} == {kind}


@pytest.mark.parametrize("kind", [str, int])
async def test_c12_simulator_takes_a_model_id_as_text_and_as_number(api: Api, kind: type) -> None:
    """In a body both name the same model."""
    model = await api.trained("light")
    body = {"tailored_model_id": kind(model["id"]), "id_image_file": base64_of(picture())}
    answer = await api.call("POST", f"{V1}/restyle_portrait", json=body)
    assert answer["result"][0]["image_url"]


async def test_c13_simulator_blocks_an_output_in_the_endpoints_own_shape() -> None:
    """An object among generated images, texts inside an array among lifestyle shots."""
    async with running(moderation=Moderation(first_output=("fox",))) as api:
        model = await api.trained("light")
        moderated = {"content_moderation": True, "sync": True}
        images = await api.call("POST", images_of(model), json={"prompt": "a fox", **moderated})
        assert images["result"][0]["blocked"] is True
        body = {"file": base64_of(picture()), "scene_description": "a fox", "placement_type": "original", **moderated}
        shots = await api.call("POST", SHOT, json=body)
        blocked, *others = shots["result"]
        assert isinstance(blocked, list) and not any(str(item).startswith("http") for item in blocked), blocked
        assert others and all(shot[0].startswith("http") for shot in others), others


async def test_c23_simulator_answers_in_progress_and_results_without_an_image(api: Api) -> None:
    """HTTP says 200 while a job goes on, and a job for a structured prompt has no image."""
    model = await api.trained("fibo")
    body = {"tailored_model_id": model["id"], "prompt": "a fox"}
    job = await api.call("POST", "/v2/structured_prompt/generate/tailored", 202, json=body)
    status = f"/v2/status/{job['request_id']}"
    assert (await api.call("GET", status))["status"] == "IN_PROGRESS"
    api.sim.clock.push(api.sim.options.job_time)
    done = await api.call("GET", status)
    assert (done["status"], "structured_prompt" in done["result"]) == ("COMPLETED", True)
    assert "image_url" not in done["result"]
    assert await api.call("GET", "/v2/status/nobody", 404) == {"status": "NOT_FOUND"}


@pytest.mark.parametrize("nested", [True, False])
async def test_c24_simulator_nests_results_unless_told_otherwise(nested: bool) -> None:
    """The recommended shape is the default, the published sample a profile."""
    async with running(flat_results=not nested) as api:
        model = await api.trained("fibo")
        body = {"tailored_model_id": model["id"], "prompt": "a fox", "sync": True}
        answer = await api.call("POST", "/v2/image/generate/tailored", json=body)
        assert ("result" in answer, "image_url" in answer) == (nested, not nested)


async def test_c25_simulator_answers_a_seed_as_a_number(api: Api) -> None:
    """As the schema says, though the examples print a text."""
    model = await api.trained("fibo")
    body = {"tailored_model_id": model["id"], "prompt": "a fox", "seed": 42, "sync": True}
    assert (await api.call("POST", "/v2/image/generate/tailored", json=body))["result"]["seed"] == 42


async def test_c26_simulator_counts_submissions(api: Api) -> None:
    """A lost answer to a request that was done shows as two when it is sent again."""
    model = await api.trained("light")
    api.sim.fail("tailored.text_to_image", drop=True, when="after")
    with pytest.raises(aiohttp.ClientError):
        await api.call("POST", images_of(model), json={"prompt": "a fox"})
    await api.call("POST", images_of(model), json={"prompt": "a fox"})
    assert api.sim.counts["tailored.text_to_image"] == 2


async def test_c27_simulator_limits_each_endpoint_by_itself() -> None:
    """A rate per operation, polls included, and none where none is given."""
    async with running(rate_limits={"projects.list": 1, "jobs.status": 1}) as api:
        for path, first, then in ((f"{V1}/projects", 200, 429), ("/v2/status/a", 404, 429), (f"{V1}/models", 200, 200)):
            await api.call("GET", path, first)
            await api.call("GET", path, then)


@pytest.mark.parametrize(("lifetime", "status"), [(3600, 403), (None, 200)])
async def test_c29_simulator_lets_results_expire_as_told(lifetime: float | None, status: int) -> None:
    """An hour, or never."""
    async with running(url_lifetime=lifetime) as api:
        model = await api.trained("light")
        answer = await api.call("POST", images_of(model), json={"prompt": "a fox", "sync": True})
        url = answer["result"][0]["urls"][0]
        assert await api.raw(url)
        api.sim.clock.push(4000)
        await api.raw(url, status)


OLDER_AND_NEWER = [
    ("visuals.remove_objects", "desired_resolution", ("had", "hd")),
    ("products.lifestyle_shot_by_image", "reference_image_url", None),
    ("products.lifestyle_shot_by_image", "ref_image_urls", None),
    ("products.lifestyle_shot_by_image", "reference_image_file", None),
    ("products.lifestyle_shot_by_image", "ref_image_file", None),
    ("products.lifestyle_shot_by_text", "fast", None),
    ("products.lifestyle_shot_by_text", "mode", None),
]


@pytest.mark.parametrize(("operation", "field", "choices"), OLDER_AND_NEWER)
def test_c31_simulator_declares_both_names(operation: str, field: str, choices: tuple[str, ...] | None) -> None:
    """Older and newer fields, and the older spelling of a value."""
    found = fields(next(served.takes for served in declared() if served.name == operation))
    assert field in found
    assert set(choices or ()) <= set(found[field].choices)


@pytest.mark.parametrize("names", [("ref_image_urls",), ("reference_image_url",)])
async def test_c31_simulator_takes_either_name_of_a_reference(api: Api, names: tuple[str]) -> None:
    """A lifestyle shot by image is made with the older and with the newer."""
    dataset = await api.dataset()
    url = (await api.upload(dataset["id"]))["image_url"]
    reference = {name: [url] if name.endswith("s") else url for name in names}
    body = {"file": base64_of(picture(2)), "placement_type": "original", **reference}
    shots = await api.call("POST", "/v1/product/lifestyle_shot_by_image", json=body)
    assert shots["result"]


async def test_c33_simulator_captions_by_visual_id_and_by_image(api: Api) -> None:
    """Two operations, each on its own path."""
    visual = await registered(api, picture(3))
    assert await api.call("GET", f"/v1/{visual}/caption")
    assert api.sim.requests[-1].operation == "visuals.caption"
    dataset = await api.dataset()
    url = (await api.upload(dataset["id"], flat((200, 30, 30))))["image_url"]
    assert await api.call("POST", "/v1/caption", json={"image_url": url})
    assert api.sim.requests[-1].operation == "search.caption"
