"""Answers that are lost while the worker lives: nothing is sent once more before somebody has looked for it."""

import pytest

from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.sim import Clock, Options
from tests.guarantees.conftest import COUNT
from tests.guarantees.stage import HOURS, RUN, Engine
from tests.guarantees.verdict import problems
from tests.guarantees.zygote import SETTLE
from tests.kill.stage import SHAPES
from tests.support import TOKEN

pytestmark = pytest.mark.exhaustive

SAMPLE = ("--sample", "a harbour")
CREATING = {
    "projects.create": "project",
    "datasets.create": "dataset",
    "images.upload": "upload",
    "models.create": "model",
    "models.start_training": "training",
}


@pytest.mark.parametrize("whens", [("after", "before"), ("before", "after")])
def test_lost_answers_are_looked_for(engine: Engine, whens: tuple[str, str]) -> None:
    """After the settle delay: what happened is adopted, what did not is sent once more; and nothing happens twice."""
    happened = {operation: whens[number % 2] == "after" for number, operation in enumerate(CREATING)}
    for operation, done in happened.items():
        engine.sim.fail(operation, drop=True, when="after" if done else "before")
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    for operation, task in CREATING.items():
        (lost,) = engine.happened(Change.LOST, task)
        (looked,) = engine.happened(Change.ADOPTED if happened[operation] else Change.ABSENT, task)
        (sent, *_) = [event for event in engine.happened(Change.ANNOUNCED, task) if event.key == lost.key]
        assert looked.key == lost.key and looked.at - sent.at >= SETTLE, (sent, lost, looked)


@pytest.mark.parametrize("on_doubt", ["resend", "skip"])
def test_a_lost_billed_answer_asks(engine: Engine, on_doubt: str) -> None:
    """The run pauses with the sentence that says what can be said, and does it."""
    engine.sim.fail("tailored.generate", drop=True, when="after")
    engine.hand_over(*SHAPES["fibo"], *SAMPLE)
    paused = engine.finished()
    assert (paused.state, engine.sim.counts["tailored.generate"]) == ("paused", 1), paused
    assert "Decide with --on-doubt resend (may pay twice) or --on-doubt skip" in (paused.run.reason or ""), paused
    engine.go_on("--on-doubt", on_doubt)
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    assert engine.sim.counts["tailored.generate"] == (2 if on_doubt == "resend" else 1)
    assert engine.verify().samples == (1 if on_doubt == "resend" else 0)


@pytest.mark.parametrize(
    ("options", "clock"),
    [(Options(token=TOKEN, caption_delay=0, training_time=0.5, job_time=0), Clock(speed=1))],
    ids=["real-time"],
)
def test_refusals_by_rate_slow_down(engine: Engine) -> None:
    """After a 429 it is waited for as long as the server says; nothing is lost by it, nor sent more often."""
    pause = 2.0
    engine.sim.fail("images.upload", status=429, headers={"Retry-After": f"{pause:.0f}"}, times=3, after=2)
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished(push=0.0).state == "done", engine.view().run.reason
    assert not problems(engine)
    uploads = [seen for seen in engine.sim.requests if seen.operation == "images.upload"]
    refused = [seen.time for seen in uploads if seen.status == 429]
    assert (len(refused), len(uploads)) == (3, COUNT + 3), uploads
    assert uploads[-1].time - refused[0] >= pause, uploads
    repeated = engine.happened(Happened.RETRIED, "upload")
    assert len(repeated) == 3 and min(event.data["wait"] for event in repeated) >= pause, repeated
    assert not engine.happened(Change.LOST)


def test_lost_answers_of_a_killed_worker_leave_no_secret(engine: Engine) -> None:
    """Not where a request was refused, nor where an answer was lost, nor where somebody died."""
    engine.sim.fail("datasets.create", status=401)
    engine.sim.fail("projects.create", status=502, when="after")
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished().state == "paused"
    engine.sim.fail("images.upload", hang=True, when="after")
    engine.go_on()
    engine.wait(lambda: not len(engine.sim.faults), "an upload hangs", 0.0, RUN)
    engine.kill()
    engine.go_on()
    assert engine.finished(push=HOURS).state == "done", engine.view().run.reason
    assert not problems(engine)
