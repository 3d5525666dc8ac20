"""Folders as people have them: hostile names, very many files, and disks that go away."""

import hashlib
import os
import resource
import shutil
from pathlib import Path

import pytest
from PIL import Image

from bria_async.errors import ImageError, PlanInvalid, RunPaused
from bria_async.host import Host
from bria_async.images.folder import scan
from bria_async.sim import Simulator
from tests.images.files import jpeg, png_header
from tests.support import picture

from .studio import COUNT, ONCE, Studio, connected, once, right

ORIGINALS, DEPTH, MANY = 4, 60, 20_000
NAMES = [
    "cat.png",
    "Cat.png",
    "caf\u00e9.png",
    "cafe\u0301.png",
    "x" * 251 + ".png",
    "new\nline.png",
    "\U0001f638.png",
    "up\\..\\..\\up.png",
    'quo"te.png',
    "%2e%2e%2f.png",
    "con.png",
    "-rf.png",
]


@pytest.mark.fault("N16")
async def test_hostile_names_arrive_under_plain_ones(studio: Studio, sim: Simulator, tmp_path: Path) -> None:
    """Names that collide, lead elsewhere or break headers: each image is on the server once, under a plain name."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_bytes(picture(300 + number, 300))
    async with connected(sim.base_url) as session:
        result = await studio.train(session, studio.plan(images=folder))
    assert result.images == len(NAMES)
    stored = [image.image_name for image in sim.world.images.values()]
    assert len({name.casefold() for name in stored}) == len(NAMES), stored
    for name in stored:
        assert not set(name) & set('/\\"\n\r\0%') and not name.startswith(".") and len(name.encode()) <= 255, name
    assert not right(sim, {**ONCE, "images.upload": len(NAMES)})
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES), "the user's folder was changed"


def _spoil(folder: Path) -> dict[str, str]:
    """Put what is no usable image among the pictures; name -> what is said of it."""
    sound = next(iter(folder.iterdir())).read_bytes()
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes(sound[:-20])
    (folder / "words.jpg").write_bytes(b"no picture")
    (folder / "huge.png").write_bytes(sound + bytes(12 * 2**20))
    (folder / "bomb.png").write_bytes(png_header(20_000, 20_000))
    (folder / "folder.png").mkdir()
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    return {
        "empty.png": "is empty",
        "cut.png": "cannot be decoded",
        "words.jpg": "is not an image",
        "huge.png": "more than the 12,582,912 allowed",
        "bomb.png": "20000 x 20000 pixels",
        "loop.png": "cannot be opened",
        "pipe.png": "is a named pipe",
    }


@pytest.mark.fault("F1", "F4", "F5", "F7")
async def test_what_is_no_image_is_named_and_left_as_it_is(studio: Studio, sim: Simulator, tmp_path: Path) -> None:
    """Nothing is created before the user decides; then all others are trained, and the folder is as it was."""
    folder = tmp_path / "spoiled"
    shutil.copytree(studio.pictures, folder)
    reasons = _spoil(folder)
    before = {path.name: path.lstat() for path in folder.iterdir()}
    async with connected(sim.base_url) as session:
        with pytest.raises(PlanInvalid) as refused:
            await studio.train(session, studio.plan(images=folder))
        assert not sim.requests, "something was created beforehand"
        result = await studio.train(session, studio.plan(images=folder, on_bad_image="skip"))
    warned = "\n".join(studio.reasons("warned"))
    for name, reason in reasons.items():
        assert any(name in line and reason in line for line in warned.splitlines()), (name, warned)
    assert any(name in str(refused.value) for name in reasons), refused.value
    assert result.images == COUNT
    assert not right(sim, ONCE), right(sim, ONCE)
    after = {path.name: path.lstat() for path in folder.iterdir()}
    assert {name: (found.st_size, found.st_mtime_ns) for name, found in before.items()} == {
        name: (found.st_size, found.st_mtime_ns) for name, found in after.items()
    }, "the user's folder was changed"


def _peak() -> float:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.exhaustive
@pytest.mark.fault("F9")
async def test_very_many_files_in_deep_folders(tmp_path: Path) -> None:
    """20,000 names of four files, 60 folders deep: each image once, in memory that hardly grows with them."""
    originals = [tmp_path / f"{number}.png" for number in range(ORIGINALS)]
    for number, path in enumerate(originals):
        Image.new("L", (256, 256), 60 * number).save(path)
    folder = tmp_path
    for number in range(ORIGINALS, MANY):
        if number % (MANY // DEPTH) == 0:
            folder /= f"below {number}"
            folder.mkdir()
        os.link(originals[number % ORIGINALS], folder / f"{number}.png")
    before = _peak()
    found = await scan(tmp_path, Host(), recursive=True)
    assert [len(group) for group in found.duplicates] == [MANY // ORIGINALS] * ORIGINALS
    assert len(found.images) == ORIGINALS
    assert (grown := _peak() - before) < 64, f"{grown:.0f} MiB for pictures of 1,250 MiB"


@pytest.mark.fault("F9", "F8")
async def test_a_disk_that_goes_away_in_the_middle_is_told_file_by_file(tmp_path: Path) -> None:
    """Files that were listed and are gone are problems with a reason; what was looked at before stays found."""
    paths = [jpeg(tmp_path / "mount" / f"{number:02d}.jpg", number, (300, 300)) for number in range(20)]

    def unmount(done: int, _: int) -> None:
        if done == 5:
            for path in paths[10:]:
                path.unlink()

    found = await scan(tmp_path / "mount", Host(), at_once=1, progress=unmount)
    assert [image.path for image in found.images] == paths[:10]
    assert [Path(problem.path) for problem in found.problems] == paths[10:]
    with pytest.raises(ImageError, match="is not there"):
        await scan(tmp_path / "elsewhere", Host())


@pytest.mark.fault("F8")
@pytest.mark.parametrize("change", ["edited", "deleted"])
async def test_an_image_that_changes_during_the_run_is_not_sent(
    studio: Studio, sim: Simulator, tmp_path: Path, change: str
) -> None:
    """What was looked at is what is sent, or nothing: the run names the file, and goes on once it is as it was."""
    folder = tmp_path / "changing"
    shutil.copytree(studio.pictures, folder)
    plan, path = studio.plan(images=folder), folder / "05.png"
    before, state = path.read_bytes(), path.stat()
    planned = {hashlib.sha256(image.read_bytes()).hexdigest() for image in folder.iterdir()}

    def meddle() -> None:
        if change == "edited":
            path.write_bytes(picture(640, 480))
        else:
            path.unlink()

    async with connected(sim.base_url) as session:
        with pytest.raises(RunPaused, match=r"05\.png: (changed|cannot be read)"):
            await studio.train(session, plan, once("finished", "identity", meddle))
        assert sim.audit().uploaded < planned, "something else was sent"
        path.write_bytes(before)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        await studio.train(session, plan)
    assert sim.audit().uploaded == planned
    assert not right(sim, ONCE), right(sim, ONCE)
