"""Items stay in the journal and are read whenever somebody looks at one; their sum is that of all of them."""

import sqlite3
import zlib
from pathlib import Path

import pytest

from bria_async.errors import JournalError
from bria_async.graph.items import Kept
from bria_async.graph.journal import Journal
from bria_async.graph.seal import ITEM, MANY, sum_of_items
from tests.graph.toy import ManualHost


async def test_items_are_read_when_somebody_looks(path: Path, host: ManualHost) -> None:
    """A look reads one of them, in the order of the keys; what is not there is not there."""
    async with Journal(path, host) as journal:
        run = await journal.create_run("r", "t", {}, "", {"image": {"b": {"size": 2}, "a": {"size": 7}}}, [])
        items = await journal.items(run.id, "image")
        assert (list(items), len(items)) == (["a", "b"], 2)
        assert items == {"a": {"size": 7}, "b": {"size": 2}}
        assert items["a"] is not items["a"], "nothing of it is kept in memory"
        assert "c" not in items and items.get("c") is None
        assert dict(await journal.items(run.id, "prompt")) == {}


async def test_a_value_is_made_of_what_was_read() -> None:
    """Whoever looks gets what the given function makes of the data, each time anew."""
    made: list[object] = []

    def read(data: list[int]) -> tuple[int, ...]:
        made.append(data)
        return tuple(data)

    kept = Kept({"a": "[1]", "b": "[2]"}, read)
    assert made == [], "nothing was looked at"
    assert kept["b"] == (2,) and made == [[2]]


async def test_items_of_a_closed_journal_are_out_of_reach(path: Path, host: ManualHost) -> None:
    """What stays in the file goes with it, and says so."""
    async with Journal(path, host) as journal:
        run = await journal.create_run("r", "t", {}, "", {"image": {"a": 1}}, [])
        items = await journal.items(run.id, "image")
    with pytest.raises(JournalError, match="cannot be read"):
        items["a"]
    assert sorted(each.name for each in path.parent.iterdir()) == ["journal.db", "journal.lock"], "all was tidied up"


async def test_the_largest_number_of_a_field(path: Path, host: ManualHost) -> None:
    """Told by the journal itself; 0 where there are no items."""
    async with Journal(path, host) as journal:
        sizes = {key: {"size": size} for key, size in {"a": 9, "b": 10_000_000_000, "c": 10}.items()}
        run = await journal.create_run("r", "t", {}, "", {"image": sizes}, [])
        assert await journal.largest(run.id, "image", "size") == 10_000_000_000
        assert await journal.largest(run.id, "prompt", "size") == 0


@pytest.mark.parametrize("number", [0, 1, MANY, MANY + 1])
async def test_the_sum_of_items_is_that_of_all_their_lines(path: Path, host: ManualHost, number: int) -> None:
    """However many are read at a time, it is the sum of all lines as one text, as older journals have it."""
    async with Journal(path, host) as journal:
        items = {f"{each:05}": {"né": each} for each in range(number)}
        await journal.create_run("r", "t", {}, "", {"image": items}, [("put", key) for key in items])
    database = sqlite3.connect(path)
    lines = [line for (line,) in database.execute(f"SELECT {ITEM} FROM item ORDER BY input, key")]  # noqa: S608  # ours  # noqa: S608  # constants only
    assert len(lines) == number
    assert sum_of_items(database, 1) == zlib.crc32(b"\n".join(lines))
    database.close()
    async with Journal(path, host) as journal:
        assert len(await journal.rows(1)) == number, "and it is believed"
