"""Ways to stop: a request, a cancellation, an error elsewhere. What is on its way gets its grace, nothing leaks."""

import asyncio
import threading

import anyio
import attrs
import pytest

from bria_async.engines.local import Bounds
from bria_async.errors import RunCancelled
from bria_async.graph.control import STOP, Request
from bria_async.graph.graph import Graph, task
from bria_async.graph.journal import Journal
from bria_async.host import observer
from tests.graph.toy import LOST_AFTER, REFUSED, THINGS, Bench, Server, box, cycles, finished, until

GRACE = 8.0


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """A bench whose server keeps requests until its gate opens; three things are on their way at once."""
    bench.server.gate = anyio.Event()
    bench.server.gate.set()
    bench.bounds = Bounds(otherwise=3, grace=GRACE)

    def shut(name: str) -> None:
        if name == "thing 0":
            bench.server.gate = anyio.Event()

    bench.server.before = shut
    return bench


async def underway(bench: Bench) -> None:
    """Return when three things are on their way."""
    await until(lambda: bench.server.active == 3)


def opened(bench: Bench) -> None:
    """Let the server answer from now on."""
    assert bench.server.gate is not None
    bench.server.gate.set()
    bench.server.gate = None
    bench.server.before = lambda _: None


def journal_threads() -> int:
    """How many threads work for this library."""
    return sum(thread.name.startswith("bria-journal") for thread in threading.enumerate())


async def ended(bench: Bench) -> None:
    """The journal is closed, marked clean, unlocked, and nothing of the run is left in this process."""
    assert journal_threads() == 0, "the journal's thread is still there"
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with Journal(bench.path, bench.host) as journal:
        assert not journal.unclean


async def completed(bench: Bench) -> None:
    """Running it again finishes, and everything is there once."""
    if bench.server.gate is not None:
        opened(bench)
    bench.protocol = attrs.evolve(bench.protocol, settle=0.0)
    await finished(bench.run())
    assert sorted(bench.server.made) == sorted(["box", *THINGS.values(), "close"])


# --- in order -----------------------------------------------------------------------------------------------------


async def test_a_stop_request_lets_finish_what_is_on_its_way(busy: Bench) -> None:
    """Nothing new is taken, the answers on their way are taken, and the run says how to go on."""
    running = asyncio.create_task(busy.run())
    await underway(busy)
    await finished(busy.ask_to_stop())
    await finished(busy.host.asleep(GRACE))
    opened(busy)
    with pytest.raises(RunCancelled, match="asked to stop"):
        await finished(running)
    assert list(busy.states("put").values()) == ["done"] * 3 + ["pending"] * 3
    assert busy.query("SELECT state FROM run")[0]["state"] == "paused"
    assert list(busy.control.folder.iterdir()) == [], "the request was taken away"
    await ended(busy)
    await completed(busy)
    assert busy.server.looks == 0


async def test_what_outlives_its_grace_is_in_doubt(busy: Bench) -> None:
    """After the grace time requests are cut; the next run looks for them."""
    running = asyncio.create_task(busy.run())
    await underway(busy)
    await finished(busy.ask_to_stop())
    await finished(busy.host.let_pass(GRACE))
    with pytest.raises(RunCancelled):
        await finished(running)
    assert list(busy.states("put").values()) == ["in_doubt"] * 3 + ["pending"] * 3
    await ended(busy)
    busy.server.made += ["thing 1"]
    await completed(busy)
    assert busy.vias("put") == {
        "00": "resent",
        "01": "adopted",
        "02": "resent",
        "03": "sent",
        "04": "sent",
        "05": "sent",
    }


async def test_a_failure_stops_the_others_in_order(busy: Bench) -> None:
    """One refused item: what is on its way beside it is finished, nothing new is taken."""
    busy.server.faults = {"thing 1": [REFUSED]}
    running = asyncio.create_task(busy.paused())
    await underway(busy)
    opened(busy)
    assert await finished(running) == "put 01: no"
    states = busy.states("put")
    assert states["01"] == "failed"
    assert "in_doubt" not in states.values()
    assert "intent" not in states.values()


async def test_waiting_is_interrupted_at_once(bench: Bench) -> None:
    """A run that stops does not wait for a settle delay."""
    bench.protocol = attrs.evolve(bench.protocol, settle=150.0)
    bench.server.faults = {"box": [LOST_AFTER]}
    running = asyncio.create_task(bench.run())
    await finished(bench.host.asleep(150.0))
    await finished(bench.ask_to_stop())
    with pytest.raises(RunCancelled):
        await finished(running)
    assert bench.states("box") == {"": "in_doubt"}
    await completed(bench)


async def test_a_task_that_has_sent_nothing_is_interrupted_at_once(bench: Bench) -> None:
    """A task that waits for its turn is not in doubt when the run stops."""
    waits = anyio.Event()

    @task(effect="findable", adopt=box.adopt)
    async def patient(server: Server) -> str:
        waits.set()
        await asyncio.Event().wait()
        return await server.make("box")

    bench.graph = Graph("patience", (patient,))
    running = asyncio.create_task(bench.run())
    await waits.wait()
    await finished(bench.ask_to_stop())
    with pytest.raises(RunCancelled):
        await finished(running)
    assert bench.states("patient") == {"": "pending"}


async def test_nothing_is_announced_once_the_run_stops(bench: Bench) -> None:
    """A task that comes to its request after the stop sends it no more, and leaves no doubt."""
    proceed = anyio.Event()

    @task(effect="findable", adopt=box.adopt)
    async def stubborn(server: Server) -> str:
        with anyio.CancelScope(shield=True):
            await proceed.wait()
        return await server.make("box")

    bench.graph = Graph("stubborn", (stubborn,))
    running = asyncio.create_task(bench.run())
    await finished(bench.ask_to_stop())
    await finished(bench.host.asleep(bench.bounds.grace))
    proceed.set()
    with pytest.raises(RunCancelled):
        await finished(running)
    assert bench.server.requests == []
    assert bench.states("stubborn") == {"": "pending"}


async def test_a_request_that_waits_for_its_repetition_is_interrupted_at_once(bench: Bench) -> None:
    """What was refused and waits to be sent again has not left: it needs no grace and leaves no doubt."""
    waits = anyio.Event()

    @task(effect="findable", adopt=box.adopt)
    async def throttled(server: Server) -> str:
        watcher = observer.get()
        assert watcher is not None
        await watcher.announced("findable")
        watcher.retried("make box", "429", 60.0)
        waits.set()
        await asyncio.Event().wait()
        return "never"

    bench.graph = Graph("throttled", (throttled,))
    running = asyncio.create_task(bench.run())
    await finished(waits.wait())
    await finished(bench.ask_to_stop())
    with pytest.raises(RunCancelled):
        await finished(running)
    assert bench.states("throttled") == {"": "pending"}


async def test_a_control_folder_that_cannot_be_used_surfaces_as_it_is(bench: Bench) -> None:
    """An error of the one who listens stops the run in order, and is no group of errors."""
    bench.server.gate = anyio.Event()
    running = asyncio.create_task(bench.run())
    await finished(bench.host.asleep(bench.interval))
    (bench.control.folder / "odd.json").mkdir(parents=True)
    bench.host.push(bench.interval)
    await finished(bench.host.asleep(bench.bounds.grace))
    opened(bench)
    with pytest.raises(OSError, match=r"odd\.json"):
        await finished(running)
    assert bench.states("box") == {"": "done"}


async def test_a_stop_request_for_another_process_is_ignored(bench: Bench) -> None:
    """A request that is older than the engine does not stop it, and is removed."""
    bench.control.ask(Request(STOP), bench.host)
    bench.host.push(1.0)
    bench.server.gate = anyio.Event()
    running = asyncio.create_task(bench.run())
    await until(lambda: list(bench.control.folder.iterdir()) == [])
    opened(bench)
    await finished(running)
    assert bench.query("SELECT state FROM run")[0]["state"] == "done"


async def test_a_control_file_that_cannot_be_read_does_no_harm(bench: Bench) -> None:
    """Rubbish in the control folder is removed and ignored."""
    bench.control.folder.mkdir(parents=True)
    for number, text in enumerate(("", "[]", "{}", '"stop"', '{"what": 1, "at": "noon"}', "\udcff")):
        (bench.control.folder / f"{number}.json").write_text(text, errors="surrogateescape")
    bench.server.gate = anyio.Event()
    running = asyncio.create_task(bench.run())
    await until(lambda: list(bench.control.folder.iterdir()) == [])
    opened(bench)
    await finished(running)


# --- cancelled from outside ---------------------------------------------------------------------------------------


@pytest.mark.fault("P5")
async def test_a_cancelled_run_closes_everything(busy: Bench) -> None:
    """`task.cancel()` comes through as itself; what was on its way is in doubt; nothing is left open."""
    running = asyncio.create_task(busy.run())
    await underway(busy)
    running.cancel("the user left")
    with pytest.raises(asyncio.CancelledError):
        await running
    assert running.cancelled()
    assert list(busy.states("put").values()) == ["in_doubt"] * 3 + ["pending"] * 3
    run = busy.query("SELECT state, reason FROM run")[0]
    assert (run["state"], run["reason"]) == ("paused", "CancelledError")
    await ended(busy)
    await completed(busy)


async def test_a_run_cancelled_twice_lets_go_at_once(busy: Bench) -> None:
    """A second cancellation while the journal is being closed leaves neither lock nor thread behind."""
    running = asyncio.create_task(busy.run())
    await underway(busy)
    busy.host.held = asyncio.Semaphore(0)
    running.cancel()
    await cycles()
    assert not running.done(), "the journal waits for its disk"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    busy.host.held.release()
    busy.host.held = None
    await cycles()
    assert journal_threads() == 0
    await completed(busy)


async def test_a_timeout_ends_a_run(busy: Bench) -> None:
    """`asyncio.timeout` raises its own error."""

    async def limited() -> None:
        async with asyncio.timeout(None) as limit:
            group.create_task(expire(limit))
            await busy.run()

    async def expire(limit: asyncio.Timeout) -> None:
        await underway(busy)
        limit.reschedule(asyncio.get_running_loop().time())

    async with asyncio.TaskGroup() as group:
        with pytest.raises(TimeoutError):
            await limited()
    await ended(busy)
    await completed(busy)


async def test_an_anyio_scope_ends_a_run(busy: Bench) -> None:
    """A cancelled scope around a run swallows its own cancellation and nothing else."""

    async def end(scope: anyio.CancelScope) -> None:
        await underway(busy)
        scope.cancel()

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(end, scope)
            await busy.run()
    assert scope.cancelled_caught
    assert "in_doubt" in busy.states("put").values()
    await ended(busy)
    await completed(busy)


async def test_a_cancelled_run_of_a_broken_journal_is_still_cancelled(busy: Bench) -> None:
    """Neither a broken disk nor what is left to record replaces the cancellation."""

    async def broken() -> None:
        async with Journal(busy.path, busy.host) as journal:
            started.set_result(journal)
            await busy.over(journal)

    started: asyncio.Future[Journal] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(broken())
    journal = await started
    await underway(busy)
    journal._broken = "the disk is gone"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
