"""The zip of a large dataset: what is in it, and what keeps it from being written."""

import hashlib
import os
import stat
import zipfile
from pathlib import Path

import attrs
import pytest

from bria_async.errors import ImageChanged, ImageError
from bria_async.images.archive import MAX_BYTES, MAX_IMAGES, build_zip
from bria_async.images.probe import ImageFile, Limits, probe
from tests.images.files import jpeg, write


@pytest.fixture
def images(tmp_path: Path) -> list[ImageFile]:
    """Three images in two folders, two of them with one name, one with a caption."""
    paths = [jpeg(tmp_path / name, seed, (64, 64)) for seed, name in enumerate(["a/é.jpg", "b/é.jpg", "b/c.jpg"])]
    write(tmp_path / "b" / "c.txt", "ein Bär".encode())
    return [probe(path, Limits(min_side=16)) for path in paths]


def test_images_lie_flat_and_stored_under_their_keys(images: list[ImageFile], tmp_path: Path) -> None:
    """Nothing is compressed, no folders, plain files, and the bytes are those of the disk."""
    archive = build_zip(images, tmp_path / "set.zip", captions=False)
    assert archive.members == tuple(image.key for image in images), f"unexpected members: {archive.members}"
    with zipfile.ZipFile(archive.path) as opened:
        assert opened.testzip() is None, "a checksum is wrong"
        assert opened.namelist() == list(archive.members), f"unexpected names: {opened.namelist()}"
        for image, entry in zip(images, opened.infolist(), strict=True):
            assert entry.compress_type == zipfile.ZIP_STORED, f"{entry.filename} is compressed"
            assert stat.S_ISREG(entry.external_attr >> 16), f"{entry.filename} is no plain file"
            assert opened.read(entry) == image.path.read_bytes(), f"{entry.filename} has other bytes"
    data = archive.path.read_bytes()
    assert (archive.size, archive.sha256) == (len(data), hashlib.sha256(data).hexdigest()), f"{archive}"


def test_captions_go_beside_their_images(images: list[ImageFile], tmp_path: Path) -> None:
    """Where there is one, under the stem of the image's key."""
    archive = build_zip(images, tmp_path / "set.zip", captions=True)
    name = images[2].key.replace(".jpg", ".txt")
    assert archive.members == (*(image.key for image in images), name), f"members: {archive.members}"
    with zipfile.ZipFile(archive.path) as opened:
        assert opened.read(name).decode() == "ein Bär", "the caption has other words"


def test_the_same_images_make_the_same_bytes(images: list[ImageFile], tmp_path: Path) -> None:
    """Time and place leave no trace, so that a rebuilt zip is known by its hash."""
    first = build_zip(images, tmp_path / "first.zip", captions=True)
    for image in images:
        os.utime(image.path, ns=(1, image.mtime_ns))
    second = build_zip(images, tmp_path / "second.zip", captions=True)
    assert first.sha256 == second.sha256, "two archives of the same images differ"


@pytest.mark.parametrize("keep_state", [False, True])
def test_a_changed_image_is_never_packed(images: list[ImageFile], tmp_path: Path, keep_state: bool) -> None:
    """Noticed by its state, or while copying by its hash; an older archive stays as it was."""
    target = write(tmp_path / "out" / "set.zip", b"older")
    victim = images[1]
    data = bytearray(victim.path.read_bytes())
    data[-10] ^= 0xFF
    victim.path.write_bytes(data)
    if keep_state:
        os.utime(victim.path, ns=(0, victim.mtime_ns))
    with pytest.raises(ImageChanged, match="changed since it was checked") as refusal:
        build_zip(images, target, captions=False)
    assert refusal.value.path == str(victim.path), f"the error names {refusal.value.path!r}"
    assert target.read_bytes() == b"older", "the older archive was touched"
    assert list(target.parent.iterdir()) == [target], f"remains in {target.parent}"


def test_what_a_dataset_does_not_take_is_refused_before_writing(images: list[ImageFile], tmp_path: Path) -> None:
    """5000 images and 5 GB are the limits, and one image is not packed twice."""
    target = tmp_path / "out" / "set.zip"
    many = [attrs.evolve(images[0], key=f"{number}.jpg") for number in range(MAX_IMAGES + 1)]
    with pytest.raises(ImageError, match="would hold 5,001 images; a zip takes 5,000"):
        build_zip(many, target, captions=False)
    with pytest.raises(ImageError, match="a zip takes 5,000,000,000"):
        build_zip([attrs.evolve(images[0], size=MAX_BYTES)], target, captions=False)
    with pytest.raises(ImageError, match="would be in the zip twice"):
        build_zip([images[0], images[0]], target, captions=False)


def test_a_place_that_cannot_be_written_is_one_sentence(images: list[ImageFile], tmp_path: Path) -> None:
    """The error names the zip, not an image."""
    target = tmp_path / "nowhere" / "set.zip"
    with pytest.raises(ImageError, match="cannot be written: No such file or directory") as refusal:
        build_zip(images, target, captions=False)
    assert refusal.value.path == str(target), f"the error names {refusal.value.path!r}"


def test_a_caption_that_vanished_is_named(images: list[ImageFile], tmp_path: Path) -> None:
    """An image is not silently packed without the caption that it had."""
    caption = images[2].caption_path
    assert caption is not None, "the third image has a caption"
    caption.unlink()
    with pytest.raises(ImageError, match=r"c\.txt: cannot be opened"):
        build_zip(images, tmp_path / "set.zip", captions=True)


def test_a_link_under_the_name_of_a_zip_is_replaced(images: list[ImageFile], tmp_path: Path) -> None:
    """What it leads to stays as it was, and so does what lies in its place while it is written."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "set.zip").symlink_to(tmp_path / "precious")
    made = build_zip(images, tmp_path / "set.zip", captions=False)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not made.path.is_symlink()
    assert zipfile.is_zipfile(made.path)
