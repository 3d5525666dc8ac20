"""A folder of images: what is found, in which order, how often, and what is passed over."""

import os
import shutil
import sys
import threading
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import ImageError, MissingExtra
from bria_async.host import Host
from bria_async.images.folder import scan
from bria_async.images.probe import Limits
from tests.images.files import beyond_reach, encoded, jpeg, picture, write

SMALL = Limits(min_side=16)
SIDES = (32, 32)


def little(path: Path, seed: int) -> Path:
    """A small JPEG, because most tests look at folders and not at pixels."""
    return jpeg(path, seed, SIDES)


def states(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What the files hold, and since when."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


async def test_images_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """The order is that of the names, whatever the order of writing, the format or the extension's case."""
    for seed, name in enumerate(["b.jpg", "c.JPEG", "a.jpg"]):
        little(tmp_path / name, seed)
    write(tmp_path / "B.png", encoded(picture(size=SIDES, seed=9), "PNG"))
    found = await scan(tmp_path, Host(), SMALL)
    assert [image.path.name for image in found.images] == ["B.png", "a.jpg", "b.jpg", "c.JPEG"], (
        f"unexpected order: {found.images}"
    )
    assert (found.problems, found.duplicates, found.ignored) == ((), (), 0), f"nothing else is there: {found}"


async def test_companions_are_passed_over_and_images_without_a_name_are_found(tmp_path: Path) -> None:
    """Captions, hidden files and notes are no images; a picture without an extension is one."""
    little(tmp_path / "cat.jpg", 1)
    write(tmp_path / "cat.txt", b"a cat")
    write(tmp_path / ".DS_Store", b"\0\0\0\1Bud1")
    write(tmp_path / "._cat.jpg", b"\0\5\x16\7")
    write(tmp_path / "Thumbs.db", b"\xd0\xcf\x11\xe0")
    write(tmp_path / "plan.toml", b"[plan]")
    write(tmp_path / "README.md", b"BMW and other cats")
    little(tmp_path / "downloaded", 2)
    os.mkfifo(tmp_path / "pipe")
    found = await scan(tmp_path, Host(), SMALL)
    assert [image.path.name for image in found.images] == ["cat.jpg", "downloaded"], f"found {found.images}"
    assert found.images[0].caption_path == tmp_path / "cat.txt", "the caption belongs to its image"
    assert found.problems == (), f"nothing claims to be an image and is none: {found.problems}"
    assert found.ignored == 4, f"the table, the plan, the notes and the pipe are ignored: {found.ignored}"


@pytest.mark.fault("F1", "F7")
async def test_what_claims_to_be_an_image_and_is_none_is_a_problem(tmp_path: Path) -> None:
    """Each has its reason, and the sound images are found all the same."""
    sound = little(tmp_path / "sound.jpg", 1)
    write(tmp_path / "empty.png", b"")
    write(tmp_path / "note.jpeg", b"not an image")
    write(tmp_path / "moving.gif", encoded(picture(size=SIDES), "GIF"))
    write(tmp_path / "cut.jpg", sound.read_bytes()[:-2])
    write(tmp_path / "scan", encoded(picture(size=SIDES), "TIFF"))
    (tmp_path / "loop.webp").symlink_to(tmp_path / "loop.webp")
    os.mkfifo(tmp_path / "pipe.png")
    found = await scan(tmp_path, Host(), SMALL)
    assert [image.path for image in found.images] == [sound], f"found {found.images}"
    assert [str(problem).partition(" (")[0] for problem in found.problems] == [
        f"{tmp_path}/cut.jpg: cannot be decoded: image file is truncated",
        f"{tmp_path}/empty.png: is empty",
        f"{tmp_path}/loop.webp: cannot be opened: Too many levels of symbolic links",
        f"{tmp_path}/moving.gif: is GIF; the API takes JPEG, PNG and WebP",
        f"{tmp_path}/note.jpeg: is not an image; the API takes JPEG, PNG and WebP",
        f"{tmp_path}/pipe.png: is a named pipe, not a file",
        f"{tmp_path}/scan: is TIFF; the API takes JPEG, PNG and WebP",
    ], f"unexpected problems: {found.problems}"


@pytest.mark.fault("F9")
async def test_problems_do_not_keep_the_files_in_memory(tmp_path: Path) -> None:
    """A traceback holds the frames that hold the bytes: of a thousand bad files, all of them."""
    write(tmp_path / "cut.jpg", encoded(picture(), "JPEG")[:-2])
    (problem,) = (await scan(tmp_path, Host())).problems
    assert problem.__traceback__ is None, "the problem carries a traceback"
    assert problem.__cause__ is None, "the problem carries the decoder's error and its traceback"


async def test_equal_files_are_uploaded_once(tmp_path: Path) -> None:
    """The first by name stays, and the group says which ones are the same."""
    first = little(tmp_path / "a.jpg", 1)
    little(tmp_path / "b.jpg", 2)
    shutil.copy(first, tmp_path / "c.jpg")
    shutil.copy(first, tmp_path / "d.png")
    found = await scan(tmp_path, Host(), SMALL)
    assert [image.path.name for image in found.images] == ["a.jpg", "b.jpg"], f"found {found.images}"
    groups = [[image.path.name for image in group] for group in found.duplicates]
    assert groups == [["a.jpg", "c.jpg", "d.png"]], f"unexpected groups: {groups}"


async def test_folders_below_are_looked_at_when_asked(tmp_path: Path) -> None:
    """Only then, hidden ones never, and a link to a folder above does not lead in circles."""
    little(tmp_path / "b.jpg", 1)
    little(tmp_path / "a" / "z.jpg", 2)
    little(tmp_path / ".thumbnails" / "b.jpg", 3)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    flat = await scan(tmp_path, Host(), SMALL)
    deep = await scan(tmp_path, Host(), SMALL, recursive=True)
    assert [image.path for image in flat.images] == [tmp_path / "b.jpg"], f"found {flat.images}"
    assert [image.path for image in deep.images] == [tmp_path / "a" / "z.jpg", tmp_path / "b.jpg"], (
        f"found {deep.images}"
    )


@pytest.mark.fault("N16")
async def test_hostile_names_stay_apart(tmp_path: Path) -> None:
    """Same names in two folders, by case and by form, long, broken and decorated names: all keys differ."""
    names = [
        "one/cat.jpg",
        "two/cat.jpg",
        "two/CAT.jpg",
        unicodedata.normalize("NFC", "two/é.jpg"),
        unicodedata.normalize("NFD", "two/é.jpg"),
        "x" * 251 + ".jpg",
        "x" * 255,
        "two\nlines.jpg",
        "a\\..\\cat.jpg",
        "\N{ARTIST PALETTE}.jpg",
        'say "cheese".jpg',
    ]
    for seed, name in enumerate(names):
        little(tmp_path / name, seed)
    found = await scan(tmp_path, Host(), SMALL, recursive=True)
    assert found.problems == (), f"all are sound: {found.problems}"
    keys = {image.key for image in found.images}
    assert len(keys) == len(names), f"{len(names)} files have {len(keys)} keys: {sorted(keys)}"
    assert all(len(key.encode()) < 128 and not set(key) & set('\n"\\/') for key in keys), f"unsafe: {keys}"


async def test_a_list_of_files_is_taken_as_it_is_given(tmp_path: Path) -> None:
    """The order stays, every one is meant, and a path given twice is looked at once."""
    b, a = little(tmp_path / "b.jpg", 1), little(tmp_path / "a.jpg", 2)
    note = write(tmp_path / "note.md", b"# note")
    found = await scan([b, a, b, note], Host(), SMALL)
    assert [image.path for image in found.images] == [b, a], f"found {found.images}"
    assert [problem.path for problem in found.problems] == [str(note)], f"problems {found.problems}"
    assert found.duplicates == (), f"one path is no duplicate of itself: {found.duplicates}"


async def test_what_was_known_is_not_read_again(tmp_path: Path) -> None:
    """Size and time decide: a resumed run looks at thousands of files without opening them."""
    same, changed = little(tmp_path / "a.jpg", 1), little(tmp_path / "b.jpg", 2)
    first = await scan(tmp_path, Host(), SMALL)
    known = {image.path: image for image in first.images}
    for path in (same, changed):
        path.write_bytes(bytes(known[path].size))
    os.utime(same, ns=(0, known[same].mtime_ns))
    os.utime(changed, ns=(0, known[changed].mtime_ns + 1))
    again = await scan(tmp_path, Host(), SMALL, known=known)
    assert again.images == (known[same],), f"an unchanged state is believed: {again.images}"
    assert [problem.path for problem in again.problems] == [str(changed)], f"problems {again.problems}"


async def test_of_many_files_the_first_images_are_decoded(tmp_path: Path) -> None:
    """The others by their headers, which tell their faults as well; a copy of a damaged image is as damaged."""
    cut = little(tmp_path / "a.jpg", 1)
    cut.write_bytes(cut.read_bytes()[:-2])
    shutil.copy(cut, tmp_path / "z.jpg")
    for seed, name in enumerate("bcdef"):
        little(tmp_path / f"{name}.jpg", seed + 2)
    shutil.copy(tmp_path / "b.jpg", tmp_path / "y.jpg")
    (tmp_path / "f.jpg").write_bytes(b"")
    found = await scan(tmp_path, Host(), SMALL, most_decoded=3)
    assert [(image.path.name, image.decoded) for image in found.images] == [
        ("b.jpg", True),
        ("c.jpg", True),
        ("d.jpg", False),
        ("e.jpg", False),
    ], f"three contents are decoded, one of which is damaged: {found.images}"
    assert [Path(problem.path).name for problem in found.problems] == ["a.jpg", "f.jpg", "z.jpg"], found.problems
    assert [problem.__traceback__ for problem in found.problems] == [None] * 3, "a problem carries a traceback"
    assert [[image.path.name for image in group] for group in found.duplicates] == [["b.jpg", "y.jpg"]]


async def test_few_files_are_all_decoded(tmp_path: Path) -> None:
    """As many as would be decoded anyway, or fewer."""
    for seed in range(3):
        little(tmp_path / f"{seed}.jpg", seed)
    found = await scan(tmp_path, Host(), SMALL, most_decoded=3)
    assert [image.decoded for image in found.images] == [True] * 3, f"found {found.images}"
    assert found == await scan(tmp_path, Host(), SMALL), "nothing tells it from a look at all"


async def test_an_empty_folder_gives_an_empty_scan(tmp_path: Path) -> None:
    """What to say about it is for the caller to decide."""
    found = await scan(tmp_path, Host())
    assert (found.images, found.problems, found.ignored) == ((), (), 0), f"found {found}"


async def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    """Missing, and a file where a folder is due."""
    with pytest.raises(ImageError, match="nowhere: is not there"):
        await scan(tmp_path / "nowhere", Host())
    with pytest.raises(ImageError, match=r"cat\.jpg: is not a folder"):
        await scan(little(tmp_path / "cat.jpg", 1), Host())


async def test_progress_counts_every_file(tmp_path: Path) -> None:
    """Sound or not, each file is one step of a known number."""
    for seed in range(5):
        little(tmp_path / f"{seed}.jpg", seed)
    write(tmp_path / "bad.jpg", b"bad")
    steps: list[tuple[int, int]] = []
    await scan(tmp_path, Host(), SMALL, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(done, 6) for done in range(1, 7)], f"unexpected steps: {steps}"


class Counting(Host):
    """A host that notes how many threads work at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.working = 0
        self.most = 0

    async def in_thread(self, function: Any, *args: object) -> Any:
        """Count while it runs."""
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            return await super().in_thread(function, *args)
        finally:
            self.working -= 1


@pytest.mark.fault("F9")
async def test_files_are_decoded_in_threads_and_not_all_at_once(tmp_path: Path) -> None:
    """The loop's own thread stays free, and `at_once` bounds the memory."""
    for seed in range(12):
        little(tmp_path / f"{seed:02}.jpg", seed)
    host = Counting()
    threads: set[threading.Thread] = set()

    def progress(_done: int, _total: int) -> None:
        threads.add(threading.current_thread())

    found = await scan(tmp_path, host, SMALL, at_once=3, progress=progress)
    assert len(found.images) == 12, f"found {len(found.images)} of 12"
    assert host.most == 3, f"{host.most} files were open at a time, 3 allowed"
    assert threads == {threading.main_thread()}, f"progress was called in {threads}"


@pytest.mark.fault("F2")
async def test_nothing_is_changed(tmp_path: Path) -> None:
    """Neither the files nor their times: they are the user's."""
    write(tmp_path / "wrong.png", encoded(picture(size=SIDES), "JPEG"))
    before = states(tmp_path)
    await scan(tmp_path, Host(), SMALL)
    assert states(tmp_path) == before, "the folder is not as it was"


async def test_missing_pillow_is_one_plain_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before the first file, and not as a group of equal errors."""
    little(tmp_path / "a.jpg", 1)
    for name in ("decode", "pillow"):
        monkeypatch.delitem(sys.modules, f"bria_async.images.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra):
        await scan(tmp_path, Host(), SMALL)


async def test_a_folder_below_that_cannot_be_listed_is_a_problem(tmp_path: Path) -> None:
    """It is named with its reason, once, and what lies beside it is found; the folder itself is an error."""
    little(tmp_path / "a.jpg", 1)
    little(tmp_path / "z" / "b.jpg", 2)
    deep = beyond_reach(tmp_path)
    found = await scan(tmp_path, Host(), SMALL, recursive=True)
    assert [image.path for image in found.images] == [tmp_path / "a.jpg", tmp_path / "z" / "b.jpg"], found.images
    (problem,) = found.problems
    assert (problem.code, problem.message) == ("unlisted", "cannot be listed: File name too long"), problem
    assert deep.is_relative_to(problem.path) and problem.__traceback__ is None, problem
    assert not (await scan(tmp_path, Host(), SMALL)).problems, "nobody asked for it"
    with pytest.raises(ImageError, match="cannot be listed: File name too long"):
        await scan(deep, Host(), SMALL)
