"""Whatever is called a zip, its readers give what is in it or one error, and unpack no more than they say."""

import io
import warnings
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import Unreadable
from bria_async.images.masks import read_masks
from bria_async.sim import Simulator, bulk
from bria_async.sim.app import declared
from bria_async.sim.routes import Call
from tests.fuzz.bounds import bounded, texts
from tests.support import picture

methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
members = st.sampled_from(["v_1.png", "v_panoptic.png", "v_a2.png", "a.png", "a.txt", "../a.png", "/a.png", "a/", ""])
contents = st.sampled_from([b"", picture(4, 4), bytes(100_000), b"a caption"]) | st.binary(max_size=50)
changes = st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=8)), max_size=4)


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    """A zip of odd members, with bytes written over it and its end cut off, or no zip at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", draw(methods)) as made:
        warnings.simplefilter("ignore")  # the same name twice
        for name in draw(st.lists(members | texts, max_size=4)):
            entry = zipfile.ZipInfo(name.encode(errors="replace").decode())
            entry.external_attr = draw(st.integers(0, 0xFFFF)) << 16
            entry.compress_type = draw(methods)
            made.writestr(entry, draw(contents))
    data = bytearray(buffer.getvalue())
    for at, new in draw(changes):
        data[at % len(data) : at % len(data) + len(new)] = new
    return bytes(data[: len(data) - draw(st.sampled_from([0, 0, 0, 1, 30]))])


@bounded(500)
@given(data=zips())
def test_masks_are_read_or_refused(data: bytes) -> None:
    """By the client, of what a server sent."""
    try:
        found = read_masks(data, "v")
    except Unreadable:
        return
    assert all(name.isalnum() for name in found.masks)


@pytest.fixture(scope="module")
def call() -> Iterator[Call]:
    """A call of a bulk upload to a simulator that nobody serves."""
    sim = Simulator()
    (operation,) = [operation for operation in declared() if operation.name == "images.bulk_upload"]
    yield Call(sim.world, {}, "http://here", 0.0, "a token", operation=operation)
    sim.world.close()


@bounded(300)
@given(data=zips())
def test_an_archive_is_read_or_refused(data: bytes, call: Call, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By the simulator, of what a client put: each member by itself, and nothing is written but bytes by their hash."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "a.zip").write_bytes(data)
    try:
        found = bulk._read_all(call, folder / "a.zip")
    except bulk._BROKEN:
        found = []
    for member in found:
        assert (member.source is None) == (member.refusal is not None)
    assert [path.name for path in folder.iterdir()] == ["a.zip"]
    kept = [path.name for path in call.world.blobs.directory.iterdir()]
    assert all(len(name) == 64 and name.isalnum() for name in kept), kept
