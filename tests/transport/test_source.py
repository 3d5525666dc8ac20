"""Files on their way into bodies: from memory and by threads the same, and never a byte that somebody still holds."""

import base64
import io
import os
import random
from pathlib import Path

import pytest

from bria_async.errors import ImageChanged, ImageError
from bria_async.transport import source
from bria_async.transport.base64 import encode64, plain64
from bria_async.transport.files import look_at
from bria_async.transport.source import Source

MOST = 3000
CONTENT = random.Random(1).randbytes(4 * MOST + 17)
SIZES = [0, 1, MOST - 1, MOST, MOST + 1, 3 * MOST, len(CONTENT)]


def slices(path: Path, *, hold: bool = False) -> list[bytes | memoryview]:
    """All that a body takes of a file; what is held stays as it was handed out."""
    read, found = Source(look_at(path)[0]), []
    read.open()
    while read.left:
        if not read.load(MOST):
            read.read()
        found.append(read.take() if hold else bytes(read.take()))
    read.check()
    read.close()
    return found


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that cannot tell what it has in memory."""
    monkeypatch.setattr(source, "IF_IN_MEMORY", None)


def written(path: Path, size: int) -> Path:
    """A file with so much of the content."""
    path.write_bytes(CONTENT[:size])
    return path


@pytest.mark.parametrize("size", SIZES)
def test_memory_and_threads_read_the_same(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slice for slice, around the ends of slices."""
    path = written(tmp_path / "a.png", size)
    quick = slices(path)
    monkeypatch.setattr(source, "IF_IN_MEMORY", None)
    assert quick == slices(path) == [CONTENT[:size][at : at + MOST] for at in range(0, size, MOST)]


def test_what_is_in_memory_needs_no_thread(tmp_path: Path) -> None:
    """A file that was just written is there, where the system can tell."""
    path = written(tmp_path / "a.png", MOST)
    if source.IF_IN_MEMORY is None:
        pytest.skip("this system cannot tell")
    with path.open("rb") as file:
        try:
            os.preadv(file.fileno(), [bytearray(MOST)], 0, source.IF_IN_MEMORY)
        except OSError:
            pytest.skip("this file system cannot tell")
    read = Source(look_at(path)[0])
    read.open()
    assert read.load(MOST)
    assert bytes(read.take()) == CONTENT[:MOST]
    read.close()


@pytest.mark.parametrize("there", [0, 1, 7, MOST - 1])
def test_what_memory_has_not_is_read(tmp_path: Path, there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From where memory ended, in the midst of a slice."""
    path = written(tmp_path / "a.png", len(CONTENT))

    def some(fd: int, buffers: list[bytearray], at: int, _flags: int) -> int:
        part = os.pread(fd, min(there, len(buffers[0])), at)
        buffers[0][: len(part)] = part
        return len(part)

    monkeypatch.setattr(source, "IF_IN_MEMORY", 8)
    monkeypatch.setattr(os, "preadv", some)
    assert slices(path) == [CONTENT[at : at + MOST] for at in range(0, len(CONTENT), MOST)]


@pytest.mark.parametrize("cannot", [BlockingIOError, OSError])
def test_memory_that_cannot_tell_is_no_error(
    tmp_path: Path, cannot: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads read then."""

    def refuse(*_: object) -> int:
        raise cannot

    path = written(tmp_path / "a.png", len(CONTENT))
    monkeypatch.setattr(source, "IF_IN_MEMORY", 8)
    monkeypatch.setattr(os, "preadv", refuse)
    assert b"".join(bytes(each) for each in slices(path)) == CONTENT


@pytest.mark.parametrize("size", SIZES)
def test_what_is_held_is_not_written_over(tmp_path: Path, size: int) -> None:
    """A transport that has not sent a slice yet keeps it as it is, however long."""
    held = slices(written(tmp_path / "a.png", size), hold=True)
    assert b"".join(held) == CONTENT[:size]


def test_what_is_not_held_is_used_again(tmp_path: Path) -> None:
    """One slice of memory is enough for a whole file."""
    read = Source(look_at(written(tmp_path / "a.png", 3 * MOST))[0])
    read.open()
    used = set()
    while read.left:
        if not read.load(MOST):
            read.read()
        used.add(id(read.take().obj))
    assert len(used) == 1
    read.close()


def test_slices_may_grow_and_shrink(tmp_path: Path) -> None:
    """How much memory a file may take changes while it is sent; none of its bytes does."""
    path = written(tmp_path / "a.png", len(CONTENT))
    read, found = Source(look_at(path)[0]), []
    read.open()
    for most in (7, MOST, 1, 2, len(CONTENT)):
        if not read.load(most):
            read.read()
        found.append(bytes(read.take()))
    read.close()
    assert [len(each) for each in found] == [7, MOST, 1, 2, len(CONTENT) - MOST - 10]
    assert b"".join(found) == CONTENT


@pytest.mark.usefixtures("in_threads")
def test_a_file_that_was_cut_is_changed(tmp_path: Path) -> None:
    """What is missing is not waited for."""
    path = written(tmp_path / "a.png", 2 * MOST)
    read = Source(look_at(path)[0])
    read.open()
    os.truncate(path, 10)
    assert not read.load(MOST)
    with pytest.raises(ImageChanged):
        read.read()
    read.close()


def test_what_is_closed_while_a_thread_reads_is_closed_by_that_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number could be that of another file by then, of which the thread would read."""
    path = written(tmp_path / "a.png", MOST)
    opened: list[io.FileIO] = []
    read = Source(look_at(path)[0])

    class Slow(io.FileIO):
        def readinto(self, buffer: object, /) -> int:
            opened.append(self)
            read.close()
            assert not self.closed, "closed under a thread that reads"
            return super().readinto(buffer)  # type: ignore[arg-type]  # as it is called

    monkeypatch.setattr(source, "IF_IN_MEMORY", None)
    monkeypatch.setattr(type(path), "open", lambda path, *_, **__: Slow(path))
    read.open()
    read.load(MOST)
    read.read()
    assert [file.closed for file in opened] == [True]
    with pytest.raises(ImageError):
        read.read()


@pytest.mark.parametrize("size", SIZES)
def test_base64_is_that_of_python(size: int) -> None:
    """Whoever writes it."""
    block = memoryview(bytearray(CONTENT[:size]))
    assert bytes(encode64(block)) == bytes(plain64(block)) == base64.b64encode(CONTENT[:size])
