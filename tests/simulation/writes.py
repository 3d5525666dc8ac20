"""Which files this process writes: Python tells of each as it is opened, moved or removed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGING = {"os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"}
_written: set[str] | None = None
_hears = False


@contextmanager
def written() -> Iterator[set[str]]:
    """The paths that are written to inside; it fills as they are.

    A name that is relative to an open folder is not seen: whoever has opened that folder is.
    """
    global _written, _hears  # noqa: PLW0603  # a hook of the interpreter stays for good, so it has to know
    if not _hears:
        sys.addaudithook(_hear)
        _hears = True
    before, _written = _written, set()
    try:
        yield _written
    finally:
        _written = before


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _written is None:
        return
    if event in _CHANGING:
        _written.update(os.fsdecode(path) for path in args[:2] if isinstance(path, str | bytes))
    elif event == "open" and isinstance(args[0], str | bytes) and isinstance(args[2], int) and args[2] & _WRITING:
        _written.add(os.fsdecode(args[0]))
