"""Video: uploading a file in one call, and jobs whose result is a video or a mask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.api.video import video_type
from bria_async.errors import ImageError, InvalidParameter, Unreadable, UploadFailed
from bria_async.session import Session
from bria_async.types.video import LARGEST_UPLOAD, VideoUpload
from bria_async.wire.convert import structure
from tests.support import TOKEN, PushedHost, Recorder, Request, parts, reply

MP4 = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 4000
FILE_URL = "https://api.example.com/files/clip.mp4"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """An mp4 whose name says mov."""
    path = tmp_path / "clip.mov"
    path.write_bytes(MP4)
    return path


def taking(server: Recorder, status: int = 204) -> Callable[[Request], web.Response]:
    """A server that gives an address of its own, with a signature, and takes the file there or not."""
    result = {**reply("video.upload")["body"]["result"], "upload_url": f"{server.base_url}/bucket?signature=s3"}

    def answer(seen: Request) -> web.Response:
        return web.Response(status=status) if seen.path == "/bucket" else web.json_response({"result": result})

    return answer


async def test_a_file_is_uploaded_in_one_call(server: Recorder, clip: Path) -> None:
    """An address is asked for with the type of the bytes, the form goes there without the token, fields first."""
    server.answer = taking(server)
    async with Session(TOKEN, server.base_url) as bria:
        assert await bria.video.upload_file(clip) == FILE_URL
    asked, sent = server.requests
    assert asked.json == {"media_type": "video/mp4"}
    assert (sent.method, sent.query) == ("POST", {"signature": "s3"})
    assert TOKEN not in str(sent.headers)
    assert int(sent.headers["content-length"]) == len(sent.body)
    names = [part.get_param("name", header="content-disposition") for part in parts(sent)]
    assert names == ["key", "policy", "Content-Type", "file"]
    file = parts(sent)[-1]
    assert (file.get_filename(), file.get_content_type()) == ("clip.mov", "video/mp4")
    assert file.get_payload(decode=True) == MP4


async def test_a_type_that_is_given_is_sent(server: Recorder, clip: Path) -> None:
    """The caller's word wins over bytes and name."""
    server.answer = taking(server)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.video.upload_file(str(clip), media_type="video/x-flv")
    asked, sent = server.requests
    assert asked.json == {"media_type": "video/x-flv"}
    assert parts(sent)[-1].get_content_type() == "video/x-flv"


async def test_a_type_that_nobody_knows_is_not_claimed(server: Recorder, tmp_path: Path) -> None:
    """Then the server takes any video, and the part is plain bytes."""
    path = tmp_path / "clip"
    path.write_bytes(b"who knows")
    server.answer = taking(server)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.video.upload_file(path)
    asked, sent = server.requests
    assert asked.json == {}
    assert parts(sent)[-1].get_content_type() == "application/octet-stream"


async def test_a_file_that_is_too_large_is_not_sent(server: Recorder, tmp_path: Path) -> None:
    """A byte beyond 1 GB is told before anything is asked for; a lenient session leaves it to the server."""
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.truncate(LARGEST_UPLOAD + 1)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match=r"long\.mp4 has 1,073,741,825 bytes.*Nothing was sent"):
            await bria.video.upload_file(path)
    assert server.requests == []
    server.answers({"error": "too large"}, 400)
    async with Session(TOKEN, server.base_url, strict=False) as bria:
        with pytest.raises(Exception, match="400 too large"):
            await bria.video.upload_file(path)


async def test_a_file_that_is_not_there_is_named(server: Recorder, tmp_path: Path) -> None:
    """Nothing is asked for."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(ImageError, match=r"missing\.mp4"):
            await bria.video.upload_file(tmp_path / "missing.mp4")
    assert server.requests == []


async def test_an_address_that_does_not_take_the_file_is_an_error(server: Recorder, clip: Path) -> None:
    """It says so with the status, without the signature."""
    server.answer = taking(server, status=403)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(UploadFailed, match=r"/bucket: answered 403") as caught:
            await bria.video.upload_file(clip)
    assert "s3" not in str(caught.value)


async def test_an_answer_without_an_address_is_unreadable(server: Recorder, clip: Path) -> None:
    """The file goes nowhere."""
    server.answers({"result": {"file_url": FILE_URL}})
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(Unreadable, match="VideoUpload lacks 'upload_url'"):
            await bria.video.upload_file(clip)
    assert len(server.requests) == 1


def test_an_upload_is_read_flat_too_and_keeps_its_secrets() -> None:
    """With or without `result` around it, what is new is in `extra`, and no log shows what signs it."""
    body = reply("video.upload")["body"]
    nested = structure({**body, "request_id": "0f7c"}, VideoUpload)
    assert nested == structure(body["result"], VideoUpload)
    assert nested.extra == {"request_id": "0f7c"}
    assert nested.upload_fields["policy"] == "eyJ9"
    assert repr(nested) == f"VideoUpload(file_url={FILE_URL!r})"


@pytest.mark.parametrize(
    ("head", "extension", "expected"),
    [
        (b"\0\0\0\x18ftypisom", ".mov", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", ".mp4", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", ".webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", ".mkv", "video/x-matroska"),
        (b"GIF89a", "", "image/gif"),
        (b"RIFF\0\0\0\0AVI ", "", "video/x-msvideo"),
        (b"RIFF\0\0\0\0WEBP", "", None),
        (b"\0\0\0\x08wide", ".mov", "video/quicktime"),
        (b"", ".mp4", "video/mp4"),
        (b"", ".txt", None),
    ],
)
def test_types_are_read_from_bytes_then_from_the_name(head: bytes, extension: str, expected: str | None) -> None:
    """The bytes decide; the extension where they leave it open."""
    assert video_type(head, extension) == expected


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("erase", {"mask": FILE_URL}, "video_url"),
        ("mask_by_prompt", {"prompt": "the vase"}, "mask_url"),
        ("mask_by_key_points", {"key_points": [{"x": 10, "y": 20, "type": "positive"}]}, "mask_url"),
    ],
)
async def test_a_video_is_waited_for(server: Recorder, name: str, given: dict[str, Any], field: str) -> None:
    """With `wait` the answer holds the result, wherever this kind of job puts it."""
    job = reply(f"video.{name}")["body"]

    def answer(seen: Request) -> web.Response:
        if not seen.path.startswith("/v2/status/"):
            return web.json_response(job, status=202)
        done = len(server.requests) > 3
        body = {"status": "COMPLETED", "result": {field: FILE_URL}} if done else {"status": "IN_PROGRESS"}
        return web.json_response(body)

    server.answer = answer
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        done = await getattr(bria.video, name)(video=FILE_URL, **given, wait=True)
    assert getattr(done.result, field) == FILE_URL
    assert server.requests[0].json == {"video": FILE_URL, **given}
    assert len(server.requests) == 4
