"""Video: the two steps of an upload, jobs over it, and stand-ins for what they make."""

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.sim.helpers import Api, JsonObject, running
from tests.sim.scenery import IN_GROUND, IN_RED, fetched, hosted, still_life

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(64)
EDITS: dict[str, JsonObject] = {
    "edit/erase": {"mask": ""},
    "edit/green_screen": {},
    "edit/increase_resolution": {"desired_increase": 4},
    "edit/remove_background": {"background_color": "Orange"},
    "edit/replace_background": {"background_url": ""},
    "generate/foreground_mask": {},
    "segment/mask_by_key_points": {"key_points": [{"x": 1, "y": 2.5, "type": "positive"}]},
    "segment/mask_by_prompt": {"prompt": "a fox"},
}


def animation() -> bytes:
    """A GIF of two frames that shows the still life."""
    frames = [Image.open(io.BytesIO(still_life())), Image.new("RGB", (600, 400), "white")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


async def place(api: Api, media_type: str = "video/mp4") -> JsonObject:
    """Where to upload, with which fields, and where the file will be."""
    answer = await api.call("POST", "/v2/video/upload", json={"media_type": media_type})
    found: JsonObject = answer["result"]
    return found


async def send(api: Api, to: JsonObject, data: bytes, expected: int = 204, **fields: str | None) -> None:
    """The second step: the fields first, the file last, without a token; a field of None is left out."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in (to["upload_fields"] | fields).items():
        if value is not None:
            form.add_field(name, value)
    form.add_field("file", data, filename="video.mp4")
    async with aiohttp.ClientSession() as anonymous, anonymous.post(to["upload_url"], data=form) as response:
        assert response.status == expected, await response.text()


async def uploaded(api: Api, data: bytes = MP4, media_type: str = "video/mp4") -> str:
    """The address of an uploaded file."""
    to = await place(api, media_type)
    await send(api, to, data)
    url: str = to["file_url"]
    return url


async def done(api: Api, path: str, **body: Any) -> str:
    """The address of what a job made."""
    job = await api.call("POST", f"/v2/video/{path}", 202, json=body)
    assert (await api.call("GET", job["status_url"]))["status"] == "IN_PROGRESS"
    api.sim.clock.push(api.sim.options.job_time)
    finished = await api.call("GET", job["status_url"])
    assert finished["status"] == "COMPLETED"
    url: str = finished["result"]["video_url"]
    return url


async def test_a_file_is_uploaded_in_two_steps(api: Api) -> None:
    """204, and the bytes are at the address told before, in parts too, with the type told before."""
    to = await place(api)
    assert to["file_url"].endswith(".mp4")
    await api.raw(to["file_url"], 404)
    await send(api, to, MP4)
    assert await api.raw(to["file_url"]) == MP4
    assert await api.raw(to["file_url"], 206, Range="bytes=4-7") == b"ftyp"
    async with api.http.head(to["file_url"]) as response:
        assert (response.status, response.content_type, response.content_length) == (200, "video/mp4", len(MP4))


async def test_the_address_lives_an_hour_and_the_file_a_day(api: Api) -> None:
    """403 afterwards, and the file is no input any more."""
    late, to = await place(api), await place(api)
    await send(api, to, MP4)
    api.sim.clock.push(3600)
    await send(api, late, MP4, 403)
    await api.raw(to["file_url"])
    api.sim.clock.push(23 * 3600)
    await api.raw(to["file_url"], 403)
    await api.call("POST", "/v2/video/edit/green_screen", 422, json={"video": to["file_url"]})


async def test_uploads_are_refused(api: Api) -> None:
    """Missing or changed fields, an unknown place, no file, a file that is not last, no multipart."""
    to = await place(api)
    await send(api, to, MP4, 403, key=None)
    await send(api, to, MP4, 403, key="another")
    await send(api, to, MP4, 403, extra="one more")
    await send(api, to | {"upload_url": f"{api.sim.base_url}/_sim/uploads/none"}, MP4, 404)
    await api.call("POST", to["upload_url"], 400, json={})
    fields_only = aiohttp.FormData(to["upload_fields"], default_to_multipart=True)
    await api.call("POST", to["upload_url"], 400, data=fields_only)
    backwards = aiohttp.FormData(default_to_multipart=True)
    for name, value in to["upload_fields"].items():
        backwards.add_field(name, value)
    backwards.add_field("file", MP4, filename="a.mp4")
    backwards.add_field("late", "field")
    await api.call("POST", to["upload_url"], 400, data=backwards)
    await api.raw(to["file_url"], 404)
    for kind in ("text/html", "video/", "video/a b", "x" * 500):
        await api.call("POST", "/v2/video/upload", 422, json={"media_type": kind})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b\r\n[]--b--\r\n",
        b"--b\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
    ],
)
async def test_broken_uploads_are_a_400(api: Api, body: bytes) -> None:
    """Parts without names, headers or ends."""
    to = await place(api)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    await api.call("POST", to["upload_url"], 400, data=body, headers=headers)


async def test_a_file_above_the_limit_is_a_413(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 GB; lowered here, so that the test moves less."""
    monkeypatch.setattr("bria_async.sim.media.MAX_BYTES", 10)
    await send(api, await place(api), MP4, 413)


async def test_an_upload_survives_a_restart(tmp_path: Any) -> None:
    """The place and the file are there afterwards."""
    async with running(state=tmp_path) as api:
        open_place, to = await place(api), await place(api)
        await send(api, to, MP4)
        base = api.sim.base_url
    async with running(state=tmp_path) as api:
        here = {name: str(value).replace(base, api.sim.base_url) for name, value in open_place.items()}
        await send(api, here | {"upload_fields": open_place["upload_fields"]}, MP4)
        assert await api.raw(to["file_url"].replace(base, api.sim.base_url)) == MP4


@pytest.mark.parametrize("path", EDITS)
async def test_every_edit_makes_an_animation(api: Api, path: str) -> None:
    """A job whose result is an animated WebP, from a video that nothing here reads as well as from one."""
    for url in (await uploaded(api), await uploaded(api, animation(), "image/gif")):
        body = {name: value or url for name, value in EDITS[path].items()}
        picture = await fetched(api, await done(api, path, video=url, **body))
        assert (picture.format, picture.n_frames) == ("WEBP", 8)  # type: ignore[attr-defined]  # of animations


async def test_gif_is_a_real_gif(api: Api) -> None:
    """When the container asked for is `gif`."""
    body = {"video": await uploaded(api), "output_container_and_codec": "gif"}
    picture = await fetched(api, await done(api, "edit/green_screen", **body))
    assert picture.format == "GIF"


async def test_what_can_be_read_is_worked_on(api: Api) -> None:
    """A green screen behind the subject, a mask of it, and results as inputs of further edits."""
    url = await uploaded(api, animation(), "image/gif")
    screened = await done(api, "edit/green_screen", video=url, green_shade="chroma_green")
    frame = (await fetched(api, screened)).convert("RGB")
    at = [(x * 384 // 600, y * 384 // 400) for x, y in (IN_GROUND, IN_RED)]
    ground, subject = (frame.getpixel(each) for each in at)
    assert isinstance(ground, tuple)
    assert isinstance(subject, tuple)
    assert (ground[1] > 200, ground[0] < 80) == (True, True), ground
    assert (subject[0] > 150, subject[1] < 80) == (True, True), subject
    mask = await done(api, "generate/foreground_mask", video=url)
    grey = (await fetched(api, mask)).convert("L")
    outside, inside = (grey.crop((x, y, x + 1, y + 1)).tobytes()[0] for x, y in at)
    assert (outside < 50, inside > 200) == (True, True), (outside, inside)
    assert await done(api, "edit/erase", video=screened, mask=mask)
    background = await hosted(api, still_life(), "beach.png")
    assert await done(api, "edit/replace_background", video=url, background_url=background)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("edit/green_screen", {}, 422),
        ("edit/green_screen", {"video": "https://example.com/a.mp4"}, 422),
        ("edit/green_screen", {"video": "/_sim/media/none.mp4"}, 422),
        ("edit/green_screen", {"video": "/_sim/results/none/0.webp"}, 422),
        ("edit/green_screen", {"video": "AAAA"}, 422),
        ("edit/green_screen", {"video": "http://["}, 422),
        ("edit/green_screen", {"video": "text.txt"}, 415),
        ("edit/green_screen", {"video": "", "green_shade": "pink"}, 422),
        ("edit/increase_resolution", {"video": "", "desired_increase": 3}, 422),
        ("edit/remove_background", {"video": "", "background_color": "Mauve"}, 422),
        ("edit/erase", {"video": ""}, 422),
        ("segment/mask_by_key_points", {"video": "", "key_points": []}, 422),
        ("segment/mask_by_key_points", {"video": "", "key_points": [{"x": "a", "y": 1}]}, 422),
        ("segment/mask_by_key_points", {"video": "", "key_points": [{"x": 1, "y": 1}], "frame_index": -1}, 422),
        ("segment/mask_by_key_points", {"video": "", "key_points": [{"x": 1, "y": 1}] * 101}, 422),
    ],
)
async def test_edits_are_refused(api: Api, path: str, body: JsonObject, status: int) -> None:
    """Addresses that lead nowhere, files that are no video, words that are not known."""
    video = body.get("video")
    if video == "":
        body = body | {"video": await uploaded(api)}
    elif video == "text.txt":
        body = body | {"video": await hosted(api, b"words", "text.txt")}
    elif video and video.startswith("/"):
        body = body | {"video": api.sim.base_url + video}
    answer = await api.call("POST", f"/v2/video/{path}", status, json=body)
    assert answer["error"]["code"] == status


@pytest.mark.parametrize("head", [b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0AVI ", b"\0\0\0\0moov", b"GIF89abroken"])
async def test_containers_are_known_by_their_content(api: Api, head: bytes) -> None:
    """Matroska, AVI, QuickTime, and a broken GIF: accepted, and drawn as a scene."""
    url = await hosted(api, head + bytes(40), "video")
    assert await done(api, "edit/remove_background", video=url, background_color="Transparent")
