"""Approvals: a run waits for what a person decides, whether a process works on it or not."""

import asyncio

import attrs
import pytest

from bria_async.engines.run import Run
from bria_async.graph.control import APPROVE, CAPTION, STOP, Request
from bria_async.graph.events import Happened
from bria_async.graph.graph import Graph, task
from tests.graph.forgery import forge
from tests.graph.toy import Bench, box, cycles, finished, until


@task()
async def review(box: str, run: Run) -> str:
    """Wait for somebody's approval."""
    await run.approved("the box is ready for review", "box")
    return "approved"


async def approved(bench: Bench, running: "asyncio.Task[None]") -> None:
    """Approve, and push the clock until the run is over."""
    bench.control.ask(Request(APPROVE), bench.host)
    while not running.done():
        await cycles()
        bench.host.push(bench.interval)
    await running


async def test_an_approval_lets_a_run_go_on(bench: Bench) -> None:
    """The run waits, says for what, and goes on when asked to."""
    bench.graph = Graph("reviewed", (box, review))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.happened(Happened.ASKED) != [])
    assert bench.happened(Happened.ASKED)[0].words == "toy waits for an approval: the box is ready for review"
    await approved(bench, running)
    assert bench.states("review") == {"": "done"}


async def test_an_approval_may_come_while_nobody_works(bench: Bench) -> None:
    """Once the run has asked, a request waits in its folder for the next process."""
    bench.graph = Graph("reviewed", (box, review))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.happened(Happened.ASKED) != [])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await approved(bench, asyncio.create_task(bench.run()))
    assert bench.states("review") == {"": "done"}


async def test_an_approval_survives_a_restart(bench: Bench) -> None:
    """Once it is journalled nobody is asked again, even if the task did not come to its end."""
    bench.graph = Graph("reviewed", (box, review))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.happened(Happened.ASKED) != [])
    await approved(bench, running)
    forge(
        bench.path,
        "UPDATE task SET state = 'pending', result = NULL WHERE name = 'review'",
        "UPDATE event SET what = 'warned' WHERE task = (SELECT id FROM task WHERE name = 'review')",
        "UPDATE run SET state = 'paused'",
    )
    await finished(bench.run())
    assert bench.states("review") == {"": "done"}
    assert len(bench.happened(Happened.ASKED)) == 1


async def test_requests_wait_until_the_run_goes_on(bench: Bench) -> None:
    """An engine that has not begun leaves them where they are, but for a stop, which keeps it from beginning."""
    await bench.run()
    assert bench.engine is not None
    engine = attrs.evolve(bench.engine)
    heard = {what: await engine.hear(what, Request(what), stale=False) for what in (CAPTION, APPROVE, STOP)}
    assert heard == {CAPTION: False, APPROVE: False, STOP: True}
