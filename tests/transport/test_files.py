"""Files in bodies that are not what they were, or never were one: named errors, and no request that succeeds."""

import asyncio
import errno
import gc
import io
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async import errors
from bria_async.host import Host
from bria_async.session import Session
from bria_async.transport import source
from bria_async.transport.files import look_at
from bria_async.types.common import MAX_IMAGE_BYTES
from bria_async.wire import File
from tests.support import TOKEN, Collected, PushedHost, Recorder, json_body, written
from tests.transport.raw import Connection, http, raw

LARGE = bytes(range(256)) * (24 * 2**20 // 256)
"""More than the buffers of both ends hold, so that the client is still reading when the server acts."""


def as_json(bria: Session, path: Path) -> Awaitable[Any]:
    """The file as base64 in JSON."""
    return bria.products.consistent_shots(images=[{"image": path}])


def as_form(bria: Session, path: Path) -> Awaitable[Any]:
    """The file as a part of a form."""
    return bria.visuals.remove_background_isolated(file=path)


def as_upload(bria: Session, path: Path) -> Awaitable[Any]:
    """The file as an image of a dataset, in a form."""
    return bria.images.upload_file(1, path)


def as_json_upload(bria: Session, path: Path) -> Awaitable[Any]:
    """The file as an image of a dataset, as base64."""
    return bria.images.upload_file(1, path, as_json=True)


Ask = Callable[[Session, Path], Awaitable[Any]]
BOTH = pytest.mark.parametrize("ask", [as_json, as_form])


def still_open(path: Path) -> list[io.FileIO]:
    """The handles of this file that nobody closed."""
    readers = [found for found in gc.get_objects() if isinstance(found, io.FileIO) and not found.closed]
    return [found for found in readers if str(found.name) == str(path)]


@pytest.mark.fault("F7")
@BOTH
async def test_what_is_no_readable_file_is_an_image_error(server: Recorder, tmp_path: Path, ask: Ask) -> None:
    """Missing, a folder, a pipe, below a file, or a name that none can have: named, and nothing was sent."""
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_bytes(b"x")
    async with Session(TOKEN, server.base_url, strict=False) as bria:
        for path in (tmp_path / "missing", tmp_path, pipe, file / "below", tmp_path / "nul\0", tmp_path / "sur\ud800"):
            with pytest.raises(errors.ImageError) as caught:
                await ask(bria, path)
            assert caught.value.path == str(path)
            assert str(caught.value).endswith("; nothing was sent")
            assert caught.value.outcome is errors.Outcome.NOT_SENT
    assert server.requests == []


@pytest.mark.parametrize("ask", [as_json, as_form, as_upload, as_json_upload])
@pytest.mark.parametrize("strict", [True, False])
async def test_the_size_of_a_file_is_checked_unless_lenient(
    server: Recorder, tmp_path: Path, ask: Ask, strict: bool
) -> None:
    """One byte too many is not sent, in whichever body; a lenient session leaves the judgement to the server."""
    path = tmp_path / "a.png"
    path.touch()
    server.answers({"id": 1, "result_url": "https://a/1.png"})
    async with Session(TOKEN, server.base_url, strict=strict) as bria:
        os.truncate(path, MAX_IMAGE_BYTES)
        await ask(bria, path)
        os.truncate(path, MAX_IMAGE_BYTES + 1)
        if strict:
            with pytest.raises(errors.InvalidParameter, match=r"a\.png has 12,582,913 bytes, more than the 12,582,912"):
                await ask(bria, path)
        else:
            await ask(bria, path)
    assert len(server.requests) == (1 if strict else 2)


@pytest.mark.fault("F8")
@BOTH
@pytest.mark.parametrize("change", ["truncated", "grown", "touched"])
async def test_a_file_that_changes_while_it_is_sent_is_not_accepted(tmp_path: Path, ask: Ask, change: str) -> None:
    """The body ends before its length, the error names the file, and it is not sent again."""
    path = tmp_path / "a.png"
    path.write_bytes(LARGE)
    received: list[int] = []

    async def behave(connection: Connection) -> None:
        if change == "truncated":
            os.truncate(path, 1000)
        elif change == "grown":
            with path.open("ab") as file:
                file.write(b"more")
        else:
            os.utime(path, ns=(1, 1))
        received.append(len(await connection.body()))

    async with raw(behave) as server:
        async with Session(TOKEN, server.base_url, strict=False) as bria:
            with pytest.raises(errors.ImageChanged, match=r"a\.png: changed") as caught:
                await ask(bria, path)
        length = int(server.heads[0].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert caught.value.__context__ is None
    assert len(server.heads) == 1
    assert all(count < length for count in received)
    assert still_open(path) == []


@pytest.mark.fault("F8")
@BOTH
@pytest.mark.parametrize("change", ["touched", "gone", "folder"])
async def test_what_was_looked_at_is_what_is_sent_again(tmp_path: Path, ask: Ask, change: str) -> None:
    """After a 429 a file that is another one, or none, is not opened for a second attempt."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")

    async def behave(connection: Connection) -> None:
        await connection.body()
        await connection.answer(http(b"", status="429 Too Many Requests", Retry_After="1"))

    def push(_: float) -> None:
        if change == "touched":
            os.utime(path, ns=(1, 1))
            return
        path.unlink()
        if change == "folder":
            path.mkdir()

    host = PushedHost(seed=1, push=push)
    async with raw(behave) as server, Session(TOKEN, server.base_url, host=host) as bria:
        with pytest.raises(errors.ImageError, match=r"a\.png: (changed|cannot be read)") as caught:
            await ask(bria, path)
    assert isinstance(caught.value, errors.ImageChanged) is (change == "touched")
    assert len(server.heads) == 1, "it was sent again"


@pytest.mark.fault("P5")
@BOTH
async def test_a_request_that_is_cancelled_closes_its_file(tmp_path: Path, ask: Ask) -> None:
    """In the middle of a body that a server does not read to its end."""
    path = tmp_path / "a.png"
    path.write_bytes(LARGE)
    begun = asyncio.Event()

    async def behave(connection: Connection) -> None:
        await connection.reader.readexactly(100_000)
        begun.set()
        await asyncio.Event().wait()

    async with raw(behave) as server, Session(TOKEN, server.base_url, strict=False) as bria:
        task = asyncio.ensure_future(ask(bria, path))
        await begun.wait()
        assert len(still_open(path)) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert still_open(path) == []


async def test_a_file_that_is_opened_too_late_is_closed(tmp_path: Path) -> None:
    """A thread cannot be cancelled: what it opens after the request is gone, it closes itself."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    late: list[Callable[..., Any]] = []

    class SlowThreads(Host):
        """A host whose threads take for ever."""

        async def in_thread(self, function: Callable[..., Any], *args: object) -> Any:
            """Remember what was to be done."""
            late.append(function)
            await asyncio.Event().wait()

    body = await json_body({"image": look_at(path)[0]}, SlowThreads())
    task = asyncio.create_task(body.write(Collected()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (opens,) = late
    opens()
    assert still_open(path) == []


class Broken(io.FileIO):
    """A file on a disk that fails."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Fail."""
        raise OSError(errno.EIO, "Input/output error")

    def readinto(self, buffer: Any, /) -> int:
        """Fail."""
        return len(self.read())


class OnBrokenDisk(type(Path())):  # type: ignore[misc]  # the class for this system is known at run time
    """A path to such a file."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Open it."""
        return Broken(self, "rb")


async def test_a_disk_that_fails_is_an_image_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the file is looked at, and while it is read: the error is about the file, and says what the disk said."""
    monkeypatch.setattr(source, "IF_IN_MEMORY", None)  # what memory has does not fail
    (tmp_path / "a.png").write_bytes(b"image")
    path = OnBrokenDisk(tmp_path / "a.png")
    with pytest.raises(errors.ImageError, match=r"a\.png: cannot be read: Input/output error"):
        look_at(path)
    stat = path.stat()
    body = await json_body({"image": File(path, stat.st_size, stat.st_mtime_ns)}, Host())
    with pytest.raises(errors.ImageError, match=r"a\.png: cannot be read: Input/output error") as caught:
        await written(body)
    assert body.failure is caught.value
    assert not isinstance(caught.value, errors.ImageChanged)
