"""The simulator's rule where the API's documents contradict each other: generating and editing, a test per row.

Requests are written by hand, over plain HTTP, so that no correction of the client stands between.
"""

from typing import Any

import aiohttp
import pytest

from bria_async.sim import Moderation
from tests.sim.helpers import V1, Api, base64_of, disc, flat, picture, running, sha256
from tests.sim.scenery import IN_BLUE, edited, registered

SHOT = "/v1/product/lifestyle_shot_by_text"
GENERATE = "/v2/image/generate/tailored"


def images_of(model: dict[str, Any]) -> str:
    """Where a legacy model makes images."""
    return f"/v1/text-to-image/tailored/{model['id']}"


INFLUENCES = [
    ("light", "/v1/text-to-image/tailored/{id}", "model_influence", 200, 400),
    ("light", "/v1/text-to-vector/tailored/{id}", "model_influence", 200, 400),
    ("fibo", GENERATE, "tailored_model_influence", 202, 422),
]


@pytest.mark.parametrize(("version", "path", "name", "taken", "refused"), INFLUENCES)
async def test_c07_simulator_takes_an_influence_up_to_one_and_a_half(
    version: str, path: str, name: str, taken: int, refused: int
) -> None:
    """The wider of the two documented ranges, by the endpoint's own name; beyond it, and by another name, a refusal."""
    async with running(strict=True) as api:
        model = await api.trained(version)
        body = {"prompt": "a fox"} | ({"tailored_model_id": model["id"]} if version == "fibo" else {})
        for influence, status in ((0, taken), (1.5, taken), (1.51, refused), (-0.1, refused)):
            await api.call("POST", path.format_map(model), status, json=body | {name: influence})
        (other,) = {"model_influence", "tailored_model_influence"} - {name}
        await api.call("POST", path.format_map(model), refused, json=body | {other: 1})


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


async def is_there_at_once(api: Api, operation: str, **sync: bool) -> bool:
    """Whether the result can be had in the moment of the answer."""
    body: dict[str, Any] = {"prompt": "a fox"} | sync
    if operation == "tailored.generate":
        body["tailored_model_id"] = (await api.trained("fibo"))["id"]
        async with api.http.post(api.sim.base_url + GENERATE, json=body) as response:
            return (response.status, "result" in await response.json()) == (200, True)
    if operation == "visuals.replace_background":
        answer = await api.call("POST", f"/v1/{await registered(api, picture(len(sync)))}/replace_bg", json=sync)
        url = answer["result"][0][0]
    elif operation == "tailored.restyle_portrait":
        body = {"tailored_model_id": (await api.trained("light"))["id"], "id_image_file": base64_of(picture())}
        url = (await api.call("POST", f"{V1}/restyle_portrait", json=body | sync))["result"][0]["image_url"]
    else:
        kind = operation.partition("text_to_")[2]
        path = f"/v1/text-to-{kind}/tailored/{(await api.trained('light'))['id']}"
        url = (await api.call("POST", path, json=body))["result"][0]["urls"][0]
    async with api.http.get(url) as response:
        return response.status == 200


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
async def test_c10_simulator_has_a_default_of_sync_per_endpoint(api: Api, operation: str, sync: bool) -> None:
    """Without a word each waits or does not as its own page says, and asked for it does the other."""
    assert await is_there_at_once(api, operation) is sync
    assert await is_there_at_once(api, operation, sync=not sync) is not sync


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


@pytest.mark.parametrize("word", ["hd", "had"])
async def test_c31_simulator_reads_both_spellings_of_a_resolution(api: Api, word: str) -> None:
    """Both make a picture of 720 lines."""
    visual_id = await registered(api)
    change = {"changes": [{"positive_points": [dict(zip("xy", IN_BLUE, strict=True))]}]}
    _, found = await edited(api, visual_id, "objects/remove", query={"desired_resolution": word}, **change)
    assert found.size == (1080, 720)


@pytest.mark.parametrize("name", ["ref_image_urls", "ref_image_file", "reference_image_url", "reference_image_file"])
async def test_c31_simulator_looks_at_a_reference_under_either_name(name: str) -> None:
    """Older and newer, by address and as a file: what moderation blocks is refused, another makes a shot."""
    blocked, fine = picture(7), picture(8)
    async with running(moderation=Moderation(inputs=(sha256(blocked),)), strict=True) as api:
        for reference, status in ((blocked, 422), (fine, 200)):
            dataset = await api.dataset()
            url = (await api.upload(dataset["id"], reference))["image_url"]
            value = url if "url" in name else base64_of(reference)
            body = {"file": base64_of(disc()), "placement_type": "original", "content_moderation": True}
            given = body | {name: [value] if name.startswith("ref_") else value}
            answer = await api.call("POST", "/v1/product/lifestyle_shot_by_image", status, json=given)
            assert ("ref_images[0]" in str(answer)) is (status == 422)


@pytest.mark.parametrize(
    ("pace", "status"),
    [({"fast": True}, 200), ({"mode": "fast"}, 200), ({"fast": "quick"}, 400), ({"mode": "quick"}, 400)],
)
async def test_c31_simulator_takes_the_pace_of_a_shot_under_either_name(pace: dict[str, Any], status: int) -> None:
    """Both names are known where unknown ones are refused, each with its own values."""
    async with running(strict=True) as api:
        body = {"file": base64_of(disc()), "scene_description": "a room", "placement_type": "original"}
        await api.call("POST", SHOT, status, json=body | pace)


async def test_c31_simulator_makes_as_many_results_as_each_page_says(api: Api) -> None:
    """Four shots where the newer page says four; one background of an image, four of a visual."""
    shot = {"file": base64_of(disc()), "scene_description": "a room", "placement_type": "original"}
    assert len((await api.call("POST", SHOT, json=shot))["result"]) == 4
    alone = {"file": base64_of(disc()), "bg_prompt": "a room"}
    assert len((await api.call("POST", "/v1/background/replace", json=alone))["result"]) == 1
    path = f"/v1/{await registered(api, picture())}/replace_bg"
    assert len((await api.call("POST", path, json={"bg_prompt": "a room"}))["result"]) == 4


async def test_c33_simulator_captions_by_visual_id_and_by_image(api: Api) -> None:
    """Two operations, each on its own path."""
    visual = await registered(api, picture(3))
    assert await api.call("GET", f"/v1/{visual}/caption")
    assert api.sim.requests[-1].operation == "visuals.caption"
    dataset = await api.dataset()
    url = (await api.upload(dataset["id"], flat((200, 30, 30))))["image_url"]
    assert await api.call("POST", "/v1/caption", json={"image_url": url})
    assert api.sim.requests[-1].operation == "search.caption"
