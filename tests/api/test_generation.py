"""Generation from words: versions that are gone, images that inspire, and structured prompts."""

import base64
from pathlib import Path

import pytest
from aiohttp import web

from bria_async.errors import InvalidParameter
from bria_async.session import Session
from bria_async.types.jobs import Blocked, GeneratedImage
from tests.support import TOKEN, Recorder, Request, picture, reply


@pytest.mark.parametrize(("status", "redirected"), [(200, False), (209, True)])
async def test_a_version_that_is_gone_is_told(server: Recorder, status: int, redirected: bool) -> None:
    """Status 209 is a success that says that the newest version drew."""
    server.answers(reply("generation.text_to_image_base.redirected")["body"], status)
    async with Session(TOKEN, server.base_url) as bria:
        images = await bria.generation.text_to_image_base("2.2", prompt="a vase")
    assert images.redirected is redirected
    assert len(images.urls) == 2
    assert server.requests[0].path == "/v1/text-to-image/base/2.2"


async def test_blocked_outputs_stand_among_the_images(server: Recorder) -> None:
    """An output that moderation stopped keeps its place, and has no address."""
    server.answers(reply("generation.text_to_image_fast.blocked")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        images = await bria.generation.text_to_image_fast("2.3", prompt="a vase", sync=True)
    assert [type(image) for image in images.result] == [GeneratedImage, Blocked]
    assert len(images.urls) == 1


async def test_an_image_inspires_from_a_file_or_an_address(server: Recorder, tmp_path: Path) -> None:
    """The one image of a request is a path or an address, in the same field."""
    file = tmp_path / "vase.png"
    file.write_bytes(picture())
    server.answers(reply("generation.generate")["body"], 202)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.generation.generate(images=[file])
        await bria.generation.generate_lite(images=["https://example.com/vase.png"])
    sent = [request.json["images"] for request in server.requests]
    assert sent == [[base64.b64encode(file.read_bytes()).decode()], ["https://example.com/vase.png"]]


async def test_more_than_one_image_is_refused_before_sending(server: Recorder) -> None:
    """The published limit is one image."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match="images must hold"):
            await bria.generation.generate(images=["https://example.com/1.png", "https://example.com/2.png"])
    assert server.requests == []


async def test_a_structured_prompt_is_there_after_waiting(server: Recorder) -> None:
    """A job without an image gives its structured prompt, beside the warning of its submission."""
    result = reply("generation.generate_structured_prompt.sync")["body"]["result"]

    def answer(request: Request) -> web.Response:
        if request.method == "POST":
            return web.json_response(reply("generation.generate_structured_prompt")["body"], status=202)
        return web.json_response({"status": "COMPLETED", "request_id": "0f7c5c1e", "result": result})

    server.answer = answer
    async with Session(TOKEN, server.base_url) as bria:
        made = await bria.generation.generate_structured_prompt(prompt="a vase", wait=True)
    assert made.warning == "the prompt may name protected content"
    assert made.result is not None
    assert made.result.structured_prompt == result["structured_prompt"]
    assert [request.path for request in server.requests[1:]] == ["/v2/status/0f7c5c1e"]
    assert server.requests[0].json == {"prompt": "a vase", "sync": False}
