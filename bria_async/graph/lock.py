"""One process at a time: a kernel lock beside the journal, free again the moment its holder dies."""

import os
import socket
import sys
from pathlib import Path

from bria_async.errors import JournalError, JournalLocked

if sys.platform != "win32":  # a journal there is guarded by SQLite's own lock only
    import fcntl

UNKNOWN = "another process"
SECOND_TRY = 0.05
"""Seconds until a lock that is held is tried once more: who only asks for the holder has it for a moment himself."""

_held: set[int] = set()
"""Handles of locks that this process has."""


def _forget() -> None:
    """A child inherits what its parent has open; a lock that it kept open would outlive the parent."""
    for handle in _held:
        os.close(handle)
    _held.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)


def take(journal: Path) -> int:
    """Take the lock and return its handle, for `let_go`; a child of this process does not have it.

    Raises:
        JournalLocked: somebody has it; the message names him.
        JournalError: the folder cannot be used.
    """
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(_beside(journal), os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise _unusable(journal, error) from None
    try:
        if sys.platform != "win32":
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
    except BlockingIOError:
        who = _name(handle)
        os.close(handle)
        raise JournalLocked(f"The run in {journal.parent} is being worked on by {who}. Watch it, or stop it.") from None
    except OSError as error:
        os.close(handle)
        raise _unusable(journal, error) from None
    _held.add(handle)
    return handle


def let_go(handle: int) -> None:
    """Let go of a lock, if this is the process that took it."""
    if handle in _held:
        _held.discard(handle)
        os.close(handle)


def holder(journal: Path) -> str | None:
    """Who works on this journal right now, if anybody does."""
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(_beside(journal), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _name(handle)
    finally:
        os.close(handle)
    return None


def _beside(journal: Path) -> Path:
    return journal.with_suffix(".lock")


def _name(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, 200).decode("utf-8", "replace") or UNKNOWN


def _unusable(journal: Path, error: OSError) -> JournalError:
    return JournalError(f"The journal's folder {journal.parent} cannot be used ({error.strerror}).")
