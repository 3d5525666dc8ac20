"""What there is to say of a run's images is told once, whoever dies before it is, or just after."""

import itertools
import signal
from collections import Counter
from pathlib import Path

import pytest

from bria_async.graph import feed
from bria_async.training.place import Place
from tests.kill.points import points_of
from tests.kill.stage import SMALL, Scene, pictures, scene, zygote

pytestmark = pytest.mark.exhaustive


def said(here: Scene) -> Counter[str]:
    """What the run said of its images, and how often."""
    events = feed.events(Place.of("run", here.folder).source, "run")
    return Counter(str(event.data["reason"]) for _, event in events if event.what in ("warned", "noted"))


async def test_what_was_found_before_the_run_began(tmp_path: Path) -> None:
    """Killed at any write before its first request, by whoever goes on."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "said") as victims:
        async with scene(victims, "legacy", images, tmp_path / "undisturbed") as here:
            reached = (await here.live()).reached
            expected = said(here)
        assert len([words for words in expected if "sides below" in words]) == SMALL[0], expected
        before = itertools.takewhile(lambda at: "." not in at[1], reached)
        for number, point in enumerate(points_of(before)):
            async with scene(victims, "legacy", images, tmp_path / str(number)) as here:
                assert (await here.live(point=point)).code == -signal.SIGKILL, point
                assert not await here.problems(await here.finish())
                assert said(here) == expected, point
