"""As `test_sabotage`: clients that lose, lie, scribble, whisper and grab are each found out within few seeds."""

import asyncio
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.errors import JobFailed, RunPaused
from bria_async.training import lifecycle, run
from bria_async.training.fetching import at_hand
from bria_async.training.reconcile import audit
from bria_async.training.result import result_of
from bria_async.training.samples import keep_sample
from bria_async.training.waiting import until_listed, until_trained
from bria_async.wire import Polling

from . import climate
from .climate import Climate
from .test_sabotage import found, worlds
from .world import TOKEN

pytestmark = pytest.mark.exhaustive


def drawing(one: Climate) -> bool:
    """Whether samples are drawn in this world."""
    return bool(one.plan.samples) and one.options.training_outcome == "Completed"


def test_deleting_the_only_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit that deletes what has no twin heals nothing: the image is lost, whatever is uploaded in its place."""

    async def grasping(session: Any, run: Any, dataset: Any, planned: Any, *, mend: bool) -> None:
        if mend:
            await session.images.delete(dataset.id, next(iter(planned.values())).id)
        else:
            await audit(session, run, dataset, planned, mend=False)

    monkeypatch.setattr(lifecycle, "audit", grasping)
    assert found(("lost: image ",), range(9))


def test_lost_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said to be uploaded has to be there in a run that pauses, too."""

    async def until(session: Any, settings: Any, run: Any, dataset: Any, planned: Any) -> Any:
        for image in await session.images.list(dataset):
            await session.images.delete(dataset, image.id)
        raise RunPaused("Enough for today.", run.name)

    monkeypatch.setattr(lifecycle, "until_captioned", until)
    problem = found(("lost: image ",), range(9))
    assert problem is not None
    assert "uploaded by the journal" in problem


def test_leaving_images_of_a_zip_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which images of a zip were refused is the server's word, and not the client's."""
    whole = climate.archive

    def lacking(count: int, side: int) -> Path:
        return whole(count - 1, side)

    async def until(session: Any, settings: Any, run: Any, dataset: Any, refused: Any) -> Any:
        return await until_listed(session, settings, run, dataset, {max(run.items["image"])})

    monkeypatch.setattr(climate, "archive", lacking)
    monkeypatch.setattr(lifecycle, "until_listed", until)
    assert found(("lost: 5--",), worlds(lambda one: one.shape == "zip" and one.options.training_outcome == "Completed"))


def test_other_bytes_as_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample is what the server gave, byte for byte."""

    async def spoilt(*args: Any) -> Any:
        kept = await keep_sample(*args)
        kept.path.write_bytes(b"<html>")
        return kept

    monkeypatch.setattr(lifecycle, "keep_sample", spoilt)
    assert found(("lost: sample",), worlds(drawing))


def test_samples_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample is left out with cause only."""

    async def lazy(session: Any, run: Any, prompt: Any, url: Any, seed: Any) -> Any:
        raise JobFailed("it was too much work", prompt.text)

    monkeypatch.setattr(lifecycle, "keep_sample", lazy)
    assert found(("lost: sample",), worlds(drawing))


@pytest.mark.parametrize(
    "lie",
    [
        {"images": 99},
        {"adopted": 99},
        {"perhaps_charged": 99},
        {"skipped": {"sample 009": "no reason"}},
        {"samples": ()},
        {"model_id": 1},
    ],
    ids=str,
)
def test_a_result_that_lies(monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]) -> None:
    """What a run returns is held against the journal, the server and the disk."""

    async def lying(*args: Any) -> Any:
        return attrs.evolve(await result_of(*args), **lie)

    monkeypatch.setattr(run, "result_of", lying)
    assert found((f"untrue: the run returns {next(iter(lie))}=",), worlds(drawing))


@pytest.mark.parametrize("where", ["pictures", "elsewhere"])
def test_writing_where_it_should_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str) -> None:
    """Nothing is written beside the user's pictures, and nothing outside the run's folder."""
    written: list[Path] = []

    async def scribbling(session: Any, run: Any, image: Any) -> Any:
        written.append((image.path.parent if where == "pictures" else tmp_path) / "scribble")
        written[-1].write_text("hello")
        return await at_hand(session, run, image)

    monkeypatch.setattr(lifecycle, "at_hand", scribbling)
    try:
        words = "the user's pictures" if where == "pictures" else f"{tmp_path}"
        assert found((f"outside: {words}",), worlds(lambda one: one.shape == "fibo"))
    finally:
        for path in written:
            path.unlink(missing_ok=True)


def test_token_to_another_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results may lie at another origin, and the token goes nowhere near it."""

    async def whispering(session: Any, run: Any, prompt: Any, url: Any, seed: Any) -> Any:
        return await keep_sample(session, run, prompt, url and f"{url}?key={TOKEN}", seed)

    monkeypatch.setattr(lifecycle, "keep_sample", whispering)
    assert found(("leak: the token was sent to",), worlds(lambda one: drawing(one) and one.seed % 3 == 0))


def test_connections_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has few connections in use at once."""

    async def grabbing(session: Any, settings: Any, run: Any, model: Any) -> Any:
        await asyncio.gather(*(session.models.get(model) for _ in range(40)), return_exceptions=True)
        return await until_trained(session, settings, run, model)

    monkeypatch.setattr(lifecycle, "until_trained", grabbing)
    assert found(("unbounded: ",), worlds(lambda one: one.rate is None))


def test_requests_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process asks for one thing a bounded number of times, however long it waits."""
    settings = Climate.settings

    def impatient(self: Climate, folder: Path) -> Any:
        return attrs.evolve(settings(self, folder), training=Polling(start=5, cap=8, timeout=12 * 3600))

    monkeypatch.setattr(Climate, "settings", impatient)
    assert found(("unbounded: ",), worlds(lambda one: not one.fates and one.options.training_time == 3600.0))


def test_files_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process opens its files and closes them."""
    left: list[Any] = []

    async def careless(session: Any, run: Any, *args: Any) -> Any:
        left.append((run.folder / "journal.db").open("rb"))
        return await keep_sample(session, run, *args)

    monkeypatch.setattr(lifecycle, "keep_sample", careless)
    try:
        assert found(("unbounded: journal.db is still open",), worlds(drawing))
    finally:
        for file in left:
            file.close()
