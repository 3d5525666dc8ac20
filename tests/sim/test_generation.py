"""Images from words: versions, sizes, combinations of inputs, structured prompts."""

import json
from typing import Any

import pytest

from bria_async.sim import Moderation
from tests.sim.helpers import Api, base64_of, disc, is_marked, loaded, running, sha256

FIBO = "/v2/image/generate"
PROMPTS = "/v2/structured_prompt/generate"


def older(model: str, version: str = "2.3") -> str:
    """Where an older model makes images."""
    return f"/v1/text-to-image/{model}/{version}"


@pytest.mark.parametrize(
    ("model", "version", "ratio", "size"),
    [
        ("base", "2.3", "1:1", (1024, 1024)),
        ("fast", "2.3", "2:3", (682, 1024)),
        ("hd", "2.2", "1:1", (1536, 1536)),
        ("hd", "2.2", "16:9", (1920, 1080)),
    ],
)
async def test_older_models_draw_in_their_sizes(
    api: Api, model: str, version: str, ratio: str, size: tuple[int, int]
) -> None:
    """One marked image in the documented size, its URL in an array."""
    body = {"prompt": "a red fox", "num_results": 1, "aspect_ratio": ratio, "sync": True, "seed": 3}
    (result,) = (await api.call("POST", older(model, version), json=body))["result"]
    image = loaded(await api.raw(result["urls"][0]))
    assert (image.size, result["seed"], is_marked(image)) == (size, 3, True)


async def test_four_images_come_later_by_default(api: Api) -> None:
    """Four different URLs at once, which fill in later."""
    results = (await api.call("POST", older("base"), json={"prompt": "a fox"}))["result"]
    urls = {result["urls"][0] for result in results}
    assert len(urls) == len({result["uuid"] for result in results}) == 4
    for url in urls:
        await api.raw(url, 404)
    api.sim.clock.push(60)
    assert len({await api.raw(url) for url in urls}) == 4


@pytest.mark.parametrize(
    ("model", "version", "status"),
    [
        ("base", "2.2", 209),
        ("base", "1.4", 209),
        ("base", "2.4", 400),
        ("base", "latest", 400),
        ("fast", "2.2", 400),
        ("hd", "2.3", 400),
    ],
)
async def test_versions_that_are_gone_are_redirected_by_the_base_model(
    api: Api, model: str, version: str, status: int
) -> None:
    """209 with images for an older one; what never was is a 400."""
    answer = await api.call("POST", older(model, version), status, json={"prompt": "a fox"})
    assert ("result" in answer) == (status == 209)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("base", {}),
        ("base", {"prompt": "x", "steps_num": 19}),
        ("base", {"prompt": "x", "text_guidance_scale": 11}),
        ("fast", {"prompt": "x", "steps_num": 20}),
        ("base", {"prompt": "x", "num_results": 5}),
    ],
)
async def test_ranges_are_those_of_the_model(api: Api, model: str, fields: dict[str, Any]) -> None:
    """No prompt, too many steps, too much guidance, too many results: 400."""
    await api.call("POST", older(model), 400, json=fields)


async def test_hd_is_waited_for_only_alone(api: Api) -> None:
    """`sync` is for single images (SEED 004)."""
    await api.call("POST", older("hd", "2.2"), 400, json={"prompt": "x", "sync": True})


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        (FIBO, {"prompt": "a fox"}, 200),
        (FIBO, {"images": [base64_of(disc())]}, 200),
        (FIBO, {"prompt": "a fox", "images": [base64_of(disc())]}, 200),
        (FIBO, {"structured_prompt": "{}", "seed": 1}, 200),
        (FIBO, {"structured_prompt": "{}", "prompt": "in blue"}, 200),
        (FIBO, {}, 400),
        (FIBO, {"structured_prompt": "{}"}, 400),
        (FIBO, {"structured_prompt": "{}", "images": [base64_of(disc())]}, 400),
        (FIBO, {"structured_prompt": {}, "seed": 1}, 422),
        (FIBO, {"prompt": "a fox", "steps_num": 34}, 422),
        (FIBO, {"images": [base64_of(disc())] * 2}, 422),
        (f"{FIBO}/lite", {"prompt": "a fox"}, 200),
        (PROMPTS, {"prompt": "a fox"}, 200),
        (PROMPTS, {"structured_prompt": "{}", "seed": 1}, 400),
        (f"{PROMPTS}/lite", {"images": [base64_of(disc())]}, 200),
        (f"{PROMPTS}_from_diff", {"structured_prompt": "{}", "user_adjusted_structured_prompt": "{}"}, 200),
        (f"{PROMPTS}_from_diff", {"structured_prompt": "{}"}, 422),
    ],
)
async def test_inputs_go_together_as_documented(api: Api, path: str, fields: dict[str, Any], status: int) -> None:
    """Prompt, image, both, or a structured prompt with a seed or a prompt; and nothing else."""
    answer = await api.call("POST", path, status, json=fields | {"sync": True})
    if status == 200:
        assert isinstance(answer["result"]["seed"], int)
        json.loads(answer["result"]["structured_prompt"])
        assert ("image_url" in answer["result"]) == path.startswith(FIBO)


@pytest.mark.parametrize(("resolution", "side"), [("1MP", 1024), ("4MP", 2048)])
async def test_resolutions_and_kinds_are_honoured(api: Api, resolution: str, side: int) -> None:
    """A JPEG of one or four megapixels."""
    body = {"prompt": "a fox", "resolution": resolution, "output_type": "jpeg", "sync": True}
    image = loaded(await api.raw((await api.call("POST", FIBO, json=body))["result"]["image_url"]))
    assert (image.size, image.format) == ((side, side), "JPEG")


async def test_a_seed_draws_the_same_again(api: Api) -> None:
    """Same prompt, same seed, same bytes; another seed, others."""
    images = []
    for seed in (1, 1, 2):
        answer = await api.call("POST", FIBO, json={"prompt": "a fox", "seed": seed, "sync": True})
        images.append(await api.raw(answer["result"]["image_url"]))
    assert images[0] == images[1] != images[2]


async def test_an_adjusted_prompt_is_made_whole(api: Api) -> None:
    """What was changed is changed, the rest is there."""
    body = {
        "structured_prompt": '{"a": 1, "b": 2}',
        "user_adjusted_structured_prompt": '{"b": 3}',
        "sync": True,
    }
    result = (await api.call("POST", f"{PROMPTS}_from_diff", json=body))["result"]
    assert json.loads(result["structured_prompt"]) == {"a": 1, "b": 3}


async def test_everything_is_moderated_by_default() -> None:
    """Prompt and image before, the picture after; each can be switched off. Protected names are warned of."""
    data = disc()
    words = Moderation(inputs=("evil", sha256(data)[:12]), outputs=("nude",))
    async with running(moderation=words, ip_words=("mouse",)) as api:
        for body, switch in (
            ({"prompt": "evil"}, "prompt_content_moderation"),
            ({"images": [base64_of(data)]}, "visual_input_content_moderation"),
            ({"prompt": "nude"}, "visual_output_content_moderation"),
        ):
            await api.call("POST", FIBO, 422, json=body | {"sync": True})
            await api.call("POST", FIBO, 200, json=body | {"sync": True, switch: False})
        for asked in (True, False):
            answer = await api.call("POST", FIBO, 202, json={"prompt": "a Mouse", "ip_signal": asked})
            assert ("warning" in answer) == asked


async def test_a_job_without_a_picture_has_only_words(api: Api) -> None:
    """Submitted and looked up, a structured prompt and its seed are the result."""
    job = await api.call("POST", PROMPTS, 202, json={"prompt": "a fox", "seed": 9})
    api.sim.clock.push(60)
    result = (await api.call("GET", job["status_url"]))["result"]
    assert result.keys() == {"seed", "structured_prompt"}
    assert json.loads(result["structured_prompt"])["short_description"] == "a fox"
