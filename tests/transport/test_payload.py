"""Bodies that stream from disk: byte for byte, with their length, and only as long as the file stays what it was."""

import asyncio
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from bria_async import errors
from bria_async.host import Host
from bria_async.session import Session
from bria_async.transport import payload
from bria_async.transport.payload import (
    BASE64,
    FEW,
    LARGE,
    LONG,
    PORTION,
    SMALL,
    JsonPayload,
    MultipartPayload,
    Pace,
    encoded,
    escaped,
)
from bria_async.transport.ticks import MOST
from bria_async.wire import File, FilePart, Multipart
from tests.support import TOKEN, Collected, PushedHost, Recorder, reply, written
from tests.transport.raw import Connection, http, raw

CONTENT = bytes(range(256)) * (32 * 2**20 // 256)
"""More than the buffers of both ends hold, so that the client is still reading when the server acts."""


def part(path: Path, **changes: object) -> FilePart:
    """The file as it is now."""
    stat = path.stat()
    fields = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, **changes}
    file = File(path, **fields)  # type: ignore[arg-type]  # fields of a test
    return FilePart(file, path.name, "image/png")


@pytest.mark.parametrize("size", [0, 1, *(LARGE.slice + more for more in (-1, 0, 1)), 3 * LARGE.slice + 17])
async def test_every_size_arrives_whole(server: Recorder, tmp_path: Path, size: int) -> None:
    """Around the edges of a slice nothing is lost or repeated, and the length was said beforehand."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT[:size])
    server.answers(reply("images.upload")["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.images.upload_file(1, path)
    (seen,) = server.requests
    assert int(seen.headers["content-length"]) == len(seen.body)
    head, _, rest = seen.body.partition(b"Content-Type: application/octet-stream\r\n\r\n")
    assert head.startswith(b"--")
    assert rest[:size] == CONTENT[:size]
    assert rest[size:].startswith(b"\r\n--")


async def test_a_repeated_upload_sends_the_whole_file_again(server: Recorder, tmp_path: Path) -> None:
    """After a 429 the body starts anew."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT[: LARGE.slice])
    first, second = [(429, "slow down"), (201, reply("images.upload")["body"])]
    server.answers(first[1], first[0])
    host = PushedHost(seed=1, push=lambda _: server.answers(second[1], second[0]))
    async with Session(TOKEN, server.base_url, host=host) as bria:
        await bria.images.upload_file(1, path)
    assert [CONTENT[: LARGE.slice] in seen.body for seen in server.requests] == [True, True]


async def test_boundaries_come_from_the_host(tmp_path: Path) -> None:
    """A seed makes a whole run the same, boundaries included, and they differ from one body to the next."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    body = Multipart({}, part(path))
    hosts = [Host(seed=5), Host(seed=5)]
    first, again = [[MultipartPayload(body, host).content_type for _ in range(2)] for host in hosts]
    assert first == again
    assert first[0] != first[1]


@pytest.mark.parametrize("change", ["truncated", "grown", "touched", "replaced"])
async def test_a_file_that_changes_while_it_is_sent_is_not_accepted(tmp_path: Path, change: str) -> None:
    """The body stays shorter than its length, so no server can take it, and the error names the file."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    received: list[int] = []

    async def behave(connection: Connection) -> None:
        if change == "truncated":
            os.truncate(path, 1000)
        elif change == "grown":
            with path.open("ab") as file:
                file.write(b"more")
        elif change == "touched":
            os.utime(path, ns=(1, 1))
        else:
            path.write_bytes(CONTENT[::-1])
        received.append(len(await connection.body()))

    async with raw(behave) as server:
        async with Session(TOKEN, server.base_url, strict=False) as bria:
            with pytest.raises(errors.ImageChanged, match=r"a\.png: changed") as caught:
                await bria.images.upload_file(1, path)
        length = int(server.heads[0].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert caught.value.__context__ is None
    assert len(server.heads) == 1, "a changed file was sent again"
    assert all(count < length for count in received)


async def test_a_file_that_changed_between_two_attempts_is_not_sent(tmp_path: Path) -> None:
    """What was checked is what is sent: the second attempt ends before a byte of it leaves."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)

    async def behave(connection: Connection) -> None:
        await connection.body()
        await connection.answer(http(b"", status="429 Too Many Requests", Retry_After="1"))

    host = PushedHost(seed=1, push=lambda _: os.utime(path, ns=(1, 1)))
    async with raw(behave) as server, Session(TOKEN, server.base_url, host=host, strict=False) as bria:
        with pytest.raises(errors.ImageChanged):
            await bria.images.upload_file(1, path)
    assert len(server.heads) == 1, "the changed file was sent"


async def test_a_file_that_vanishes_before_it_is_opened_is_an_image_error(server: Recorder, tmp_path: Path) -> None:
    """Gone between a 429 and the next attempt: the error is about the file, not the network."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    server.answers("slow down", 429)
    host = PushedHost(seed=1, push=lambda _: path.unlink(missing_ok=True))
    async with Session(TOKEN, server.base_url, host=host) as bria:
        with pytest.raises(errors.ImageError, match=r"a\.png: cannot be read: No such file"):
            await bria.images.upload_file(1, path)


@pytest.mark.parametrize("in_memory", [False, True])
async def test_bodies_leave_the_loop_to_others(in_memory: bool, tmp_path: Path) -> None:
    """However many there are: all together send some MiB between two turns, even if sockets take all at once."""
    path = tmp_path / "a.png"
    path.write_bytes(content := bytes(4 * MOST))
    file = FilePart(content, "a.png", "image/png") if in_memory else part(path)
    bodies = [MultipartPayload(Multipart({}, file), Host(seed=1)) for _ in range(FEW)]
    seen = [0]

    async def others() -> None:
        while True:
            seen.append(sum(body.sent for body in bodies))
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    assert all(content in found for found in await asyncio.gather(*map(written, bodies)))
    task.cancel()
    uncounted = FEW * LONG  # heads, tails and the rests of files
    assert max(after - before for before, after in itertools.pairwise(seen)) <= 2 * (MOST + PORTION) + uncounted


class Watched(Collected):
    """A writer as aiohttp's that keeps how long each block is, and how much may wait in its connection by then."""

    def __init__(self) -> None:
        super().__init__()
        self.paces: list[Pace] = []
        self._waiting = 0

    @property
    def transport(self) -> Any:
        """Its connection."""
        return self

    def set_write_buffer_limits(self, high: int) -> None:
        """Remember it."""
        self._waiting = high

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.paces.append(Pace(len(chunk), self._waiting))


@pytest.mark.parametrize(("files", "pace"), [(1, LARGE), (FEW, LARGE), (FEW + 1, SMALL)])
async def test_many_files_hold_less_each(tmp_path: Path, files: int, pace: Pace) -> None:
    """A few are read in long slices, of which some may wait in their connections; many in short ones."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT[: 8 * LARGE.slice])
    bodies = [MultipartPayload(Multipart({}, part(path)), Host(seed=1)) for _ in range(files)]
    for body in bodies:
        body.begin()
    assert await paced(bodies[0]) == [pace] * (8 * LARGE.slice // pace.slice)
    for body in bodies[1:]:
        body.end()
    assert set(await paced(bodies[0])) == {LARGE}, "those that are over still count"
    bodies[0].end()


async def test_a_file_is_sent_faster_when_others_are_over(tmp_path: Path) -> None:
    """How much memory it may take is asked anew for each slice."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT[: 2 * SMALL.slice + 2 * LARGE.slice])
    bodies = [MultipartPayload(Multipart({}, part(path)), Host(seed=1)) for _ in range(FEW + 1)]
    for body in bodies:
        body.begin()

    class Later(Watched):
        """A writer during whose second slice another file is over."""

        async def write(self, chunk: bytes | bytearray | memoryview) -> None:
            """Keep it."""
            await super().write(chunk)
            if len(self.paces) == 3:
                bodies.pop().end()

    assert await paced(bodies[0], Later()) == [SMALL, SMALL, LARGE, LARGE]
    for body in bodies:
        body.end()


async def paced(body: MultipartPayload, writer: Watched | None = None) -> list[Pace]:
    """The slices of a file as they are written, without head and tail."""
    writer = writer or Watched()
    await body.write(writer)
    return writer.paces[1:-1]


@pytest.mark.parametrize("answer", ["200", "400", "cut"])
async def test_only_what_is_under_way_counts(tmp_path: Path, answer: str) -> None:
    """From an attempt to its answer, whatever that is, and not as long as an error holds it."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT[: 2 * SMALL.slice])
    seen: list[int] = []

    async def behave(connection: Connection) -> None:
        await connection.body()
        seen.append(len(payload._under_way))
        if answer == "200":
            await connection.answer(http(json.dumps(reply("images.upload")["body"]).encode()))
        elif answer == "400":
            await connection.answer(http(b"", status="400 Bad Request"))

    before = len(payload._under_way)
    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        found = await asyncio.gather(bria.images.upload_file(1, path), return_exceptions=True)
    assert isinstance(found[0], BaseException) == (answer != "200"), found
    assert (seen, len(payload._under_way)) == ([before + 1], before)


async def test_base64_holds_one_slice(tmp_path: Path) -> None:
    """What is made of a slice is held beside it, however few there are."""
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT[: 8 * BASE64.slice])
    writer, host = Watched(), Host(seed=1)
    body = await encoded({"image": part(path).content}, host, lambda _: pytest.fail("it was looked at"))
    await JsonPayload(body, host).write(writer)
    assert max(writer.paces[1:], key=lambda pace: pace.slice) == Pace(BASE64.slice // 3 * 4, BASE64.waiting)


async def test_a_stream_has_no_text(tmp_path: Path) -> None:
    """Nobody can ask the body for its text, which would read the whole file."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with pytest.raises(TypeError, match="not decoded"):
        MultipartPayload(Multipart({}, part(path)), Host(seed=1)).decode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.png", "a.png"), ('a"b', "a%22b"), ("a\r\nb", "a%0D%0Ab"), ("a\0b", "a%00b"), ("é;=", "é;=")],
)
def test_file_names_are_escaped_as_forms_do(name: str, expected: str) -> None:
    """Quotes and line breaks are percent-encoded, all else stays."""
    assert escaped(name) == expected
