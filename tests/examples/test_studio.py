"""What the web applications share, without them."""

from pathlib import Path

import pytest

from bria_async import Session
from bria_async.testing import ServedSimulator
from examples.studio import Studio, sse

from .pictures import paint


@pytest.mark.bria_options(training_time=7200)
async def test_a_training_survives_the_application(
    bria_env: None, bria_session: Session, bria_sim: ServedSimulator, tmp_path: Path
) -> None:
    """An application that ends tells the readers, and the next one goes on with the same training."""
    paint(tmp_path / "cats")
    first = Studio(bria_session, tmp_path)
    training = first.train("cats")
    assert first.train("cats") is training, "two trainings of one name"
    async for words in training.lines():
        if "InProgress" in words:
            await first.close()
    assert training.told[-1].startswith("interrupted"), training.told

    bria_sim.clock.push(7200)
    again = Studio(bria_session, tmp_path).train("cats")
    told = [words async for words in again.lines()]
    assert (told[0], told[-1][:6]) == ("cats resumed", "model "), told
    assert bria_sim.counts["models.start_training"] == 1


async def test_a_training_that_cannot_be(bria_env: None, bria_session: Session, tmp_path: Path) -> None:
    """The last line says why, and asking again is another try."""
    studio = Studio(bria_session, tmp_path)
    training = studio.train("dogs")
    assert "dogs" in [words async for words in training.lines()][-1]
    paint(tmp_path / "dogs")
    assert [words async for words in studio.train("dogs").lines()][-1].startswith("model ")


def test_events_of_several_lines() -> None:
    """A line break in an event does not end it."""
    assert sse("one\ntwo") == b"data: one\ndata: two\n\n"
