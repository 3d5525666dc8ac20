"""Lost answers: what is looked for, what is sent again, what is reported as perhaps charged."""

import asyncio
from collections.abc import Mapping

import attrs
import pytest

from bria_async.engines.local import Bounds
from bria_async.errors import RunPaused, Unreadable
from bria_async.graph.events import Happened
from bria_async.graph.graph import Graph, each, task
from bria_async.graph.journal import Journal
from bria_async.graph.runner import Protocol
from bria_async.graph.states import Change
from bria_async.host import observer
from tests.graph.forgery import FORGET, forge
from tests.graph.toy import (
    LATE,
    LOST,
    LOST_AFTER,
    REFUSED,
    THINGS,
    Bench,
    Server,
    box,
    close,
    find_box,
    finished,
    hint,
    put,
    sale,
    skip,
    until,
)


def once(bench: Bench) -> None:
    """Everything is there exactly once."""
    assert sorted(bench.server.made) == sorted(["box", *THINGS.values(), "close"])


async def test_what_took_effect_is_adopted(bench: Bench) -> None:
    """An effect whose answer was lost is found and not repeated."""
    bench.server.faults = {"thing 2": [LOST_AFTER]}
    await bench.run()
    once(bench)
    assert bench.vias("put")["02"] == "adopted"
    assert bench.rows("put")[2]["result"] == '"id of thing 2"'
    assert bench.server.looks == 1


async def test_what_did_not_take_effect_is_sent_once_more(bench: Bench) -> None:
    """An effect that the look does not find is repeated, and told as such."""
    bench.server.faults = {"thing 2": [LOST]}
    await bench.run()
    once(bench)
    assert bench.server.requests.count("thing 2") == 2
    assert bench.vias("put")["02"] == "resent"


async def test_many_doubts_are_settled_by_one_look(bench: Bench) -> None:
    """However many answers are lost, the server is asked once."""
    bench.server.faults = {thing: [LOST_AFTER] for thing in THINGS.values()}
    await bench.run()
    once(bench)
    assert bench.server.looks == 1


async def test_nobody_looks_before_the_server_must_be_done(bench: Bench) -> None:
    """A request that takes effect late is adopted, because the settle delay is waited out first."""
    bench.protocol = Protocol(settle=150.0)
    bench.server.faults = {"thing 2": [LATE]}
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bench.run())
        await finished(bench.host.asleep(150.0))
        assert bench.server.looks == 0
        assert len(bench.server.made) == len(THINGS), "the rest went on meanwhile"
        bench.server.settled()
        bench.host.push(150.0)
        await finished(running)
    once(bench)
    assert [event.data["wait"] for event in bench.happened(Happened.WAITED)] == [150.0]


@pytest.mark.fault("P7")
@pytest.mark.parametrize("jump", [0.0, 86_400.0, -86_400.0])
async def test_who_takes_over_waits_out_the_whole_delay(bench: Bench, jump: float) -> None:
    """When another process sent it only the wall clock could tell, and that may have been set meanwhile."""
    bench.server.faults = {"box": [LOST]}
    bench.protocol = Protocol(settle=150.0)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bench.run())
        await finished(bench.host.asleep(150.0))
        running.cancel()
    bench.host.slept.clear()
    bench.host.time += jump
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bench.run())
        await finished(bench.host.let_pass(150.0))
        await finished(running)
    once(bench)


@pytest.mark.fault("N13")
async def test_rounds_are_bounded(bench: Bench) -> None:
    """A server that loses every answer pauses the run in the end, and the next run goes on."""
    bench.server.faults = {"box": [LOST] * 3}
    bench.protocol = Protocol(settle=0.0, rounds=3)
    assert await bench.paused() == "The server keeps losing the answers to 'box'."
    assert bench.server.requests == ["box"] * 3
    await bench.run()
    once(bench)


@pytest.mark.parametrize("fault", [REFUSED, LOST])
async def test_after_a_request_only_certainty_releases(bench: Bench, fault: str) -> None:
    """An answer that says no releases the item; anything else leaves it in doubt until somebody looks."""
    bench.server.faults = {"thing 2": [fault]}
    bench.policy = skip
    await bench.run()
    changes = [event.what for event in bench.events if (event.task, event.key) == ("put", "02")]
    expected = [Change.RELEASED, Change.SKIPPED] if fault == REFUSED else [Change.LOST, Change.ABSENT]
    assert changes[1:3] == expected


async def test_an_unreadable_answer_is_a_doubt(bench: Bench) -> None:
    """An answer that nobody can read may have followed an effect."""

    @task(effect="findable", adopt=find_box)
    async def garbled(server: Server) -> str:
        await server.make("box")
        raise Unreadable("not JSON", "make box")

    bench.graph = Graph("garbled", (garbled,))
    await bench.run()
    assert bench.server.made == ["box"]
    assert bench.vias("garbled") == {"": "adopted"}


async def test_a_run_that_is_stopped_by_a_task_after_its_request_leaves_a_doubt(bench: Bench) -> None:
    """A task that sends and then gives up may have had its effect: the next run looks and does not send again."""

    @task(effect="findable", adopt=find_box)
    async def undecided(server: Server) -> str:
        await server.make("box")
        raise RunPaused("it is too late for today", "toy")

    bench.graph = Graph("undecided", (undecided,))
    assert await bench.paused() == "it is too late for today"
    assert bench.states("undecided") == {"": "in_doubt"}
    await bench.run()
    assert bench.server.made == ["box"]


async def test_a_look_gets_what_is_in_doubt_and_what_is_known(bench: Bench) -> None:
    """`doubts` has the items in doubt by key, `known` the results that are there."""
    given: dict[str, object] = {}

    async def look(box: str, doubts: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        given.update(box=box, doubts=dict(doubts), known=sorted(known))
        return dict.fromkeys(doubts, "found")

    @each("thing", effect="findable", adopt=look)
    async def drop(server: Server, box: str, thing: str) -> str:
        return await server.make(thing)

    bench.graph = Graph("drop", (box, drop))
    bench.server.faults = {"thing 1": [LOST_AFTER], "thing 4": [LOST_AFTER]}
    await bench.run()
    assert given == {
        "box": "id of box",
        "doubts": {"01": "thing 1", "04": "thing 4"},
        "known": ["00", "02", "03", "05"],
    }


async def test_a_look_that_fails_pauses_the_run(bench: Bench) -> None:
    """Who cannot look sends nothing: the doubt stays, and the error surfaces."""

    async def blind(server: Server) -> dict[str, str]:
        raise RunPaused("there are two boxes", "toy")

    bench.graph = Graph("blind", (attrs.evolve(box, adopt=blind),))
    bench.server.faults = {"box": [LOST_AFTER]}
    assert await bench.paused() == "there are two boxes"
    assert bench.states("box") == {"": "in_doubt"}
    assert bench.server.requests == ["box"]


# --- repeated requests --------------------------------------------------------------------------------------------


async def test_a_request_that_waits_for_its_repetition_is_not_in_doubt(bench: Bench) -> None:
    """Between a refusal and the next try nothing is out: who dies there has nothing to doubt."""
    waiting, seen = asyncio.Event(), asyncio.Event()

    @task(effect="billed")
    async def throttled(server: Server) -> str:
        watcher = observer.get()
        assert watcher is not None
        await watcher.announced("billed")
        watcher.retried("make", "429", 60.0)
        seen.set()
        await waiting.wait()
        return await server.make("thing", "billed")

    bench.graph = Graph("throttled", (throttled,))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bench.run())
        await seen.wait()
        await until(lambda: bench.states("throttled") == {"": "pending"})
        waiting.set()
        await finished(running)
    assert bench.vias("throttled") == {"": "sent"}
    words = [row["what"] for row in bench.query("SELECT what FROM event WHERE task IS NOT NULL ORDER BY seq")]
    assert words == ["announced", "released", "retried", "announced", "finished"]


# --- calls that leave no trace ------------------------------------------------------------------------------------


async def test_a_cheap_call_is_sent_once_more_and_reported(bench: Bench) -> None:
    """Its cost is small: after one lost answer it is repeated, and told as perhaps charged."""
    bench.graph = Graph("hint", (hint,))
    bench.server.faults = {"hint": [LOST_AFTER]}
    await bench.run()
    assert bench.server.made == ["hint", "hint"]
    assert bench.vias("hint") == {"": "resent"}
    assert [event.words for event in bench.happened(Happened.CHARGED)] == [
        "hint perhaps charged: its answer was lost; it is sent again"
    ]


async def test_a_cheap_call_is_not_repeated_for_ever(bench: Bench) -> None:
    """After a second lost answer the user decides, now and at every resume."""
    bench.graph = Graph("hint", (hint,))
    bench.server.faults = {"hint": [LOST, LOST]}
    message = await bench.paused()
    assert message == (
        "The answer to 'hint' was lost: it was perhaps charged, and nothing on the server tells. "
        "Decide with --on-doubt resend (may pay twice)."
    )
    assert await bench.paused() == message
    bench.protocol = Protocol(settle=0.0, on_doubt="resend")
    await bench.run()
    assert bench.server.requests == ["hint"] * 3
    assert len(bench.happened(Happened.CHARGED)) == 2, "one for each answer that was lost"


async def test_a_billed_call_is_asked_about(bench: Bench) -> None:
    """By default nothing that bills is sent twice: the run pauses with a sentence, and asks again when resumed."""
    bench.graph = Graph("sales", (sale,))
    bench.server.faults = {"a cat": [LOST_AFTER]}
    message = await bench.paused()
    assert message.startswith("The answer to 'sale 1' was lost")
    assert message.endswith("--on-doubt resend (may pay twice) or --on-doubt skip.")
    assert await bench.paused() == message
    assert bench.server.requests.count("a cat") == 1
    assert bench.states("sale") == {"1": "in_doubt", "2": "done"}
    assert bench.happened(Happened.CHARGED) == []


@pytest.mark.parametrize(("decision", "state", "requests"), [("resend", "done", 2), ("skip", "skipped", 1)])
async def test_a_billed_call_follows_the_decision(bench: Bench, decision: str, state: str, requests: int) -> None:
    """`resend` sends again, `skip` leaves it out; both are reported once as perhaps charged."""
    bench.graph = Graph("sales", (sale,))
    bench.server.faults = {"a cat": [LOST_AFTER]}
    await bench.paused()
    bench.protocol = Protocol(settle=0.0, on_doubt=decision)
    await bench.run()
    assert bench.states("sale") == {"1": state, "2": "done"}
    assert bench.server.requests.count("a cat") == requests
    assert len(bench.happened(Happened.CHARGED)) == 1


# --- after an unclean close ---------------------------------------------------------------------------------------


async def test_after_an_unclean_close_somebody_looks_even_without_an_intent(bench: Bench) -> None:
    """A journal that lost its last records buys nothing twice: unfinished findable items are looked for first."""
    bench.server.faults = {"close": [REFUSED]}
    await bench.paused()
    bench = bench.died()
    forget(bench)
    await bench.run()
    once(bench)
    assert set(bench.vias("put").values()) == {"adopted"}
    assert bench.server.looks == 2, "one for each stage with something unfinished"


async def test_an_unclean_journal_is_remembered_until_all_is_done(bench: Bench) -> None:
    """A resume that stops early and closes properly does not make the next one forget to look."""
    bench.server.faults = {"close": [REFUSED]}
    await bench.paused()
    bench = bench.died()
    forget(bench)

    async def offline(server: Server) -> dict[str, str]:
        raise RunPaused("offline", "toy")

    graph, bench.graph = bench.graph, Graph("boxes", (attrs.evolve(box, adopt=offline), *bench.graph.tasks[1:]))
    assert await bench.paused() == "offline"
    bench.graph = graph
    await bench.run()
    once(bench)
    async with Journal(bench.path, bench.host) as journal:
        assert not journal.unclean, "everything is finished"


async def test_after_an_unclean_close_doubts_and_pending_items_share_one_look(bench: Bench) -> None:
    """What is found is compared with all that is unfinished, after the settle delay: elimination needs the whole."""
    dead: list[Bench] = []

    def die(name: str) -> None:
        if name == "thing 1":
            dead.append(bench.died())
            bench.server.made.append(name)
            raise RunPaused("dead", "toy")

    bench.bounds = Bounds(otherwise=1)
    bench.server.before = die
    await bench.paused()
    after = attrs.evolve(dead[0], protocol=Protocol(settle=150.0))
    after.server.before = lambda _: None
    given: list[list[str]] = []

    async def look(server: Server, doubts: Mapping[str, str]) -> dict[str, str]:
        given.append(list(doubts))
        return {key: f"id of {thing}" for key, thing in doubts.items() if thing in server.list()}

    after.graph = Graph("boxes", (box, attrs.evolve(put, adopt=look), close))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(after.run())
        await finished(after.host.asleep(150.0))
        assert "thing 2" not in after.server.requests, "nothing is sent before the look"
        after.host.push(150.0)
        await finished(running)
    once(after)
    assert given == [["01", "02", "03", "04", "05"]]


def forget(bench: Bench) -> None:
    """Damage a journal: its rows know nothing of what was sent, and nobody closed it."""
    forge(bench.path, *FORGET)
