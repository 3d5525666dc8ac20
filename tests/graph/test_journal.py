"""The journal: durable before anything relies on it, one process at a time, honest about its end."""

import asyncio
import contextlib
import fcntl
import gc
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import JournalError, JournalLocked
from bria_async.graph import feed, lock
from bria_async.graph.events import Event, Happened
from bria_async.graph.journal import BATCH, Journal, Tally, runs, tasks
from bria_async.graph.ledger import Ledger
from bria_async.graph.lock import holder
from bria_async.graph.records import Entry
from bria_async.graph.states import Change, State
from bria_async.host import Host
from tests.graph.toy import PROMPTS, THINGS, Bench, ManualHost, finished


def note(word: str) -> Entry:
    """A record of an event."""
    return Entry(0.0, 1, None, word)


def noted(path: Path) -> list[str]:
    """The notes that are on disk."""
    database = sqlite3.connect(path)
    try:
        return [row[0] for row in database.execute("SELECT what FROM event ORDER BY seq")]
    finally:
        database.close()


# --- durability ---------------------------------------------------------------------------------------------------


async def test_an_intent_is_durable_before_its_request_leaves(bench: Bench) -> None:
    """When a request is on its way, the file on disk says so, with the time and the attempt."""
    seen: dict[str, tuple[str, float, int]] = {}

    def look(name: str) -> None:
        row = next((row for row in bench.rows("put") if row["key"] == f"0{name[-1]}"), None)
        if name.startswith("thing") and row is not None:
            seen[name] = (row["state"], row["sent"], row["attempt"])

    bench.server.before = look
    await bench.run()
    assert seen == dict.fromkeys(THINGS.values(), ("intent", 1_000_000.0, 1))


async def test_an_outcome_is_durable_before_an_event_shows_it(bench: Bench) -> None:
    """Whoever hears of a change finds it in the file."""
    wrong: list[tuple[Event, str]] = []
    expected = {Change.ANNOUNCED: State.INTENT, Change.FINISHED: State.DONE}

    def look(event: Event) -> None:
        if event.what in expected:
            state = bench.states(event.task)[event.key]
            heard.append(event.what)
            if event.what == Change.FINISHED and state != State.DONE:
                wrong.append((event, state))
            if event.what == Change.ANNOUNCED and state == State.PENDING:
                wrong.append((event, state))

    heard: list[str] = []
    async with Journal(bench.path, bench.host) as journal:
        await bench.over(journal, look)
    assert wrong == []
    assert heard.count("finished") == 8


async def test_writers_that_wait_for_the_same_disk_share_a_commit(path: Path, host: ManualHost) -> None:
    """A thousand records at once need a handful of commits, and all of them are there, in order."""
    async with Journal(path, host) as journal:
        commits: list[str] = []
        assert journal._database is not None
        journal._database.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        await asyncio.gather(*(journal.write(note(f"{number:04d}")) for number in range(BATCH + 10)))
        assert len(commits) <= 3, f"{len(commits)} commits"
    assert noted(path) == [f"{number:04d}" for number in range(BATCH + 10)]


async def test_the_next_batch_gathers_while_one_is_written(path: Path, host: ManualHost) -> None:
    """Records that come while the disk is busy go together into the next transaction."""
    async with Journal(path, host) as journal:
        pieces = host.pieces
        host.held = asyncio.Semaphore(0)
        first = journal.queue(note("first"))
        await asyncio.sleep(0)
        rest = [journal.queue(note(f"{number}")) for number in range(50)]
        assert not first.done()
        host.held.release()
        host.held.release()
        await finished(asyncio.gather(first, *rest))
        assert host.pieces - pieces == 2
        host.held = None


async def test_a_cancelled_writer_has_still_written(path: Path, host: ManualHost) -> None:
    """Cancelling who waits for a record does not take the record back."""
    async with Journal(path, host) as journal:
        host.held = asyncio.Semaphore(0)
        writer = asyncio.create_task(journal.write(note("kept")))
        await asyncio.sleep(0)
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
        host.held.release()
        host.held = None
        await journal.write(note("after"))
    assert noted(path) == ["kept", "after"]


async def test_what_is_queued_is_written_before_the_close(path: Path, host: ManualHost) -> None:
    """Notes that nobody waits for are not lost at the end."""
    async with Journal(path, host) as journal:
        for number in range(5):
            journal.queue(note(str(number)))
    assert noted(path) == ["0", "1", "2", "3", "4"]


async def test_a_record_is_whole_or_not_there(path: Path, host: ManualHost) -> None:
    """Statements of one transaction are taken back together when one of them fails, and the journal is broken."""
    async with Journal(path, host) as journal:
        with pytest.raises(JournalError, match="cannot be written"):
            await journal.write(note("half"), ("INSERT INTO nowhere VALUES (1)", ()))
        with pytest.raises(JournalError, match="cannot be written"):
            journal.queue(note("later"))
    assert noted(path) == []


async def test_changes_of_one_transaction_keep_their_order(path: Path, host: ManualHost) -> None:
    """What is written together is written by kinds; the last change of a task is the last one all the same."""
    async with Journal(path, host) as journal:
        run = await journal.create_run("r", "t", {}, "", {}, [("put", "a"), ("put", "b")])
        ledger = await Ledger.load(journal, run, host)
        a, b = ledger.of("put")
        changes = ((a, Change.ANNOUNCED), (b, Change.ANNOUNCED), (a, Change.RELEASED), (b, Change.FINISHED))
        await asyncio.gather(*(ledger.change(row, change) for row, change in changes))
    assert noted(path) == ["announced", "announced", "released", "finished"]
    async with Journal(path, host) as journal:
        assert [row.state for row in await journal.rows(run.id)] == [State.PENDING, State.DONE]


async def test_a_text_that_is_no_text_does_not_hang_its_writer(path: Path, host: ManualHost) -> None:
    """Whatever breaks a record, who waits for it is told."""
    async with Journal(path, host) as journal:
        with pytest.raises(JournalError, match="cannot be written"):
            await finished(journal.write(note("\udcff")))


async def test_a_name_with_broken_letters_does_not_break_a_run(bench: Bench) -> None:
    """File names may hold bytes that are no text; reasons and results with them are recorded all the same."""
    bench.items = {"thing": {"00": "caf\udce9"}, "prompt": PROMPTS}
    await bench.run()
    assert bench.rows("put")[0]["result"] == '"id of caf\\udce9"'
    async with Journal(bench.path, bench.host) as journal:
        run = await journal.find_run("toy")
        assert run is not None
        ledger = await Ledger.load(journal, run, bench.host)
        row = ledger.rows["put"]["00"]
        await ledger.change(row, Change.REOPENED, reason="caf\udce9 is gone")
        await ledger.settle_run("paused", "caf\udce9", Happened.PAUSED)
    assert bench.rows("put")[0]["reason"] == "caf? is gone"
    assert feed.views(bench.path)[0].run.reason == "caf?"
    assert feed.events(bench.path, "toy")[-1][1].words == "toy paused: caf?"


# --- a full disk --------------------------------------------------------------------------------------------------


@pytest.mark.fault("D1")
async def test_nothing_is_sent_once_the_disk_is_full(bench: Bench) -> None:
    """The first record that does not fit stops the run; no request leaves after it."""

    async def fill(journal: Journal) -> None:
        def full(database: sqlite3.Connection) -> None:
            pages = database.execute("PRAGMA page_count").fetchone()[0]
            database.execute(f"PRAGMA max_page_count = {pages}")

        await journal._read(full)

    bench.items = {"thing": {f"{number:03d}": "x" * 300 + str(number) for number in range(300)}, "prompt": PROMPTS}
    async with Journal(bench.path, bench.host) as journal:
        await bench.create(journal)
        await fill(journal)
        with pytest.raises(JournalError, match=r"cannot be written \(database or disk is full\)"):
            await finished(bench.over(journal))
    assert 0 < len(bench.server.requests) < 300
    for name in bench.server.requests[1:]:
        key = f"{int(name[300:]):03d}"
        assert bench.states("put")[key] in ("intent", "done"), f"{key} was sent without an intent on disk"
    await finished(bench.run())
    assert len(bench.server.made) == len(set(bench.server.made)) == 302, "nothing twice, nothing lost"


async def test_a_broken_journal_is_not_marked_clean(path: Path, host: ManualHost) -> None:
    """Who could not write everything leaves it to the next one to look."""
    async with Journal(path, host) as journal:
        with pytest.raises(JournalError):
            await journal.write(("INSERT INTO nowhere VALUES (1)", ()))
    async with Journal(path, host) as journal:
        assert journal.unclean


@pytest.mark.fault("D5")
async def test_a_folder_that_cannot_be_used_is_told(path: Path, host: ManualHost) -> None:
    """A file where the folder is due: one sentence."""
    path.write_text("")
    with pytest.raises(JournalError, match=r"^The journal's folder .* cannot be used \(Not a directory\)\.$"):
        async with Journal(path / "run" / "journal.db", host):
            pass


# --- one process --------------------------------------------------------------------------------------------------


async def test_a_second_opening_is_refused_and_names_the_holder(path: Path, host: ManualHost) -> None:
    """The lock is the kernel's: it knows no stale holder, and is free after the close."""
    async with Journal(path, host):
        assert holder(path)
        second = asyncio.create_task(Journal(path, host).__aenter__())
        await finished(host.let_pass(lock.SECOND_TRY))
        with pytest.raises(JournalLocked, match=f"being worked on by process {os.getpid()} on "):
            await second
        assert holder(path), "the refused one must not let go of the other's lock"
    assert not holder(path)
    async with Journal(path, host):
        pass


async def test_who_only_asks_keeps_no_run_from_starting(path: Path, host: ManualHost) -> None:
    """A reader that asks for the holder holds the lock for a moment, which is waited out."""
    async with Journal(path, host):
        pass
    with path.with_suffix(".lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        opening = asyncio.create_task(Journal(path, host).__aenter__())
        await finished(host.asleep(lock.SECOND_TRY))
    host.push(lock.SECOND_TRY)
    journal = await finished(opening)
    await journal.__aexit__(None, None, None)


@pytest.mark.fault("D5")
async def test_links_are_not_followed(path: Path, host: ManualHost) -> None:
    """Neither the journal nor its lock is written through a link."""
    other = path.with_name("other.txt")
    other.write_text("mine")
    path.symlink_to(other)
    with pytest.raises(JournalError, match="is a link"):
        async with Journal(path, host):
            pass
    path.unlink()
    path.with_suffix(".lock").unlink()
    path.with_suffix(".lock").symlink_to(other)
    with pytest.raises(JournalError, match="cannot be used"):
        async with Journal(path, host):
            pass
    assert other.read_text() == "mine"


async def test_an_opening_that_is_cancelled_leaves_nothing(path: Path, host: ManualHost) -> None:
    """No lock, no thread and no connection stays behind."""
    host.held = asyncio.Semaphore(0)
    opening = asyncio.create_task(Journal(path, host).__aenter__())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    host.held = None
    gc.collect()
    assert not holder(path)
    async with Journal(path, host):
        pass


async def test_a_closed_journal_writes_no_more(path: Path, host: ManualHost) -> None:
    """Nothing is lost in silence: a record after the close is an error, as is a second reader."""
    journal = Journal(path, host)
    with pytest.raises(JournalError, match="is not open"):
        await journal.write(note("before"))
    async with journal:
        pass
    with pytest.raises(JournalError, match="is not open"):
        await journal.write(note("after"))
    with pytest.raises(JournalError, match="is not open"):
        await journal.find_run("toy")


async def test_reading_a_run_costs_the_same_beside_many_others(path: Path, host: ManualHost) -> None:
    """A batch reads each of its runs: what grew with their number would make it quadratic."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    async def cost(journal: Journal) -> int:
        nonlocal steps
        tally, steps = Tally(), 0
        with contextlib.closing(sqlite3.connect(path)) as database:
            tally.catch_up(database)
            await journal.write(note("warned"))
            database.set_progress_handler(count, 1)
            assert len(list(tasks(database, 1))) == 20
            assert next(runs(database, "run 0")).id == 1
            tally.catch_up(database)
        assert tally.counts[1, "warned"] == await journal.count(1, "warned")
        return steps

    async with Journal(path, host) as journal:
        keys = [("put", f"{number}") for number in range(20)]
        await journal.create_run("run 0", "t", {}, "", {}, keys)
        alone = await cost(journal)
        for number in range(1, 50):
            run = await journal.create_run(f"run {number}", "t", {}, "", {}, keys)
            await journal.write(*(Entry(host.now(), run.id, None, "retried") for _ in range(20)))
        assert await cost(journal) < 1.5 * alone


async def test_a_journal_whose_second_connection_fails_lets_go_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when there are too many open files: an error of ours, nothing stays open, and later it opens again."""
    connect, path = sqlite3.connect, tmp_path / "journal.db"

    def failing(*args: Any, uri: bool = False, **more: Any) -> Any:
        if uri:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(*args, **more)

    async with Journal(path, Host()):
        pass
    before = len(list(Path("/dev/fd").iterdir()))
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", failing)
        with pytest.raises(JournalError, match="unable to open"):
            async with Journal(path, Host()):
                pass
    assert len(list(Path("/dev/fd").iterdir())) == before
    async with Journal(path, Host()) as journal:
        assert await journal.runs() == []
