"""Attribution: jobs that owe nobody anything."""

import base64

import pytest

from tests.sim.helpers import Api, JsonObject, base64_of
from tests.sim.scenery import hosted, still_life

EMBEDDING = base64.b64encode(bytes(16)).decode()
BODIES: dict[str, JsonObject] = {
    "image/attribution/by_embedding": {"embeddings_base64": [EMBEDDING], "model_version": "4.0"},
    "image/attribution/by_image": {"image": base64_of(still_life()), "model_version": "2.3"},
    "video/attribution/by_embedding": {
        "model": "video_rmbg:1",
        "video_seconds": 5,
        "stills_embedding_base64": EMBEDDING,
        "motion_embedding_base64": EMBEDDING,
        "unique_id": "6f1c1c52-54a8-4c0d-9f0e-0d1b1f6d2f10",
    },
    "video/attribution/by_video": {"video": "", "model": "video_mask:1"},
}


async def body_for(api: Api, path: str) -> JsonObject:
    """A body that is right."""
    body = BODIES[path]
    return body | {"video": await hosted(api, b"\0\0\0\0ftyp", "a.mp4")} if "video" in body else body


@pytest.mark.parametrize("path", BODIES)
async def test_every_attribution_is_a_job_without_a_file(api: Api, path: str) -> None:
    """202, then COMPLETED with nobody to pay."""
    job = await api.call("POST", f"/v2/{path}", 202, json=await body_for(api, path))
    api.sim.clock.push(api.sim.options.job_time)
    finished = await api.call("GET", job["status_url"])
    assert (finished["status"], finished["result"]) == ("COMPLETED", {"attributions": []})


@pytest.mark.parametrize(
    ("path", "wrong", "status"),
    [
        ("image/attribution/by_embedding", {"embeddings_base64": []}, 422),
        ("image/attribution/by_embedding", {"embeddings_base64": ["?"]}, 422),
        ("image/attribution/by_embedding", {"embeddings_base64": ["é"]}, 422),
        ("image/attribution/by_embedding", {"embeddings_base64": [EMBEDDING] * 101}, 422),
        ("image/attribution/by_embedding", {"model_version": "5.0"}, 422),
        ("image/attribution/by_image", {"image": "https://example.com/a.png"}, 422),
        ("image/attribution/by_image", {"image": EMBEDDING}, 415),
        ("video/attribution/by_embedding", {"video_seconds": 0}, 422),
        ("video/attribution/by_embedding", {"unique_id": "me"}, 422),
        ("video/attribution/by_embedding", {"motion_embedding_base64": "?"}, 422),
        ("video/attribution/by_video", {"video": "https://example.com/a.mp4"}, 422),
        ("video/attribution/by_video", {"model": "video_generation"}, 422),
    ],
)
async def test_attributions_are_refused(api: Api, path: str, wrong: JsonObject, status: int) -> None:
    """What is no embedding, image, video or version."""
    await api.call("POST", f"/v2/{path}", status, json=await body_for(api, path) | wrong)
