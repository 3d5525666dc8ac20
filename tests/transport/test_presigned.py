"""Results into memory, and files to presigned addresses: without the token, and failures without their secrets."""

import asyncio
import os
from pathlib import Path

import pytest
from aiohttp import web

from bria_async import errors
from bria_async.session import Session
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, parts
from tests.transport.raw import Connection, http, raw

DATA = bytes(range(256)) * 4096
LARGE = DATA * 24


# --- results into memory ----------------------------------------------------------------------------------------------


async def test_a_result_is_fetched_without_the_token(server: Recorder) -> None:
    """Its very bytes, whatever its size and type; even the API's own origin does not see the token."""
    server.answer = lambda _: web.Response(body=DATA)
    async with Session(TOKEN, server.base_url) as bria:
        assert await bria.fetch(f"{server.base_url}/a.zip?signature=s3") == DATA
    (seen,) = server.requests
    assert (seen.method, seen.query) == ("GET", {"signature": "s3"})
    assert TOKEN not in str(seen.headers)


@pytest.mark.parametrize(
    ("answer", "words", "gone", "asked"),
    [
        (http(b"", status="404 Not Found"), "answered 404", True, 1),
        (http(b"", status="302 Found", Location="http://127.0.0.1:1/"), "answered 302", True, 1),
        (http(b""), "is empty: it was stopped by moderation", True, 1),
        (http(b"", status="503 Service Unavailable"), "answered 503", False, 3),
        (http(DATA)[:-1], "the answer was cut short", False, 3),
    ],
)
async def test_what_cannot_be_fetched_is_told(answer: bytes, words: str, gone: bool, asked: int) -> None:
    """A verdict at once, what may pass after all attempts; the signature is not shown."""

    async def behave(connection: Connection) -> None:
        await connection.answer(answer)

    policy = RetryPolicy(attempts=3)
    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=1), retry=policy) as bria:
        with pytest.raises(errors.DownloadFailed, match=words) as caught:
            await bria.fetch(f"{server.base_url}/a.zip?signature=s3")
    assert (caught.value.gone, len(server.heads)) == (gone, asked)
    assert "s3" not in str(caught.value)
    assert caught.value.url == f"{server.base_url}/a.zip"


async def test_a_fetch_that_failed_midway_starts_over() -> None:
    """Nothing of the first attempt is in the second."""
    answers = [http(DATA)[:-10], http(DATA)]

    async def behave(connection: Connection) -> None:
        await connection.answer(answers.pop(0))

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        assert await bria.fetch(f"{server.base_url}/a.zip") == DATA


@pytest.mark.parametrize(("limit", "kept"), [(len(DATA), True), (len(DATA) - 1, False)])
async def test_a_result_beyond_the_limit_is_not_kept_in_memory(server: Recorder, limit: int, kept: bool) -> None:
    """A server cannot fill the memory; what ends at the limit is whole."""
    server.answer = lambda _: web.Response(body=DATA)
    async with Session(TOKEN, server.base_url) as bria:
        downloads = bria._connected().downloads
        if kept:
            assert await downloads.read(f"{server.base_url}/a", limit) == DATA
        else:
            with pytest.raises(errors.DownloadFailed, match=f"is larger than {limit} bytes") as caught:
                await downloads.read(f"{server.base_url}/a", limit)
            assert caught.value.gone
    assert len(server.requests) == 1


# --- files to presigned addresses -------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that takes some writes."""
    path = tmp_path / "clip.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + DATA)
    return path


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_a_file_is_posted_after_its_fields(server: Recorder, file: Path, status: int) -> None:
    """In their order, the file last with its name and type, and the token is nobody's business there."""
    server.answer = lambda _: web.Response(status=status)
    fields = {"key": "a/b", "policy": "p==", "acl": "private"}
    async with Session(TOKEN, server.base_url) as bria:
        await bria.post_file(f"{server.base_url}/bucket?signature=s3", file, fields=fields, content_type="image/png")
    (seen,) = server.requests
    assert (seen.method, seen.query) == ("POST", {"signature": "s3"})
    assert TOKEN not in str(seen.headers)
    assert int(seen.headers["content-length"]) == len(seen.body)
    found = parts(seen)
    names = [part.get_param("name", header="content-disposition") for part in found]
    assert names == ["key", "policy", "acl", "file"]
    assert [part.get_payload() for part in found[:3]] == ["a/b", "p==", "private"]
    assert (found[3].get_filename(), found[3].get_content_type()) == ("clip.png", "image/png")
    assert found[3].get_payload(decode=True) == file.read_bytes()


@pytest.mark.parametrize(
    ("answer", "words", "gone"),
    [
        (http(b"expired", status="403 Forbidden"), "answered 403", True),
        (http(b"", status="202 Accepted"), "answered 202", True),
        (http(b"", status="307 Temporary", Location="http://127.0.0.1:1/"), "answered 307", True),
        (http(b"", status="503 Service Unavailable"), "answered 503", False),
        (b"", "the server closed the connection without an answer", False),
    ],
)
async def test_a_file_that_is_not_taken_is_told(file: Path, answer: bytes, words: str, gone: bool) -> None:
    """Once, with the reason and without the secrets of the address."""

    async def behave(connection: Connection) -> None:
        await connection.body()
        await connection.answer(answer)

    async with raw(behave) as server, Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        with pytest.raises(errors.UploadFailed, match=words) as caught:
            await bria.post_file(f"{server.base_url}/bucket?signature=s3", file, fields={}, content_type="image/png")
    assert (caught.value.gone, len(server.heads)) == (gone, 1)
    assert caught.value.url == f"{server.base_url}/bucket"
    assert "s3" not in str(caught.value)


async def test_an_address_that_is_none_takes_no_file(server: Recorder, file: Path) -> None:
    """Nonsense for an address is a failed upload like any other."""
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(errors.UploadFailed, match="the address cannot be read"):
            await bria.post_file("http://[bad", file, fields={}, content_type="image/png")


async def test_a_file_that_changes_while_it_is_posted_is_an_image_error(file: Path) -> None:
    """The error is about the file and not about the network, and nothing of it was accepted."""
    file.write_bytes(LARGE)

    async def behave(connection: Connection) -> None:
        os.truncate(file, 1000)
        await connection.body()

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        with pytest.raises(errors.ImageChanged, match=r"clip\.png: changed") as caught:
            await bria.post_file(f"{server.base_url}/bucket", file, fields={}, content_type="image/png")
    assert caught.value.__cause__ is None


async def test_a_file_that_is_gone_before_it_is_posted_is_an_image_error(server: Recorder, file: Path) -> None:
    """A fault of this machine, told before anything is sent."""
    file.unlink()
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(errors.ImageError, match=r"clip\.png: cannot be read: No such file"):
            await bria.post_file(f"{server.base_url}/bucket", file, fields={}, content_type="image/png")
    assert server.requests == []


async def test_a_storage_that_stops_reading_is_left(file: Path) -> None:
    """It has the time of the session for its answer, and no more."""

    async def behave(connection: Connection) -> None:
        await connection.body()
        await asyncio.Event().wait()

    async with raw(behave) as server, Session(TOKEN, server.base_url, timeout=0.2) as bria:
        with pytest.raises(errors.UploadFailed, match="no answer in time"):
            await bria.post_file(f"{server.base_url}/bucket", file, fields={}, content_type="image/png")
