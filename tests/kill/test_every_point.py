"""SIGKILL at every write, sync and rename of a run, and at every moment of its requests: resumed, it ends as planned.

A run of each shape is counted first, then killed at each of its points in turn, started again, and judged by what the
server, the disk and the journal hold. Of one shape every fifth point is taken, of the others every tenth, from the
first, the second ... by the commit; `BRIA_KILL=3` begins with the fourth, `BRIA_KILL=all` (`make kill`) takes them all.
"""

import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bria_async.session import FAMILIES
from tests.kill.points import Point, points_of
from tests.kill.stage import IMAGES, SHAPES, SMALL, Scene, Zygote, pictures, scene, zygote

THOROUGHLY = "legacy"
"""The shape of which more points are taken."""
PARTS = 4
"""Tests that share the points of a shape."""
SHARE, SHARE_THOROUGHLY = 10, 5
"""One point in so many is taken, and of that shape."""
TRIES = 3
"""Runs in which a point may come: records that wait for the same disk share a transaction, or just not."""
WAVERING = 1
"""Points of one test that may still not come: the last transactions of a run that was counted with more of them."""


def beginning() -> int:
    """The first point to take: the same for the same commit, and whenever BRIA_KILL says so."""
    if said := os.environ.get("BRIA_KILL"):
        return 0 if said == "all" else int(said)
    git = ("git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD")
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(commit, 16) % SHARE


async def counted(victims: Zygote, shape: str, images: Path, folder: Path) -> list[Point]:
    """All points of a run that nothing happens to."""
    async with scene(victims, shape, images, folder) as here:
        ended = await here.live()
        assert not await here.problems(ended)
        return points_of(ended.reached)


def chosen(points: list[Point], shape: str, part: int) -> list[Point]:
    """The points of a shape that are taken, and of these the ones that belong to a part."""
    share = SHARE_THOROUGHLY if shape == THOROUGHLY else SHARE
    everything = os.environ.get("BRIA_KILL") == "all"
    return (points if everything else points[beginning() % share :: share])[part::PARTS]


def again(shape: str, part: int) -> str:
    """The command that kills at the same points."""
    test = f"tests/kill/test_every_point.py::{test_a_run_that_is_killed_anywhere_ends_as_planned.__name__}"
    return f"BRIA_KILL={os.environ.get('BRIA_KILL') or beginning()} python -m pytest '{test}[{shape}-{part}]'"


async def killed_at(here: Scene, point: Point) -> tuple[bool, list[str]]:
    """Kill a run at a point and start it again: whether it came there, and what is wrong in the end."""
    ended = await here.live(point=point)
    if ended.code == 0 and point.where == "journal":
        return False, await here.problems(ended)
    if ended.code != -signal.SIGKILL:
        return False, [f"it was not killed there, but ended with {ended.code}: {ended.said[-2000:]}"]
    return True, await here.problems(await here.finish())


@pytest.mark.fault("P1")
@pytest.mark.exhaustive
@pytest.mark.timeout(0 if os.environ.get("BRIA_KILL") == "all" else 900)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("shape", list(SHAPES))
async def test_a_run_that_is_killed_anywhere_ends_as_planned(shape: str, part: int, tmp_path: Path) -> None:
    """Nothing is there twice, nothing is missing, nothing was paid twice in silence, and nothing is left over."""
    images = pictures(tmp_path / "images", *IMAGES.get(shape, SMALL))
    wrong: dict[str, list[str]] = {}
    missed: list[Point] = []
    async with zygote(tmp_path / "said") as victims:
        points = await counted(victims, shape, images, tmp_path / "counted")
        for number, point in enumerate(chosen(points, shape, part)):
            for attempt in range(TRIES):
                async with scene(victims, shape, images, tmp_path / f"{number}-{attempt}") as here:
                    came, problems = await killed_at(here, point)
                if problems:
                    wrong[str(point)] = problems
                if came:
                    break
            else:
                missed.append(point)
    problems = [f"{point}: {problem}" for point, found in wrong.items() for problem in found]
    assert not problems, "\n".join([*problems, again(shape, part)])
    assert len(missed) <= WAVERING, f"not reached: {', '.join(map(str, missed))}\n{again(shape, part)}"


@pytest.mark.parametrize(("shape", "share"), [("zip", SHARE), (THOROUGHLY, SHARE_THOROUGHLY)])
def test_which_points_are_taken_does_not_change_by_itself(
    shape: str, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tenth or fifth from where the commit says; the printed command takes the same; all beginnings take all."""
    points = [Point("before", "journal", number) for number in range(95)]

    def taken() -> list[Point]:
        return [point for part in range(PARTS) for point in chosen(points, shape, part)]

    monkeypatch.delenv("BRIA_KILL", raising=False)
    before = taken()
    monkeypatch.setenv("BRIA_KILL", again(shape, 0).removeprefix("BRIA_KILL=").partition(" ")[0])
    assert taken() == before, "the printed number takes other points"
    found = []
    for number in range(share):
        monkeypatch.setenv("BRIA_KILL", str(number))
        found += taken()
    assert sorted(found, key=lambda point: point.number) == points, "some are never taken, or twice"
    monkeypatch.setenv("BRIA_KILL", "all")
    assert len(taken()) == len(points)


async def test_the_points_are_all_there_are(tmp_path: Path) -> None:
    """Every request that the server saw, the sample's sync and renames, and the journal's transactions are points."""
    images = pictures(tmp_path / "images", *SMALL)
    async with zygote(tmp_path / "said") as victims, scene(victims, THOROUGHLY, images, tmp_path / "run") as here:
        ended = await here.live()
        seen = Counter(request.operation for request in here.sim.requests)
        assert not await here.problems(ended)
        states = here.states()
    reached = Counter(ended.reached)
    for when in ("before", "left", "answered"):
        found = {
            where: number
            for (at, where), number in reached.items()
            if at == when and where.partition(".")[0] in FAMILIES
        }
        assert found == seen, f"{when}: {found}, the server saw {seen}"
    bodies = [where for where in seen if not where.endswith((".get", ".list"))]
    assert all(reached["cut", where] == seen[where] for where in bodies), reached
    assert reached["torn", "journal"] > states.total(), "more transactions than tasks"
    assert reached["before", "sync"] >= 1, "of the sample"
    assert reached["before", "rename"] >= 2, "of the sample: to its name, and to its type"
    assert reached["torn", "close"] >= 1, "the journal is closed"
