"""What comes back is bounded: bytes, also after decompression, and the depth and number of values in JSON."""

import gzip
import json
import tracemalloc
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bria_async.errors import DownloadFailed, Refused, Unreadable, WebhookInvalid
from bria_async.session import Session
from bria_async.transport.guard import AnswerTooLarge, read_capped
from bria_async.wire.parsing import DEEPEST, MOST_VALUES, parsed
from bria_async.wire.retry import RetryPolicy
from bria_async.wire.webhook import parse_webhook
from tests.support import TOKEN, PushedHost, Recorder
from tests.transport.raw import Connection, raw

LIMIT = 4 * 2**20
BOMB = gzip.compress(bytes(256 * 2**20), 1)
"""A quarter of a gigabyte in about a megabyte."""


def bomb(_: object) -> web.Response:
    """An answer that swells."""
    return web.Response(body=BOMB, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})


@pytest.mark.fault("N20")
async def test_a_body_that_swells_is_left_in_time(server: Recorder) -> None:
    """Reading stops at the limit: what the rest would become is never in memory."""
    server.answer = bomb
    async with aiohttp.ClientSession() as http, http.get(server.base_url) as response:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerTooLarge):
                await read_capped(response, LIMIT)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 3 * LIMIT, f"{peak / 2**20:.0f} MiB for a limit of {LIMIT / 2**20:.0f}"


@pytest.mark.fault("N18", "N20")
async def test_a_download_without_end_does_not_fill_the_disk(tmp_path: Path) -> None:
    """The limit counts what comes, whether or not its length was told, and nothing of it stays."""

    async def behave(connection: Connection) -> None:
        await connection.answer(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2 * LIMIT))

    async with raw(behave) as server, Session(TOKEN, server.base_url) as bria:
        with pytest.raises(DownloadFailed, match="is larger than"):
            await bria._connected().downloads.fetch(f"{server.base_url}/a", tmp_path / "a", limit=LIMIT)
        with pytest.raises(DownloadFailed, match="is larger than"):
            await bria._connected().downloads.read(f"{server.base_url}/a", limit=LIMIT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("N18")
@pytest.mark.parametrize(("more", "words"), [(0, "the answer was cut short"), (1, "is larger than")])
async def test_a_download_that_says_that_it_is_too_large_is_not_begun(more: int, words: str, tmp_path: Path) -> None:
    """64 MiB go into memory and 1 GiB goes to disk, and not one byte more."""
    lengths = iter([2**26 + more, 2**30 + more])

    async def behave(connection: Connection) -> None:
        await connection.answer(f"HTTP/1.1 200 OK\r\nContent-Length: {next(lengths)}\r\n\r\nbegun".encode())

    once = RetryPolicy(attempts=1)
    async with raw(behave) as server, Session(TOKEN, server.base_url, retry=once) as bria:
        with pytest.raises(DownloadFailed, match=words):
            await bria.fetch(f"{server.base_url}/a")
        with pytest.raises(DownloadFailed, match=words):
            await bria.download(f"{server.base_url}/a", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("N18", "N20")
@pytest.mark.parametrize("kept", [len(BOMB), len(BOMB) // 2])
@pytest.mark.parametrize("encoding", ["gzip", "Identity, GZIP", "unheard-of"])
async def test_a_compressed_download_is_refused(server: Recorder, tmp_path: Path, encoding: str, kept: int) -> None:
    """It was asked for as it is. A compressed one may swell, and nobody would notice that half of it is missing."""
    server.answer = lambda _: web.Response(body=BOMB[:kept], headers={"Content-Encoding": encoding})
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(DownloadFailed, match="is compressed"):
            await bria.download(f"{server.base_url}/a", tmp_path / "a")
        with pytest.raises(DownloadFailed, match="is compressed") as caught:
            await bria.fetch(f"{server.base_url}/a")
    assert [seen.headers["accept-encoding"] for seen in server.requests] == ["identity"] * 2
    assert not caught.value.gone
    assert list(tmp_path.iterdir()) == []


def nested(levels: int) -> str:
    """JSON of so many levels, in turns arrays and objects."""
    text = "1"
    for level in range(levels):
        text = f"[{text}]" if level % 2 else f'{{"a":{text}}}'
    return text


def test_depth_is_bounded_where_the_parser_would_go_on() -> None:
    """The deepest that is read, and one level more; far beyond it no recursion error comes through."""
    assert parsed(nested(DEEPEST)) == json.loads(nested(DEEPEST))
    for levels in (DEEPEST + 1, 900, 100_000):
        with pytest.raises(ValueError, match="nested"):
            parsed(nested(levels))


@pytest.mark.parametrize("mark", ["[", "{", ","])
def test_brackets_in_texts_have_no_depth(mark: str) -> None:
    """A prompt may hold as many as it likes."""
    assert parsed(json.dumps([mark * 5000])) == [mark * 5000]


@pytest.mark.fault("N20")
def test_the_number_of_values_is_bounded_before_any_is_made() -> None:
    """Two megabytes of text would be a hundred in memory."""
    text = b"[" + b"0," * MOST_VALUES + b"0]"
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="1,000,000 values"):
            parsed(text)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


HOSTILE = [nested(900), nested(100_000), "[" + "0," * MOST_VALUES + "0]"]


@pytest.mark.fault("N20")
@pytest.mark.parametrize("text", HOSTILE, ids=["deep", "deeper", "wide"])
async def test_hostile_json_is_an_answer_that_cannot_be_read(text: str, server: Recorder) -> None:
    """As an answer, as the reason of a refusal, and as a webhook: an error of this library, and a short one."""
    host = PushedHost(seed=1)
    async with Session(TOKEN, server.base_url, host=host) as bria:
        server.answer = lambda _: web.Response(text=text, content_type="application/json")
        with pytest.raises(Unreadable) as unreadable:
            await bria.projects.get(1)
        server.answer = lambda _: web.Response(status=400, text=text, content_type="application/json")
        with pytest.raises(Refused) as refused:
            await bria.projects.get(1)
    with pytest.raises(WebhookInvalid) as invalid:
        parse_webhook(text.encode())
    assert all(len(str(caught.value)) < 3000 for caught in (unreadable, refused, invalid))
    assert all(len(caught.value.body) <= 2000 for caught in (unreadable, refused))


async def test_an_error_is_short_however_long_its_answer(server: Recorder) -> None:
    """A megabyte in the wrong place is not carried into logs and journals."""
    server.answers({"id": ["x" * 2**20]})
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        with pytest.raises(Unreadable) as caught:
            await bria.projects.get(1)
    assert len(str(caught.value)) < 5000
