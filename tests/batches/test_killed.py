"""A batch killed five times, in small: what `python -m tests.batches` shows of 1,000 runs."""

import attrs
import pytest

from .studio import Measured, measure, table

RUNS, IMAGES, KILLS = 12, 6, 5


@pytest.fixture(scope="module")
def measured() -> Measured:
    """What came of it."""
    return measure(RUNS, IMAGES, KILLS)


def test_killed_five_times_everything_is_there_once(measured: Measured) -> None:
    """Every image and every training, by the server, the journal and the client."""
    assert measured.kills == KILLS
    assert measured.findings == ()
    assert measured.exactly_once, measured


def test_dying_costs_looks_and_not_much_more(measured: Measured) -> None:
    """Each process looks once at what it cannot know, for each run that was under way."""
    undisturbed = measure(RUNS, IMAGES, 0)
    assert undisturbed.exactly_once, undisturbed
    assert measured.requests < undisturbed.requests + KILLS * RUNS * 4, (measured, undisturbed)


def test_what_is_lost_or_there_twice_shows(measured: Measured) -> None:
    """In the verdict, and in the table."""
    for wrong in ({"uploads": measured.uploads + 1}, {"trainings": RUNS + 1}, {"trained": 11}, {"findings": ("x",)}):
        assert not attrs.evolve(measured, **wrong).exactly_once, wrong
    told = table([measured, attrs.evolve(measured, findings=("run 1: x is there twice",))])
    assert "| 12 | 5 | 72 of 72 | 12 | True |" in told
    assert "run 1: x is there twice" in told
