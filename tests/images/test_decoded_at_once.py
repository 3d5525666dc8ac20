"""What is decoded at a time takes no more memory than there is for it, however many threads decode."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bria_async.images import inspect, mend
from bria_async.images.memory import ANEW, Memory
from bria_async.images.thumbnail import thumbnail
from tests.images.files import encoded, picture, write

MOMENT = 0.05
"""Seconds in which a thread that waits for nobody is over."""
SIZE = (1100, 1024)
PIXELS = SIZE[0] * SIZE[1]


def started(memory: Memory, size: int, over: list[int]) -> threading.Thread:
    """A thread that takes so much and is over then."""

    def take() -> None:
        with memory.taken(size):
            over.append(size)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_nobody_takes_what_another_has() -> None:
    """Who wants more than is left waits for it, and who comes later waits behind him, though he wants little."""
    memory, over = Memory(10), list[int]()
    with memory.taken(6):
        large = started(memory, 5, over)
        large.join(MOMENT)
        small = started(memory, 1, over)
        small.join(MOMENT)
        assert over == []
    for thread in (large, small):
        thread.join()
    assert over == [5, 1]


def test_who_wants_more_than_there_is_has_it_alone() -> None:
    """He waits until nobody has any, and nobody for ever."""
    memory, over = Memory(10), list[int]()
    with memory.taken(1):
        large = started(memory, 99, over)
        large.join(MOMENT)
        assert over == []
    large.join()
    with memory.taken(99):
        small = started(memory, 1, over)
        small.join(MOMENT)
        assert over == [99]
    small.join()


def test_what_fails_gives_it_back() -> None:
    """An image that turns out damaged leaves its memory to others."""
    memory = Memory(10)
    with pytest.raises(LookupError), memory.taken(10):
        raise LookupError
    with memory.taken(10):
        pass


KINDS: list[tuple[str, str, dict[str, Any], int]] = [
    ("RGB", "JPEG", {}, 0),
    ("RGB", "JPEG", {"progressive": True}, 4),
    ("RGB", "PNG", {}, 4),
    ("RGBA", "PNG", {}, 8),
    ("P", "PNG", {"transparency": 0}, 8),
    ("RGB", "WEBP", {}, 16),
]


@pytest.mark.parametrize(("mode", "form", "how", "each"), KINDS)
async def test_memory_by_format(
    mode: str, form: str, how: dict[str, Any], each: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look, a thumbnail and a copy that is encoded anew each take what was measured of such images, a while each."""
    taken: list[int] = []

    class Told(Memory):
        @contextmanager
        def taken(self, size: int) -> Iterator[None]:
            taken.append(size)
            with super().taken(size):
                yield
            taken.append(-size)

    for module in ("decode", "thumbnail", "anew"):
        monkeypatch.setattr(f"bria_async.images.{module}.PIXELS", Told(2**30))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    file = write(tmp_path / f"cats/a.{form.lower()}", encoded(picture(mode, SIZE), form, exif=exif, **how))
    found = await inspect(file.parent)
    thumbnail(file, 64)
    await mend(found, tmp_path / "mended")
    assert taken == [each * PIXELS, -each * PIXELS] * 2 + [ANEW * PIXELS, -ANEW * PIXELS]
