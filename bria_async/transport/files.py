"""Files on their way into a body: looked at once, so that what is sent is what was seen."""

import functools
import os
from pathlib import Path
from stat import S_ISREG

from bria_async.errors import ImageChanged, ImageError, InvalidParameter
from bria_async.host import Host
from bria_async.types.facts import too_large
from bria_async.wire import Call, File, FilePart

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
            raise ImageError("is not a regular file; nothing was sent", str(path))
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}; nothing was sent", str(path)) from None
    except ValueError as error:
        raise ImageError(f"cannot be read: {error}; nothing was sent", str(path)) from None
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


def image_at(path: Path, operation: str, strict: bool) -> File:
    """An image file of a request as it is now; blocks as `look_at` does, and raises as it.

    Raises:
        InvalidParameter: it is larger than an image may be (only when strict).
    """
    file, _ = look_at(path)
    if strict:
        require_size(file, operation)
    return file


def require_size(content: File | bytes, operation: str) -> None:
    """Refuse a file that is larger than an image may be; bytes are checked as a parameter.

    Raises:
        InvalidParameter: it is.
    """
    if isinstance(content, File) and (problem := too_large(content.size)):
        raise InvalidParameter(f"{content.path} {problem}", operation)


async def settled(call: Call, host: Host, *, strict: bool) -> Call:
    """The call, whose form, where it holds a file, is multipart.

    Raises:
        ImageError: the file cannot be read.
        InvalidParameter: it is larger than an image may be (only when strict).
    """
    for name, value in (call.form or {}).items():
        if isinstance(value, bytes | os.PathLike):
            part = await host.in_thread(functools.partial(part_of, value, field=name))
            if strict:
                require_size(part.content, call.operation)
            return call.as_multipart(part)
    return call
