"""Formats of a journal: old ones are carried on, a newer one and what is none are left alone."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from bria_async.errors import JournalError, JournalTooNew
from bria_async.graph import feed
from bria_async.graph.journal import Journal
from bria_async.graph.lock import holder
from bria_async.graph.storage import VERSION
from tests.graph.toy import THINGS, Bench, ManualHost, finished

OLD = sorted((Path(__file__).parents[1] / "journals").glob("format-*.db"))


@pytest.mark.fault("P8")
async def test_a_newer_format_is_refused_untouched(path: Path, host: ManualHost) -> None:
    """A journal of a later version is neither read nor changed."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 3")
    database.close()
    before = path.read_bytes()
    with pytest.raises(JournalTooNew, match=r"has format 3; this version reads up to 2\. Upgrade bria-async"):
        async with Journal(path, host):
            pass
    with pytest.raises(JournalTooNew):
        feed.views(path)
    assert path.read_bytes() == before
    assert not holder(path)


async def test_a_file_that_is_no_journal_is_refused(path: Path, host: ManualHost) -> None:
    """Something else under that name is left alone."""
    path.write_text("a text that is longer than the head of a database, and none " * 20)
    with pytest.raises(JournalError, match="file is not a database"):
        async with Journal(path, host):
            pass
    with pytest.raises(JournalError, match="file is not a database"):
        feed.views(path)


async def test_the_schema_is_the_numbered_file(path: Path, host: ManualHost) -> None:
    """A new journal has the tables of the .sql file and its number."""
    async with Journal(path, host):
        pass
    database = sqlite3.connect(path)
    names = {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")}
    version = database.execute("PRAGMA user_version").fetchone()[0]
    database.close()
    assert names == {"meta", "run", "item", "task", "event"}
    assert version == 2


@pytest.mark.fault("P8")
def test_there_is_a_journal_of_each_format() -> None:
    """Every format that was ever released has its fixture, and so has this one."""
    assert [path.name for path in OLD] == [f"format-{number}.db" for number in range(1, VERSION + 1)]


@pytest.mark.fault("P8")
@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
async def test_an_old_journal_is_read_and_carried_on(old: Path, tmp_path: Path) -> None:
    """A journal of that format, left by a process that died in mid-run, finishes and sends nothing twice."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(old, folder / "journal.db")
    bench = Bench(folder)
    assert bench.states("put") == {
        "00": "done",
        "01": "in_doubt",
        "02": "intent",
        "03": "done",
        "04": "failed",
        "05": "pending",
    }
    bench.server.made = ["box", "thing 0", "thing 1", "thing 3"]
    await finished(bench.run())
    assert sorted(bench.server.made) == sorted(["box", *THINGS.values(), "close"])
    vias = bench.vias("put")
    assert (vias["00"], vias["01"], vias["02"], vias["05"]) == ("sent", "adopted", "resent", "sent")
