"""JSON and forms on their way out: files and bytes anywhere in them, byte for byte, and never held whole."""

import asyncio
import base64
import datetime as dt
import json
import math
import tracemalloc
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async import errors
from bria_async.host import Host
from bria_async.session import Session
from bria_async.transport.files import look_at, part_of
from bria_async.transport.payload import BASE64, LONG, SLICE, FormPayload
from tests.support import TOKEN, Collected, PushedHost, Recorder, json_body, parts, picture, reply, written

DATA = bytes(range(256)) * (4 * BASE64.slice // 256)
SIZES = [0, 1, 2, 3, 4, 5]
SIZES += [slices * BASE64.slice + more for slices in (1, 2, 3) for more in (-2, -1, 0, 1, 2)]


def text(content: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(content).decode()


async def sent(server: Recorder, **fields: Any) -> Any:
    """What arrives of free fields."""
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        await bria.products.consistent_shots(**fields)
    return server.requests[-1].json


@pytest.mark.parametrize("kind", ["file", "bytes"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_size_is_base64_of_the_very_bytes(tmp_path: Path, size: int, kind: str) -> None:
    """Around the edges of groups of three and of slices, with the length that was said beforehand."""
    path = tmp_path / "a.png"
    path.write_bytes(DATA[:size])
    held = look_at(path)[0] if kind == "file" else DATA[:size]
    body = await json_body({"image": held}, Host())
    found = await written(body)
    assert found == json.dumps({"image": text(DATA[:size])}).encode()
    assert body.size == body.sent == len(found)


@pytest.mark.parametrize("size", [0, 1, 3 * BASE64.slice + 2])
async def test_the_length_is_told_to_the_server(server: Recorder, tmp_path: Path, size: int) -> None:
    """A body with a file is not sent in chunks."""
    path = tmp_path / "a.png"
    path.write_bytes(DATA[:size])
    assert await sent(server, image=path) == {"image": text(DATA[:size])}
    (seen,) = server.requests
    assert int(seen.headers["content-length"]) == len(seen.body)
    assert seen.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in seen.headers


async def test_files_and_bytes_may_stand_anywhere(server: Recorder, tmp_path: Path) -> None:
    """Several in one body, in objects and arrays, the same file twice, beside texts of any kind."""
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.write_bytes(b"first")
    second.write_bytes(DATA)
    found = await sent(
        server,
        products=[{"image": first, "scale": 0.5}, {"image": second, "nested": ({"deep": [b"third", first]},)}],
        scene=second,
        title='Blüte "花" 🌸 \\ \n',
        nothing=None,
    )
    assert found == {
        "products": [
            {"image": text(b"first"), "scale": 0.5},
            {"image": text(DATA), "nested": [{"deep": [text(b"third"), text(b"first")]}]},
        ],
        "scene": text(DATA),
        "title": 'Blüte "花" 🌸 \\ \n',
        "nothing": None,
    }


@pytest.mark.parametrize("around", [list, tuple, lambda items: {"deep": ({"er": items},)}])
async def test_a_single_path_is_found_wherever_it_is(server: Recorder, tmp_path: Path, around: Any) -> None:
    """In an array, a tuple, or objects in them."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    found = await sent(server, value=around([path]))
    assert text(b"x") in json.dumps(found)


async def test_placeholders_come_from_the_host() -> None:
    """A new one for each file, so that nobody can know what not to write."""
    host, same = Host(seed=9), Host(seed=9)
    await json_body([b"x", b"y"], host)
    used = [same.uuid(), same.uuid()]
    assert used[0] != used[1]
    assert host.uuid() == same.uuid(), "two were drawn"


async def test_a_text_that_looks_like_a_placeholder_stays_a_text() -> None:
    """Ids as the host makes them, around and between files, are what the caller wrote."""
    ids = [Host(seed=number).uuid().hex for number in range(3)]
    value = {ids[0]: b"x", "between": " ".join(ids), "more": [ids[1], b"y", f'"{ids[2]}"']}
    found = json.loads(await written(await json_body(value, Host(seed=9))))
    assert found == {ids[0]: text(b"x"), "between": " ".join(ids), "more": [ids[1], text(b"y"), f'"{ids[2]}"']}


LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
TREES: st.SearchStrategy[Any] = st.deferred(
    lambda: LEAVES | st.lists(TREES, max_size=3) | st.dictionaries(st.text(max_size=3), TREES, max_size=3)
)


def plain(value: Any) -> Any:
    """The same with bytes as base64."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return text(value) if isinstance(value, bytes) else value


@given(value=TREES)
def test_any_json_with_bytes_in_it_arrives(value: Any) -> None:
    """Whatever stands around them, and the length is right."""

    async def sent_whole() -> tuple[int | None, bytes]:
        body = await json_body(value, Host())
        return body.size, await written(body)

    size, found = asyncio.run(sent_whole())
    assert json.loads(found) == plain(value)
    assert size == len(found)


@pytest.mark.parametrize("kind", ["file", "bytes"])
async def test_a_large_image_is_never_held_as_base64(tmp_path: Path, kind: str) -> None:
    """12 MB pass through the memory of some slices."""
    path = tmp_path / "a.png"
    path.write_bytes(bytes(12 * 2**20))
    held = look_at(path)[0] if kind == "file" else path.read_bytes()

    class Counting(Collected):
        """A writer that keeps nothing."""

        total = 0

        async def write(self, chunk: bytes | bytearray | memoryview) -> None:
            """Count it."""
            self.total += len(chunk)
            assert len(chunk) <= 2 * SLICE

    body, writer = await json_body({"image": held}, Host()), Counting()
    tracemalloc.start()
    try:
        await body.write(writer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert writer.total == body.size == 16 * 2**20 + len('{"image": ""}')
    assert peak < 3 * 2**20, f"{peak:,} bytes"


TEXTS = {
    "base64": text(DATA),
    "lines": base64.encodebytes(DATA).decode(),
    "escapes": '"\\\n\0' * SLICE,
    "beyond ASCII": "é花🌸\ud800" * SLICE,
}


@pytest.mark.parametrize("length", [LONG, LONG + 1, SLICE - 1, SLICE, SLICE + 1, 2 * SLICE + 3])
@pytest.mark.parametrize("kind", TEXTS)
async def test_a_long_text_is_what_json_writes(kind: str, length: int) -> None:
    """Around the length from which it is written in pieces, and around the ends of these, whatever its signs."""
    value = {"first": TEXTS[kind][:length], "image": b"x", "then": [TEXTS[kind][:length]]}
    body = await json_body(value, Host())
    found = await written(body)
    assert found == json.dumps(value | {"image": text(b"x")}).encode()
    assert body.size == body.sent == len(found)


@pytest.mark.parametrize("kind", TEXTS)
async def test_a_long_text_leaves_the_loop_to_others(kind: str) -> None:
    """It is written in pieces, with a turn for all others after each, and sent in pieces."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    body, writer = await json_body({"image": TEXTS[kind]}, Host()), Collected()
    task.cancel()
    assert turns >= len(TEXTS[kind]) // SLICE, f"{turns} turns"
    await body.write(writer)
    assert max(map(len, writer.blocks)) <= SLICE


async def test_any_mapping_is_an_object(server: Recorder, tmp_path: Path) -> None:
    """Not only a dict, and files in it are found too."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    deep = MappingProxyType({"image": path, "more": MappingProxyType({"n": 1})})
    assert await sent(server, value=deep, items=[deep]) == {
        "value": {"image": text(b"x"), "more": {"n": 1}},
        "items": [{"image": text(b"x"), "more": {"n": 1}}],
    }


async def test_a_repeated_body_is_whole_again(server: Recorder, tmp_path: Path) -> None:
    """After a 429 all of it is sent anew, files and bytes alike."""
    path = tmp_path / "a.png"
    path.write_bytes(DATA)
    server.answers("slow down", 429)
    host = PushedHost(seed=1, push=lambda _: server.answers({}))
    async with Session(TOKEN, server.base_url, host=host) as bria:
        await bria.products.consistent_shots(first=path, second=b"x")
    assert [seen.json for seen in server.requests] == [{"first": text(DATA), "second": text(b"x")}] * 2


CIRCULAR: dict[str, Any] = {}
CIRCULAR["again"] = CIRCULAR
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, {1, 2}, CIRCULAR, [CIRCULAR], dt.datetime(2026, 1, 1, tzinfo=dt.UTC), {(1, 2): 3}, object()],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("beside", [None, b"x", Path(__file__)])
async def test_what_is_not_json_is_told_before_it_leaves(server: Recorder, value: Any, beside: Any) -> None:
    """Alone or between files, the error is one of ours, and nothing was sent."""
    with pytest.raises(errors.InvalidParameter, match=r"consistent_shots: the body is not JSON") as caught:
        await sent(server, before=beside, value=value, beside=beside)
    assert caught.value.outcome is errors.Outcome.NOT_SENT
    assert server.requests == []


async def test_what_is_too_deep_is_told_before_it_leaves(server: Recorder) -> None:
    """No interpreter follows it to its end."""
    with pytest.raises(errors.InvalidParameter, match="the body is not JSON"):
        await sent(server, value=DEEP)
    assert server.requests == []


# --- forms ------------------------------------------------------------------------------------------------------------


async def remove_background(server: Recorder, **values: Any) -> Any:
    """The request of an operation that takes a form."""
    async with Session(TOKEN, server.base_url, host=PushedHost(seed=1)) as bria:
        await bria.visuals.remove_background_isolated(**values)
    return server.requests[-1]


async def test_a_form_without_a_file_is_urlencoded(server: Recorder) -> None:
    """The address is a field; its signs are encoded."""
    url = "https://example.com/a b.png?x=1&y=ü"
    seen = await remove_background(server, file=url)
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(seen.body.decode("ascii"), strict_parsing=True) == {"image_url": [url]}
    assert int(seen.headers["content-length"]) == len(seen.body)


async def test_an_empty_form_is_a_form(server: Recorder) -> None:
    """The server says what is missing (206), so it must be asked."""
    seen = await remove_background(server)
    assert (seen.body, seen.headers["content-type"]) == (b"", "application/x-www-form-urlencoded")


@pytest.mark.parametrize("kind", ["path", "bytes"])
async def test_a_form_with_a_file_is_multipart(server: Recorder, tmp_path: Path, kind: str) -> None:
    """The fields first, then the very bytes with a name and the type that they tell; nothing as a text."""
    image = picture(64, 64)
    path = tmp_path / "vase.jpg"
    path.write_bytes(image)
    seen = await remove_background(server, file=path if kind == "path" else image, image_url="https://a")
    field, file = parts(seen)
    assert field.get_param("name", header="content-disposition") == "image_url"
    assert field.get_payload() == "https://a"
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.get_filename() == ("vase.jpg" if kind == "path" else "file")
    assert file.get_content_type() == "image/png"
    assert file.get_payload(decode=True) == image
    assert int(seen.headers["content-length"]) == len(seen.body)


async def test_values_of_a_form_are_texts() -> None:
    """Booleans in the lower case of JSON, signs encoded, and what is no Unicode replaced."""
    body = FormPayload({"keep": True, "size": 2, "text": "ü & \ud800"})
    found = await written(body)
    assert found == b"keep=true&size=2&text=%C3%BC+%26+%3F"
    assert body.size == len(found)


async def test_a_name_that_is_no_unicode_is_sent_as_one(server: Recorder, tmp_path: Path) -> None:
    """Disks hold names of any bytes; the image arrives all the same."""
    path = tmp_path / "va\udcffse.png"
    try:
        path.write_bytes(picture(8, 8))
    except OSError:
        pytest.skip("this file system takes no such names")
    seen = await remove_background(server, file=path)
    (file,) = parts(seen)
    assert file.get_filename() == "va?se.png"
    server.answers(reply("images.upload")["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.images.upload_file(1, path)
    name, file = parts(server.requests[-1])
    assert (name.get_payload(), file.get_filename()) == ("va?se.png", "va?se.png")


def test_bytes_are_named_as_they_are_told() -> None:
    """By their field when nothing else is said."""
    assert part_of(b"x", field="mask").filename == "mask"
    assert part_of(b"x", field="mask", name="a.png").filename == "a.png"
