"""Downloads and masks keep to their folder, under names of our own, through no link, whole or not at all."""

import asyncio
import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import DownloadFailed
from bria_async.images.masks import save_masks
from bria_async.partfile import PartFile
from bria_async.session import Session
from bria_async.training.samples import keep
from bria_async.types.visuals import Masks
from tests.support import TOKEN, PushedHost, Recorder
from tests.transport.raw import Connection, http, raw

DATA = b"\x89PNG\r\n\x1a\n" + bytes(2**20)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder for downloads."""
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file in another folder, which nobody may touch."""
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / "precious"
    path.write_bytes(b"precious")
    return path


async def download(server: Recorder, to: Path) -> None:
    """Download something to a path."""
    server.answer = lambda _: web.Response(body=DATA)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        await bria.download(f"{server.base_url}/a.png", to)


async def write_masks(_: Recorder, to: Path) -> None:
    """Write the mask that has this path."""
    visual_id, mask_id = to.stem.split("_")
    save_masks(Masks(visual_id, None, {mask_id: DATA}), to.parent)


WRITERS = pytest.mark.parametrize("write", [download, write_masks])
NAME = "v_1.png"


@WRITERS
@pytest.mark.fault("N21")
async def test_a_link_under_the_name_is_replaced(write: Any, server: Recorder, own: Path, precious: Path) -> None:
    """What it leads to stays as it was."""
    (own / NAME).symlink_to(precious)
    await write(server, own / NAME)
    assert precious.read_bytes() == b"precious"
    assert not (own / NAME).is_symlink()
    assert (own / NAME).read_bytes() == DATA


@pytest.mark.fault("N21")
async def test_a_folder_that_is_swapped_meanwhile_leads_nowhere(own: Path, precious: Path) -> None:
    """A link in the place of the folder does not carry the rest of a download elsewhere."""
    moved = own.with_name("moved")

    async def behave(connection: Connection) -> None:
        answer = http(DATA)
        await connection.answer(answer[: len(answer) // 2])
        while not any(own.iterdir()):  # noqa: ASYNC110  # a folder has no event
            await asyncio.sleep(0)
        own.rename(moved)
        own.symlink_to(precious.parent)
        await connection.answer(answer[len(answer) // 2 :])

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        await bria.download(f"{server.base_url}/a.png", own / "a.png")
    assert [path.name for path in precious.parent.iterdir()] == ["precious"]
    assert [path.name for path in moved.iterdir()] == ["a.png"]
    assert (moved / "a.png").read_bytes() == DATA


@WRITERS
@pytest.mark.parametrize("kind", ["folder", "pipe"])
async def test_what_is_no_file_stays(write: Any, kind: str, server: Recorder, own: Path) -> None:
    """A folder or a pipe under the name is not replaced, and a device would not be either."""
    target = own / NAME
    target.mkdir() if kind == "folder" else os.mkfifo(target)
    before = target.lstat()
    with pytest.raises(DownloadFailed, match="not a file"):
        await write(server, target)
    assert (stat.S_IFMT(target.lstat().st_mode), target.lstat().st_ino) == (stat.S_IFMT(before.st_mode), before.st_ino)
    assert [path.name for path in own.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "answer",
    [
        http(DATA)[:-1],
        http(DATA[:10], status="206 Partial Content", Content_Range=f"bytes 0-9/{len(DATA)}"),
        http(DATA[:10], status="206 Partial Content"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
    ],
    ids=["cut short", "a range nobody asked for", "a part nobody asked for", "a chunk is missing"],
)
async def test_a_part_of_a_result_is_no_result(answer: bytes, own: Path) -> None:
    """It is neither kept nor handed on; an older file stays."""
    (own / NAME).write_bytes(b"older")

    async def behave(connection: Connection) -> None:
        await connection.answer(answer)

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        with pytest.raises(DownloadFailed) as caught:
            await bria.download(f"{server.base_url}/a", own / NAME)
        with pytest.raises(DownloadFailed):
            await bria.fetch(f"{server.base_url}/a")
    assert not caught.value.gone
    assert [path.name for path in own.iterdir()] == [NAME]
    assert (own / NAME).read_bytes() == b"older"


async def test_nobody_knows_whether_an_answer_without_length_and_end_is_whole(own: Path) -> None:
    """It is taken as it comes, because some servers answer so."""

    async def behave(connection: Connection) -> None:
        await connection.answer(b"HTTP/1.1 200 OK\r\n\r\n0123456789")

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        await bria.download(f"{server.base_url}/a", own / NAME)
    assert (own / NAME).read_bytes() == b"0123456789"


@WRITERS
@pytest.mark.parametrize("call", ["write", "fsync"])
async def test_a_disk_that_fails_leaves_what_was_there(
    write: Any, call: str, server: Recorder, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the new file and not the older one; the error says what it was."""
    (own / NAME).write_bytes(b"older")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "write":
        monkeypatch.setattr(PartFile, "write", full)
    else:
        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DownloadFailed, match="No space left"):
        await write(server, own / NAME)
    assert [path.name for path in own.iterdir()] == [NAME]
    assert (own / NAME).read_bytes() == b"older"


@WRITERS
@pytest.mark.fault("D4")
async def test_a_file_is_synced_before_it_has_its_name_and_its_folder_after(
    write: Any, server: Recorder, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the whole file, or none of that name."""
    steps: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def replaced(*args: Any, **kwargs: Any) -> None:
        steps.append("name")
        replace(*args, **kwargs)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    await write(server, own / NAME)
    assert steps == ["file", "name", "folder"]


@pytest.mark.fault("N18", "N21")
@pytest.mark.parametrize(
    "words", ["../../x", "/etc/passwd", "C:\\x", "con", "..", "", "a\0b", "\n", "é" * 200, "x" * 4096, "\u202egnp.exe"]
)
async def test_samples_are_named_by_us(words: str, server: Recorder, own: Path, tmp_path: Path) -> None:
    """Whatever the words and whatever the address, the file lies in the folder under a plain name."""
    server.answer = lambda _: web.Response(body=DATA)
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        path = await keep(bria, f"{server.base_url}/%2e%2e/..%2f..%2fevil.exe?name=/etc/passwd", own, words)
    assert path.parent == own
    assert path.name.removesuffix(".png").replace("-", "").replace("_", "").isalnum(), path.name
    assert len(path.name) < 60
    assert sorted(found.name for found in tmp_path.iterdir()) == ["own"]
    assert [found.name for found in own.iterdir()] == [path.name]


@pytest.mark.fault("N21")
@pytest.mark.parametrize(("visual", "mask"), [("../other/x", "1"), ("v", "/../../other/1"), ("v", ""), ("", "1")])
def test_masks_are_not_written_under_names_that_lead_away(
    visual: str, mask: str, own: Path, precious: Path, tmp_path: Path
) -> None:
    """Masks that did not come through the reader are no way out of the folder either."""
    with pytest.raises(DownloadFailed, match="no name for a mask"):
        save_masks(Masks(visual, None, {mask: b"x"}), own)
    assert list(own.iterdir()) == []
    assert [path.name for path in precious.parent.iterdir()] == ["precious"]
