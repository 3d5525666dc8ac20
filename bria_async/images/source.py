"""Reading files that anybody may have put into a folder: regular files only, and never waiting for one."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

import attrs

from bria_async.errors import ImageChanged, ImageError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@attrs.frozen
class Content:
    """What a file held at one moment."""

    data: bytes
    mtime_ns: int


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file, or a symbolic link to one, for reading.

    What is no file is never opened, because a device may react to it; a pipe that takes the file's place
    right after the look does not block.

    Raises:
        ImageError: something else than a file, not there, or not readable.
    """
    try:
        _require_regular(path.stat(), path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be opened: {_reason(error, path)}", str(path)) from error
    try:
        _require_regular(os.fstat(descriptor), path)
    except ImageError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read_whole(path: Path, max_bytes: int) -> Content:
    """Read a file at once; what is too large is not read at all.

    Raises:
        ImageError: empty, larger than `max_bytes`, or not a readable file.
        ImageChanged: somebody wrote to it meanwhile.
    """
    with open_regular(path) as file:
        before = os.fstat(file.fileno())
        if before.st_size == 0:
            raise ImageError("is empty", str(path), "empty")
        if before.st_size > max_bytes:
            words = f"has {before.st_size:,} bytes, more than the {max_bytes:,} allowed"
            raise ImageError(words, str(path), "too-large")
        try:
            data = file.read(before.st_size)
        except OSError as error:
            raise ImageError(f"cannot be read: {_reason(error, path)}", str(path)) from error
        after = os.fstat(file.fileno())
    if (len(data), before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ImageChanged("changed while it was read", str(path))
    return Content(data, after.st_mtime_ns)


def read_head(path: Path, count: int) -> bytes:
    """The first bytes of a file; none when it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(count)
    except (ImageError, OSError):
        return b""


def _require_regular(state: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(state.st_mode):
        kind = _KINDS.get(stat.S_IFMT(state.st_mode), "something else")
        raise ImageError(f"is {kind}, not a file", str(path))


def _reason(error: OSError | ValueError, path: Path) -> str:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return "it is a symbolic link to a file that is not there"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "no file has such a name"
