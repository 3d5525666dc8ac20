"""Every lifecycle ends as planned on every engine, with each effect once."""

import pytest

from tests.guarantees.stage import Engine, Local
from tests.guarantees.verdict import problems
from tests.kill.stage import SHAPES

pytestmark = pytest.mark.exhaustive

SAMPLE = ("--sample", "a harbour")


@pytest.mark.parametrize("shape", ["fibo", "legacy", "2024", "files"])
def test_every_lifecycle_ends_as_planned(engine: Engine, shape: str) -> None:
    """Each effect happens once, the sample is on disk, and journal, server and events agree."""
    engine.hand_over(*SHAPES[shape], *SAMPLE)
    assert engine.finished().state == "done", engine.view().run.reason
    assert not problems(engine)
    found = engine.verify()
    assert (found.uploaded, found.on_server, found.without_caption, found.samples) == (5, 5, 0, 1), found
    assert engine.sim.counts["models.start_training"] == 1


def test_a_run_that_is_done_stays_done(engine: Engine) -> None:
    """Handed over again it sends nothing; with another plan it is refused with the differences."""
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished().state == "done", engine.view().run.reason
    before = len(engine.sim.requests)
    for process in engine.hand_over(*SHAPES["legacy"]):
        assert process.end() == 0, process.said
    changed = engine.train(*SHAPES["legacy"], *SAMPLE)
    assert changed.end() == 2, changed.said
    assert "samples: was (), now ('a harbour',)" in changed.said, changed.said
    assert engine.finished().state == "done"
    assert len(engine.sim.requests) == before, "something was sent"
    assert not problems(engine)


def test_verify_finds_what_is_gone(engine: Engine) -> None:
    """An image that is deleted behind our back is a difference, once there was none."""
    engine.hand_over(*SHAPES["legacy"])
    assert engine.finished().state == "done", engine.view().run.reason
    assert engine.verify().differences == ()
    del engine.sim.world.images[next(iter(engine.sim.world.images))]
    (difference,) = engine.verify().differences
    assert "is uploaded by the journal and not in dataset" in difference, difference


def test_handed_over_twice_at_once(engine: Engine) -> None:
    """Both commands end with a word, and everything happens once."""
    commands = engine.hand_over(*SHAPES["legacy"], *SAMPLE, times=2)
    assert engine.finished().state == "done", engine.view().run.reason
    codes = {process.end() for process in commands}
    assert codes in ({0}, {0, 4} if isinstance(engine, Local) else {0}), [process.said for process in commands]
    assert not problems(engine)
