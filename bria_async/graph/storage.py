"""The file of a journal: created whole, locked elsewhere, checked before it is believed, marked while it is open.

Theory. SQLite writes ahead into a second file (WAL), of which it silently drops what does not add up: then the journal
is an older state of itself. So whatever must not be forgotten is brought into the main file before anything is sent:
that the journal is open, and what a new run consists of. Everything later may be lost with the WAL, and the mark then
says that somebody has to look at the server.
"""

import contextlib
import functools
import os
import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from bria_async.errors import JournalDamaged, JournalError, JournalTooNew

from .seal import Broken, check, seal, sum_of

VERSION = 2
UNCLEAN = "unclean"
CLEAN, OPEN, DOUBTFUL = "no", "yes", "still"
"""How the last process left the journal: closed; not closed; or closed, but what an earlier one left open still is."""


def check_version(database: sqlite3.Connection, path: Path) -> int:
    """The schema version of a journal.

    Raises:
        JournalTooNew: it is newer than this library.
        JournalDamaged: it is none, because a journal is never seen before it is whole.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise JournalTooNew(f"The journal {path} has format {version}; this version reads up to {VERSION}.")
    if version < 1:
        raise damaged(path, "it is empty")
    return version


def damaged(path: Path, what: object) -> JournalDamaged:
    """The error for a journal that is not as it was written."""
    return JournalDamaged(f"The journal {path} is damaged: {what}.", path.parent.name)


def open_file(path: Path) -> sqlite3.Connection:
    """Open a journal for writing, or create it, and bring its schema up to date.

    Raises:
        JournalDamaged: it is no journal any more.
        JournalTooNew: a newer version of this library wrote it.
        JournalError: it cannot be opened.
    """
    wal = path.with_name(f"{path.name}-wal")
    if linked := next((file for file in (path, wal, path.with_name(f"{path.name}-shm")) if file.is_symlink()), None):
        raise JournalError(f"The journal {linked} is a link; it must be a file of its own.")
    try:
        if not path.exists():
            if wal.exists():
                raise damaged(path, "its main file is gone")
            _create(path)
        return _connect(path)
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be opened ({error.strerror}).") from None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def _create(path: Path) -> None:
    """Create it beside its place and move it there: it is never seen empty or half."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as database:
        _upgrade(database, 0)
        _write_ahead(database)
    move(fresh, path)


def move(source: Path, target: Path) -> None:
    """Move a file whose content is on disk, and return when its new name is there too."""
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        version = check_version(database, path)
        _write_ahead(database)
        database.execute("PRAGMA synchronous = FULL")
        # SQLite's own checkpoints keep their errors to themselves.
        database.execute("PRAGMA wal_autocheckpoint = 0")
        if version < VERSION:
            _upgrade(database, version)
    except BaseException:
        database.close()
        raise
    return database


def _write_ahead(database: sqlite3.Connection) -> None:
    """Where SQLite cannot change its mode, whatever the reason, it goes on in the other one without a word."""
    if (mode := database.execute("PRAGMA journal_mode = WAL").fetchone()[0]) != "wal":
        raise sqlite3.OperationalError(f"its mode is {mode}: the disk failed, or its file system knows no WAL")


def _upgrade(database: sqlite3.Connection, version: int) -> None:
    """Run the scripts that a schema of this version lacks, in one transaction."""
    scripts = sorted(resources.files(__package__).joinpath("schema").iterdir(), key=lambda file: file.name)
    missing = [one.read_text() for one in scripts if one.name.endswith(".sql") and int(one.name[:4]) > version]
    database.executescript("\n".join(["BEGIN IMMEDIATE;", *missing]))
    seal(database)
    database.execute("COMMIT")


def checked(database: sqlite3.Connection, path: Path) -> tuple[int, int]:
    """Check everything that a journal holds; returns the number and the sum of its last event.

    Raises:
        JournalDamaged: something does not add up.
    """
    try:
        if _tables(database) != _tables_as_declared():
            raise damaged(path, f"its tables are not those of format {VERSION}")
        return check(database)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None
    except Broken as error:
        raise damaged(path, error) from None


def _tables(database: sqlite3.Connection) -> frozenset[str | None]:
    return frozenset(sql for (sql,) in database.execute("SELECT sql FROM sqlite_schema"))


@functools.cache
def _tables_as_declared() -> frozenset[str | None]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        _upgrade(database, 0)
        return _tables(database)


def _unreadable(path: Path, error: Exception) -> JournalError:
    """An error of SQLite: the journal is damaged, or the disk, or somebody else has it."""
    # That a text is none is found by Python, even in the words of an error, and has no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, error)
    return JournalError(f"The journal {path} cannot be opened ({error}).")


def mark_open(database: sqlite3.Connection) -> bool:
    """Mark it open; returns whether the last process did not close it."""
    unclean = is_unclean(database)
    mark(database, DOUBTFUL if unclean else OPEN)
    return unclean


def is_unclean(database: sqlite3.Connection) -> bool:
    """Whether the last process did not close it."""
    found = database.execute("SELECT value FROM meta WHERE key = ?", (UNCLEAN,)).fetchone()
    return found is not None and found[0] not in (CLEAN, "0")


def mark(database: sqlite3.Connection, value: str) -> None:
    """Say in the main file how the journal was left."""
    database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (UNCLEAN, value, sum_of(UNCLEAN, value)))
    checkpoint(database)


def mark_closed(database: sqlite3.Connection) -> None:
    """Mark it clean, unless it was found unclean and something is unfinished: then nobody has looked at all of it."""
    open_ends = "SELECT EXISTS (SELECT 1 FROM task WHERE state NOT IN ('done', 'skipped'))"
    (left,) = database.execute("SELECT value FROM meta WHERE key = ?", (UNCLEAN,)).fetchone()
    if left == OPEN or not database.execute(open_ends).fetchone()[0]:
        mark(database, CLEAN)


def checkpoint(database: sqlite3.Connection) -> None:
    """Bring everything into the main file."""
    busy, _, _ = database.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
    if busy:
        raise sqlite3.OperationalError("somebody reads it and does not let go")


def open_to_read(path: Path) -> sqlite3.Connection:
    """Another connection to a journal that is open, which never writes.

    Raises:
        JournalError: it cannot be opened.
    """
    try:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from None


def abandon(database: sqlite3.Connection, path: Path) -> None:
    """Close a journal whose disk failed, without another write or sync: what those say is not to be trusted."""
    with (
        contextlib.suppress(sqlite3.Error, JournalError),
        contextlib.closing(open_to_read(path)) as reader,
    ):
        # While somebody reads, SQLite does not tidy up at the close.
        reader.execute("SELECT count(*) FROM meta").fetchone()
        database.close()
    database.close()


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise
