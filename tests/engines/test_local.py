"""The local engine when nothing goes wrong, and when items are refused."""

import asyncio
from collections.abc import Mapping

import anyio
import attrs
import pytest

from bria_async.engines.local import Bounds
from bria_async.engines.turns import Turns
from bria_async.errors import GraphError, RunFailed
from bria_async.graph.graph import Graph, each, task
from bria_async.graph.runner import Protocol, Reopen
from tests.graph.toy import (
    NOT_SENT,
    REFUSED,
    THINGS,
    Bench,
    Server,
    box,
    close,
    cycles,
    finished,
    label,
    photo,
    put,
    skip,
    until,
)


async def test_a_graph_runs_to_its_end(bench: Bench) -> None:
    """Every task runs once, after those it needs, and its result is in the journal."""
    await bench.run()
    assert bench.server.made == ["box", *THINGS.values(), "close"]
    assert set(bench.states("put").values()) == {"done"}
    assert set(bench.vias("put").values()) == {"sent"}
    assert bench.rows("close")[0]["result"] == "6"
    assert bench.query("SELECT state FROM run")[0]["state"] == "done"
    assert bench.server.looks == 0, "a clean run has nothing to look for"


@task()
async def stray(server: Server) -> None:
    """Be cancelled by somebody else than the run."""
    raise asyncio.CancelledError


async def test_a_run_that_ends_before_its_tasks_is_not_done(bench: Bench) -> None:
    """A cancellation that nobody asked for ends a task without a word, and the run says so instead of being done."""
    bench.graph = Graph("stray", (stray,))
    with pytest.raises(GraphError, match="stray did not"):
        await bench.run()
    assert bench.query("SELECT state FROM run")[0]["state"] != "done"


@each("thing")
async def pair(thing: str) -> list[str]:
    """A result that is a value of its own."""
    return [thing, thing]


@task()
async def compared(pair: Mapping[str, list[str]]) -> list[bool]:
    """Look at the same result twice."""
    return [list(pair) == list(THINGS), pair["00"] == ["thing 0", "thing 0"], pair["00"] is pair["00"]]


async def test_results_of_many_are_read_when_a_task_looks(bench: Bench) -> None:
    """Who takes the results of all items gets them by key, and they are not kept in memory a second time."""
    bench.graph = Graph("pairs", (pair, compared))
    await bench.run()
    assert bench.rows("compared")[0]["result"] == "[true, true, false]"


async def test_a_finished_run_does_nothing(bench: Bench) -> None:
    """Running it again sends nothing and looks at nothing."""
    await bench.run()
    requests = list(bench.server.requests)
    await bench.run()
    assert bench.server.requests == requests
    assert bench.server.looks == 0


@pytest.mark.parametrize("bound", [1, 3, 6])
async def test_no_more_than_the_bound_runs_at_once(bench: Bench, bound: int) -> None:
    """The peak of concurrent requests is the bound exactly."""
    bench.bounds = Bounds({"put": Turns(bound)}, otherwise=16)
    await bench.run()
    assert bench.server.peak == bound


async def test_stages_without_an_edge_run_side_by_side(bench: Bench) -> None:
    """Two tasks that need nothing of each other wait for nobody."""

    @task()
    async def left(server: Server) -> str:
        return await server.answer("left")

    @task()
    async def right(server: Server) -> str:
        return await server.answer("right")

    bench.graph = Graph("sides", (left, right))
    await bench.run()
    assert bench.server.peak == 2


async def test_items_go_through_a_chain_on_their_own(bench: Bench) -> None:
    """An item's second task does not wait for the first task of other items."""
    bench.graph = Graph("chain", (box, put, label))
    bench.bounds = Bounds(otherwise=1)
    await bench.run()
    order = bench.server.requests
    assert order.index("label of thing 0") < order.index("thing 5"), order


async def test_what_a_refused_item_leads_to_is_left_out_as_well(bench: Bench) -> None:
    """A skipped item's later tasks are skipped, however long the chain, and the others go on."""
    bench.graph = Graph("chain", (box, put, label, photo, close))
    bench.policy = skip
    bench.server.faults = {"thing 2": [REFUSED]}
    await finished(bench.run())
    for name in ("put", "label", "photo"):
        left_out = [key for key, state in bench.states(name).items() if state == "skipped"]
        assert left_out == ["02"], f"{name}: {bench.states(name)}"
    assert bench.rows("close")[0]["result"] == "5"
    assert bench.rows("photo")[2]["reason"] == "label was left out"


async def test_what_a_skipped_task_leads_to_is_left_out_as_well(bench: Bench) -> None:
    """A task without items that was skipped takes what depends on it along."""
    bench.policy = skip
    bench.server.faults = {"box": [REFUSED]}
    await finished(bench.run())
    assert bench.server.made == []
    assert set(bench.states("put").values()) == {"skipped"}
    assert bench.states("close") == {"": "skipped"}


async def test_one_failing_item_stops_the_run_with_its_reason(bench: Bench) -> None:
    """The error that is raised is the policy's, and no group of errors."""
    bench.server.faults = {"thing 3": [REFUSED]}
    assert await bench.paused() == "put 03: no"
    assert bench.states("put")["03"] == "failed"
    assert bench.states("close") == {"": "pending"}


async def test_the_first_of_several_reasons_counts(bench: Bench) -> None:
    """When many items fail at once, one error is raised."""
    bench.server.faults = {thing: [REFUSED] for thing in THINGS.values()}
    assert await bench.paused() == "put 00: no"


@pytest.mark.fault("N1")
async def test_what_never_left_pauses_the_run_and_is_sent_again(bench: Bench) -> None:
    """No connection: nothing is in doubt, nothing is looked for, and a resume sends it."""
    bench.server.faults = {"thing 1": [NOT_SENT]}
    assert await bench.paused() == "put 01: no connection"
    await bench.run()
    assert sorted(bench.server.made) == sorted(["box", *THINGS.values(), "close"])
    assert bench.server.looks == 0
    assert bench.vias("put")["01"] == "sent", "the request that never left does not count"


async def test_a_resume_does_only_what_remains(bench: Bench) -> None:
    """What is done is neither sent nor looked for again."""
    bench.bounds = Bounds(otherwise=1)
    bench.server.faults = {"thing 3": [REFUSED]}
    await bench.paused()
    before = list(bench.server.requests)
    await bench.run()
    assert before == ["box", "thing 0", "thing 1", "thing 2", "thing 3"]
    assert bench.server.requests[len(before) :] == ["thing 3", "thing 4", "thing 5", "close"]


async def test_a_failure_for_good_keeps_its_reason(bench: Bench) -> None:
    """A run error of a task passes the policy by."""

    @task()
    async def verdict(box: str) -> str:
        raise RunFailed("the training failed", "toy")

    bench.graph = Graph("verdict", (box, verdict))
    bench.policy = skip
    assert await bench.paused(RunFailed) == "the training failed"
    assert bench.query("SELECT state, reason FROM run")[0]["reason"] == "the training failed"


async def test_a_bug_in_a_task_surfaces_as_it_is(bench: Bench) -> None:
    """An exception that is none of ours is raised as it came, not as a group."""

    @each("thing")
    async def buggy(thing: str) -> str:
        return dict[str, str]()[thing]

    bench.graph = Graph("bugs", (buggy,))
    with pytest.raises(KeyError, match="thing"):
        await bench.run()


async def test_a_safe_task_may_not_announce(bench: Bench) -> None:
    """A task that is declared safe and sends a creating request stops the run, whatever the policy says."""

    @task()
    async def liar(server: Server) -> str:
        return await server.make("box")

    bench.graph = Graph("lies", (liar,))
    bench.policy = skip
    message = await bench.paused(GraphError)
    assert message == "Task liar is declared safe and sends a findable request."
    assert bench.server.requests == []


async def test_a_task_announces_once(bench: Bench) -> None:
    """A second request with an effect in one task is refused: a doubt could not tell which one it is about."""

    @task(effect="findable", adopt=box.adopt)
    async def greedy(server: Server) -> str:
        return await server.make("box") + await server.make("another box")

    bench.graph = Graph("greed", (greedy,))
    assert await bench.paused(GraphError) == "A task that is intent cannot be announced."
    assert bench.server.made == ["box"]
    assert bench.states("greedy") == {"": "in_doubt"}, "the first one took effect"


# --- going back ---------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Losses:
    """Keys that an audit finds gone, one set after the other."""

    gone: list[tuple[str, ...]]


@each("thing")
async def tag(server: Server, put: str, thing: str) -> str:
    """A repeatable step between."""
    return await server.answer(f"tag of {thing}")


@task()
async def count(server: Server, put: Mapping[str, str], tag: Mapping[str, str]) -> int:
    """A repeatable step between that runs once; its result is how often it ran."""
    await server.answer("count")
    return server.made.count("count")


async def find_lid(server: Server) -> dict[str, str]:
    """Look for the lid."""
    return {"": "id of lid"} if "lid" in server.list() else {}


@task(effect="findable", adopt=find_lid)
async def lid(server: Server, put: Mapping[str, str]) -> str:
    """A step between that makes something."""
    return await server.make("lid")


@task()
async def audit(losses: Losses, put: Mapping[str, str], count: int, lid: str) -> int:
    """Find things gone."""
    if losses.gone:
        raise Reopen("things are gone", "put", losses.gone.pop(0))
    return count


@pytest.fixture
def audited(bench: Bench) -> Bench:
    """A bench whose graph ends in an audit that finds two things gone."""
    bench.graph = Graph("audited", (box, put, tag, count, lid, audit))
    bench.inputs = {"losses": Losses([("01", "04")])}
    return bench


async def test_what_is_gone_is_done_again_with_what_lies_between(audited: Bench) -> None:
    """Lost items, their own later steps, and single steps between are done again; nothing else is."""
    await finished(audited.run())
    made = audited.server.made
    assert {name: made.count(name) for name in ("thing 0", "thing 1", "thing 4")} == {
        "thing 0": 1,
        "thing 1": 2,
        "thing 4": 2,
    }
    assert made.count("tag of thing 1") == 2
    assert made.count("tag of thing 0") == 1
    assert made.count("count") == 2
    assert audited.rows("audit")[0]["result"] == "2", "it was given the newer result"


async def test_what_lies_between_and_made_something_is_not_made_twice(audited: Bench) -> None:
    """A findable step between keeps its result: it is still on the server."""
    await finished(audited.run())
    assert audited.server.made.count("lid") == 1


async def test_going_back_is_bounded(audited: Bench) -> None:
    """A server that keeps losing things pauses the run."""
    audited.inputs = {"losses": Losses([("01",)] * 9)}
    audited.protocol = Protocol(settle=0.0, rounds=3)
    assert await finished(audited.paused()) == "things are gone"
    assert audited.server.made.count("thing 1") == 1 + 3


async def test_going_back_to_what_is_no_task_is_an_error(audited: Bench) -> None:
    """A wrong name surfaces instead of hanging."""

    @task()
    async def confused(put: Mapping[str, str]) -> int:
        raise Reopen("gone", "nothing", ("01",))

    audited.graph = Graph("confused", (box, put, confused))
    with pytest.raises(KeyError, match="nothing"):
        await finished(audited.run())


# --- results and disk ---------------------------------------------------------------------------------------------


async def test_nothing_depends_on_an_outcome_that_is_not_durable(bench: Bench) -> None:
    """The next task of an item waits until the journal on disk holds the result of the one before."""
    seen: dict[str, str] = {}

    def look(name: str) -> None:
        if name.startswith("label"):
            seen[name] = bench.states("put")[f"{name[-1]:0>2}"]

    bench.graph = Graph("chain", (box, put, label))
    bench.bounds = Bounds({"label": Turns(2)}, otherwise=6)
    bench.server.before = look
    await bench.run()
    assert seen == {f"label of thing {number}": "done" for number in range(6)}


async def test_an_item_waits_for_the_disk_and_not_for_memory(bench: Bench) -> None:
    """A worker that comes free while the result before is on its way to the disk waits for it."""
    answered = {"a": anyio.Event(), "b": anyio.Event()}
    labelled = anyio.Event()
    begun: list[str] = []

    @each("thing")
    async def first(thing: str) -> str:
        await answered[thing].wait()
        return thing

    @each("thing")
    async def second(first: str) -> str:
        begun.append(first)
        await labelled.wait()
        return first

    bench.graph, bench.items = Graph("pair", (first, second)), {"thing": {"1": "a", "2": "b"}}
    bench.bounds = Bounds({"second": Turns(1)}, otherwise=2)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bench.run())
        answered["a"].set()
        await until(lambda: begun == ["a"])
        bench.host.held = asyncio.Semaphore(0)
        labelled.set()
        await cycles()
        answered["b"].set()
        await cycles()
        assert bench.ledger is not None
        assert bench.ledger.rows["first"]["2"].state == "done"
        assert bench.states("first")["2"] == "pending", "its commit is held"
        bench.host.held.release()
        await until(lambda: bench.states("second")["1"] == "done")
        await cycles()
        assert begun == ["a"], "the second item went on before its first result was durable"
        for _ in range(100):
            bench.host.held.release()
        await finished(running)
    assert begun == ["a", "b"]
