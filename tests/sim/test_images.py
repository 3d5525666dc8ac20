"""Images: the ways in, the reasons for no, names, captions."""

import asyncio
import base64
import json
from pathlib import Path
from urllib.parse import parse_qs

import aiohttp
import pytest

from bria_async.sim import Moderation
from tests.sim.helpers import V1, Api, base64_of, flat, picture, running, sha256


def images_of(dataset_id: int) -> str:
    """The path of a dataset's images."""
    return f"{V1}/datasets/{dataset_id}/images"


async def test_a_multipart_upload_keeps_the_bytes_and_the_files_own_name(api: Api) -> None:
    """The stored image has the size and sha256 sent, and `image_name` does not replace a file's name."""
    dataset, data = await api.dataset(), picture(3, kind="JPEG")
    answer = await api.upload(dataset["id"], data, name="fox--1234.jpg", image_name="other.jpg")
    assert answer["image_name"] == "fox--1234.jpg"
    assert (answer["caption"], answer["caption_source"]) == (None, "pending")
    stored = api.sim.world.images[answer["id"]]
    assert (stored.sha256, stored.size, stored.format) == (sha256(data), len(data), "JPEG")
    assert (stored.width, stored.height, stored.increased_resolution) == (256, 256, True)
    assert await api.raw(answer["image_url"]) == data


@pytest.mark.parametrize("header", ["", "data:image/png;base64,"])
async def test_a_json_upload_is_base64_with_or_without_a_header(api: Api, header: str) -> None:
    """Base64 in `file` is decoded, and `image_name` names it."""
    dataset, data = await api.dataset(), picture(1)
    body = {"file": header + base64_of(data), "image_name": "one.png"}
    answer = await api.call("POST", images_of(dataset["id"]), 201, json=body)
    assert answer["image_name"] == "one.png"
    assert api.sim.world.images[answer["id"]].sha256 == sha256(data)


async def test_an_upload_by_url_takes_only_what_the_simulator_holds(api: Api, tmp_path: Path) -> None:
    """Hosted files and fixtures are found; an own URL without a file is 404, any other 460."""
    dataset, data = await api.dataset(), picture(2)
    hosted = f"{api.sim.base_url}/_sim/files/cat.png"
    await api.call("PUT", hosted, 201, data=data)
    path = images_of(dataset["id"])
    answer = await api.call("POST", path, 201, json={"image_url": hosted})
    assert (answer["image_name"], answer["upload_source_url"]) == ("cat.png", hosted)
    named = await api.call("POST", path, 201, data={"image_url": hosted, "image_name": "tom.png"})
    assert named["image_name"] == "tom.png"
    again = await api.call("POST", path, 201, json={"image_url": answer["image_url"]})
    assert api.sim.world.images[again["id"]].sha256 == sha256(data)
    await api.call("POST", path, 404, json={"image_url": f"{api.sim.base_url}/_sim/files/dog.png"})
    await api.call("POST", path, 460, json={"image_url": "http://127.0.0.1:1/cat.png"})
    fixture = tmp_path / "fixture.png"
    fixture.write_bytes(data)
    async with running(fixtures={"https://example.com/cat.png": fixture}) as other:
        dataset = await other.dataset()
        body = {"image_url": "https://example.com/cat.png"}
        await other.call("POST", images_of(dataset["id"]), 201, json=body)


async def test_exactly_one_of_file_and_url_is_needed(api: Api) -> None:
    """Neither and both are a 400."""
    path = images_of((await api.dataset())["id"])
    await api.call("POST", path, 400, json={})
    await api.call("POST", path, 400, json={"file": base64_of(picture()), "image_url": "https://example.com/a"})


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GIF89a" + bytes(40), 415),
        (b"", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (picture(1, (600, 600), "JPEG")[:-900], 422),
        (picture(1, (600, 600), "PNG")[:-200], 422),
        (picture(1)[:60], 422),
        (picture(1, (255, 400)), 412),
    ],
)
async def test_bad_images_are_refused_by_what_is_wrong(api: Api, data: bytes, status: int) -> None:
    """Another type is 415 whatever the name says, truncated is 422, too small is 412; nothing is kept."""
    dataset = await api.dataset()
    await api.upload(dataset["id"], data, status, name="a.png")
    await api.call("POST", images_of(dataset["id"]), status, json={"file": base64_of(data)})
    assert (await api.get_dataset(dataset["id"]))["images_count"] == 0
    assert api.sim.counts["images.upload"] == 0


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "P"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "I;16"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("PNG", "1")],
)
async def test_every_colour_mode_is_taken(api: Api, kind: str, mode: str) -> None:
    """Palettes, alpha, greys, 16 bits and CMYK are images too."""
    data = picture(1, kind=kind, mode=mode)
    dataset = await api.dataset()
    answer = await api.upload(dataset["id"], data)
    api.sim.clock.push(60)
    assert (await api.get_dataset(dataset["id"]))["images"][0]["caption"]
    assert (await api.raw(answer["thumbnail_url"])).startswith(b"\x89PNG")


async def test_without_more_resolution_1024_pixels_are_needed(api: Api) -> None:
    """`increase_resolution` false refuses below 1024 with 412, in JSON and in a form."""
    dataset = await api.dataset()
    await api.upload(dataset["id"], expected=412, increase_resolution="false")
    body = {"file": base64_of(picture()), "increase_resolution": False}
    await api.call("POST", images_of(dataset["id"]), 412, json=body)
    await api.upload(dataset["id"], flat((1, 2, 3), (1024, 1024)), increase_resolution="false")


async def test_size_limits_are_413_and_422() -> None:
    """Too many bytes are a 413 while they come, too many pixels a 422."""
    async with running(max_bytes=20_000, max_pixels=300 * 300) as api:
        dataset = await api.dataset()
        await api.upload(dataset["id"], bytes(20_001), 413)
        too_long = base64.b64encode(bytes(30_000)).decode()
        await api.call("POST", images_of(dataset["id"]), 413, json={"file": too_long})
        await api.upload(dataset["id"], flat((1, 1, 1), (301, 300)), 422)
        await api.upload(dataset["id"])
        left = [path.name for path in api.sim.world.blobs.directory.iterdir() if "incoming" in path.name]
        assert left == []


async def test_invalid_base64_is_a_422(api: Api) -> None:
    """What is no base64 cannot be read."""
    dataset = await api.dataset()
    await api.call("POST", images_of(dataset["id"]), 422, json={"file": "not base64 !"})


async def test_a_full_dataset_is_a_409() -> None:
    """The image beyond the limit is refused."""
    async with running(max_images=2) as api:
        dataset = await api.filled(count=2)
        assert "full" in (await api.upload(dataset["id"], picture(5), 409))["error"]


async def test_an_unknown_dataset_or_image_is_a_404(api: Api) -> None:
    """Ids that do not exist, are no numbers, or belong elsewhere are not found."""
    await api.upload(77, expected=404)
    one, other = await api.filled(count=1), await api.filled(count=1)
    (image,) = await api.call("GET", images_of(one["id"]))
    for path in (f"{images_of(other['id'])}/{image['id']}", f"{images_of(one['id'])}/x", images_of(99)):
        answer = await api.call("GET", path, 404)
        assert "does not exist" in answer["error"]


@pytest.mark.parametrize(("rule", "shape"), [("echo", "a.png"), ("prefix", "{id}_a.png"), ("rewrite", None)])
async def test_names_come_back_as_the_option_says(rule: str, shape: str | None) -> None:
    """Echoed, prefixed with the id, or beyond recognition but with a proper ending."""
    async with running(image_names=rule) as api:
        dataset = await api.dataset()
        answer = await api.upload(dataset["id"], name="a.png")
        if shape is None:
            assert answer["image_name"].endswith(".png")
            assert "a.png" not in answer["image_name"]
        else:
            assert answer["image_name"] == shape.format(id=answer["id"])
        assert api.sim.world.images[answer["id"]].sent_name == "a.png"


async def test_an_upload_answers_form_encoded_by_option() -> None:
    """The answer of 2024 is a form with `file_name` (NOTES C5)."""
    async with running(upload_answer="form") as api:
        dataset = await api.dataset_2024()
        form = aiohttp.FormData()
        form.add_field("file", picture(), filename="b.png")
        url = api.sim.base_url + images_of(dataset["id"])
        async with api.http.post(url, data=form) as response:
            assert response.content_type == "application/x-www-form-urlencoded"
            fields = parse_qs(await response.text())
        assert fields["file_name"] == ["b.png"]
        assert fields["dataset_id"] == [str(dataset["id"])]
        assert "image_name" not in fields


async def test_a_trailing_slash_is_the_same_path(api: Api) -> None:
    """Upload and regenerate are served with and without it (NOTES C18)."""
    dataset = await api.dataset()
    await api.call("POST", images_of(dataset["id"]) + "/", 201, json={"file": base64_of(picture())})
    await api.call("PUT", images_of(dataset["id"]) + "/", 202)


async def test_legacy_captions_arrive_and_tell_what_is_seen(api: Api) -> None:
    """Pending first, automatic after the delay, with the colours and light of the very image."""
    dataset = await api.dataset("max")
    red = await api.upload(dataset["id"], flat((210, 20, 20), (512, 256)))
    dark = await api.upload(dataset["id"], flat((4, 4, 4), (256, 512)))
    path = images_of(dataset["id"])
    assert [each["caption_source"] for each in await api.call("GET", path)] == ["pending", "pending"]
    api.sim.clock.push(api.sim.options.caption_delay)
    shown = {each["id"]: each for each in await api.call("GET", path)}
    assert shown[red["id"]]["caption_source"] == "automatic"
    assert "red" in shown[red["id"]]["caption"]
    assert "wide" in shown[red["id"]]["caption"]
    assert shown[dark["id"]]["caption"] == "in black colours, dark, in a tall frame"


async def test_waiting_captions_are_null_by_option() -> None:
    """The source of a caption to come is null instead of pending."""
    async with running(caption_waiting="null") as api:
        dataset = await api.dataset()
        assert (await api.upload(dataset["id"]))["caption_source"] is None


async def test_fibo_captions_need_a_schema_and_a_regeneration(api: Api) -> None:
    """Uploaded before the schema, captions stay null until they are regenerated, then are JSON (NOTES C36)."""
    dataset = await api.dataset("fibo")
    await api.upload(dataset["id"], flat((20, 20, 230)))
    path = images_of(dataset["id"])
    api.sim.clock.push(3600)
    assert [each["caption"] for each in await api.call("GET", path)] == [None]
    await api.update(dataset["id"], visual_schema="{}")
    api.sim.clock.push(3600)
    assert [each["caption"] for each in await api.call("GET", path)] == [None]
    started = await api.call("PUT", path, 202)
    assert started["captions_update_status"] == "in_progress"
    api.sim.clock.push(api.sim.options.caption_delay)
    assert (await api.get_dataset(dataset["id"]))["captions_update_status"] == "completed"
    (image,) = await api.call("GET", path)
    assert "blue" in json.loads(image["caption"])["aesthetics"]["color_scheme"]


async def test_captions_that_never_come_are_regenerated_or_written(api: Api) -> None:
    """A share of captions may never come; a new try brings them."""
    async with running(missing_captions=1.0) as other:
        dataset = await other.filled(count=2)
        other.sim.clock.push(86_400)
        shown = await other.call("GET", images_of(dataset["id"]))
        assert [each["caption"] for each in shown] == [None, None]
        await other.call("PUT", images_of(dataset["id"]), 202)
        other.sim.clock.push(60)
        shown = await other.call("GET", images_of(dataset["id"]))
        assert all(each["caption"] for each in shown)
    async with running(missing_captions=0.5, seed=3) as other:
        dataset = await other.filled(count=20)
        missing = len(other.sim.world.uncaptioned(dataset["id"], other.sim.clock.now()))
        assert 3 <= missing <= 17


async def test_a_caption_is_written_or_regenerated_not_both(api: Api) -> None:
    """By hand it is manual at once, regenerated it is pending and then automatic, both is a 400."""
    dataset = await api.filled(count=1)
    (image,) = await api.call("GET", images_of(dataset["id"]))
    path = f"{images_of(dataset['id'])}/{image['id']}"
    await api.call("PUT", path, 400, json={"caption": "x", "regenerate_caption": True})
    written = await api.call("PUT", path, json={"caption": "by hand"})
    assert (written["caption"], written["caption_source"]) == ("by hand", "manual")
    again = await api.call("PUT", path, json={"regenerate_caption": True})
    assert again["caption_source"] == "pending"
    api.sim.clock.push(60)
    assert (await api.call("GET", path))["caption_source"] == "automatic"


async def test_a_completed_dataset_freezes_its_images(api: Api) -> None:
    """Deleting, captioning and regenerating are 409 once it is completed."""
    dataset = await api.filled(count=2)
    image, other = await api.call("GET", images_of(dataset["id"]))
    await api.call("DELETE", f"{images_of(dataset['id'])}/{other['id']}", 204)
    await api.update(dataset["id"], status="completed")
    path = f"{images_of(dataset['id'])}/{image['id']}"
    await api.call("DELETE", path, 409)
    await api.call("PUT", path, 409, json={"caption": "x"})
    await api.call("PUT", images_of(dataset["id"]), 409)


async def test_moderation_refuses_named_files_only_when_asked() -> None:
    """A file whose name holds a moderated word is a 422 with `content_moderation`."""
    async with running(moderation=Moderation(inputs=("rude",))) as api:
        dataset = await api.dataset()
        await api.upload(dataset["id"], expected=422, name="Rude.png", content_moderation="true")
        await api.upload(dataset["id"], name="Rude.png")


async def test_headers_alone_are_read_by_option() -> None:
    """For benchmarks a truncated image passes, its size still counts."""
    async with running(decode=False) as api:
        dataset = await api.dataset()
        await api.upload(dataset["id"], picture(1, (600, 600), "JPEG")[:-900])
        await api.upload(dataset["id"], flat((1, 1, 1), (100, 100)), 412)


async def test_a_caller_cut_off_while_sending_changes_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """An upload whose body never ends leaves no image and no file behind."""
    dataset = await api.dataset()
    reader, writer = await open_connection(api)
    writer.write(
        f"POST {images_of(dataset['id'])} HTTP/1.1\r\nHost: x\r\napi_token: t\r\nContent-Length: 9000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
        + picture()[:200]
    )
    await writer.drain()
    writer.transport.abort()
    while "images.upload" not in (seen := {each.operation: each.status for each in api.sim.requests}):
        await api.get_dataset(dataset["id"])
    assert seen["images.upload"] == 0
    assert await reader.read() == b""
    assert dict(api.sim.world.images) == {}
    assert list(api.sim.world.blobs.directory.iterdir()) == []
    assert caplog.text == ""


async def open_connection(api: Api) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A raw connection to the simulator."""
    port = int(api.sim.base_url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port)
