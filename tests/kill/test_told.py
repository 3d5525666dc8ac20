"""What there is to say of a run's images is told once, whoever dies before it is, or just after."""

import itertools
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bria_async.graph import feed
from bria_async.training.place import Place
from bria_async.types.trainings import MOST_EACH
from tests.kill.points import Point, points_of
from tests.kill.stage import SMALL, Scene, pictures, scene, zygote
from tests.training.conftest import drawings

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]

EACH = ("--upload", "each")


def said(here: Scene) -> Counter[str]:
    """What the run said of its images, and how often."""
    events = feed.events(Place.of("run", here.folder).source, "run")
    return Counter(str(event.data["reason"]) for _, event in events if event.what in ("warned", "noted", "compared"))


async def test_what_was_found_before_the_run_began(tmp_path: Path) -> None:
    """Killed at any write before its first request, by whoever goes on."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "said") as victims:
        async with scene(victims, "legacy", images, tmp_path / "undisturbed") as here:
            reached = (await here.live()).reached
            expected = said(here)
        assert len([words for words in expected if "sides below" in words]) == SMALL[0], expected
        before = points_of(itertools.takewhile(lambda at: "." not in at[1], reached))
        for number, point in enumerate(point for point in before if point.where == "journal"):
            async with scene(victims, "legacy", images, tmp_path / str(number)) as here:
                assert (await here.live(point=point)).code == -signal.SIGKILL, point
                assert not await here.problems(await here.finish())
                assert said(here) == expected, point


async def test_what_images_of_a_large_set_show(tmp_path: Path) -> None:
    """Killed while those are sent that were not decoded before it began, and at any write of what they show."""
    (images := tmp_path / "images").mkdir()
    drawings(images, MOST_EACH + 4)
    how: Any = {"shape": "legacy", "images": images, "max_images": 2 * MOST_EACH}
    async with zygote(tmp_path / "said") as victims:
        async with scene(victims, folder=tmp_path / "undisturbed", **how) as here:
            undisturbed = points_of((await here.live(*EACH)).reached)
            expected = said(here)
        alone, *together = ("201.png: dark", "202.png: blurry", "000.png, 203.png: 2 pictures look the same")
        assert all(any(words.startswith(part) for words in expected) for part in (alone, *together)), expected
        sent = undisturbed.index(Point("answered", "images.upload", MOST_EACH + 4))
        written = itertools.takewhile(lambda point: point.where == "journal", undisturbed[sent + 1 :])
        uploads = [Point("before", "images.upload", MOST_EACH + 3), Point("answered", "images.upload", MOST_EACH + 2)]
        for number, point in enumerate([*uploads, *written]):
            async with scene(victims, folder=tmp_path / str(number), **how) as here:
                ended = await here.live(*EACH, point=point)
                assert ended.code == -signal.SIGKILL or point.where == "journal", point
                assert not await here.problems(await here.finish(*EACH))
                assert said(here) == expected, point
