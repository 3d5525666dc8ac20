"""Files that get their name when they are whole; until then they have another one beside it."""

import contextlib
import errno
import glob
import os
import secrets
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import Self

_ANEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class PartFile:
    """A file that gets its name when it is whole; without `commit` it is gone at the end. It blocks.

    All of it happens in the folder that was opened at the beginning, whatever is put in that folder's place meanwhile.
    A link under the file's name is replaced and never followed; what is neither file nor link stays.
    """

    def __init__(self, to: Path) -> None:
        self._to = to
        self._temporary = f".{to.name[:40]}-{secrets.token_hex(4)}.part"

    def __enter__(self) -> Self:
        """Make it, under its other name.

        Raises:
            OSError: that cannot be done, or what has its name is not a file.
        """
        self._folder = os.open(self._to.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _require_replaceable(self._to.name, self._folder)
            # With the usual permissions: people share their pictures.
            self.file = os.fdopen(os.open(self._temporary, _ANEW, 0o666, dir_fd=self._folder), "w+b")
        except BaseException:
            os.close(self._folder)
            raise
        return self

    def write(self, block: bytes) -> None:
        """Write on."""
        self.file.write(block)

    def commit(self, *, durable: bool = True) -> None:
        """Give it its name, for good: its bytes are on the disk before, its name after.

        What can be made again need not be `durable`: a power cut may take it.
        """
        self.file.flush()
        if durable:
            os.fsync(self.file.fileno())
        os.replace(self._temporary, self._to.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        if durable:
            os.fsync(self._folder)

    def __exit__(self, *exception: object) -> None:
        """Remove what did not get its name."""
        try:
            self.file.close()
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._temporary, dir_fd=self._folder)
            os.close(self._folder)


def try_out(to: Path) -> None:
    """Find out beforehand whether a file can be written: it is made under its other name, and is gone again.

    Raises:
        OSError: it cannot.
    """
    with PartFile(to):
        pass


def remove_left_over(to: Path) -> None:
    """Remove what processes that died left of this file, which nobody may be writing now."""
    for path in to.parent.glob(f".{glob.escape(to.name[:40])}-????????.part"):
        path.unlink(missing_ok=True)


def _require_replaceable(name: str, folder: int) -> None:
    if not name:  # of `.` and `/`
        raise FileExistsError(errno.EEXIST, "what has this name is not a file", name)
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        is_device = S_ISLNK(mode) and os.readlink(name, dir_fd=folder).startswith("/proc/")  # such as /dev/stdout
        if is_device or not (S_ISREG(mode) or S_ISLNK(mode)):
            raise FileExistsError(errno.EEXIST, "what has this name is not a file", name)
