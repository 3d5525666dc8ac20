"""Thumbnails: upright, small, of whatever can be uploaded."""

import io
from pathlib import Path

import pytest
from PIL import Image

from bria_async.errors import ImageError
from bria_async.images.thumbnail import thumbnail


def stored(mode: str, kind: str, turned: int = 1) -> bytes:
    """An image of 640 x 400 pixels, whose left half is dark, with an EXIF orientation."""
    picture = Image.new("L", (640, 400), 230)
    picture.paste(20, (0, 0, 320, 400))
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x112] = turned
    picture.convert(mode).save(file, kind, exif=exif)
    return file.getvalue()


def read(small: bytes) -> Image.Image:
    """A thumbnail, as a browser shows it."""
    image = Image.open(io.BytesIO(small))
    assert image.format == "WEBP"
    return image


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("RGB", "WEBP")],
)
def test_every_kind_is_turned_upright(mode: str, kind: str) -> None:
    """A quarter turn to the right, whatever its colours are: the dark left half is above."""
    small = read(thumbnail(stored(mode, kind, turned=6), 96))
    assert small.size == (60, 96)
    grey = small.convert("L")
    assert grey.getpixel((30, 10)) == pytest.approx(20, abs=12)
    assert grey.getpixel((30, 86)) == pytest.approx(230, abs=12)


def test_nothing_is_enlarged_and_nothing_but_pixels_is_kept(tmp_path: Path) -> None:
    """A small image keeps its size, and no metadata goes with it."""
    path = tmp_path / "a.png"
    path.write_bytes(stored("RGB", "PNG"))
    small = read(thumbnail(path, 2000))
    assert (small.size, dict(small.getexif())) == ((640, 400), {})


def test_transparency_stays() -> None:
    """What can be seen through can be seen through."""
    file = io.BytesIO()
    Image.new("RGBA", (300, 300), (200, 10, 10, 0)).save(file, "PNG")
    assert read(thumbnail(file.getvalue(), 96)).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("data", [b"", b"GIF89a", stored("RGB", "JPEG")[:400]])
def test_what_is_no_image_is_one_sentence(data: bytes, tmp_path: Path) -> None:
    """Neither bytes nor a file of them; the file is named."""
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError, match="image: "):
        thumbnail(data, 96)
    with pytest.raises(ImageError, match=r"a\.jpg"):
        thumbnail(path, 96)
