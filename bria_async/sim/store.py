"""Where the world is kept: bytes as files named by their sha256, values as JSON rows in one SQLite file.

Rows are written before the answer that reports them, so a killed simulator remembers what it has said. They
are not synced to the device: the simulator survives its own death, not that of the machine.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

import attrs

_VERSION = 1
"""The format of rows. Kinds and fields with defaults are added under the same number: older states load, and what an
older version does not know it refuses. Any other change takes the next number, and a step that brings rows there.
"""


class Rows:
    """The values of a world on disk: `(kind, key) -> JSON`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as stack:
            try:
                self._db = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
                self._open(path)
            except sqlite3.OperationalError as failure:
                text = "is in use by another simulator" if "locked" in str(failure) else f"does not open: {failure}"
                raise OSError(f"the simulator's state {path} {text}") from None
            except sqlite3.DatabaseError as failure:
                raise OSError(f"{path} is no state of a simulator: {failure}") from None
            stack.pop_all()

    def _open(self, path: Path) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in {0, _VERSION}:
            raise OSError(f"{path} was written by another version of the simulator ({version})")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS rows (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def read(self) -> Iterator[tuple[str, Any, Any]]:
        """All rows as (kind, key, value)."""
        for kind, key, value in self._db.execute("SELECT kind, key, value FROM rows"):
            yield kind, json.loads(key), json.loads(value)

    def write(self, rows: Iterable[tuple[str, Any, Any]]) -> None:
        """Put rows in one transaction; a value of None deletes."""
        with self._db:
            self._db.execute("BEGIN")
            for kind, key, value in rows:
                if value is None:
                    self._db.execute("DELETE FROM rows WHERE kind = ? AND key = ?", (kind, json.dumps(key)))
                else:
                    self._db.execute(
                        "INSERT OR REPLACE INTO rows VALUES (?, ?, ?)",
                        (kind, json.dumps(key), json.dumps(value)),
                    )

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@attrs.frozen
class Blob:
    """Bytes at rest."""

    path: Path
    sha256: str
    size: int


class Spool:
    """Bytes on their way in: written and hashed as they come, kept only when `keep` is called."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        handle, name = tempfile.mkstemp(dir=directory, prefix="incoming-")
        self.path = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def keep(self) -> Blob:
        """Give the bytes their name."""
        self._file.close()
        sha256 = self._hash.hexdigest()
        path = self.path.replace(self._directory / sha256)
        return Blob(path, sha256, self.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


class Blobs:
    """A directory of bytes named by their sha256; without one given, a temporary directory."""

    def __init__(self, directory: Path | None = None) -> None:
        self._temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="bria-sim-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        for left_over in self.directory.glob("incoming-*"):
            left_over.unlink()

    def spool(self) -> Spool:
        """A place for bytes to come."""
        return Spool(self.directory)

    def put(self, data: bytes) -> Blob:
        """Keep bytes that are at hand."""
        with self.spool() as spool:
            spool.write(data)
            return spool.keep()

    def path(self, sha256: str) -> Path:
        """Where the bytes lie."""
        return self.directory / sha256

    def close(self) -> None:
        """Remove a temporary directory."""
        if self._temporary:
            shutil.rmtree(self.directory)
