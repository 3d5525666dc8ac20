"""Whatever a file, a prompt or a server calls something, the names on the disk and on the wire are ours."""

import re
from email.parser import BytesParser
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import DownloadFailed
from bria_async.host import Host
from bria_async.images.content_key import MAX_STEM, content_key, find_token
from bria_async.images.masks import save_masks
from bria_async.transport.payload import MultipartPayload
from bria_async.types.visuals import Masks
from bria_async.wire import FilePart, Multipart
from tests.fuzz.bounds import bounded, texts
from tests.support import written

hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
names = texts | st.sampled_from(
    [
        "../../etc/passwd",
        "C:\\x.png",
        "con",
        "nul.png",
        ".",
        "..",
        "...",
        ".png",
        "a" * 5000,
        "e\u0301" * 90,
        "\u202egpj.exe",
    ]
)


@bounded(600)
@given(name=names | st.binary(max_size=40).map(lambda raw: raw.decode(errors="surrogateescape")), sha256=hashes)
def test_a_key_is_a_plain_name_that_is_found_again(name: str, sha256: str) -> None:
    """One part of a path on every system, short, without what a header or an address reads, and its hash is in it."""
    key = content_key(name, sha256, "png")
    assert PurePosixPath(key).name == PureWindowsPath(key).name == key
    assert len(key.encode()) <= MAX_STEM + len("--0123456789ab.png")
    assert not re.search(r"[\x00-\x1f\x7f/\\:*?\"'<>|;%]", key)
    assert not key.startswith((".", " "))
    assert find_token(key) == sha256[:12]
    assert find_token(f"123_{key.upper()}") == sha256[:12]


@bounded(300)
@given(name=texts)
def test_looking_for_a_hash_never_fails(name: str) -> None:
    """In whatever a server calls an image."""
    assert re.fullmatch(r"[0-9a-f]{12}", find_token(name) or "0" * 12)


@bounded(200)
@given(filename=names, value=texts)
async def test_a_file_name_does_not_leave_its_header(filename: str, value: str) -> None:
    """No name ends the header and begins another, or another part; read by a parser that is not ours."""
    part = FilePart(b"content", filename, "image/png")
    body = MultipartPayload(Multipart({"note": "n"}, part), Host(seed=1))
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    found = BytesParser().parsebytes(head + await written(body)).get_payload()
    assert isinstance(found, list)
    note, file = found
    assert not isinstance(note, str)
    assert not isinstance(file, str)
    assert sorted(file.keys()) == ["Content-Disposition", "Content-Type"]
    assert (note.get_payload(), file.get_payload(decode=True)) == ("n", b"content")


@bounded(300)
@given(visual=names, mask=names)
def test_masks_stay_in_their_folder(visual: str, mask: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Written under a plain name, or not at all."""
    outside = tmp_path_factory.mktemp("outside")
    folder = outside / "folder"
    folder.mkdir()
    try:
        save_masks(Masks(visual, None, {mask: b"x"}), folder)
    except DownloadFailed:
        assert list(folder.iterdir()) == []
    else:
        assert [path.name for path in folder.iterdir()] == [f"{visual}_{mask}.png"]
    assert list(outside.iterdir()) == [folder]
