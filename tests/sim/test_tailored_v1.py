"""Generation with legacy models: URLs that fill in later, blocked objects, fast and slow."""

import io
from typing import Any

import attrs
import pytest
from PIL import Image

from bria_async.sim import Moderation
from tests.sim.helpers import V1, Api, base64_of, flat, picture, running


def image_path(model: dict[str, Any]) -> str:
    """Where a model makes images."""
    return f"/v1/text-to-image/tailored/{model['id']}"


async def test_urls_come_at_once_and_fill_in_later(api: Api) -> None:
    """Asynchronous by default: four URLs, 404 until the time is over, then PNGs, in part when asked."""
    model = await api.trained("light")
    answer = await api.call("POST", image_path(model), json={"prompt": "a fox", "seed": 10})
    assert [each["seed"] for each in answer["result"]] == [10, 11, 12, 13]
    assert len({each["uuid"] for each in answer["result"]}) == 4
    (url,) = answer["result"][0]["urls"]
    await api.raw(url, 404)
    api.sim.clock.push(api.sim.options.job_time)
    data = await api.raw(url)
    assert data.startswith(b"\x89PNG")
    assert await api.raw(url, 206, Range="bytes=0-0") == data[:1]
    async with api.http.head(url) as response:
        assert (response.status, response.content_length) == (200, len(data))


async def test_sync_results_are_ready(api: Api) -> None:
    """With `sync` the URLs work at once and the aspect ratio is honoured."""
    model = await api.trained("light")
    body = {"prompt": "a fox", "num_results": 1, "sync": True, "aspect_ratio": "2:3"}
    (result,) = (await api.call("POST", image_path(model), json=body))["result"]
    with Image.open(io.BytesIO(await api.raw(result["urls"][0]))) as image:
        assert image.size == (682, 1024)


async def test_results_expire() -> None:
    """A URL whose time is over is a 403."""
    async with running(url_lifetime=100) as api:
        model = await api.trained("light")
        body = {"prompt": "a fox", "num_results": 1, "sync": True}
        (result,) = (await api.call("POST", image_path(model), json=body))["result"]
        await api.raw(result["urls"][0])
        api.sim.clock.push(100)
        await api.raw(result["urls"][0], 403)


async def test_urls_are_one_string_by_option() -> None:
    """As the documents' sample prints it (NOTES C11)."""
    async with running(urls_as_string=True) as api:
        model = await api.trained("light")
        body = {"prompt": "a fox", "num_results": 1}
        (result,) = (await api.call("POST", image_path(model), json=body))["result"]
        assert result["urls"].startswith("http")


async def test_vectors_are_svg_of_illustrations_and_synchronous_by_default(api: Api) -> None:
    """The SVG is marked and escaped; a model of photographs is refused."""
    model = await api.trained("light")
    path = f"/v1/text-to-vector/tailored/{model['id']}"
    body = {"prompt": "a <b> & c", "num_results": 1}
    (result,) = (await api.call("POST", path, json=body))["result"]
    svg = (await api.raw(result["urls"][0])).decode()
    assert svg.startswith("<svg")
    assert "SIMULATED: An illustration of stylized scene, a &lt;b&gt; &amp; c" in svg
    project = api.sim.world.projects[model["project_id"]]
    api.sim.world.projects[project.id] = attrs.evolve(project, ip_medium="photography")
    await api.call("POST", path, 400, json=body)


async def test_the_prefix_is_the_callers_when_asked(api: Api) -> None:
    """The dataset's prefix goes before the prompt unless `include_generation_prefix` is false."""
    model = await api.trained("light")
    for included, prompt in ((True, "An illustration of stylized scene, a fox"), (False, "a fox")):
        body = {"prompt": "a fox", "num_results": 1, "include_generation_prefix": included}
        await api.call("POST", image_path(model), json=body)
        assert list(api.sim.world.jobs.values())[-1].prompt == prompt


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"fast": False, "num_results": 2, "steps_num": 50}, 200),
        ({"fast": False, "num_results": 3}, 400),
        ({"fast": False, "steps_num": 19}, 400),
        ({"fast": True, "steps_num": 21}, 400),
        ({"steps_num": 3}, 400),
        ({"num_results": 5}, 400),
        ({"model_influence": 1.5}, 200),
        ({"model_influence": 1.6}, 400),
        ({"image_prompt_mode": "style"}, 400),
        ({"guidance_method_2": "controlnet_canny"}, 400),
        ({"guidance_method_1": "controlnet_canny"}, 400),
        ({"guidance_method_3": "controlnet_canny"}, 400),
    ],
)
async def test_parameters_restrict_each_other(api: Api, fields: dict[str, Any], status: int) -> None:
    """Fast mode, steps, number of results and guidance as documented (NOTES C7 to C9)."""
    model = await api.trained("light")
    await api.call("POST", image_path(model), status, json={"prompt": "a fox"} | fields)


async def test_max_models_are_slow_and_know_no_image_prompt(api: Api) -> None:
    """Explicit fast mode and an image prompt are refused, two results are the default."""
    model = await api.trained("max")
    await api.call("POST", image_path(model), 400, json={"prompt": "x", "fast": True})
    await api.call("POST", image_path(model), 400, json={"prompt": "x", "image_prompt_file": base64_of(picture())})
    answer = await api.call("POST", image_path(model), json={"prompt": "x"})
    assert len(answer["result"]) == 2


async def test_guidance_images_decide_the_shape_and_must_agree(api: Api) -> None:
    """One aspect ratio for all, which is that of the result; what is no image is refused."""
    model = await api.trained("light")
    wide, square = base64_of(flat((1, 1, 1), (512, 256))), base64_of(picture())
    body: dict[str, Any] = {"prompt": "x", "num_results": 1, "guidance_method_1": "controlnet_canny"}
    body["guidance_method_1_image_file"] = wide
    await api.call("POST", image_path(model), json=body)
    job = list(api.sim.world.jobs.values())[-1]
    assert (job.width, job.height) == (1024, 512)
    body |= {"guidance_method_2": "controlnet_depth", "guidance_method_2_image_file": square}
    assert "aspect ratio" in (await api.call("POST", image_path(model), 400, json=body))["error"]
    body |= {"guidance_method_2_image_file": base64_of(b"nothing")}
    await api.call("POST", image_path(model), 415, json=body)


async def test_moderated_outputs_are_objects_or_empty_files() -> None:
    """Some blocked: an object among the results or a zero-byte file; all blocked: 422 or all empty."""
    words = Moderation(inputs=("cafe.png",), outputs=("evil",), first_output=("edgy",))
    async with running(moderation=words) as api:
        model = await api.trained("light")
        body = {"prompt": "edgy", "num_results": 2, "content_moderation": True, "sync": True}
        blocked, fine = (await api.call("POST", image_path(model), json=body))["result"]
        assert blocked.keys() == {"blocked", "error_code", "description"}
        assert fine["urls"]
        await api.call("POST", image_path(model), 422, json=body | {"prompt": "evil"})
        later = await api.call("POST", image_path(model), json=body | {"prompt": "evil", "sync": False})
        api.sim.clock.push(60)
        url = later["result"][0]["urls"][0]
        assert await api.raw(url) == b""
        await api.raw(url, 416, Range="bytes=0-0")
        fine = await api.call("POST", image_path(model), json=body | {"content_moderation": False})
        assert all("urls" in each for each in fine["result"])


async def test_reimagine_follows_a_structure(api: Api) -> None:
    """An image by file or URL is needed; its shape is the result's."""
    model = await api.trained("light")
    path = f"/v1/reimagine/tailored/{model['id']}"
    await api.call("POST", path, 400, json={"prompt": "x"})
    body = {"prompt": "x", "structure_image_file": base64_of(flat((1, 1, 1), (256, 512))), "num_results": 1}
    (result,) = (await api.call("POST", path, json=body | {"sync": True}))["result"]
    with Image.open(io.BytesIO(await api.raw(result["urls"][0]))) as image:
        assert image.size == (512, 1024)
    await api.call("POST", path, 460, json={"structure_image_url": "https://example.com/a.png"})


async def test_a_portrait_is_restyled_with_light_models_only(api: Api) -> None:
    """Synchronous by default, `image_url` in the result, the URL winning over the file; Max is refused."""
    light, heavy = await api.trained("light"), await api.trained("max")
    path = f"{V1}/restyle_portrait"
    body = {"tailored_model_id": str(light["id"]), "id_image_file": base64_of(picture())}
    (result,) = (await api.call("POST", path, json=body))["result"]
    assert (await api.raw(result["image_url"])).startswith(b"\x89PNG")
    await api.call("POST", path, 460, json=body | {"id_image_url": "https://example.com/a.png"})
    await api.call("POST", path, 400, json=body | {"tailored_model_id": heavy["id"]})
    await api.call("POST", path, 400, json={"tailored_model_id": light["id"]})


async def test_only_completed_legacy_models_generate(api: Api) -> None:
    """Unknown is 404 and not completed 400, as bare strings; FIBO is a 400."""
    fibo, untrained = await api.trained("fibo"), await api.model("light")
    body = {"prompt": "x"}
    assert await api.call("POST", image_path({"id": "long-id"}), 404, json=body) == "Model not found"
    refused = await api.call("POST", image_path(untrained), 400, json=body)
    assert refused == "The model status is not completed"
    assert "fibo" in (await api.call("POST", image_path(fibo), 400, json=body))["error"]


async def test_v1_generations_are_no_v2_jobs(api: Api) -> None:
    """The status endpoint does not know them."""
    model = await api.trained("light")
    await api.call("POST", image_path(model), json={"prompt": "x"})
    (job_id,) = api.sim.world.jobs
    await api.call("GET", f"/v2/status/{job_id}", 404)
