"""JPEG files that are decoded at an eighth of their sides: the verdict is that of decoding all pixels."""

import io
import random
from typing import Any

import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from bria_async.errors import ImageError
from bria_async.images.decode import decode
from tests.images.files import encoded, picture

OPTIONS: list[dict[str, Any]] = [
    {},
    {"progressive": True},
    {"subsampling": 0},
    {"subsampling": 1, "restart_marker_rows": 1},
    {"progressive": True, "restart_marker_blocks": 5},
]
SIDES = ((640, 400), (61, 43), (7, 5))
ROUNDS = 60


def plain(data: bytes) -> str:
    """What is said of a file when all its pixels are decoded."""
    try:
        with JpegImageFile(io.BytesIO(data)) as image:
            image.load()
            return f"{image.size} {image.mode}"
    except Exception as error:  # noqa: BLE001  # damaged bytes make decoders raise whatever they stumble over
        return f"cannot be decoded: {error}"


def ours(data: bytes, mode: str) -> str:
    """What this library says of it."""
    try:
        found = decode(data, "jpeg", 64_000_000, "a.jpg")
    except ImageError as error:
        return error.message
    return f"{found.width, found.height} {mode}"


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The same with one thing wrong."""
    at, some = rng.randrange(2, len(data)), rng.randrange(1, 50)
    match rng.randrange(5):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + rng.randbytes(some) + data[at:]
        case 2:
            return data[:at] + data[at + some :]
        case 3:
            return data[:at] + bytes(some) + data[at + some :]
        case _:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


@pytest.mark.fault("F1")
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_verdict_is_that_of_all_pixels(mode: str, options: dict[str, Any]) -> None:
    """Word for word, of sound files and of files that are cut, flipped, or lack or gain some bytes."""
    rng = random.Random(f"{mode} {options}")
    for size in SIDES:
        noise = Image.frombytes("RGB", size, rng.randbytes(3 * size[0] * size[1]))
        data = encoded(Image.blend(picture(size=size), noise, 0.2).convert(mode), "JPEG", **options)
        assert ours(data, mode) == f"{size} {mode}", "a sound file"
        for _ in range(ROUNDS):
            wrong = damaged(data, rng)
            said = plain(wrong)
            assert ours(wrong, said.rpartition(" ")[2]) == said, wrong.hex()
