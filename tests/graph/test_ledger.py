"""Changes on their way into the journal, the words of events, and requests from outside."""

import asyncio
from pathlib import Path

import pytest

from bria_async.errors import GraphError
from bria_async.graph import feed
from bria_async.graph.control import STOP, Control, Request
from bria_async.graph.events import Event, Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.runner import Protocol
from bria_async.graph.states import Change, State
from tests.graph.toy import LOST_AFTER, REFUSED, Bench, ManualHost


async def test_a_walk_through_the_states_is_told(bench: Bench) -> None:
    """The way of an item whose answer was lost, as listeners hear it."""
    bench.server.faults = {"thing 1": [LOST_AFTER], "thing 2": [REFUSED]}
    await bench.paused()
    await bench.run()
    walk = [event.words for event in bench.events if event.key in ("01", "02")]
    assert [words for words in walk if words.startswith("put 01")] == [
        "put 01 is being sent",
        "put 01 in doubt: no answer in time",
        "put 01 found on the server",
    ]
    assert [words for words in walk if words.startswith("put 02")] == [
        "put 02 is being sent",
        "put 02 was not done: no",
        "put 02 failed: no",
        "put 02 reopened",
        "put 02 is being sent",
        "put 02 done",
    ]
    ends = [event.words for event in bench.happened(Happened.PAUSED, Happened.COMPLETED)]
    assert ends == ["toy paused: put 02: no", "toy completed"]


async def test_what_is_told_is_on_disk(bench: Bench) -> None:
    """Notes that nobody waits for too: whoever hears of something finds it in the file."""
    bench.server.faults = {"thing 1": [LOST_AFTER]}
    unknown: list[str] = []

    class Reading(list[Event]):
        def append(self, event: Event) -> None:
            super().append(event)
            if event.words not in {found.words for _, found in feed.events(bench.path, "toy")}:
                unknown.append(event.words)

    bench.events = Reading()
    bench.protocol = Protocol(settle=1.0)
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.run())
        await bench.host.let_pass(1.0)
    assert bench.happened(Happened.WAITED), "nothing was noted"
    assert unknown == []


async def test_an_illegal_change_changes_nothing(bench: Bench) -> None:
    """Neither in memory nor on disk."""
    await bench.run()
    async with Journal(bench.path, bench.host) as journal:
        run = await journal.find_run("toy")
        assert run is not None
        ledger = await Ledger.load(journal, run, bench.host)
        row = ledger.rows["close"][""]
        with pytest.raises(GraphError, match="A task that is done cannot be announced"):
            await ledger.change(row, Change.ANNOUNCED)
        assert (row.state, row.attempt, row.result) == (State.DONE, 0, "6")
    assert bench.states("close") == {"": "done"}


async def test_what_happened_how_often_and_when_last(bench: Bench) -> None:
    """Of one run and one kind, as it is on disk now."""
    bench.server.faults = {"thing 2": [REFUSED]}
    await bench.paused()
    bench.host.push(3600.0)
    await bench.run()
    async with Journal(bench.path, bench.host) as journal:
        row = await journal.find_run("toy")
        assert row is not None
        last = await journal.latest(1, Happened.COMPLETED)
        assert last is not None
        assert last[0] == row.created + 3600.0
        assert await journal.count(1, Happened.PAUSED) == 1
        fresh = await journal.create_run("fresh", "t", {}, "", {}, [])
        assert await journal.latest(2, Happened.WARNED) is None
        ledger = await Ledger.load(journal, fresh, bench.host)
        for text in ("one", "two"):
            await ledger.record(Happened.WARNED, reason=text)
            assert await journal.latest(2, Happened.WARNED) == (bench.host.now(), {"reason": text})
        assert [await journal.count(run, Happened.WARNED) for run in (1, 2)] == [0, 2]


def test_requests_wait_in_the_order_they_were_made(tmp_path: Path) -> None:
    """Each is whole, with its data and its time."""
    host, control = ManualHost(), Control(tmp_path / "control")
    assert control.waiting() == []
    control.ask(Request(STOP, {"training": True}), host)
    host.push(5.0)
    control.ask(Request("approve"), host)
    found = [request for _, request in control.waiting()]
    assert found == [
        Request(STOP, {"training": True}, at=1_000_000.0),
        Request("approve", {}, at=1_000_005.0),
    ]


def test_a_request_that_was_taken_away_is_not_seen(tmp_path: Path) -> None:
    """Not even where it was listed just before."""
    (tmp_path / "1.json").symlink_to(tmp_path / "taken away")
    assert Control(tmp_path).waiting() == []
    (tmp_path / "taken away").write_text('{"what": "stop"}')
    assert [request.what for _, request in Control(tmp_path).waiting()] == [STOP]


def test_half_a_request_is_not_seen(tmp_path: Path) -> None:
    """A file that is being written has another name."""
    (tmp_path / ".0001000000.000000-abc").write_text('{"wh')
    assert Control(tmp_path).waiting() == []
