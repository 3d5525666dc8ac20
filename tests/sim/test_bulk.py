"""Bulk uploads: one archive, read with care, worked through on the clock."""

import io
import stat
import zipfile
from typing import Any

import pytest

from bria_async.sim import Moderation, bulk
from tests.sim.helpers import V1, Api, flat, picture, running, sha256

LARGE = (1024, 1024)


def archive(files: dict[str, bytes]) -> bytes:
    """A stored zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return buffer.getvalue()


async def begin(api: Api, data: bytes, expected: int = 202, *, moderate: bool = False) -> int:
    """Put an archive at a URL of the simulator and upload it into a new dataset."""
    dataset = await api.dataset(upload_type="advanced")
    url = f"{api.sim.base_url}/_sim/files/set.zip"
    await api.call("PUT", url, 201, data=data)
    body = {"zip_url": url, "content_moderation": moderate}
    await api.call("POST", f"{V1}/datasets/{dataset['id']}/images/bulk-upload", expected, json=body)
    dataset_id: int = dataset["id"]
    return dataset_id


async def status(api: Api, dataset_id: int) -> dict[str, Any]:
    """How far it is."""
    found: dict[str, Any] = await api.call("GET", f"{V1}/datasets/{dataset_id}/images/bulk-upload/status")
    return found


async def test_an_archive_is_worked_through_on_the_clock() -> None:
    """Pending, processing with a growing count, completed; images appear one by one and get captions."""
    async with running(bulk_delay=5, bulk_time_per_image=10) as api:
        red, blue = flat((220, 20, 20), LARGE), flat((20, 20, 220), LARGE)
        dataset_id = await begin(api, archive({"a/red.png": red, "blue.png": blue}))
        assert (await status(api, dataset_id))["status"] == "pending"
        assert (await api.get_dataset(dataset_id))["images_count"] == 0
        api.sim.clock.push(16)
        halfway = await status(api, dataset_id)
        assert halfway == {
            "status": "processing",
            "progress_percentage": 50,
            "total_processed": 1,
            "done": 1,
            "failed": 0,
            "failed_images": [],
        }
        assert [each["image_name"] for each in (await api.get_dataset(dataset_id))["images"]] == ["red.png"]
        await api.update(dataset_id, 409, status="completed")
        api.sim.clock.push(60)
        assert (await status(api, dataset_id))["status"] == "completed"
        shown = await api.get_dataset(dataset_id)
        assert (shown["captions_source"], shown["images_count"]) == ("automatic", 2)
        assert ["red" in each["caption"] for each in shown["images"]] == [True, False]
        assert api.sim.audit().uploaded == {sha256(red), sha256(blue)}
        await api.update(dataset_id, status="completed")


async def test_both_paths_are_served(api: Api) -> None:
    """The seeds write `/images/bulk`, the published spec `/images/bulk-upload` (NOTES C17)."""
    dataset = await api.dataset(upload_type="advanced")
    url = f"{api.sim.base_url}/_sim/files/set.zip"
    await api.call("PUT", url, 201, data=archive({"a.png": flat((1, 1, 1), LARGE)}))
    await api.call("POST", f"{V1}/datasets/{dataset['id']}/images/bulk", 202, json={"zip_url": url})
    assert api.sim.counts["images.bulk_upload"] == 1


async def test_texts_beside_images_are_their_captions(api: Api) -> None:
    """A text of the same stem captions its image by hand; the dataset says manual."""
    files = {"cat.png": flat((1, 1, 1), LARGE), "cat.txt": b"a cat\n", "dog.png": flat((2, 2, 2), LARGE)}
    dataset_id = await begin(api, archive(files))
    api.sim.clock.push(600)
    shown = await api.get_dataset(dataset_id)
    assert shown["captions_source"] == "manual"
    found = {each["image_name"]: (each["caption"], each["caption_source"]) for each in shown["images"]}
    assert found["cat.png"] == ("a cat", "manual")
    assert found["dog.png"][1] == "automatic"


async def test_bad_files_fail_alone() -> None:
    """Each bad member has its name, code and sentence; the good ones are uploaded."""
    async with running(moderation=Moderation(inputs=("rude",))) as api:
        good = flat((9, 9, 9), LARGE)
        files = {
            "good.png": good,
            "small.png": picture(),
            "torn.jpg": picture(1, LARGE, "JPEG")[:-900],
            "note.pdf": b"%PDF-1.4 nothing",
            "rude.png": flat((8, 8, 8), LARGE),
            "__MACOSX/good.png": b"resource fork",
            ".DS_Store": b"x",
        }
        dataset_id = await begin(api, archive(files), moderate=True)
        api.sim.clock.push(600)
        done = await status(api, dataset_id)
        assert (done["status"], done["done"], done["failed"]) == ("completed", 1, 4)
        codes = {each["filename"]: each["error_code"] for each in done["failed_images"]}
        assert codes == {"small.png": 412, "torn.jpg": 422, "note.pdf": 415, "rude.png": 422}
        assert all(each["error_message"] for each in done["failed_images"])
        assert api.sim.audit().uploaded == {sha256(good)}


async def test_members_that_leave_the_archive_are_refused(api: Api) -> None:
    """Absolute paths, parents, drives and links never get in."""
    data = flat((1, 1, 1), LARGE)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in ("/abs.png", "../up.png", "a/../../b.png", "C:\\x.png", "..\\y.png"):
            made.writestr(name, data)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("fine.png", data)
    dataset_id = await begin(api, buffer.getvalue())
    api.sim.clock.push(600)
    done = await status(api, dataset_id)
    assert (done["done"], done["failed"]) == (1, 6)
    assert {each["error_code"] for each in done["failed_images"]} == {400}


async def test_encrypted_members_are_refused(api: Api) -> None:
    """The flag of encryption is enough."""
    data = bytearray(archive({"a.png": flat((1, 1, 1), LARGE)}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    dataset_id = await begin(api, bytes(data))
    api.sim.clock.push(600)
    done = await status(api, dataset_id)
    assert (done["status"], done["failed_images"][0]["error_code"]) == ("failed", 400)


async def test_members_that_swell_are_cut_at_the_limit() -> None:
    """What comes out is counted, not what the archive claims."""
    async with running(max_bytes=50_000) as api:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("bomb.png", bytes(10_000_000))
        dataset_id = await begin(api, buffer.getvalue())
        api.sim.clock.push(600)
        assert (await status(api, dataset_id))["failed_images"][0]["error_code"] == 413


@pytest.mark.parametrize("data", [b"no zip at all", archive({}), archive({"only.txt": b"text"})])
async def test_an_archive_without_images_fails_and_uses_the_attempt(api: Api, data: bytes) -> None:
    """What only a look inside shows is accepted, fails, and cannot be tried again."""
    dataset_id = await begin(api, data)
    api.sim.clock.push(600)
    assert (await status(api, dataset_id))["status"] == "failed"
    body = {"zip_url": f"{api.sim.base_url}/_sim/files/set.zip"}
    answer = await api.call("POST", f"{V1}/datasets/{dataset_id}/images/bulk-upload", 400, json=body)
    assert "once" in answer["error"]


async def test_limits_of_an_archive_are_413() -> None:
    """Too large a file and too many images are refused at once, and do not use the attempt."""
    async with running(max_zip_images=1, max_zip_bytes=20_000) as api:
        image = flat((1, 1, 1), LARGE)
        assert len(image) < 9_000
        await begin(api, archive({"a.png": image, "b.png": image}), 413)
        await api.call("PUT", f"{api.sim.base_url}/_sim/files/large.zip", 413, data=bytes(30_000))
        assert dict(api.sim.world.bulks) == {}


async def test_bulk_needs_an_empty_advanced_dataset_and_a_known_url(api: Api) -> None:
    """A basic dataset, one with images, and a foreign or missing URL are refused."""
    url = f"{api.sim.base_url}/_sim/files/set.zip"
    await api.call("PUT", url, 201, data=archive({"a.png": flat((1, 1, 1), LARGE)}))
    basic, filled = await api.dataset(), await api.filled(count=1, upload_type="advanced")
    for dataset in (basic, filled):
        await api.call("POST", f"{V1}/datasets/{dataset['id']}/images/bulk-upload", 400, json={"zip_url": url})
    empty = await api.dataset(upload_type="advanced")
    path = f"{V1}/datasets/{empty['id']}/images/bulk-upload"
    await api.call("POST", path, 460, json={"zip_url": "https://example.com/set.zip"})
    await api.call("POST", path, 404, json={"zip_url": f"{api.sim.base_url}/_sim/files/other.zip"})
    await api.call("GET", f"{path}/status", 404)
    await api.call("POST", path, 202, json={"zip_url": url})


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_members_that_unpack_without_bound_are_refused(api: Api, method: int) -> None:
    """Other methods than deflate give as much as they like at a time: a small member would fill the memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        made.writestr("bomb.png", bytes(50_000_000))
        made.writestr("fine.png", flat((1, 1, 1), LARGE), zipfile.ZIP_DEFLATED)
    dataset_id = await begin(api, buffer.getvalue())
    api.sim.clock.push(600)
    done = await status(api, dataset_id)
    assert (done["done"], [each["error_code"] for each in done["failed_images"]]) == (1, [400])


@pytest.mark.parametrize("name", ["a.png", "a.txt"])
async def test_members_that_are_damaged_fail_alone(api: Api, name: str) -> None:
    """A stream that does not unpack, of an image or of its caption, is that image's failure."""
    image = picture(1, LARGE)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.png", image)
        made.writestr("a.txt", "a caption that is long enough to be packed, packed, packed")
        made.writestr("b.png", flat((2, 2, 2), LARGE))
        starts = made.getinfo(name).header_offset + 30 + len(name)
    data = bytearray(buffer.getvalue())
    data[starts : starts + 8] = b"\xff" * 8
    dataset_id = await begin(api, bytes(data))
    api.sim.clock.push(600)
    done = await status(api, dataset_id)
    failed = [(each["filename"], each["error_code"]) for each in done["failed_images"]]
    assert (done["done"], failed) == (1, [("a.png", 422)])


async def test_a_directory_without_end_is_not_parsed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive whose directory is larger than that of the most images is none, before any entry becomes an object."""
    monkeypatch.setattr(bulk, "_LARGEST_READ", 50_000)
    data = archive({f"{number:0200}.png": b"" for number in range(300)})
    monkeypatch.setattr(zipfile, "ZipInfo", None)  # whoever makes an entry of it fails otherwise
    dataset_id = await begin(api, data)
    api.sim.clock.push(600)
    done = await status(api, dataset_id)
    assert (done["status"], done["failed_images"]) == ("failed", [])
