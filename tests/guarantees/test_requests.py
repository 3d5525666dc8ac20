"""What people ask of runs: to stop, to go on, to change a caption, to approve."""

import pytest

from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, STOP
from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from tests.guarantees.conftest import COUNT
from tests.guarantees.stage import RUN, Engine
from tests.guarantees.verdict import problems
from tests.kill.stage import SHAPES

pytestmark = pytest.mark.exhaustive


def test_a_stop_in_order(engine: Engine) -> None:
    """What is on its way may finish, then the run pauses; nothing was lost, and going on finishes it."""
    engine.sim.fail("images.upload", delay=1.0, times=COUNT)
    engine.hand_over(*SHAPES["legacy"])
    engine.until(Change.ANNOUNCED, "upload")
    engine.ask(STOP)
    stopped = engine.finished(push=0.0)
    assert (stopped.state, stopped.run.reason) == ("paused", "The run was asked to stop."), stopped
    assert not engine.happened(Change.LOST), "what was on its way was given up"
    assert len(engine.happened(Change.ANNOUNCED, "upload")) == len(engine.happened(Change.FINISHED, "upload")) > 0
    assert engine.sim.counts["models.create"] == 0
    engine.go_on()
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)


def test_a_training_is_stopped(engine: Engine) -> None:
    """With its run, where that is asked for: the run then failed for good."""
    engine.hand_over(*SHAPES["legacy"])
    engine.until(Change.FINISHED, "training", push=1.0)
    engine.ask(STOP, training=True)
    assert engine.finished(push=0.0).state == "paused"
    assert engine.sim.counts["models.stop_training"] == 1
    engine.go_on()
    assert engine.finished().state == "failed", engine.view()
    assert engine.sim.counts["models.start_training"] == 1


def told(engine: Engine) -> list[str]:
    """What became of wishes."""
    return [event.data["reason"] for what in (Happened.PROGRESSED, Happened.WARNED) for event in engine.happened(what)]


def test_captions_are_reviewed(engine: Engine) -> None:
    """While the dataset is a draft a caption can be changed; nothing is completed until somebody approves."""
    engine.hand_over(*SHAPES["legacy"], "--review")
    engine.until(Happened.ASKED, push=10.0)
    (image, *_) = engine.sim.world.images
    engine.ask(CAPTION, image=image, caption="by hand")
    engine.ask(CAPTION, image=999_999, caption="nobody's")
    engine.wait(lambda: any("999999 was not changed" in text for text in told(engine)), "it is told", 0.0, RUN)
    assert f"the caption of image {image} was changed" in told(engine)
    assert engine.sim.counts["models.create"] == 0, "it was not waited"
    engine.ask(APPROVE)
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    assert engine.sim.world.images[image].caption == "by hand"
    assert len(engine.happened(Happened.APPROVED)) == 1


def test_killed_between_hearing_of_an_edit_and_making_it(engine: Engine) -> None:
    """Who goes on makes it, though it was approved meanwhile."""
    engine.hand_over(*SHAPES["legacy"], "--review")
    engine.until(Happened.ASKED, push=10.0)
    (image, *_) = engine.sim.world.images
    engine.sim.fail("images.update", hang=True, when="before")
    engine.ask(CAPTION, image=image, caption="by hand")
    engine.struck()
    engine.ask(APPROVE)
    engine.kill()
    assert engine.sim.world.images[image].caption != "by hand"
    engine.go_on()
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    assert engine.sim.world.images[image].caption == "by hand"
    assert engine.sim.counts["images.update"] == 1


def test_approved_while_nobody_works(engine: Engine) -> None:
    """It counts, and is not asked for again, by whoever goes on after somebody was killed."""
    engine.hand_over(*SHAPES["legacy"], "--review")
    engine.until(Happened.ASKED, push=10.0)
    engine.kill()
    engine.ask(APPROVE)
    engine.go_on()
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    assert (len(engine.happened(Happened.ASKED)), len(engine.happened(Happened.APPROVED))) == (1, 1)


def test_changed_and_approved_while_nobody_works(engine: Engine) -> None:
    """Both count, in that order; captions that are being made anew when somebody is killed are waited for."""
    engine.hand_over(*SHAPES["legacy"], "--review")
    engine.until(Happened.ASKED, push=10.0)
    engine.kill()
    engine.ask(SCHEMA, text="A drawing of", anew=True)
    engine.ask(APPROVE)
    engine.go_on()
    engine.wait(lambda: engine.sim.counts["images.regenerate_captions"], "they are made anew", 0.0, RUN)
    assert not engine.happened(Happened.APPROVED)
    engine.kill()
    engine.go_on()
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    (dataset,) = engine.sim.world.datasets.values()
    assert dataset.caption_prefix == "A drawing of"
    assert "the caption prefix was changed" in told(engine)
