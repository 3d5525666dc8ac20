"""Points at which a process dies, or meets something else: every write, sync and rename, every moment of a request.

A point is `WHEN:WHERE:N`, the Nth time that it is reached.

- `before:OPERATION:N` the intent is durable, the request has not left;
- `cut:OPERATION:N` half of the first piece of its body has left;
- `left:OPERATION:N` all of it has left, nobody has read an answer;
- `answered:OPERATION:N` the answer is read, nothing of it is recorded;
- `before:journal:N`, `torn:journal:N`, `after:journal:N` around a transaction of the journal, and in the middle of
  its bytes; the same with `checkpoint`, and with `close` for the journal's own end;
- `before:sync:N`, `after:sync:N`, `before:rename:N`, `after:rename:N` around what the library does to other files;
- `any::N` the Nth of all of them.

An operation is one of the API, or `files.GET` and `files.PUT` for files at other addresses. What reaches the points
are seams around SQLite, `os` and aiohttp, below all code of the library.
"""

import gc
import multiprocessing
import os
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import aiohttp
import attrs
from aiohttp.client import _BaseRequestContextManager
from aiohttp.http_writer import StreamWriter

from bria_async.session import FAMILIES

T = TypeVar("T")


@attrs.frozen
class Point:
    """When and where, and the how manieth time."""

    when: str
    where: str
    number: int

    @classmethod
    def of(cls, text: str) -> "Point":
        """The point that a text names."""
        when, where, number = text.split(":")
        return cls(when, where, int(number))

    def __str__(self) -> str:
        return f"{self.when}:{self.where}:{self.number}"


def points_of(reached: Iterable[tuple[str, str]]) -> list[Point]:
    """The points of a run in their order, from when and where it came by."""
    counted: Counter[tuple[str, str]] = Counter()
    found = []
    for at in reached:
        counted[at] += 1
        found.append(Point(*at, counted[at]))
    return found


def die() -> NoReturn:
    """Be gone: nothing is flushed, no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def hang() -> None:
    """Be stuck, as on a disk that does not answer."""
    time.sleep(60)


def fork() -> NoReturn:
    """Be killed, and leave a child of the host application behind."""
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    die()


def fork_briefly() -> None:
    """Have a child, as `multiprocessing` makes one, that ends in order before anything else happens."""
    child = multiprocessing.get_context("fork").Process(target=gc.collect)
    child.start()
    child.join()


ACTS: Mapping[str, Callable[[], None]] = {act.__name__: act for act in (die, hang, fork, fork_briefly)}
"""What a process can meet at its point."""


@attrs.define
class Seams:
    """Where this process is on its way, and what it meets at its point."""

    point: Point | None
    act: Callable[[], None] = die
    reached: list[tuple[str, str]] = attrs.field(factory=list)
    counted: Counter[tuple[str, str]] = attrs.field(factory=Counter)

    def is_next(self, when: str, where: str) -> bool:
        """Come by a place; whether it is the point."""
        self.reached.append((when, where))
        self.counted[when, where] += 1
        if self.point is None:
            return False
        if self.point.when == "any":
            return len(self.reached) == self.point.number
        return self.point == Point(when, where, self.counted[when, where])

    def at(self, when: str, where: str) -> None:
        """Come by a place, and meet there what is to be met."""
        if self.is_next(when, where):
            self.act()


def arm(seams: Seams) -> None:
    """Put the seams in, for the rest of this process."""
    _arm_files(seams)
    _arm_journal(seams)
    _arm_requests(seams)


# --- files ------------------------------------------------------------------------------------------------------


def _arm_files(seams: Seams) -> None:
    def around(function: Callable[..., T], where: str) -> Callable[..., T]:
        def stepped(*args: Any, **kwargs: Any) -> T:
            seams.at("before", where)
            found = function(*args, **kwargs)
            seams.at("after", where)
            return found

        return stepped

    os.fsync = around(os.fsync, "sync")
    os.replace = around(os.replace, "rename")
    os.rename = around(os.rename, "rename")


# --- the journal ------------------------------------------------------------------------------------------------


def _arm_journal(seams: Seams) -> None:
    connect = sqlite3.connect

    class Connection(sqlite3.Connection):
        is_closed = False

        def __init__(self, path: Path, **how: Any) -> None:
            super().__init__(path, **how)
            self.path = path

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            where = "checkpoint" if sql.startswith("PRAGMA wal_checkpoint") else "journal"
            writes = sql.startswith(("INSERT", "UPDATE", "PRAGMA journal")) and not self.in_transaction
            if writes or sql == "COMMIT" or where == "checkpoint":
                return self._stepped(where, lambda: sqlite3.Connection.execute(self, sql, *values))
            return super().execute(sql, *values)

        def executescript(self, script: str) -> sqlite3.Cursor:
            return self._stepped("journal", lambda: sqlite3.Connection.executescript(self, script))

        def close(self) -> None:
            if not self.is_closed:
                self._stepped("close", lambda: sqlite3.Connection.close(self))
                self.is_closed = True

        def _stepped(self, where: str, step: Callable[[], T]) -> T:
            seams.at("before", where)
            if seams.is_next("torn", where):
                old = _bytes(self.path)
                step()
                _tear(old, _bytes(self.path))
                die()
            found = step()
            seams.at("after", where)
            return found

    def connected(path: Any, **how: Any) -> sqlite3.Connection:
        """What is written to disk has a path; readers connect by URI."""
        return connect(path, factory=Connection, **how) if isinstance(path, Path) else connect(path, **how)

    sqlite3.connect = connected  # type: ignore[assignment]


def _bytes(journal: Path) -> dict[Path, bytes]:
    """A journal and its log, as far as they are there."""
    files = (journal, journal.with_name(f"{journal.name}-wal"))
    return {path: path.read_bytes() for path in files if path.exists()}


def _tear(old: dict[Path, bytes], new: dict[Path, bytes]) -> None:
    """Leave what was written in its middle: the first half is new, the rest is old; what went is there still."""
    for path in old.keys() | new.keys():
        before, after = old.get(path, b""), new.get(path)
        if after is None:
            path.write_bytes(before)
        elif before != after:
            pairs = zip(before, after, strict=False)
            same = next((at for at, (x, y) in enumerate(pairs) if x != y), min(len(before), len(after)))
            cut = (same + len(after)) // 2
            path.write_bytes(after[:cut] + before[cut:])


# --- requests ---------------------------------------------------------------------------------------------------

_OPERATIONS = [
    (endpoint.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path)), f"{family}.{name}")
    for family, declared in FAMILIES.items()
    for name, endpoint in declared.endpoints.items()
]


def operation_of(method: str, path: str) -> str:
    """What a request is for."""
    for verb, pattern, name in _OPERATIONS:
        if verb == method and pattern.fullmatch(path):
            return name
    return f"files.{method}"


_EXCHANGES = (aiohttp.ClientResponse, _BaseRequestContextManager)
"""What is left when an answer is read: by the short way the one, by aiohttp's own the other."""


def _left(owner: Any, tell: Callable[[], None]) -> Callable[..., Awaitable[None]]:
    leave = owner.__aexit__

    async def leave_and_tell(self: Any, kind: Any, error: Any, trace: Any) -> None:
        await leave(self, kind, error, trace)
        if kind is None:
            tell()

    return leave_and_tell


def _arm_requests(seams: Seams) -> None:
    operation: ContextVar[str] = ContextVar("operation", default="")
    body_begins: ContextVar[list[bool]] = ContextVar("body_begins")
    connect, start, write = aiohttp.BaseConnector.connect, aiohttp.ClientResponse.start, StreamWriter.write

    async def connect_or_die(self: Any, request: aiohttp.ClientRequest, **kwargs: Any) -> Any:
        operation.set(operation_of(request.method, request.url.raw_path))
        body_begins.set([True])
        seams.at("before", operation.get())
        return await connect(self, request, **kwargs)

    async def write_or_die(self: Any, chunk: Any, **kwargs: Any) -> None:
        begins = body_begins.get()
        if begins and seams.is_next("cut", operation.get()):
            await write(self, chunk[: len(chunk) // 2], **kwargs)
            die()
        begins.clear()
        await write(self, chunk, **kwargs)

    async def start_or_die(self: Any, connection: Any) -> Any:
        if seams.is_next("left", operation.get()):
            if self._writer is not None:
                await self._writer
            seams.act()
        return await start(self, connection)

    for owner, name, seam in (
        (aiohttp.BaseConnector, "connect", connect_or_die),
        (aiohttp.ClientResponse, "start", start_or_die),
        *((each, "__aexit__", _left(each, lambda: seams.at("answered", operation.get()))) for each in _EXCHANGES),
        (StreamWriter, "write", write_or_die),
    ):
        setattr(owner, name, seam)
