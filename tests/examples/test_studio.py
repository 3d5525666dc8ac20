"""What the web applications share, without them."""

from pathlib import Path

import pytest

from bria_async import Session
from bria_async.testing import ServedSimulator
from examples.studio import Studio, Told, seen, sse

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
    before = []
    async for told in training.told():
        before.append(told)
        if "InProgress" in told.data:
            await first.close()
    assert before[-1].data.startswith("interrupted"), before
    cut_off = before[-2].id
    assert cut_off is not None, before

    bria_sim.clock.push(7200)
    again = Studio(bria_session, tmp_path).train("cats")
    after = [told async for told in again.told(cut_off)]
    assert any(told.data.startswith("cats resumed; uploaded 5 of 5") for told in after), after
    assert after[-1].data.startswith("model "), after
    assert not {told.id for told in before} & {told.id for told in after[:-1]}, "a reader was told twice"
    assert bria_sim.counts["models.start_training"] == 1


async def test_a_training_that_cannot_be(bria_env: None, bria_session: Session, tmp_path: Path) -> None:
    """The last line says why, and asking again is another try."""
    studio = Studio(bria_session, tmp_path)
    training = studio.train("dogs")
    assert ["dogs" in told.data async for told in training.told()] == [True]
    paint(tmp_path / "dogs")
    assert [told.data async for told in studio.train("dogs").told()][-1].startswith("model ")


def test_events_of_several_lines() -> None:
    """A line break in an event does not end it, and its number stands before it."""
    assert sse(Told("one\ntwo")) == b"data: one\ndata: two\n\n"
    assert sse(Told("one", 7)) == b"id: 7\ndata: one\n\n"


@pytest.mark.parametrize("number", ["", "-1", "1e3", "\N{SUPERSCRIPT TWO}", "9" * 5_000])
def test_what_is_no_number_of_an_event(number: str) -> None:
    """Whatever a reader claims to have seen, he is told from the beginning."""
    assert seen({"Last-Event-ID": "12"}) == 12
    assert seen({"Last-Event-ID": number}) == seen({}) == 0
