"""The zip of a visual's masks: what is read from it, and everything else that a zip can be."""

import io
import random
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bria_async.errors import DownloadFailed, Unreadable
from bria_async.images import masks
from bria_async.images.masks import keep_archive, make_folder, read_masks, save_masks
from bria_async.types.visuals import Masks

ID = "92bf8ce17584de82"
CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
END = b"PK\x05\x06"
FILES = {f"{ID}_panoptic.png": b"map", f"{ID}_1.png": b"one" * 500, f"{ID}_86.png": b"last"}


def entry(name: str, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """An entry of a zip as a program on Unix writes it."""
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    made.compress_type = method
    return made


def zipped(*files: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    """A zip of these files, in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, data in files:
            archive.writestr(info, data)
    return buffer.getvalue()


def patched(content: bytes, record: bytes, offset: int, value: bytes) -> bytes:
    """The zip with other bytes in the first record of this kind."""
    at = content.index(record) + offset
    return content[:at] + value + content[at + len(value) :]


def problem(content: bytes) -> str:
    """Why this zip is not opened."""
    with pytest.raises(Unreadable) as caught:
        read_masks(content, ID)
    assert caught.value.operation == "visuals.generate_masks"
    return caught.value.problems[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_masks_are_read_by_their_ids(method: int) -> None:
    """The panoptic map stands apart, the masks stand under the ids that a removal takes."""
    content = zipped(*((entry(name, method=method), data) for name, data in FILES.items()))
    assert read_masks(content, ID) == Masks(ID, b"map", {"1": b"one" * 500, "86": b"last"})


def test_ids_may_hold_what_addresses_hold() -> None:
    """A visual id is opaque: dashes and underscores belong to it, not to the mask's."""
    assert read_masks(zipped((entry("a-b_c_1.png"), b"one")), "a-b_c") == Masks("a-b_c", None, {"1": b"one"})


def test_a_zip_without_a_map_is_read() -> None:
    """The map is extra: its absence costs nothing."""
    assert read_masks(zipped((entry(f"{ID}_1.png"), b"one")), ID) == Masks(ID, None, {"1": b"one"})


def test_pictures_do_not_fill_a_log() -> None:
    """The repr has counts rather than bytes."""
    assert repr(Masks(ID, b"map", {"1": b"one"})) == f"Masks(visual_id='{ID}', masks=<1 masks>)"


@pytest.mark.fault("N21")
@pytest.mark.parametrize(
    "name",
    [
        f"../{ID}_1.png",
        f"/{ID}_1.png",
        f"masks/{ID}_1.png",
        f"{ID}_1.png/",
        f"..\\{ID}_1.png",
        f"{ID}_1.png.exe",
        f"{ID}_1.PNG",
        f"{ID}_.png",
        f"{ID}_1\n.png",
        f"{ID}_\u0661.png",
        "0123456789abcdef_1.png",
        "__MACOSX/._mask.png",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    """Folders, ways out of the folder, other visuals and other kinds of files: not one is read."""
    content = zipped((entry(f"{ID}_1.png"), b"one"), (entry(name), b"two"))
    assert problem(content).endswith(f"which is no mask of {ID}")


def test_a_name_that_hides_its_end_is_refused() -> None:
    """What stands behind a zero byte counts as part of the name."""
    name = f"{ID}_1.png"
    content = zipped((entry(name), b"one")).replace(name.encode(), f"{ID}_\0.png".encode())
    assert "no mask" in problem(content)


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o010644])
def test_what_is_no_plain_file_is_refused(mode: int) -> None:
    """Links, folders and pipes, whatever they are called."""
    assert "not a plain file" in problem(zipped((entry(f"{ID}_1.png", mode), b"/etc/passwd")))


def test_an_encrypted_file_is_refused() -> None:
    """The flag is seen before anything is unpacked."""
    content = patched(zipped((entry(f"{ID}_1.png"), b"one")), CENTRAL, 8, b"\x01\x00")
    assert "is encrypted" in problem(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_cannot_be_bounded_is_refused(method: int) -> None:
    """These unpack as much as they like in one go."""
    assert "packed in an unusual way" in problem(zipped((entry(f"{ID}_1.png", method=method), b"one")))


def test_the_same_name_twice_is_refused() -> None:
    """Nobody can tell which of the two is meant."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped((entry(f"{ID}_1.png"), b"one"), (entry(f"{ID}_1.png"), b"two"))
    assert problem(content) == f"holds '{ID}_1.png' twice"


def test_too_many_files_are_refused() -> None:
    """More than a thousand entries are not unpacked."""
    content = zipped(*((entry(f"{ID}_{number}.png"), b"") for number in range(masks.MAX_ENTRIES + 1)))
    assert problem(content) == "holds more than 1,000 files"


def test_a_directory_without_end_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Megabytes of entries are turned away before one of them becomes an object."""
    one = zipped((entry(f"{ID}_1.png"), b""))
    directory = one[one.index(CENTRAL) : one.index(END)] * 100_000
    end = struct.pack("<4s4H2LH", END, 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    monkeypatch.setattr(zipfile, "ZipInfo", None)
    assert problem(directory + end) == "holds more than 1,000 files"


@pytest.mark.fault("N20")
def test_a_bomb_is_not_unpacked() -> None:
    """A mask beyond 64 MB is given up at that size, though its zip is small."""
    content = zipped((entry(f"{ID}_1.png"), bytes(masks.MAX_BYTES + 1)))
    assert len(content) < 2**17
    assert problem(content) == f"holds '{ID}_1.png', which is larger than allowed"


def test_masks_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many masks that are allowed one by one may still be too much."""
    monkeypatch.setattr(masks, "MAX_TOTAL", 2500)
    files = [(entry(f"{ID}_{number}.png"), bytes(1000)) for number in range(3)]
    assert len(read_masks(zipped(*files[:2]), ID).masks) == 2
    assert problem(zipped(*files)) == f"holds '{ID}_2.png', which is larger than allowed"


@pytest.mark.fault("N20")
def test_all_masks_together_fit_into_memory() -> None:
    """Two masks of the largest size are allowed, and not one byte more: they are held at once."""
    files = [(entry(f"{ID}_{number}.png"), bytes(masks.MAX_BYTES)) for number in range(2)]
    content = zipped(*files, (entry(f"{ID}_9.png"), b"x"))
    del files
    tracemalloc.start()
    try:
        assert problem(content) == f"holds '{ID}_9.png', which is larger than allowed"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**28, f"{peak / 2**20:.0f} MiB"


@pytest.mark.parametrize("size", [0, 5, 2000, 2**31])
def test_sizes_that_lie_are_found_out(size: int) -> None:
    """A file that says that it is smaller or larger than it is is not taken, nor cut to fit."""
    content = zipped((entry(f"{ID}_1.png"), bytes(1000)))
    assert problem(patched(content, CENTRAL, 24, struct.pack("<L", size)))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("nothing", lambda _: b""),
        ("no zip", lambda _: b"\x89PNG\r\n\x1a\n" * 100),
        ("cut short", lambda content: content[:-30]),
        ("only the end", lambda content: content[-60:]),
        ("other bytes", lambda content: content.replace(b"one", b"two")),
        ("two names", lambda content: patched(content, LOCAL, 30, b"X")),
        ("a future version", lambda content: patched(content, CENTRAL, 6, b"\xff\x00")),
    ],
)
def test_broken_zips_are_one_kind_of_error(name: str, change: Callable[[bytes], bytes]) -> None:
    """Whatever is wrong with the bytes, the caller meets an error of this library."""
    content = zipped((entry(f"{ID}_1.png", method=zipfile.ZIP_STORED), b"one"))
    assert problem(change(content)).startswith("cannot be read: "), name


def test_no_damage_raises_anything_else() -> None:
    """Bytes changed at random give the masks or the one error, and nothing beyond."""
    content = zipped(*((entry(name), data) for name, data in FILES.items()))
    rng = random.Random(7)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            read_masks(bytes(damaged), ID)
        except Unreadable:
            refused += 1
    assert refused > 1000


def test_masks_are_written_under_their_names(tmp_path: Path) -> None:
    """The files are those of the zip; older ones are replaced, and links to elsewhere are not followed."""
    elsewhere = tmp_path / "elsewhere.png"
    elsewhere.write_bytes(b"untouched")
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    (folder / f"{ID}_1.png").symlink_to(elsewhere)
    save_masks(Masks(ID, b"map", {"1": b"one"}), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        f"{ID}_panoptic.png": b"map",
        f"{ID}_1.png": b"one",
    }
    assert elsewhere.read_bytes() == b"untouched"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error names the path, and no half of a file stays behind."""
    (tmp_path / f"{ID}_1.png").mkdir()
    with pytest.raises(DownloadFailed, match=rf"{ID}_1\.png: what has this name is not a file"):
        save_masks(Masks(ID, None, {"1": b"one"}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{ID}_1.png"]


def test_a_zip_that_can_be_kept_nowhere_is_no_other_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong first is what is told."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert keep_archive(b"PK", tmp_path / "missing") is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in its place is an error of this library."""
    (tmp_path / "masks").write_bytes(b"")
    with pytest.raises(DownloadFailed, match="masks: File exists"):
        make_folder(tmp_path / "masks")
