"""Image editing over HTTP: jobs and results at once, real pixels, statuses, moderation."""

from typing import Any

import pytest
from PIL import Image

from bria_async.sim import Moderation
from tests.sim.helpers import Api, base64_of, disc, loaded, picture, pixel, png, running, sha256

EDIT = "/v2/image/edit"
BY_PIXELS: dict[str, dict[str, Any]] = {
    "remove_background": {},
    "blur_background": {"scale": 3},
    "crop_foreground": {"padding": 4},
    "enhance": {"seed": 5},
    "erase": {"mask": base64_of(disc())},
    "erase_foreground": {},
    "gen_fill": {"mask": base64_of(disc()), "prompt": "a blue door"},
    "expand": {"aspect_ratio": "1:1"},
    "increase_resolution": {},
    "replace_background": {"prompt": "a red room"},
}
BY_WORDS: dict[str, dict[str, Any]] = {
    "add_object_by_text": {"instruction": "add a hat"},
    "blend": {"instruction": "make it fit"},
    "colorize": {"color": "sepia_vintage"},
    "erase_by_text": {"object_name": "disc"},
    "relight": {"light_type": "midday", "light_direction": "side"},
    "replace_object_by_text": {"instruction": "a square for the disc"},
    "reseason": {"season": "winter"},
    "restore": {},
    "restyle": {"style": "cubism"},
    "rewrite_text": {"new_text": "OPEN"},
    "sketch_to_colored_image": {},
}
EVERY = BY_PIXELS | BY_WORDS


async def edited(api: Api, name: str, **fields: Any) -> dict[str, Any]:
    """The result of an edit that is waited for on the clock."""
    body = {"image": base64_of(disc())} | fields
    job = await api.call("POST", f"{EDIT}/{name}", 202, json=body)
    assert (await api.call("GET", job["status_url"]))["status"] == "IN_PROGRESS"
    api.sim.clock.push(api.sim.options.job_time)
    done: dict[str, Any] = await api.call("GET", job["status_url"])
    assert done["status"] == "COMPLETED"
    result: dict[str, Any] = done["result"]
    return result


async def image_of(api: Api, result: dict[str, Any]) -> Image.Image:
    """The picture of a result."""
    return loaded(await api.raw(result["image_url"]))


@pytest.mark.parametrize("name", EVERY)
async def test_every_edit_is_a_job_with_a_picture(api: Api, name: str) -> None:
    """202, then a PNG; edits by words tell their seed and a structured instruction."""
    result = await edited(api, name, **EVERY[name])
    assert (await image_of(api, result)).format == "PNG"
    if name in BY_WORDS:
        assert isinstance(result["seed"], int)
        assert "instruction" in result["structured_instruction"]


@pytest.mark.parametrize("name", sorted({*BY_PIXELS} - {"enhance"}))
async def test_edits_can_be_waited_for(api: Api, name: str) -> None:
    """With `sync` the result is in the answer, and its URL works at once."""
    body = {"image": base64_of(disc()), "sync": True} | EVERY[name]
    answer = await api.call("POST", f"{EDIT}/{name}", json=body)
    assert answer["request_id"]
    assert (await image_of(api, answer["result"])).width


async def test_the_background_is_removed(api: Api) -> None:
    """Transparent corners, the subject's own colour in the middle."""
    image = await image_of(api, await edited(api, "remove_background"))
    assert (image.mode, image.size) == ("RGBA", (200, 160))
    assert image.getpixel((0, 0)) == (255, 255, 255, 0)
    assert image.getpixel((100, 80)) == (255, 0, 0, 255)


async def test_an_image_by_url_may_be_the_result_of_another_edit(api: Api) -> None:
    """A crop of a cutout of an uploaded file: 81 pixels of a disc, twice as many in the end."""
    await api.call("PUT", "/_sim/files/disc.png", 201, data=disc())
    url = f"{api.sim.base_url}/_sim/files/disc.png"
    for name in ("remove_background", "crop_foreground", "increase_resolution"):
        result = await edited(api, name, image=url)
        url = result["image_url"]
    assert (await image_of(api, result)).size == (162, 162)


async def test_a_result_that_is_not_ready_is_no_image_yet(api: Api) -> None:
    """Its URL is a 404 for the next edit too."""
    await api.call("POST", f"{EDIT}/remove_background", 202, json={"image": base64_of(disc())})
    (job,) = api.sim.world.jobs.values()
    url = f"{api.sim.base_url}/_sim/results/{job.id}/{job.results[0].name}"
    await api.call("POST", f"{EDIT}/remove_background", 404, json={"image": url})


async def test_an_expanded_picture_is_exact_where_it_was_put(api: Api) -> None:
    """Canvas, size and location as asked; the result tells seed and prompt."""
    fields = {
        "canvas_size": [400, 300],
        "original_image_size": [200, 160],
        "original_image_location": [150, 100],
        "prompt": "more",
        "seed": 3,
    }
    result = await edited(api, "expand", **fields)
    image = await image_of(api, result)
    assert image.size == (400, 300)
    assert image.crop((150, 100, 350, 260)).tobytes() == loaded(disc()).tobytes()
    assert (result["seed"], result["prompt"]) == (3, "more")


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"aspect_ratio": "1:1"}, (200, 200)),
        ({"aspect_ratio": 2.5}, (400, 160)),
        ({}, (1000, 1000)),
        ({"canvas_size": [300, 300], "original_image_location": [-50, 0]}, (300, 300)),
    ],
)
async def test_a_canvas_has_the_shape_asked_for(api: Api, fields: dict[str, Any], size: tuple[int, int]) -> None:
    """By ratio, by number, by default 1000 pixels a side, or with a part of the picture off the canvas."""
    assert (await image_of(api, await edited(api, "expand", **fields))).size == size


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("expand", {"canvas_size": [0, 10]}),
        ("expand", {"canvas_size": [10**9, 10**9]}),
        ("expand", {"canvas_size": [5000]}),
        ("expand", {"aspect_ratio": "7:1"}),
        ("expand", {"aspect_ratio": 9}),
        ("expand", {"original_image_location": [5000, 5000]}),
        ("expand", {"original_image_size": [100, 100]}),
        ("increase_resolution", {"desired_increase": 3}),
        ("crop_foreground", {"padding": -1}),
        ("crop_foreground", {"padding": 5000}),
        ("replace_background", {}),
    ],
)
async def test_what_cannot_be_is_refused(api: Api, name: str, fields: dict[str, Any]) -> None:
    """Sizes out of bounds, an original under 15% of its canvas, a background out of nothing: 400 in the envelope."""
    answer = await api.call("POST", f"{EDIT}/{name}", 400, json={"image": base64_of(disc())} | fields)
    assert answer["error"]["code"] == 400
    assert answer["request_id"]


async def test_a_result_above_the_limit_is_refused(api: Api) -> None:
    """Four times 1300 pixels are more than 5000."""
    large = png(Image.new("1", (1300, 1300)))
    body = {"image": base64_of(large), "desired_increase": 4}
    assert "5000x5000" in (await api.call("POST", f"{EDIT}/increase_resolution", 400, json=body))["error"]["message"]


@pytest.mark.parametrize(
    ("image", "status"),
    [
        ("", 415),
        ("\x00", 422),
        ("é", 422),
        (base64_of(b"GIF89a"), 415),
        (base64_of(picture()[:500]), 422),
        ("http://[", 460),
        ("https://example.com/a.png", 460),
        ("{base}/_sim/files/none.png", 404),
        ("{base}/_sim/images/" + "9" * 5000, 404),
        ("{base}/_sim/results/none/0.png", 404),
        ("data:image/png;base64," + base64_of(disc()), 202),
    ],
)
async def test_each_kind_of_image_has_its_status(api: Api, image: str, status: int) -> None:
    """Not base64, no picture, a broken one, a URL nobody has: each as documented."""
    body = {"image": image.replace("{base}", api.sim.base_url)}
    await api.call("POST", f"{EDIT}/remove_background", status, json=body)


async def test_inputs_and_outputs_are_moderated_when_asked() -> None:
    """By default pixels are not looked at and prompts are; a blocked output is a 422 or the end of the job."""
    data = disc()
    words = Moderation(inputs=("evil", sha256(data)[:12]), outputs=("nude",))
    async with running(moderation=words) as api:
        body: dict[str, Any] = {"image": base64_of(data), "mask": base64_of(disc()), "prompt": "a door"}
        await api.call("POST", f"{EDIT}/gen_fill", 202, json=body)
        await api.call("POST", f"{EDIT}/gen_fill", 422, json=body | {"visual_input_content_moderation": True})
        await api.call("POST", f"{EDIT}/gen_fill", 422, json=body | {"prompt": "EVIL"})
        await api.call(
            "POST", f"{EDIT}/gen_fill", 202, json=body | {"prompt": "evil", "prompt_content_moderation": False}
        )
        looked_at = body | {"prompt": "nude", "visual_output_content_moderation": True}
        await api.call("POST", f"{EDIT}/gen_fill", 422, json=looked_at | {"sync": True})
        job = await api.call("POST", f"{EDIT}/gen_fill", 202, json=looked_at)
        api.sim.clock.push(60)
        done = await api.call("GET", job["status_url"])
        assert (done["status"], done["error"]["code"]) == ("ERROR", 422)


async def test_fibo_edits_look_at_everything_by_default() -> None:
    """Images and words are moderated unless told otherwise; one of two kinds of instructions is needed."""
    data = disc()
    async with running(moderation=Moderation(inputs=(sha256(data)[:12],)), ip_words=("mouse",)) as api:
        body: dict[str, Any] = {"images": [base64_of(data)], "instruction": "add a mouse", "ip_signal": True}
        await api.call("POST", EDIT, 422, json=body)
        body["visual_input_content_moderation"] = False
        answer = await api.call("POST", EDIT, json=body | {"sync": True, "seed": 4, "output_type": "jpeg"})
        assert "warning" in answer
        assert answer["result"]["seed"] == 4
        image = await image_of(api, answer["result"])
        assert (image.format, image.size) == ("JPEG", (200, 160))
        assert max(pixel(image, (190, 158))) < 60, "the mark"
        await api.call("POST", EDIT, 400, json={"images": body["images"]})
        await api.call("POST", EDIT, 400, json={"images": [], "instruction": "x"})
        await api.call("POST", EDIT, 400, json={"images": [""] * 11, "instruction": "x"})


async def test_a_structured_instruction_has_no_picture(api: Api) -> None:
    """It goes on from words, and an edit goes on from it."""
    path = "/v2/structured_instruction/generate"
    body = {"images": [base64_of(disc())], "instruction": "a hat", "sync": True}
    result = (await api.call("POST", path, json=body))["result"]
    assert result.keys() == {"seed", "structured_instruction"}
    follow = {"images": body["images"], "structured_instruction": result["structured_instruction"], "sync": True}
    assert (await api.call("POST", EDIT, json=follow))["result"]["structured_instruction"] == (
        result["structured_instruction"]
    )


async def test_an_enhanced_picture_tells_its_seed_as_text(api: Api) -> None:
    """As published for this operation alone (NOTES C25)."""
    assert (await edited(api, "enhance", seed=5))["seed"] == "5"


async def test_fields_that_do_not_fit_are_a_422_in_the_envelope(api: Api) -> None:
    """Wrong types in lists, unknown enums, numbers beyond 64 bits; the details name the field."""
    for fields, named in (
        ({"canvas_size": [1, "2"]}, "canvas_size.1"),
        ({"canvas_size": {"a": 1}}, "canvas_size"),
        ({"aspect_ratio": True}, "aspect_ratio"),
        ({"seed": 10**30}, "seed"),
    ):
        body = {"image": base64_of(disc())} | fields
        answer = await api.call("POST", f"{EDIT}/expand", 422, json=body)
        assert named in answer["error"]["details"]
