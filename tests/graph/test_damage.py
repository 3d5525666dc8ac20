"""Damaged journals: what is read is what was once durable, or the journal is refused with a sentence."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bria_async.errors import JournalDamaged, JournalError
from bria_async.graph import feed
from bria_async.graph.journal import Journal
from bria_async.graph.runner import Protocol
from bria_async.graph.seal import sum_of
from tests.graph.ruins import TWO, Ruin, made, read, refused, scratch
from tests.graph.toy import Bench, ManualHost, finished

pytestmark = pytest.mark.exhaustive

EXAMPLES = 60 * int(os.environ.get("BRIA_FUZZ", "1"))
SLICES = 4
"""Parts of a loop over all bytes, so that they can run beside each other."""


@pytest.fixture
def host() -> ManualHost:
    """A host on a manual clock."""
    return ManualHost()


@pytest.fixture
async def closed(tmp_path: Path) -> Ruin:
    """A journal that was closed."""
    return await made(tmp_path, closed=True)


@pytest.fixture
async def left(tmp_path: Path) -> Ruin:
    """A journal whose process died."""
    return await made(tmp_path, closed=False)


def believed(ruin: Ruin, path: Path, *, unclean: bool | None = None) -> bool:
    """Whether a damaged journal is believed; then it must be what it once was, and tell how it was left."""
    if refused(path):
        return False
    state, doubtful = read(path)
    assert state in ruin.durable, "a state that never was"
    assert unclean is None or doubtful == unclean, f"unclean is {doubtful}"
    return True


def flipped(content: bytes, at: int) -> bytes:
    """The same with one bit changed, another one at each place."""
    return content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


# --- every byte ---------------------------------------------------------------------------------------------------


@pytest.mark.fault("D3")
@pytest.mark.parametrize("part", range(SLICES))
async def test_a_flipped_bit_in_a_closed_journal(closed: Ruin, part: int) -> None:
    """A bit in every byte: it is refused, or nothing of what was recorded is different."""
    with scratch() as folder:
        outcomes = [
            believed(closed, closed.lie(folder, main=flipped(closed.main, at)), unclean=False)
            for at in range(part, len(closed.main), SLICES)
        ]
    assert outcomes.count(False) > len(outcomes) / 3, "most of the file matters"
    assert True in outcomes, "free space does not"


@pytest.mark.fault("D3")
@pytest.mark.parametrize("part", range(SLICES))
async def test_a_flipped_bit_in_what_was_written_ahead(left: Ruin, part: int) -> None:
    """A bit in every byte of the WAL: SQLite drops what does not add up; the older state still says: look."""
    with scratch() as folder:
        for at in range(part, len(left.wal), SLICES):
            assert believed(left, left.lie(folder, wal=flipped(left.wal, at)), unclean=True), f"byte {at}"


@pytest.mark.fault("D3")
async def test_a_journal_cut_at_each_byte(closed: Ruin) -> None:
    """A main file that lost its end, or everything, is refused, whatever is left of it."""
    with scratch() as folder:
        for length in range(len(closed.main)):
            sentence = refused(closed.lie(folder, main=closed.main[:length]))
            assert sentence is not None, f"believed with {length} of {len(closed.main)} bytes"
            assert "bria-async repair" in sentence


@pytest.mark.fault("D3")
@pytest.mark.parametrize("part", range(SLICES))
async def test_a_torn_tail_at_each_byte(left: Ruin, part: int) -> None:
    """A WAL cut anywhere, or gone, leaves an older state that nobody takes for the whole truth."""
    with scratch() as folder:
        for length in range(part, len(left.wal), SLICES):
            assert believed(left, left.lie(folder, wal=left.wal[:length]), unclean=True), f"cut at {length}"


@pytest.mark.fault("D3")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage(ruins: tuple[Ruin, Ruin], data: st.DataObject) -> None:
    """Runs of bytes overwritten, cut out or swapped in both files: never a state that was not."""
    ruin = ruins[data.draw(st.integers(0, 1))]
    main, wal = bytearray(ruin.main), bytearray(ruin.wal)
    for _ in range(data.draw(st.integers(1, 4))):
        target = wal if wal and data.draw(st.booleans()) else main
        at = data.draw(st.integers(0, max(0, len(target) - 1)))
        match data.draw(st.sampled_from(("overwrite", "cut", "copy", "zero"))):
            case "overwrite":
                fresh = data.draw(st.binary(min_size=1, max_size=40))
                target[at : at + len(fresh)] = fresh
            case "cut":
                del target[at:]
            case "zero":
                target[at : at + 512] = bytes(len(target[at : at + 512]))
            case "copy":  # a page of another time
                page, other = at // 512 * 512, data.draw(st.integers(0, max(0, len(target) // 512 - 1))) * 512
                target[page : page + 512] = target[other : other + 512]
    with scratch() as folder:
        believed(ruin, ruin.lie(folder, main=bytes(main), wal=bytes(wal)))


@pytest.fixture
async def ruins(tmp_path: Path) -> tuple[Ruin, Ruin]:
    """Both kinds."""
    return await made(tmp_path / "closed", closed=True), await made(tmp_path / "left", closed=False)


# --- and then -----------------------------------------------------------------------------------------------------


@pytest.mark.fault("D3")
async def test_a_run_goes_on_from_any_torn_tail(left: Ruin, tmp_path: Path) -> None:
    """Wherever the WAL was cut between two records: the next process looks, and nothing is twice, nothing missing."""
    adopted = set()
    for length in range(0, len(left.wal) + 1, 536):
        folder = tmp_path / str(length)
        folder.mkdir()
        left.lie(folder, wal=left.wal[:length])
        bench = Bench(folder, items={"thing": TWO, "prompt": {}}, protocol=Protocol(settle=0.0))
        bench.server.made = ["box", "thing 0", "thing 1"]
        await finished(bench.run())
        assert sorted(bench.server.made) == ["box", "close", "thing 0", "thing 1"], f"cut at {length}"
        adopted.add(sum(via == "adopted" for via in [*bench.vias("put").values(), *bench.vias("box").values()]))
    assert adopted >= {0, 1, 2, 3}, f"the cuts were not all different: {adopted}"


@pytest.mark.fault("D3")
async def test_what_is_done_is_confirmed_by_the_same_look(left: Ruin, tmp_path: Path) -> None:
    """After an unclean close a thing that the journal calls done and the server does not have is made again."""
    cut = next(
        length
        for length in range(len(left.wal), 0, -536)
        if Bench(_lying(left, tmp_path / str(length), length)).states("put") == {"00": "done", "01": "pending"}
    )
    bench = Bench(tmp_path / str(cut), items={"thing": TWO, "prompt": {}})
    bench.server.made = ["box"]
    await finished(bench.run())
    assert sorted(bench.server.made) == ["box", "close", "thing 0", "thing 1"]
    assert bench.server.looks == 2, "once when it noticed, once before it sent again"
    assert [event.key for event in bench.happened("reopened")] == ["00"]


def _lying(ruin: Ruin, folder: Path, length: int) -> Path:
    folder.mkdir()
    ruin.lie(folder, wal=ruin.wal[:length])
    return folder


# --- what does not add up -----------------------------------------------------------------------------------------

DAMAGES = {
    "UPDATE task SET result = '\"id of another\"' WHERE key = '01'": "task put 01 is not as it was written",
    "UPDATE task SET key = '02' WHERE key = '01'": "task put 02 is not as it was written",
    "DELETE FROM task WHERE key = '01'": "run toy has not all of its 4 tasks",
    "DELETE FROM event WHERE seq = 3": "its event 3 is missing or not as it was written",
    "UPDATE event SET what = 'adopted' WHERE seq = 3": "its event 3 is missing or not as it was written",
    "DELETE FROM event WHERE seq > 3": "which does not follow from its events",
    "UPDATE item SET data = '\"thing 9\"' WHERE key = '01'": "the items of run toy are not as they were written",
    "DELETE FROM item WHERE key = '01'": "the items of run toy are not as they were written",
    "UPDATE run SET tag = 'gat'": "run toy is not as it was written",
    "UPDATE run SET state = 'done'": "run toy is done, which does not follow from its events",
    "DELETE FROM run": "it has tasks of no run",
    "UPDATE meta SET value = 'yes'": "the mark of its last close is not as it was written",
    "DROP TABLE event": "its tables are not those of format 2",
}


@pytest.mark.fault("D3")
@pytest.mark.parametrize("sql", DAMAGES, ids=str)
async def test_what_does_not_add_up_is_named(closed: Ruin, tmp_path: Path, host: ManualHost, sql: str) -> None:
    """The sentence names the task or the row, and offers `repair`; nothing is touched, and nobody holds the lock."""
    folder = tmp_path / "run"
    shutil.rmtree(folder)
    folder.mkdir()
    path = closed.lie(folder)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(sql)
    before = path.read_bytes()
    with pytest.raises(JournalDamaged) as caught:
        async with Journal(path, host):
            pass
    assert DAMAGES[sql] in caught.value.message
    assert str(caught.value).endswith("bria-async repair run")
    assert path.read_bytes() == before


@pytest.mark.fault("D3")
async def test_a_row_that_is_right_and_too_old_is_found(closed: Ruin, tmp_path: Path, host: ManualHost) -> None:
    """A page of an earlier time adds up by itself; the events tell that it is not the newest."""
    path = closed.lie(tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        (run,) = database.execute("SELECT id FROM run").fetchone()
        (number,) = database.execute("SELECT id FROM task WHERE key = '01'").fetchone()
        old = (number, run, "put", "01", "pending", 0, None, None, None, None, None)
        database.execute("REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*old, sum_of(*old)))
    with pytest.raises(JournalDamaged, match="task put 01 is pending, which does not follow from its events"):
        async with Journal(path, host):
            pass


@pytest.mark.fault("D3")
async def test_a_journal_whose_main_file_is_gone_is_not_begun_anew(left: Ruin, tmp_path: Path) -> None:
    """What was written ahead is left alone, and no second run begins under its name."""
    path = left.lie(tmp_path)
    path.unlink()
    with pytest.raises(JournalDamaged, match="its main file is gone"):
        async with Journal(path, ManualHost()):
            pass
    assert path.with_name("journal.db-wal").read_bytes() == left.wal


@pytest.mark.fault("D3")
async def test_a_page_that_is_free_and_in_use_is_found(closed: Ruin, tmp_path: Path) -> None:
    """What is read may be right, and the next write would still overwrite it: the file's own order counts too."""
    content = bytearray(closed.main)
    content[32:40] = bytes([0, 0, 0, 3, 0, 0, 0, 1])  # the list of free pages: one, the third
    assert "its file is broken" in str(refused(closed.lie(tmp_path, main=bytes(content))))


@pytest.mark.fault("D3")
async def test_a_run_is_in_the_main_file_before_anything_is_sent(tmp_path: Path) -> None:
    """Without its WAL a journal still holds its run, its tag and all its tasks: no second run begins in its place."""
    bench = Bench(tmp_path / "run")
    async with Journal(bench.path, bench.host) as journal:
        run = await bench.create(journal)
        dead = bench.died()
    dead.path.with_name("journal.db-wal").unlink(missing_ok=True)
    async with Journal(dead.path, ManualHost()) as journal:
        assert await journal.find_run("toy") == run
        assert len(await journal.rows(run.id)) == 8
        assert journal.unclean


@pytest.mark.fault("D3")
@pytest.mark.parametrize(
    ("index", "old", "new", "sentence"),
    [
        ("sqlite_autoindex_run_1", b"toy", b"tox", "run toy cannot be found by its name"),
        ("sqlite_autoindex_task_1", b"\x05\x09", b"\x05\x08", "the tasks of run toy cannot be found"),  # of run 0
    ],
)
async def test_an_index_that_is_wrong_is_noticed(
    tmp_path: Path, index: str, old: bytes, new: bytes, sentence: str
) -> None:
    """No sum covers it: a run that is not found would begin again, and a task that is not found would never be done."""
    bench = Bench(tmp_path / "run")
    async with Journal(bench.path, bench.host) as journal:
        await bench.create(journal)
    with contextlib.closing(sqlite3.connect(bench.path)) as database:
        size = database.execute("PRAGMA page_size").fetchone()[0]
        sql = "SELECT rootpage - 1 FROM sqlite_schema WHERE name = ?"
        start = database.execute(sql, (index,)).fetchone()[0] * size
    content = bench.path.read_bytes()
    page = content[start : start + size]
    assert old in page
    bench.path.write_bytes(content[:start] + page.replace(old, new) + content[start + size :])
    with pytest.raises(JournalDamaged, match=sentence):
        async with Journal(bench.path, ManualHost()):
            pass


async def test_readers_of_a_damaged_journal_are_told(closed: Ruin, tmp_path: Path) -> None:
    """Whatever a row holds, readers get one sentence and no traceback."""
    path = closed.lie(tmp_path)
    copy = tmp_path / "copy.db"
    readers: dict[str, Callable[[], object]] = {
        "UPDATE task SET state = 'donf'": lambda: feed.views(copy),
        "UPDATE run SET plan = '{'": lambda: feed.views(copy),
        "UPDATE item SET data = x'ff'": lambda: feed.inputs(copy, "toy", "thing"),
    }
    for sql, reader in readers.items():
        shutil.copy(path, copy)
        with contextlib.closing(sqlite3.connect(copy)) as database, database:
            database.execute(sql)
        with pytest.raises(JournalError, match="cannot be read"):
            reader()


def test_the_ruins_are_worth_it(ruins: tuple[Ruin, Ruin]) -> None:
    """One was closed and has one state, the other was not and has many."""
    closed, left = ruins
    assert (len(closed.durable), closed.wal) == (1, b"")
    assert len(left.durable) >= 8, f"{len(left.durable)} states"
    assert len(left.wal) > 8 * 536
    assert attrs.evolve(closed, wal=b"") == closed
