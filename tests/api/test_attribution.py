"""Attribution: reports that are made once, by image, video or vectors."""

import base64
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import InvalidParameter, ServerFailed
from bria_async.session import Session
from tests.support import TOKEN, PushedHost, Recorder, picture, reply

REPORTS: list[tuple[str, dict[str, Any]]] = [
    ("by_image", {"image": "QUJD", "model_version": "4.0"}),
    ("by_image_embedding", {"embeddings_base64": ["QUJD"], "model_version": "4.0"}),
    ("by_video", {"video": "https://example.com/clip.mp4", "model": "video_rmbg:1"}),
    (
        "by_video_embedding",
        {
            "model": "video_mask:1",
            "video_seconds": 5,
            "stills_embedding_base64": "QUJD",
            "motion_embedding_base64": "REVG",
        },
    ),
]


@pytest.mark.parametrize(("name", "report"), REPORTS)
async def test_a_report_is_never_made_twice(server: Recorder, name: str, report: dict[str, Any]) -> None:
    """It pays somebody: what may have arrived is not sent again."""
    server.answers({"error": "later"}, 503)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        with pytest.raises(ServerFailed, match="It may have taken effect"):
            await getattr(bria.attribution, name)(**report)
    assert [seen.json for seen in server.requests] == [report]


@pytest.mark.parametrize(("name", "report"), REPORTS)
async def test_a_report_is_waited_for(server: Recorder, name: str, report: dict[str, Any]) -> None:
    """What its result holds is documented nowhere: all of it is in `raw`."""
    job = reply(f"attribution.{name}")["body"]
    done = {"status": "COMPLETED", "result": {"owners": 3}}
    server.answer = lambda seen: web.json_response(done if seen.method == "GET" else job)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        submission = await getattr(bria.attribution, name)(**report, wait=True)
    assert submission.request_id == "0f7c5c1e"
    assert submission.result.raw == {"owners": 3}


async def test_an_image_is_reported_from_its_file(server: Recorder, tmp_path: Path) -> None:
    """A path is read and sent as base64."""
    server.answers(reply("attribution.by_image")["body"], 202)
    path = tmp_path / "vase.png"
    path.write_bytes(picture(32, 32))
    async with Session(TOKEN, server.base_url) as bria:
        await bria.attribution.by_image(image=path, model_version="3.2")
    encoded = base64.b64encode(path.read_bytes()).decode()
    assert server.requests[0].json == {"image": encoded, "model_version": "3.2"}


async def test_a_model_that_is_not_reported_is_refused(server: Recorder) -> None:
    """A report under a wrong name would pay the wrong people."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match="model must be one of"):
            await bria.attribution.by_video(video="https://example.com/a.mp4", model="video_mask")  # type: ignore[arg-type]  # the point
    assert server.requests == []
