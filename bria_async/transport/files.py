"""Files on their way into a body: looked at once, so that what is sent is what was seen."""

import os
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeVar

import attrs

from bria_async.errors import ImageChanged, ImageError
from bria_async.host import Host
from bria_async.types.common import MAX_IMAGE_BYTES
from bria_async.wire import Call, File, FilePart

T = TypeVar("T")

_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_HEAD = 12
"""Bytes of a file that tell its type."""


def look_at(path: Path, checked: tuple[int, int] | None = None) -> tuple[File, bytes]:
    """A regular file as it is now, and its first bytes; blocks, so run it in a worker thread.

    Raises:
        ImageError: it cannot be read.
        ImageChanged: its size and modification time (ns) are not those of `checked`.
    """
    try:
        stat = path.stat()
        if not S_ISREG(stat.st_mode):
            raise ImageError("is not a regular file", str(path))
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", str(path)) from None
    except ValueError as error:
        raise ImageError(f"cannot be read: {error}", str(path)) from None
    if checked not in (None, (stat.st_size, stat.st_mtime_ns)):
        raise ImageChanged("changed since it was checked; nothing was sent", str(path))
    return File(path, stat.st_size, stat.st_mtime_ns), head


def part_of(
    content: bytes | os.PathLike[str],
    *,
    field: str = "file",
    name: str | None = None,
    checked: tuple[int, int] | None = None,
) -> FilePart:
    """The file part of a form; its type is read from its first bytes. Blocks as `look_at` does, and raises as it."""
    if isinstance(content, bytes):
        return FilePart(content, name or field, content_type(content[:_HEAD]), field)
    path = Path(content)
    file, head = look_at(path, checked)
    return FilePart(file, name or path.name, content_type(head), field)


def content_type(head: bytes) -> str:
    """The media type of a file with these first bytes: jpeg, png or webp, else plain bytes."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "application/octet-stream")


async def settled(call: Call, host: Host, *, strict: bool) -> Call:
    """The call with every path in its body looked at, and a form that holds a file as multipart.

    Raises:
        ImageError: a file cannot be read, or is larger than an image may be.
    """
    if call.form is not None and (held := [name for name, value in call.form.items() if _is_file(value)]):
        part = await host.in_thread(_image_part, call.form[held[0]], held[0], strict)
        return call.as_multipart(part)
    if call.json is not None and _any_path(call.json):
        return attrs.evolve(call, json=await host.in_thread(_replaced, call.json, lambda path: _image(path, strict)))
    return call


def _any_path(value: Any) -> bool:
    try:
        return _holds_path(value)
    except RecursionError:
        return False  # a value in itself, or too deep: JSON refuses it in its own words


def _is_file(value: Any) -> bool:
    return isinstance(value, bytes | os.PathLike)


def _holds_path(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_path, value.values()))
    return any(map(_holds_path, value)) if isinstance(value, list | tuple) else isinstance(value, os.PathLike)


def _replaced(value: Any, replace: Callable[[Path], T]) -> Any:
    """The value with every path in it replaced."""
    if isinstance(value, dict):
        return {name: _replaced(item, replace) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, replace) for item in value]
    return replace(Path(value)) if isinstance(value, os.PathLike) else value


def _image(path: Path, strict: bool) -> File:
    file, _ = look_at(path)
    if strict and file.size > MAX_IMAGE_BYTES:
        raise ImageError(f"has {file.size:,} bytes, more than the {MAX_IMAGE_BYTES:,} allowed", str(path))
    return file


def _image_part(content: bytes | os.PathLike[str], field: str, strict: bool) -> FilePart:
    if not isinstance(content, bytes):
        _image(Path(content), strict)
    return part_of(content, field=field)
