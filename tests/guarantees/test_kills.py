"""SIGKILL to whoever works, at every stage of a run: nothing is lost, and nothing happens twice."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from tests.guarantees.conftest import COUNT
from tests.guarantees.stage import HOURS, RUN, Engine
from tests.guarantees.verdict import problems
from tests.kill.stage import SHAPES

pytestmark = pytest.mark.exhaustive
SAMPLE = ("--sample", "a harbour")


def during_uploads(engine: Engine) -> None:
    """Some are there and known, one is there and not known, one was sent and is not there."""
    engine.until(Change.FINISHED, "upload", times=COUNT - 2)


def during_captions(engine: Engine) -> None:
    """All images are there, and captions are waited for."""
    engine.until_uploaded(COUNT)


def during_training(engine: Engine) -> None:
    """The training goes on."""
    engine.until(Change.FINISHED, "training", push=1.0)


def during_samples(engine: Engine) -> None:
    """A sample is paid for, and waited for."""
    engine.until(Change.FINISHED, "submission", push=HOURS)


def nothing_more(_: Engine) -> None:
    """The requests that go wrong are all there is to wait for."""


LOST = {"hang": True, "when": "after"}
"""The server does it, and its answer never comes."""
Fault = tuple[str, Mapping[str, Any]]
POINTS: Mapping[str, tuple[Callable[[Engine], None], Sequence[Fault]]] = {
    "project": (nothing_more, [("projects.create", LOST)]),
    "schema": (nothing_more, [("tailored.generate_visual_schema", LOST)]),
    "uploads": (
        during_uploads,
        [("images.upload", {**LOST, "after": 1}), ("images.upload", {"hang": True, "when": "before", "after": 2})],
    ),
    "captions": (during_captions, []),
    "training": (during_training, []),
    "samples": (during_samples, []),
}
"""Where somebody is killed: what is waited for, and what goes wrong so that it comes to it."""


def killed_at(engine: Engine, *points: str, flags: tuple[str, ...] = SHAPES["fibo"]) -> None:
    """Kill whoever works at each of these points, and have somebody go on."""
    faults = [fault for point in points for fault in POINTS[point][1]]
    for operation, fault in faults:
        engine.sim.fail(operation, **fault)
    engine.hand_over(*flags, *SAMPLE)
    left = len(faults)
    for point in points:
        come, struck = POINTS[point]
        left -= len(struck)
        engine.struck(left)
        come(engine)
        engine.kill()
        engine.go_on()


def test_killed_at_every_stage(engine: Engine) -> None:
    """One run, whose worker dies at every stage: it ends as planned, and what was perhaps paid twice is told."""
    killed_at(engine, *POINTS)
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    assert engine.sim.counts["tailored.generate_visual_schema"] == 2, "it is sent once more, as nothing shows it"
    assert [event.task for event in engine.happened(Happened.CHARGED)] == ["schema"]
    adopted = [event.task for event in engine.happened(Change.ADOPTED)]
    assert adopted.count("project") == 1 and adopted.count("upload") == 1, adopted
    assert len(engine.happened(Change.ABSENT, "upload")) == 1


@pytest.mark.parametrize("point", [point for point in POINTS if point != "schema"])
@pytest.mark.parametrize("shape", ["legacy", "2024"])
def test_killed_at_any_stage(engine: Engine, point: str, shape: str) -> None:
    """The same for the other shapes, killed once."""
    if (point, shape) == ("project", "2024"):
        pytest.skip("no such stage")
    killed_at(engine, point, flags=SHAPES[shape])
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)


@pytest.mark.parametrize("on_doubt", ["resend", "skip"])
def test_killed_while_a_billed_answer_is_on_its_way(engine: Engine, on_doubt: str) -> None:
    """Nobody can tell whether it was charged: the run asks, and does as it is told."""
    engine.sim.fail("tailored.text_to_image", **LOST)
    engine.hand_over(*SHAPES["legacy"], *SAMPLE)
    engine.wait(lambda: not len(engine.sim.faults), "the sample is asked for", HOURS, RUN)
    engine.kill()
    engine.go_on()
    paused = engine.finished()
    assert paused.state == "paused", paused
    assert "was lost: it was perhaps charged, and nothing on the server tells" in (paused.run.reason or ""), paused
    assert "--on-doubt resend (may pay twice) or --on-doubt skip" in (paused.run.reason or ""), paused
    assert engine.sim.counts["tailored.text_to_image"] == 1
    engine.go_on("--on-doubt", on_doubt)
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    assert engine.sim.counts["tailored.text_to_image"] == (2 if on_doubt == "resend" else 1)
    assert engine.verify().samples == (1 if on_doubt == "resend" else 0)
    assert len(engine.happened(Happened.CHARGED)) == 1
