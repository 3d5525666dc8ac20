"""Visuals: onboarding that takes its time, edits in a chain, oracle values, forms, and masks."""

import asyncio
import base64
import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from bria_async.errors import DownloadFailed, FileMissing, InvalidParameter, StillOnboarding, Unreadable
from bria_async.images.masks import read_masks
from bria_async.session import Session
from bria_async.types.visuals import BackgroundInfo, MaskArchive, Masks, PersonInfo, Quality, VisualInfo
from bria_async.wire import Polling
from bria_async.wire.convert import structure
from tests.support import TOKEN, PushedHost, Recorder, Request, parts, picture, reply

ID = "92bf8ce17584de82"
ADDRESS = "https://example.com/vase.jpg"
VASE = picture(300, 300)


def masks_zip() -> bytes:
    """A zip as the API describes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{ID}_panoptic.png", b"map")
        archive.writestr(f"{ID}_1.png", b"one")
    return buffer.getvalue()


ZIP = masks_zip()


def onboarding(server: Recorder, name: str, looks: int) -> None:
    """The server needs so many looks until it gives the recorded reply."""

    def answer(seen: Request) -> web.Response:
        if seen.path == "/v1/register":
            return web.json_response(reply("visuals.register")["body"])
        asked = sum(request.path == seen.path for request in server.requests)
        return web.Response(status=205) if asked < looks else web.json_response(reply(name)["body"])

    server.answer = answer


@pytest.mark.parametrize("name", ["info", "background_info", "objects_info", "person_info"])
async def test_an_image_that_is_still_onboarded_is_no_empty_answer(server: Recorder, name: str) -> None:
    """205 is an error of its own, raised at once unless somebody waits."""
    server.answer = lambda _: web.Response(status=205)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(StillOnboarding, match="wait=True") as caught:
            await getattr(bria.visuals, name)(ID)
    assert caught.value.status == 205
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["info", "background_info", "objects_info", "person_info"])
async def test_waiting_asks_until_the_image_is_onboarded(server: Recorder, name: str) -> None:
    """With `wait` the same question is asked again, at growing intervals."""
    onboarding(server, f"visuals.{name}", looks=4)
    host = PushedHost(seed=1)
    async with Session(TOKEN, server.base_url, host=host) as bria:
        assert await getattr(bria.visuals, name)(ID, wait=True)
    assert len(server.requests) == 4
    assert len(host.slept) == 3
    assert host.slept[0] < host.slept[2]


async def test_an_image_is_onboarded_in_one_call(server: Recorder) -> None:
    """It is registered, looked at until it is there, and known by its id."""
    onboarding(server, "visuals.info", looks=3)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        assert await bria.visuals.onboard(image_url=ADDRESS, is_private="true") == "9ea9a4d2d19977a7c"
    assert [request.path for request in server.requests] == ["/v1/register", *["/v1/9ea9a4d2d19977a7c/info"] * 3]
    assert server.requests[0].json == {"image_url": ADDRESS, "is_private": "true"}


async def test_onboarding_ends_at_its_deadline(server: Recorder) -> None:
    """An image that never gets there is an error, after as long as was allowed."""
    onboarding(server, "visuals.info", looks=1000)
    host = PushedHost(seed=1)
    async with Session(TOKEN, server.base_url, host=host) as bria:
        with pytest.raises(StillOnboarding):
            await bria.visuals.onboard(image_url=ADDRESS, polling=Polling(timeout=30))
    assert sum(host.slept) == pytest.approx(30)


async def test_an_image_that_was_registered_before_says_so(server: Recorder) -> None:
    """208 is a success with a mark: the id is the same."""
    async with Session(TOKEN, server.base_url) as bria:
        server.answers(reply("visuals.register")["body"])
        first = await bria.visuals.register(image_url=ADDRESS)
        server.answers(reply("visuals.register.again")["body"], 208)
        second = await bria.visuals.register(image_url=ADDRESS)
    assert (first.visual_id, first.already_registered) == (second.visual_id, False)
    assert second.already_registered


async def test_edits_are_chained_by_sid(server: Recorder) -> None:
    """The `sid` of one result goes on to the next edit, in the query or in the body as each has it."""
    server.answers(reply("visuals.remove_background")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        cut = await bria.visuals.remove_background(ID, desired_resolution="hd")
        close = await bria.visuals.crop(ID, sid=cut.sid, padding=5)
        await bria.visuals.expand(ID, sid=close.sid, canvas_size=(2000, 1000))
    first, second, third = server.requests
    assert (first.query, first.json) == ({"desired_resolution": "hd"}, None)
    assert (second.query, second.json) == ({"sid": "a1b2c3"}, {"padding": 5})
    assert (third.query, third.json) == ({}, {"sid": "a1b2c3", "canvas_size": [2000, 1000]})


@pytest.mark.parametrize("word", ["hd", "had"])
@pytest.mark.parametrize("name", ["replace_background", "remove_objects", "modify_presenter"])
async def test_both_spellings_of_a_resolution_are_sent_as_given(server: Recorder, name: str, word: str) -> None:
    """Some pages of 2024 write `had` where others write `hd`."""
    server.answers(reply(f"visuals.{name}")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        await getattr(bria.visuals, name)(ID, desired_resolution=word)
    (seen,) = server.requests
    assert {**seen.query, **(seen.json or {})}["desired_resolution"] == word


async def test_a_spelling_that_no_page_has_is_refused(server: Recorder) -> None:
    """Where only `hd` is documented, `had` is a mistake."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match="desired_resolution must be one of"):
            await bria.visuals.blur_background(ID, desired_resolution="had")  # type: ignore[arg-type]  # the point
    assert server.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        [{"id": "8f1c"}, {"id": "9a2d"}],
        [{"mask_id": 7, "mask_source": "generated"}],
        [{"mask_url": ADDRESS}],
        [{"positive_points": [[10, 20]]}],
    ],
)
async def test_what_to_remove_is_sent_as_given(server: Recorder, changes: Any) -> None:
    """The objects of `changes` reach the server untouched, under the name that the contract gives them."""
    server.answers(reply("visuals.remove_objects")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        await bria.visuals.remove_objects(ID, changes=changes, enhance=True)
    assert server.requests[0].json == {"changes": changes, "enhance": True}


async def test_results_of_a_new_background_have_seeds_and_names(server: Recorder) -> None:
    """The arrays of address, seed and name become images."""
    server.answers(reply("visuals.replace_background")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        images = await bria.visuals.replace_background(ID, bg_prompt="in a parking lot")
    assert [(image.raw["seed"], image.raw["name"]) for image in images.result] == [(1, "one.png"), (2, "two.png")]
    assert images.urls == ("https://api.example.com/files/seed_1.png", "https://api.example.com/files/seed_2.png")


def test_oracle_values_are_read_as_what_they_are() -> None:
    """Yes or no for backgrounds and objects, three words for persons, either in a whole scene."""
    background = structure({"oracle": {"blur": True, "remove": False}}, BackgroundInfo)
    assert background.oracle == {"blur": True, "remove": False}
    person = structure({"oracle": {"smile": "High", "age": "splendid"}}, PersonInfo)
    assert person.oracle["smile"] is Quality.HIGH
    assert person.oracle["age"] == "splendid"
    scene = structure({"scene": [{"oracle": {"blur": True}}, {"oracle": {"smile": "low"}}]}, VisualInfo).scene
    assert [element.oracle for element in scene] == [{"blur": True}, {"smile": "low"}]


def test_oracle_values_of_another_shape_cost_nothing_else() -> None:
    """What nobody documented stays in `raw`, and the rest of the element is read."""
    data = {"id": "77aa", "actions": {"smile": True}, "oracle": {"smile": {"wide": "high"}}}
    person = structure(data, PersonInfo)
    assert (person.id, person.actions, person.oracle) == ("77aa", {"smile": True}, None)
    assert person.raw == data


@pytest.mark.parametrize("name", ["remove_background_isolated", "increase_resolution_isolated"])
async def test_an_address_goes_into_a_form(server: Recorder, name: str) -> None:
    """Given as `image_url` or as `file`, an address is sent urlencoded."""
    server.answers(reply(f"visuals.{name}")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        for given in ("image_url", "file"):
            await getattr(bria.visuals, name)(**{given: ADDRESS})
    for seen in server.requests:
        assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(seen.body.decode()) == {"image_url": [ADDRESS]}


@pytest.mark.parametrize("as_path", [False, True])
async def test_a_file_goes_into_a_form_with_a_part(server: Recorder, tmp_path: Path, as_path: bool) -> None:
    """A path or bytes are the file part, and what belongs into the query stays there."""
    path = tmp_path / "vase.png"
    path.write_bytes(VASE)
    server.answers(reply("visuals.increase_resolution_isolated")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        result = await bria.visuals.increase_resolution_isolated(file=path if as_path else VASE, desired_increase=4)
    (seen,) = server.requests
    (part,) = parts(seen)
    assert seen.query == {"desired_increase": "4"}
    assert part.get_param("name", header="content-disposition") == "file"
    assert part.get_content_type() == "image/png"
    assert part.get_payload(decode=True) == VASE
    assert result.result_url == "https://api.example.com/files/edited.png"


async def test_a_file_that_did_not_arrive_is_an_error(server: Recorder) -> None:
    """206 looks like a success, and says that nothing was given."""
    server.answers({"error": "file"}, 206)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(FileMissing, match=r"visuals\.remove_background_isolated: 206"):
            await bria.visuals.remove_background_isolated()


async def test_a_new_background_takes_the_image_in_json(server: Recorder) -> None:
    """Its sibling of the same name in a form is the exception: here bytes travel as base64."""
    server.answers(reply("visuals.replace_background_isolated")["body"])
    async with Session(TOKEN, server.base_url) as bria:
        await bria.visuals.replace_background_isolated(file=VASE, num_results=2)
        await bria.visuals.replace_background_isolated(file=ADDRESS)
    first, second = server.requests
    assert first.json == {"file": base64.b64encode(VASE).decode(), "num_results": 2, "sync": False}
    assert second.json == {"image_url": ADDRESS, "sync": False}


def serve_masks(server: Recorder, kind: str, content: bytes = ZIP) -> None:
    """Answer with the zip itself, or with its address in one of three shapes."""
    url = f"{server.base_url}/masks.zip?signature=s3"
    shapes: dict[str, Any] = {"bare": url, "url": {"url": url}, "result_url": {"result_url": url}}

    def answer(seen: Request) -> web.Response:
        if kind == "zip" or seen.path == "/masks.zip":
            return web.Response(body=content, content_type="application/zip")
        return web.json_response(shapes[kind])

    server.answer = answer


@pytest.mark.parametrize("kind", ["zip", "bare", "url", "result_url"])
async def test_masks_come_as_a_zip_or_as_its_address(server: Recorder, tmp_path: Path, kind: str) -> None:
    """Either is opened, written where it was asked for, and fetched without the token."""
    serve_masks(server, kind)
    async with Session(TOKEN, server.base_url) as bria:
        found = await bria.visuals.masks(ID, to=tmp_path / "masks")
    assert found == Masks(ID, b"map", {"1": b"one"})
    written = {path.name: path.read_bytes() for path in (tmp_path / "masks").iterdir()}
    assert written == {f"{ID}_panoptic.png": b"map", f"{ID}_1.png": b"one"}
    tokens = ["api_token" in request.headers for request in server.requests]
    assert tokens == ([True] if kind == "zip" else [True, False])


async def test_a_folder_that_cannot_be_made_is_found_before_anything_is_paid(server: Recorder, tmp_path: Path) -> None:
    """No masks are made that could not be written."""
    (tmp_path / "masks").write_bytes(b"a file")
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(DownloadFailed, match="File exists"):
            await bria.visuals.masks(ID, to=tmp_path / "masks")
    assert server.requests == []


@pytest.mark.parametrize(("kind", "content"), [("zip", ZIP.replace(ID.encode(), b"../../../../../x")), ("url", b"no")])
async def test_a_zip_that_is_not_safe_is_not_opened(
    server: Recorder, tmp_path: Path, kind: str, content: bytes
) -> None:
    """No mask of it is written, and the error is one of this library that says where what was paid for is."""
    serve_masks(server, kind, content)
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(Unreadable, match=r"visuals\.generate_masks: the zip of masks") as caught:
            await bria.visuals.masks(ID, to=tmp_path)
    files = list(tmp_path.iterdir())
    (note,) = caught.value.__notes__
    if kind == "zip":
        assert [file.read_bytes() for file in files] == [content]
        assert note.endswith(f"their zip is at {files[0]}")
    else:
        assert files == []
        assert note.endswith(f"their zip is at {server.base_url}/masks.zip?signature=s3")


async def test_a_zip_that_nobody_asked_to_write_is_kept_when_it_cannot_be_opened(
    server: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the temporary files; one that can be opened leaves nothing there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with Session(TOKEN, server.base_url) as bria:
        serve_masks(server, "zip")
        await bria.visuals.masks(ID)
        assert list(tmp_path.iterdir()) == []
        serve_masks(server, "zip", ZIP[:-30])
        with pytest.raises(Unreadable) as caught:
            await bria.visuals.masks(ID)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == ZIP[:-30]
    assert str(file) in caught.value.__notes__[0]


async def test_masks_whose_folder_is_gone_are_kept(
    server: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be written any more takes no zip either."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "masks"

    def answer(_: Request) -> web.Response:
        folder.rmdir()
        return web.Response(body=ZIP)

    server.answer = answer
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(DownloadFailed, match="No such file") as caught:
            await bria.visuals.masks(ID, to=folder)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == ZIP
    assert str(file) in caught.value.__notes__[0]


async def test_masks_that_are_cancelled_are_kept(server: Recorder, tmp_path: Path) -> None:
    """Whoever gives up while the zip is opened has paid for it all the same."""

    class GivenUp(PushedHost):
        async def in_thread(self, function: Callable[..., Any], *args: object) -> Any:
            if function is read_masks:
                raise asyncio.CancelledError
            return await super().in_thread(function, *args)

    serve_masks(server, "zip")
    async with Session(TOKEN, server.base_url, host=GivenUp()) as bria:
        with pytest.raises(asyncio.CancelledError) as caught:
            await bria.visuals.masks(ID, to=tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == ZIP
    assert str(file) in caught.value.__notes__[0]


async def test_an_answer_without_masks_is_unreadable(server: Recorder) -> None:
    """Neither a zip nor an address: that is told rather than passed over."""
    server.answers({"status": "ok"})
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(Unreadable, match="the zip of masks cannot be read"):
            await bria.visuals.masks(ID)


@pytest.mark.parametrize("content", [5_000_000_000, [1, 2], "text", {"a": 1}])
def test_only_bytes_are_a_zip(content: Any) -> None:
    """A number is not as many zero bytes."""
    assert structure({"content": content}, MaskArchive).content is None
