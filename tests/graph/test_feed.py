"""Runs in a journal, and those who read it while it is worked on."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.states import Change, State
from tests.graph.toy import THINGS, Bench, ManualHost


async def test_runs_are_rows(path: Path, host: ManualHost) -> None:
    """Several runs share a file and do not see each other's tasks and items."""
    async with Journal(path, host) as journal:
        one = await journal.create_run("one", "t1", {"n": 1}, "", {"x": {"a": 1}}, [("task", "a")])
        two = await journal.create_run(
            "two", "t2", {"n": 2}, "", {"x": {"a": 2, "b": 3}}, [("task", "a"), ("task", "b")]
        )
        assert await journal.find_run("two") == two
        assert await journal.find_run("three") is None
        assert one.plan == {"n": 1}
        assert [row.key for row in await journal.rows(one.id)] == ["a"]
        assert await journal.items(two.id, "x") == {"a": 2, "b": 3}
        ledger = await Ledger.load(journal, one, host)
        await ledger.change(ledger.rows["task"]["a"], Change.FINISHED, result=1)
    assert {view.run.name: dict(view.counts["task"]) for view in feed.views(path)} == {
        "one": {"done": 1},
        "two": {"pending": 2},
    }


async def test_a_run_is_created_whole_or_not_at_all(path: Path, host: ManualHost) -> None:
    """A name that exists already changes nothing."""
    async with Journal(path, host) as journal:
        await journal.create_run("one", "t", {}, "", {"x": {"a": 1}}, [("task", "a")])
        with pytest.raises(JournalError, match="UNIQUE"):
            await journal.create_run("one", "t", {}, "", {"x": {"b": 1}}, [("task", "b")])
        with pytest.raises(JournalError, match="UNIQUE"):
            await journal.create_run("two", "t", {}, "", {}, [("task", "a"), ("task", "a")])
    assert [view.run.name for view in feed.views(path)] == ["one"]


async def test_readers_see_a_run_while_it_is_worked_on(bench: Bench) -> None:
    """The feed reads between commits, and tells who is alive."""
    seen: list[tuple[bool, str, int]] = []

    def look(name: str) -> None:
        view = feed.views(bench.path)[0]
        seen.append((view.alive, view.state, view.counts["put"].get(State.DONE, 0)))

    bench.server.before = look
    await bench.run()
    assert seen[0] == (True, "running", 0)
    assert seen[-1] == (True, "running", 6)
    view = feed.views(bench.path)[0]
    assert (view.alive, view.state, view.counts["put"]) == (False, "done", {State.DONE: 6})
    assert view.sent.keys() == {"box", "put"}


async def test_a_run_that_nobody_works_on_is_interrupted(bench: Bench) -> None:
    """A process that died says nothing: the feed does."""
    dead: list[Bench] = []
    bench.server.before = lambda name: dead.append(bench.died()) if name == "close" else None
    await bench.run()
    view = feed.views(dead[0].path)[0]
    assert (view.state, view.run.state) == ("interrupted", "running")


async def test_events_are_numbered_and_can_be_followed(bench: Bench) -> None:
    """What listeners heard is in the file, in the same words, and later looks continue where the last one ended."""
    await bench.run()
    found = feed.events(bench.path, "toy")
    assert [event.words for _, event in found] == [event.words for event in bench.events]
    last = found[3][0]
    assert [seq for seq, _ in feed.events(bench.path, "toy", after=last)] == [seq for seq, _ in found[4:]]
    assert feed.newest(bench.path) == found[-1][0]
    assert feed.last_events(bench.path, "toy", 3) == [event for _, event in found[-3:]]
    assert feed.results(bench.path, "toy") == {"box": "id of box", "close": 6}
    assert feed.inputs(bench.path, "toy", "thing") == THINGS
    assert list(feed.inputs(bench.path, "toy", "thing", 2)) == list(THINGS)[:2]
    assert list(feed.first_results(bench.path, "toy", "put", 2)) == [0, 1]
    assert feed.first_results(bench.path, "nobody", "put", 2) == {}
    assert [row.key for row in feed.rows(bench.path, "toy") if row.name == "put"] == list(THINGS)
    assert feed.events(bench.path, "nobody") == []


async def test_whoever_follows_many_runs_asks_for_those_where_something_happened(
    path: Path, host: ManualHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many runs there are, a look is one query for all, and the next one only for what is new."""
    asked: list[str] = []
    connect = sqlite3.connect

    def listening(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*args, **kwargs)
        database.set_trace_callback(asked.append)
        return database

    async with Journal(path, host) as journal:
        rows = [await journal.create_run(f"run-{number}", "t", {}, "", {}, [("put", "")]) for number in range(50)]
        ledgers = [await Ledger.load(journal, row, host) for row in rows]
        for ledger in ledgers:
            await ledger.settle_run("running", None, Happened.STARTED)
        monkeypatch.setattr("bria_async.graph.feed.sqlite3.connect", listening)
        assert len(feed.views(path)) == 50
        assert sum("FROM task" in sql for sql in asked) == 1, asked
        seen = feed.newest(path)
        earlier = {view.run.name: view for view in feed.views(path)}
        assert feed.changed_views(path, seen, earlier) == [], "nothing happened"
        await ledgers[7].change(ledgers[7].rows["put"][""], Change.FINISHED, result={"id": 9})
        await ledgers[3].settle_run("paused", "no more", Happened.PAUSED)
        asked.clear()
        changed = {view.run.name: view for view in feed.changed_views(path, seen, earlier)}
        assert all("WHERE" in sql for sql in asked if "FROM task" in sql), asked
        assert changed["run-7"].counts == {"put": {State.DONE: 1}}
        assert changed.pop("run-3").run.reason == "no more"
        assert changed.keys() == {"run-7"}
        assert [event.run for _, event in feed.events(path, after=seen)] == ["run-7", "run-3"]
        assert [event.what for _, event in feed.events(path, "run-3")] == ["started", "paused"]
        assert feed.view(path, "run-7") == changed["run-7"]
        assert feed.view(path, "run-99") is None
        assert feed.results_of_all(path, "put", "box") == {"run-7": {"put": {"id": 9}}}


async def test_those_who_ask_for_an_approval(path: Path, host: ManualHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a journal are known by one query; who follows them reads only what is new, and forgets none."""
    asked: list[str] = []
    connect = sqlite3.connect

    def listening(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*args, **kwargs)
        database.set_trace_callback(asked.append)
        return database

    async with Journal(path, host) as journal:
        rows = [await journal.create_run(name, "t", {}, "", {}, [("put", "")]) for name in ("one", "two", "three")]
        one, two, _ = [await Ledger.load(journal, row, host) for row in rows]
        await one.record(Happened.ASKED, subject="a")
        await two.record(Happened.ASKED, subject="b")
        await two.record(Happened.APPROVED, subject="b")
        monkeypatch.setattr("bria_async.graph.feed.sqlite3.connect", listening)
        earlier = {view.run.name: view for view in feed.views(path)}
        assert sum("what IN" in sql for sql in asked) == 1, asked
        assert {name for name, view in earlier.items() if view.asked} == {"one"}
        assert all(feed.view(path, name) == view for name, view in earlier.items())
        seen = feed.newest(path)
        await one.settle_run("paused", "no more", Happened.PAUSED)
        await two.record(Happened.ASKED, subject="c")
        asked.clear()
        changed = {view.run.name: view for view in feed.changed_views(path, seen, earlier)}
        assert all(f"seq > {seen} " in sql for sql in asked if "what IN" in sql), asked
        assert {name: view.asked for name, view in changed.items()} == {"one": True, "two": True}
        seen = feed.newest(path)
        await one.record(Happened.APPROVED, subject="a")
        (approved,) = feed.changed_views(path, seen, earlier | changed)
        assert (approved.run.name, approved.asked) == ("one", False)


async def test_readers_change_nothing(bench: Bench) -> None:
    """A reader creates no journal, and cannot write one."""
    with pytest.raises(JournalError, match="cannot be read"):
        feed.views(bench.path)
    assert not bench.folder.exists()
    await bench.run()
    with feed._reading(bench.path) as database, pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("DELETE FROM event")
