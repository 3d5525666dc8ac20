"""Uploading files from disk: names, types, forms, and files that change under the hand."""

import base64
import hashlib
import os
from pathlib import Path

import anyio
import pytest

from bria_async.errors import ImageChanged, ImageError, UnsupportedMedia
from bria_async.session import Session
from bria_async.sim import Options, Simulator, simulator
from bria_async.transport.files import content_type
from bria_async.types.datasets import Dataset
from tests.support import TOKEN, Recorder, parts, picture, reply

VASE = picture()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A PNG whose name says JPEG."""
    path = tmp_path / "vase.jpg"
    path.write_bytes(VASE)
    return path


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_file_arrives_byte_for_byte(
    bria: Session, sim: Simulator, draft: Dataset, file: Path, as_json: bool
) -> None:
    """As a form and as JSON the server holds the very bytes, under the given name."""
    image = await bria.images.upload_file(draft.id, file, name="key--1.png", as_json=as_json)
    assert image.image_name == "key--1.png"
    (held,) = sim.world.images.values()
    assert held.sha256 == hashlib.sha256(VASE).hexdigest()


async def test_an_answer_of_2024_is_read(file: Path) -> None:
    """A form-encoded answer with `file_name` is an image like any other."""
    async with simulator(options=Options(upload_answer="form")) as sim, Session(TOKEN, sim.base_url) as bria:
        dataset = await bria.datasets.create(name="x", use_case="illustrative_style", style_description="flat")
        image = await bria.images.upload_file(dataset.id, str(file))
    assert image.image_name == "vase.jpg"
    assert isinstance(image.id, int)


@pytest.mark.fault("F2")
async def test_the_form_carries_name_type_and_fields(server: Recorder, file: Path) -> None:
    """The file's own name is sent twice, its type comes from its bytes, its length is known beforehand."""
    server.answers(reply("images.upload")["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.images.upload_file(5, file, increase_resolution=False)
    (seen,) = server.requests
    assert int(seen.headers["content-length"]) == len(seen.body)
    assert "transfer-encoding" not in seen.headers
    name, resolution, part = parts(seen)
    assert name.get_param("name", header="content-disposition") == "image_name"
    assert name.get_payload() == "vase.jpg"
    assert resolution.get_param("name", header="content-disposition") == "increase_resolution"
    assert resolution.get_payload() == "false"
    assert part.get_param("name", header="content-disposition") == "file"
    assert part.get_filename() == "vase.jpg"
    assert part.get_content_type() == "image/png"
    assert part.get_payload(decode=True) == VASE


async def test_json_carries_base64(server: Recorder, file: Path) -> None:
    """As JSON the file is base64 without a header, beside the same fields."""
    server.answers(reply("images.upload")["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.images.upload_file(5, file, as_json=True, content_moderation=True)
    assert server.requests[0].json == {
        "file": base64.b64encode(VASE).decode(),
        "image_name": "vase.jpg",
        "content_moderation": True,
    }


@pytest.mark.fault("N16")
@pytest.mark.parametrize(
    "name", ['quo"te.png', "line\r\nbreak.png", "Blüte 花 🌸.png", "semi;colon=1.png", "back\\slash.png"]
)
async def test_names_of_any_kind_stay_names(server: Recorder, file: Path, name: str) -> None:
    """No name breaks out of its header, and what is not escaped arrives as it is."""
    server.answers(reply("images.upload")["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.images.upload_file(5, file, name=name)
    (seen,) = server.requests
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
    assert b'filename="' + escaped + b'"\r\n' in seen.body
    assert len(parts(seen)) == 2


@pytest.mark.fault("F8")
@pytest.mark.parametrize("as_json", [False, True])
async def test_a_file_that_changed_since_it_was_checked_is_not_sent(
    server: Recorder, file: Path, as_json: bool
) -> None:
    """The status of the moment of the check must still hold when the file is opened."""
    checked = (len(VASE), 1)
    os.utime(file, ns=(2, 2))
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(ImageChanged, match=r"vase\.jpg: changed"):
            await bria.images.upload_file(5, file, checked=checked, as_json=as_json)
    assert server.requests == []


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_file_that_cannot_be_read_is_an_image_error(server: Recorder, tmp_path: Path, as_json: bool) -> None:
    """Missing files, folders and pipes are named, and nothing is sent."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    async with Session(TOKEN, server.base_url) as bria:
        for path in (tmp_path / "missing.png", tmp_path, pipe):
            with pytest.raises(ImageError, match=path.name):
                await bria.images.upload_file(5, path, as_json=as_json)
    assert server.requests == []


async def test_the_servers_judgement_of_a_file_comes_through(bria: Session, draft: Dataset, file: Path) -> None:
    """What is no image is sent as plain bytes, and refused by the server by its own word."""
    await anyio.Path(file).write_bytes(b"not an image")
    with pytest.raises(UnsupportedMedia, match=r"images\.upload: 415"):
        await bria.images.upload_file(draft.id, file)


@pytest.mark.fault("F2")
@pytest.mark.parametrize(("kind", "expected"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_types_are_read_from_bytes(kind: str, expected: str) -> None:
    """The first bytes tell the three types that the API takes."""
    assert content_type(picture(32, 32, kind)[:12]) == expected


@pytest.mark.parametrize("head", [b"", b"GIF89a", b"RIFF\x00\x00\x00\x00WAVE", b"\xff\xd8"])
def test_other_bytes_are_plain_bytes(head: bytes) -> None:
    """What is none of the three is not called one."""
    assert content_type(head) == "application/octet-stream"
