"""Image files of every sort, made for the tests of images."""

import contextlib
import io
import os
import random
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

SIDE = 1024


def picture(mode: str = "RGB", size: tuple[int, int] = (SIDE, SIDE), seed: int = 0) -> Image.Image:
    """A soft picture, different for every seed."""
    small = Image.frombytes("RGB", (4, 4), random.Random(seed).randbytes(48))
    return small.resize(size, Image.Resampling.BILINEAR).convert(mode)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a picture in this format."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def write(path: Path, data: bytes) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def jpeg(path: Path, seed: int = 0, size: tuple[int, int] = (SIDE, SIDE)) -> Path:
    """A sound JPEG file."""
    return write(path, encoded(picture(size=size, seed=seed), "JPEG"))


def odd(folder: Path) -> None:
    """Images that can be used, each with one oddity: its extension, CMYK, few pixels, transparency, frames."""
    write(folder / "wrong.png", encoded(picture(seed=1), "JPEG"))
    write(folder / "cmyk.jpg", encoded(picture("CMYK", seed=2), "JPEG"))
    write(folder / "small.png", encoded(picture(size=(600, 512), seed=4), "PNG"))
    clear = picture("RGBA", seed=5)
    clear.putalpha(0)
    write(folder / "clear.png", encoded(clear, "PNG"))
    frames = [picture(seed=6), picture(seed=7)]
    write(folder / "moving.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims these sides and holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def beyond_reach(folder: Path) -> Path:
    """A folder so deep below this one that the system takes its path for too long, with an image in it."""
    parts = 4 + os.pathconf(folder, "PC_PATH_MAX") // 200
    with contextlib.chdir(folder):
        for _ in range(parts):
            os.mkdir("d" * 200)  # noqa: PTH102  (as below: its whole path is too long)
            os.chdir("d" * 200)
        jpeg(Path("deep.jpg"), size=(32, 32))
    return folder.joinpath(*["d" * 200] * parts)
