"""Identity of training sets, and generation with FIBO models."""

import io
import json

import pytest
from PIL import Image

from bria_async.sim import Moderation
from tests.sim.helpers import V1, Api, base64_of, flat, picture, running, sha256

GENERATE = "/v2/image/generate/tailored"
RED = flat((220, 20, 20))


async def test_a_visual_schema_is_json_in_a_string_about_the_very_images(api: Api) -> None:
    """Five to ten images, described by their pixels, the same every time."""
    path, images = f"{V1}/generate_visual_schema", [base64_of(RED)] * 5
    answer = await api.call("POST", path, json={"images": images})
    assert "red" in json.loads(answer["visual_schema"])["style"]["color_palette"]
    assert await api.call("POST", path, json={"images": images}) == answer
    other = await api.call("POST", path, json={"images": [base64_of(flat((20, 20, 220)))] * 5})
    assert other != answer
    refused = await api.call("POST", path, 400, json={"images": images[:4]})
    assert refused["errors"][0]["msg"] == "List should have at least 5 items after validation, not 4"
    await api.call("POST", path, 400, json={"images": images + images + images})
    await api.call("POST", path, 415, json={"images": [*images[:4], base64_of(b"GIF89a")]})


async def test_a_prefix_takes_one_to_six_images_or_urls(api: Api) -> None:
    """Exactly one of the two ways, and the answer names the character."""
    path = f"{V1}/generate_prefix"
    fields = {"ip_type": "defined_character", "ip_medium": "photography", "ip_name": "Lora"}
    answer = await api.call("POST", path, json=fields | {"images": [base64_of(RED)]})
    assert answer == {"prefix": "A photo of a character named Lora, in red,"}
    url = f"{api.sim.base_url}/_sim/files/red.png"
    await api.call("PUT", url, 201, data=RED)
    assert await api.call("POST", path, json=fields | {"image_urls": [url]}) == answer
    await api.call("POST", path, 400, json={"images": [base64_of(RED)], "image_urls": [url]})
    await api.call("POST", path, 400, json={})
    await api.call("POST", path, 400, json={"images": [base64_of(RED)] * 7})
    await api.call("POST", path, 460, json={"image_urls": ["https://example.com/a.png"]})


async def test_an_instruction_is_worked_into_a_structured_prompt(api: Api) -> None:
    """The schema is kept, the instruction and the context are added, an unknown dataset is a 404."""
    path = f"{V1}/refine_structured_prompt"
    dataset = await api.dataset("fibo")
    body = {"dataset_id": dataset["id"], "structured_prompt": '{"style": "flat"}', "instruction": "Call her Lucy"}
    refined = json.loads((await api.call("POST", path, json=body))["structured_prompt"])
    assert refined == {"style": "flat", "instructions": ["Call her Lucy"]}
    again = body | {"structured_prompt": json.dumps(refined), "context_images": [base64_of(RED)]}
    twice = json.loads((await api.call("POST", path, json=again))["structured_prompt"])
    assert twice["instructions"] == ["Call her Lucy"] * 2
    assert twice["context_palette"] == "red"
    await api.call("POST", path, 404, json=body | {"dataset_id": 4})


async def test_moderation_of_sample_images_names_the_first() -> None:
    """A sample whose sha256 is moderated is a 422 that names its place, only when asked."""
    word = sha256(RED)[:12]
    async with running(moderation=Moderation(inputs=(word,))) as api:
        images = [base64_of(picture(number)) for number in range(4)] + [base64_of(RED)]
        path = f"{V1}/generate_visual_schema"
        refused = await api.call("POST", path, 422, json={"images": images, "content_moderation": True})
        assert "images[4]" in refused["error"]
        await api.call("POST", path, json={"images": images})


async def test_a_job_is_submitted_polled_and_downloaded(api: Api) -> None:
    """202 with id and URL, IN_PROGRESS, COMPLETED with an image that shows the uploads and says SIMULATED."""
    model = await api.trained("fibo")
    body = {"tailored_model_id": str(model["id"]), "prompt": "a fox", "aspect_ratio": "16:9", "seed": 7}
    submitted = await api.call("POST", GENERATE, 202, json=body)
    assert submitted["status_url"] == f"{api.sim.base_url}/v2/status/{submitted['request_id']}"
    waiting = await api.call("GET", submitted["status_url"])
    assert waiting == {"status": "IN_PROGRESS", "request_id": submitted["request_id"]}
    api.sim.clock.push(api.sim.options.job_time)
    done = await api.call("GET", submitted["status_url"])
    assert done["status"] == "COMPLETED"
    assert (done["result"]["seed"], done["result"]["prompt"]) == (7, "a fox")
    assert json.loads(done["result"]["structured_prompt"])["visual_schema"] == {"style": "flat"}
    data = await api.raw(done["result"]["image_url"])
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("PNG", (1024, 576))
        bar = image.convert("RGB").crop((0, 576 - 576 // 9, 400, 576))
        assert {(16, 16, 16), (255, 208, 0)} <= {colour for _, colour in bar.getcolors(1 << 20) or []}
    assert await api.raw(done["result"]["image_url"]) == data


@pytest.mark.parametrize(
    ("strongest", "shades"), [(0, [(230 - at, 0, 0) for at in range(5)]), (2, [(0, 0, 230 - at) for at in range(5)])]
)
async def test_results_are_drawn_from_the_uploaded_images(
    api: Api, strongest: int, shades: list[tuple[int, int, int]]
) -> None:
    """A model of red images draws red, one of blue images blue."""
    dataset = await api.dataset("fibo")
    await api.update(dataset["id"], visual_schema="{}")
    for shade in shades:
        await api.upload(dataset["id"], flat(shade))
    await api.update(dataset["id"], status="completed")
    model = await api.call("POST", f"{V1}/models", 201, json={"name": "m", "dataset_id": dataset["id"]})
    await api.start(model["id"])
    api.sim.clock.push(api.sim.options.training_time)
    body = {"tailored_model_id": model["id"], "prompt": "x", "sync": True}
    url = (await api.call("POST", GENERATE, json=body))["result"]["image_url"]
    with Image.open(io.BytesIO(await api.raw(url))) as image:
        pixel = image.convert("RGB").resize((1, 1), box=(0, 0, 1024, 800)).tobytes()
    assert max(range(3), key=lambda part: pixel[part]) == strongest, list(pixel)


async def test_the_same_seed_draws_the_same_image(api: Api) -> None:
    """A seed repeats a result, another one does not."""
    model = await api.trained("fibo")

    async def draw(seed: int) -> bytes:
        body = {"tailored_model_id": model["id"], "prompt": "x", "sync": True, "seed": seed}
        return await api.raw((await api.call("POST", GENERATE, json=body))["result"]["image_url"])

    assert await draw(5) == await draw(5)
    assert await draw(5) != await draw(6)


async def test_a_synchronous_answer_is_nested_or_flat_by_option() -> None:
    """Under `result` with a request id, or flat as the published sample (NOTES C24)."""
    async with running(flat_results=True) as api:
        model = await api.trained("fibo")
        body = {"tailored_model_id": model["id"], "prompt": "x", "sync": True}
        answer = await api.call("POST", GENERATE, json=body)
        assert answer.keys() == {"image_url", "structured_prompt"}


async def test_a_structured_prompt_is_made_without_an_image(api: Api) -> None:
    """Its result holds only the structured prompt, and a given one is refined."""
    model = await api.trained("fibo")
    path = "/v2/structured_prompt/generate/tailored"
    body = {"tailored_model_id": model["id"], "prompt": "a fox", "sync": True}
    result = (await api.call("POST", path, json=body))["result"]
    assert result.keys() == {"structured_prompt"}
    refined = body | {"structured_prompt": '{"mood": "calm"}', "sync": False}
    submitted = await api.call("POST", path, 202, json=refined)
    api.sim.clock.push(60)
    done = await api.call("GET", submitted["status_url"])
    made = json.loads(done["result"]["structured_prompt"])
    assert made == {"mood": "calm", "short_description": "a fox"}


async def test_an_image_is_set_in_motion(api: Api) -> None:
    """The job's result is an animation of several frames, from base64 or a known URL."""
    model = await api.trained("fibo")
    path = "/v2/video/generate/tailored/image-to-video"
    url = f"{api.sim.base_url}/_sim/files/red.png"
    await api.call("PUT", url, 201, data=RED)
    for image in (base64_of(RED), url):
        submitted = await api.call("POST", path, 202, json={"tailored_model_id": model["id"], "image": image})
        api.sim.clock.push(60)
        done = await api.call("GET", submitted["status_url"])
        with Image.open(io.BytesIO(await api.raw(done["result"]["video_url"]))) as film:
            assert (film.format, getattr(film, "n_frames", 1)) == ("WEBP", 8)


async def test_only_completed_fibo_models_generate(api: Api) -> None:
    """Unknown is 404, not completed 400, legacy 400, each in the v2 envelope without a trace of the token."""
    legacy, untrained = await api.trained("max"), await api.model("fibo")
    for model_id, status, text in (
        (4, 404, "Model not found"),
        ("long-legacy-id", 404, "Model not found"),
        (untrained["id"], 400, "The model status is not completed"),
        (legacy["id"], 400, "legacy"),
    ):
        answer = await api.call("POST", GENERATE, status, json={"tailored_model_id": model_id, "prompt": "x"})
        assert answer["error"]["code"] == status
        assert text in answer["error"]["message"]
        assert answer["request_id"]


@pytest.mark.parametrize(
    "fields",
    [
        {"structured_prompt": {"an": "object"}, "prompt": "x"},
        {"steps_num": 19, "prompt": "x"},
        {"tailored_model_influence": 1.6, "prompt": "x"},
        {"aspect_ratio": "7:5", "prompt": "x"},
    ],
)
async def test_invalid_fields_are_a_422_in_the_envelope(api: Api, fields: dict[str, object]) -> None:
    """v2 names the fields in the details of its envelope."""
    answer = await api.call("POST", GENERATE, 422, json={"tailored_model_id": "1"} | fields)
    assert next(iter(fields)) in answer["error"]["details"]


async def test_a_prompt_is_needed(api: Api) -> None:
    """Neither prompt nor structured prompt is a 400."""
    model = await api.trained("fibo")
    await api.call("POST", GENERATE, 400, json={"tailored_model_id": model["id"]})


async def test_moderation_is_on_unless_turned_off() -> None:
    """A moderated prompt is a 422, a blocked image an ERROR or a 422, and both can be turned off."""
    async with running(moderation=Moderation(inputs=("rude",), outputs=("blocked",))) as api:
        model = await api.trained("fibo")
        body = {"tailored_model_id": model["id"], "prompt": "A Rude fox"}
        await api.call("POST", GENERATE, 422, json=body)
        await api.call("POST", GENERATE, 202, json=body | {"prompt_content_moderation": False})
        body = {"tailored_model_id": model["id"], "prompt": "blocked"}
        await api.call("POST", GENERATE, 422, json=body | {"sync": True})
        submitted = await api.call("POST", GENERATE, 202, json=body)
        api.sim.clock.push(60)
        done = await api.call("GET", submitted["status_url"])
        assert (done["status"], done["error"]["code"]) == ("ERROR", 422)
        await api.call("POST", GENERATE, json=body | {"sync": True, "visual_output_content_moderation": False})
