"""What a run cannot go on with: bad images, images that are gone, a plan that changed, a training that failed."""

import pytest

from bria_async.graph.control import STOP
from bria_async.graph.states import Change
from bria_async.sim import Options
from tests.guarantees.stage import Engine
from tests.guarantees.verdict import problems
from tests.kill.stage import SHAPES
from tests.support import TOKEN, picture

pytestmark = pytest.mark.exhaustive


def test_a_bad_image_stops_the_run_or_is_left_out(engine: Engine) -> None:
    """By the user's word, which may come later; the sentence names the image, and how it can be left out."""
    engine.sim.fail("images.upload", status=422, match="3--", times=2)
    engine.hand_over(*SHAPES["legacy"])
    paused = engine.finished()
    assert paused.state == "paused", paused
    assert "3--" in (paused.run.reason or "") and "on_bad_image=skip" in (paused.run.reason or ""), paused
    assert engine.sim.counts["models.create"] == 0
    engine.go_on("--on-bad-image", "skip")
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine, left_out=1)
    (skipped,) = engine.happened(Change.SKIPPED)
    assert skipped.task == "upload" and skipped.key.startswith("3--"), skipped


def test_a_plan_that_changed_is_refused(engine: Engine) -> None:
    """With all its differences, and nothing is sent; with its own plan the run goes on."""
    engine.hand_over(*SHAPES["legacy"])
    engine.until(Change.FINISHED, "upload")
    engine.ask(STOP)
    assert engine.finished(push=0.0).state == "paused"
    before = len(engine.sim.requests)
    (engine.images / "more.png").write_bytes(picture(300, 300))
    changed = engine.train(*SHAPES["legacy"], "--ip-name", "Lucy")
    assert changed.end() == 2, changed.said
    assert "ip_name: was None, now 'Lucy'" in changed.said, changed.said
    more = engine.train(*SHAPES["legacy"])
    assert (more.end(), "image added: more--" in more.said) == (2, True), more.said
    (engine.images / "more.png").unlink()
    assert len(engine.sim.requests) == before, "something was sent"
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)


def test_an_image_that_is_gone(engine: Engine) -> None:
    """Whoever goes on without it says so, and which; once it is back the run is finished."""
    engine.sim.fail("datasets.create", status=403)
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished().state == "paused"
    image, away = engine.images / "0.png", engine.folder / "away.png"
    image.rename(away)
    engine.go_on()
    paused = engine.finished()
    assert (paused.state, engine.unseen in (paused.run.reason or "")) == ("paused", True), paused
    assert engine.sim.counts["models.create"] == 0
    away.rename(image)
    engine.go_on()
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)


@pytest.mark.parametrize("options", [Options(token=TOKEN, training_outcome="Failed")], ids=["it-fails"])
def test_a_training_that_failed(engine: Engine) -> None:
    """The run failed for good: neither the same command nor a resumption starts another training."""
    engine.hand_over(*SHAPES["legacy"])
    failed = engine.finished()
    assert failed.state == "failed" and "ended: Failed" in (failed.run.reason or ""), failed
    again = engine.train(*SHAPES["legacy"])
    assert (again.end(), "ended: Failed" in again.said) == (1, True), again.said
    code, said = engine.say("resume", "run")
    assert (code, "ended: Failed" in said) == (1, True), said
    assert engine.finished().state == "failed"
    assert engine.sim.counts["models.start_training"] == 1
