"""Runs of a batch that cannot begin: each tells why at once, and the others begin."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bria_async.errors import ImageError, RunCancelled
from bria_async.sim import Options
from bria_async.training.batch import Batch, in_one_line
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import World, connected, land

from .conftest import Studio, clean

T = TypeVar("T")
Within = Callable[..., Any]


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ("a\0b", "no folder has such a name"),
        ("x" * 300, "cannot be opened: File name too long"),
        ("nowhere", "nowhere: is not there"),
        (None, "File exists"),
    ],
)
def test_a_run_that_cannot_begin_says_so_at_once(
    studio: Studio, within: Within, tmp_path: Path, images: str | None, words: str
) -> None:
    """Whatever its folder of images is called, and whatever stands where its own should be."""
    heard: list[tuple[str, str]] = []

    async def main(here: World) -> None:
        bad = studio.plan(name="bad", images=studio.pictures if images is None else tmp_path / images)
        if images is None:
            (studio.state / "many").mkdir(parents=True)
            (studio.state / "many" / "bad").write_text("in its way")
            bad = studio.plan(name="bad")
        async with Batch(
            here.session, [bad, studio.plan(name="good")], name="many", settings=studio.settings()
        ) as batch:
            async for event in batch:
                heard.append((event.run, event.what))
                if event.what == "not_begun":
                    assert words in event.data["reason"]
        assert words in in_one_line(batch.result().failed["bad"])
        assert heard.index(("bad", "not_begun")) < heard.index(("good", "completed"))
        assert list(batch.result().trained) == ["good"]
        if images is not None:
            assert words in (batch.place.run("bad").why_not_begun or "")
        assert clean(here.sim)

    within(main)


class Stuck(VirtualHost):
    """A machine with a disk that does not answer, on which folders called `stuck` lie."""

    async def in_thread(self, function: Callable[..., T], *args: object) -> T:
        """Do it, unless such a folder is to be listed."""
        match args:
            case (Path(name="stuck"), bool()):
                await asyncio.Event().wait()
        return await super().in_thread(function, *args)


def test_a_disk_that_does_not_answer_holds_up_nobody_else(studio: Studio, tmp_path: Path) -> None:
    """Neither another run, nor whoever stops the batch."""

    async def main() -> None:
        async with (
            asyncio.timeout(60),
            land(1, Options(seed=1)) as here,
            connected(Stuck(1), here.connector(), here.connector()) as session,
        ):
            plans = [studio.plan(name="first", images=tmp_path / "stuck"), studio.plan(name="second")]
            async with Batch(session, plans, name="many", settings=studio.settings()) as batch:
                async for event in batch:
                    if event.what == "finished":
                        break
            assert {type(error) for error in batch.result().failed.values()} == {RunCancelled}

    run_virtually(main)


def test_a_reason_names_the_file() -> None:
    """Or nobody knows what is not there."""
    assert in_one_line(ImageError("is not there", "/studio/cats")) == "/studio/cats: is not there"
