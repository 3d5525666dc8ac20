"""Disks that are full, fail or are taken away: nothing is sent without a durable intent, and the run ends after all."""

import contextlib
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import attrs
import pytest

from bria_async.engines.local import Bounds
from bria_async.errors import JournalError
from bria_async.graph import storage
from bria_async.graph.journal import Journal
from bria_async.host import Worker
from tests.graph.toy import THINGS, Bench, ManualHost, Server, StepWorker, finished

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
ALL = sorted(["box", *THINGS.values(), "close"])
Moment = Literal["before", "after"]


# --- every piece of work of the journal's thread ------------------------------------------------------------------


@attrs.define
class FailingWorker(StepWorker):
    """A thread whose nth piece of work fails, before it is done or just afterwards, and all that follow with it."""

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Do it, or fail."""
        host = self.host
        assert isinstance(host, FailingHost)
        host.pieces += 1
        if host.pieces < host.fails_at:
            return await Worker.run(self, function, *args)
        if host.pieces == host.fails_at and host.moment == "after":
            await Worker.run(self, function, *args)
        raise sqlite3.OperationalError(host.error)


@attrs.define(eq=False)
class FailingHost(ManualHost):
    """A host whose disk fails at its nth piece of work."""

    fails_at: int = 1_000_000
    moment: Moment = "before"
    error: str = "database or disk is full"

    def worker(self, name: str) -> Worker:
        """A thread that fails."""
        return FailingWorker(super().worker(name)._executor, self)


@pytest.mark.fault("D1")
@pytest.mark.parametrize("error", ["database or disk is full", "disk I/O error"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_disk_that_fails_at_each_write(tmp_path: Path, moment: Moment, error: str) -> None:
    """At every piece of work of a whole run: what was sent is on disk as an intent; with room again the run ends."""
    for fails_at in range(2, 1000):  # the first is the opening, which has errors of its own: see below
        server = Server()
        host = FailingHost(fails_at=fails_at, moment=moment, error=error)
        bench = Bench(tmp_path / f"run {fails_at}", host=host, server=server, bounds=Bounds(otherwise=2))
        try:
            await finished(bench.run())
        except JournalError as failure:
            said = str(failure)
        else:
            said = error
            if host.pieces < fails_at:
                assert fails_at > 12, f"only {fails_at} pieces: the loop saw no run"
                return
        assert error in said, said
        known = _sent(bench)
        assert set(server.requests) - {"close"} <= known, f"sent without an intent at {fails_at}"
        again = attrs.evolve(bench, host=ManualHost())
        await finished(again.run())
        assert once(server.made) == ALL, f"failed at {fails_at}"
    raise AssertionError("the run never came through")


def once(made: list[str]) -> list[str]:
    """What was made, in the order of names; closing the box is safe, hence done as often as need be."""
    return sorted([name for name in made if name != "close"] + ["close"] * ("close" in made))


def _sent(bench: Bench) -> set[str]:
    """What the journal knows to have been sent, or about to be."""
    if not bench.path.exists():
        return set()
    names = {"box": {"": "box"}, "put": THINGS}
    return {
        names[row["name"]][row["key"]]
        for row in bench.query("SELECT name, key FROM task WHERE state != 'pending' AND name IN ('box', 'put')")
    }


# --- a file that cannot grow --------------------------------------------------------------------------------------


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process grows beyond this size: writes fail with EFBIG, which is what SQLite sees of it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.fault("D1")
async def test_a_file_that_cannot_grow_at_each_size(tmp_path: Path) -> None:
    """Real errors of the system at every half page of the WAL, and room afterwards: nothing twice, nothing lost."""
    failed = 0
    for size in range(0, 400_000, 2048):
        server = Server()
        bench = Bench(tmp_path / str(size), server=server, bounds=Bounds(otherwise=2))
        try:
            with files_up_to(size):
                await finished(bench.run())
        except JournalError:
            failed += 1
        else:
            assert failed > 20, f"only {failed} sizes were too small"
            return
        assert set(server.requests) - {"close"} <= _sent(bench), f"sent without an intent at {size}"
        await finished(attrs.evolve(bench, host=ManualHost()).run())
        assert once(server.made) == ALL, f"failed at {size}"
    raise AssertionError("the run never came through")


# --- real disks ---------------------------------------------------------------------------------------------------

STRACE, UNSHARE = shutil.which("strace"), shutil.which("unshare")
IN_CI = os.environ.get("CI") == "true"
"""There nothing is left out in silence: what a test needs is there, or the test fails."""


def child(folder: Path) -> list[str]:
    """A process that runs the toy graph in a folder."""
    return [sys.executable, "-m", "tests.engines.child", str(folder), "to-its-end"]


def traced(folder: Path, *inject: str) -> tuple[int, str, list[str]]:
    """Run the child under strace; its exit code, what it said, and its calls that reach the disk."""
    assert STRACE is not None
    log = folder / "strace.txt"
    trace = [STRACE, "-f", "-o", str(log), "-e", "trace=fdatasync,fsync,pwrite64", "-y"]
    done = subprocess.run(
        [*trace, *inject, *child(folder)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    calls = [line for line in log.read_text().splitlines() if "journal.db" in line]
    return done.returncode, done.stderr, calls


def can_trace() -> bool:
    """Whether processes may be traced here."""
    return STRACE is not None and subprocess.run([STRACE, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.exhaustive
@pytest.mark.fault("D2")
@pytest.mark.skipif(not (IN_CI or can_trace()), reason="strace is not here, or may not be used")
def test_a_sync_that_failed_is_never_repeated(tmp_path: Path) -> None:
    """EIO at each fsync of a whole run ends it there: no other sync, no other write, and the next process looks."""
    (tmp_path / "whole").mkdir()
    code, said, calls = traced(tmp_path / "whole")
    assert code == 0, said
    syncs = sum("sync(" in line for line in calls)
    assert syncs > 10, f"{syncs} syncs"
    for number in range(1, syncs + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "server.txt").touch()
        code, said, calls = traced(folder, "-e", f"inject=fdatasync,fsync:error=EIO:when={number}")
        failed = next((at for at, line in enumerate(calls) if "(INJECTED)" in line), None)
        if failed is None:
            continue  # the server's own file, or another thread's
        assert len(calls) == failed + 1, f"{len(calls) - failed - 1} calls after sync {number}: {calls[failed + 1]}"
        if code == 0:
            assert number > syncs - 3, f"only the close may fail in silence, and not sync {number}: {said}"
        else:
            assert re.search("JournalError", said), said
        done = subprocess.run(child(folder), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        made = (folder / "server.txt").read_text().splitlines()
        assert once(made) == ALL


@pytest.mark.fault("D2")
def test_a_journal_that_cannot_write_ahead_is_not_used() -> None:
    """SQLite stays in another mode without a word when its disk fails or knows no WAL: that is an error here."""
    database = sqlite3.connect(":memory:")
    with contextlib.closing(database), pytest.raises(sqlite3.OperationalError, match="its mode is memory"):
        storage._write_ahead(database)


def can_mount() -> bool:
    """Whether a small disk can be mounted in a namespace of its own."""
    mount = [UNSHARE or "", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"]
    return UNSHARE is not None and subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.mark.fault("D1")
@pytest.mark.skipif(not (IN_CI or can_mount()), reason="no disk can be mounted here")
@pytest.mark.parametrize("kibibytes", [8, 40, 80, 120, 160])
def test_a_disk_that_is_full(tmp_path: Path, kibibytes: int) -> None:
    """ENOSPC of a real file system ends the run with a sentence; on a larger one it goes on to its end."""
    disk, server = tmp_path / "run", tmp_path / "server.txt"
    disk.mkdir()
    server.touch()
    small = f"mount -t tmpfs -o size={kibibytes}k none {disk}"
    larger = f"mount -o remount,size=8m {disk}"
    script = f"{small} && {{ {_shell(tmp_path)}; echo first=$?; {larger} && {_shell(tmp_path)}; echo second=$?; }}"
    done = subprocess.run(
        [UNSHARE or "", "--map-root-user", "--mount", "sh", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "second=0" in done.stdout, done.stderr
    if "first=0" not in done.stdout:
        assert "JournalError" in done.stderr, done.stderr
    made = server.read_text().splitlines()
    assert once(made) == ALL


def _shell(folder: Path) -> str:
    return " ".join(f"'{word}'" for word in child(folder))


# --- folders that are taken away ----------------------------------------------------------------------------------


@pytest.mark.fault("D5")
@pytest.mark.parametrize("how", ["deleted", "moved", "replaced by a link"])
async def test_a_journal_that_is_taken_away_stops_the_run(tmp_path: Path, how: str) -> None:
    """Deleted, moved or swapped under a running process: it stops before the next request, and writes nowhere else."""
    bench = Bench(tmp_path / "run", bounds=Bounds(otherwise=1))
    other = tmp_path / "other.db"
    other.write_text("mine")

    def take_away(name: str) -> None:
        if name == "thing 2":
            if how == "moved":
                bench.folder.rename(tmp_path / "elsewhere")
            else:
                shutil.rmtree(bench.folder)
            if how == "replaced by a link":
                bench.folder.mkdir()
                bench.path.symlink_to(other)

    bench.server.before = take_away
    assert "somebody moved or deleted it" in await bench.paused(JournalError)
    assert bench.server.requests == ["box", "thing 0", "thing 1", "thing 2"]
    assert other.read_text() == "mine"


@pytest.mark.fault("D5")
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_no_write_through_links(tmp_path: Path, suffix: str) -> None:
    """Neither the journal nor a file of SQLite beside it may be a link."""
    path, other = tmp_path / "journal.db", tmp_path / "other.txt"
    async with Journal(path, ManualHost()):
        pass
    other.write_text("mine")
    linked = path.with_name(path.name + suffix)
    linked.unlink(missing_ok=True)
    linked.symlink_to(other)
    with pytest.raises(JournalError, match="is a link"):
        async with Journal(path, ManualHost()):
            pass
    assert other.read_text() == "mine"


@pytest.mark.fault("D4")
async def test_a_journal_is_never_seen_before_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is created beside its place, synced, renamed, and its folder synced: whatever is there is a journal."""
    calls: list[str] = []
    replace, fsync = Path.replace, os.fsync

    def noted(self: Path, target: Any) -> Path:
        assert self.read_bytes().startswith(b"SQLite format 3"), "moved before it was whole"
        calls.append(f"{self.name} -> {Path(target).name}")
        return replace(self, target)

    def synced(handle: int) -> None:
        calls.append(f"fsync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        fsync(handle)

    monkeypatch.setattr(Path, "replace", noted)
    monkeypatch.setattr(os, "fsync", synced)
    async with Journal(tmp_path / "run" / "journal.db", ManualHost()):
        pass
    assert calls == ["journal.new -> journal.db", "fsync run"]
