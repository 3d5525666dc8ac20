"""Thumbnails are made once, kept by their contents, and bounded in how many are made at a time."""

import hashlib
from pathlib import Path

import pytest

from bria_async.dashboard.thumbnails import Thumbnails, Wanted
from bria_async.errors import ImageChanged, ImageError
from bria_async.host import Host
from tests.support import picture


def laid(folder: Path, colour: str) -> Wanted:
    """An image on disk, and what is wanted of it."""
    path, data = folder / f"{colour}.png", picture(colour=colour)
    path.write_bytes(data)
    return Wanted(path, 96, hashlib.sha256(data).hexdigest())


def test_one_that_is_kept_is_not_made_again(tmp_path: Path) -> None:
    """It is there when the file no longer is, and only for the size that was made."""
    wanted, thumbnails = laid(tmp_path, "teal"), Thumbnails.of(tmp_path)
    made = thumbnails.get(wanted)
    wanted.path.unlink()
    assert thumbnails.get(wanted) == made
    assert thumbnails.place(wanted, wanted.sha256 or "").read_bytes() == made
    with pytest.raises(ImageError):
        thumbnails.get(Wanted(wanted.path, 320, wanted.sha256))


def test_another_file_under_the_same_name(tmp_path: Path) -> None:
    """What was planned is never shown as something else; what is only there is shown as it is by now."""
    wanted, thumbnails = laid(tmp_path, "teal"), Thumbnails.of(tmp_path)
    first = thumbnails.get(Wanted(wanted.path, 96))
    wanted.path.write_bytes(picture(colour="salmon"))
    assert thumbnails.get(Wanted(wanted.path, 96)) != first
    with pytest.raises(ImageChanged):
        thumbnails.get(Wanted(wanted.path, 320, wanted.sha256))


def test_a_name_that_leads_elsewhere(tmp_path: Path) -> None:
    """Whatever a file is called, its thumbnail lies in the folder."""
    (tmp_path / "runs").mkdir()
    wanted = laid(tmp_path, "teal")
    place = Thumbnails.of(tmp_path / "runs").place(Wanted(Path("..\\..:\n\u202e.png"), 96), wanted.sha256 or "")
    assert place.parent == tmp_path / "runs" / "thumbnails" / "96"
    assert place.name.isprintable()


async def test_many_are_made_and_those_that_cannot_be_are_left_out(tmp_path: Path) -> None:
    """Progress counts both."""
    wanted = [laid(tmp_path, colour) for colour in ("teal", "salmon", "gold")]
    wanted[1].path.write_bytes(b"no image")
    seen: list[tuple[int, int]] = []
    await Thumbnails.of(tmp_path).make(wanted, Host(), lambda done, of: seen.append((done, of)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(list((tmp_path / "thumbnails" / "96").iterdir())) == 2
