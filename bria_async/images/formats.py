"""The image formats: which ones the API takes, and how files say what they are."""

import re
from collections.abc import Mapping
from typing import Literal

Format = Literal["jpeg", "png", "webp"]
"""What the API takes (SEED 000, 003, 004; published spec: jpeg, jpg, png, webp)."""

EXTENSIONS: Mapping[Format, tuple[str, ...]] = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "png": ("png",),
    "webp": ("webp",),
}
"""The extensions of each format; the first one is used for names of our own."""

HEAD = 512
"""Bytes from the beginning of a file that are enough to recognise its format."""

_ACCEPTED: Mapping[Format, re.Pattern[bytes]] = {
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
_FOREIGN: Mapping[str, re.Pattern[bytes]] = {
    "GIF": re.compile(rb"GIF8[79]a"),
    "BMP": re.compile(rb"BM.{4}\0{4}", re.DOTALL),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "AVIF": re.compile(rb".{4}ftyp(avif|avis)", re.DOTALL),
    "HEIC": re.compile(rb".{4}ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)", re.DOTALL),
    "JPEG XL": re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", re.DOTALL),
    "JPEG 2000": re.compile(rb"\0\0\0\x0cjP {2}\r\n\x87\n|\xff\x4f\xff\x51", re.DOTALL),
    "SVG": re.compile(rb"(\xef\xbb\xbf)?\s*(<svg\b|<(\?xml|!--|!DOCTYPE svg)[^\0]*<svg\b)", re.IGNORECASE),
}
_FOREIGN_EXTENSIONS = frozenset(
    {"gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl", "jp2", "j2k", "svg"},
)


def accepted(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes, if the API takes it."""
    return next((name for name, magic in _ACCEPTED.items() if magic.match(head)), None)


def foreign(head: bytes) -> str | None:
    """The name of the image format that the API does not take, if the file is one."""
    return next((name for name, magic in _FOREIGN.items() if magic.match(head)), None)


def is_image_head(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an image, of whatever format."""
    return accepted(head) is not None or foreign(head) is not None


def is_image_name(name: str) -> bool:
    """Whether a file of this name claims to be an image, of whatever format."""
    extension = extension_of(name)
    return extension in _FOREIGN_EXTENSIONS or any(extension in known for known in EXTENSIONS.values())


def extension_of(name: str) -> str:
    """The extension of a file name, in lower case and without its dot; empty without one."""
    return name.rpartition(".")[2].lower() if "." in name else ""
