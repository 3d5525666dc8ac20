"""The zip of a large dataset: stored, flat, checked before it is written and again while it is."""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

import attrs

from bria_async.errors import ImageChanged, ImageError
from bria_async.partfile import PartFile, remove_left_over

from .probe import CAPTION, ImageFile, recheck
from .source import open_regular

MAX_IMAGES = 5000
"""Images in one zip (published spec)."""

MAX_BYTES = 5_000_000_000
"""Bytes of one zip (published spec: 5 GB); whether of 10^9 or 2^30 bytes is unknown: the smaller one, because
a dataset takes a zip only once."""

_HEADERS = 512
"""Bytes that the zip format adds per member, at most: names are short."""

_BLOCK = 2**20
_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can hold: with one date for all, the same images make the same bytes."""
_UNIX = 3
_REGULAR_FILE = 0o100644 << 16


@attrs.frozen
class Archive:
    """A finished zip: its sha256 and size in bytes, and the names inside, in order."""

    path: Path
    sha256: str
    size: int
    members: tuple[str, ...]


@attrs.frozen
class _Member:
    name: str
    source: Path
    size: int
    sha256: str | None = None


def build_zip(images: Sequence[ImageFile], target: Path, captions: bool) -> Archive:
    """Write the images into a zip for `bulk-upload`, under their keys; blocks, so run it in a worker thread.

    Nothing is compressed, because images do not shrink. `target` appears whole or not at all.

    Args:
        images: the images, each content once.
        target: the zip; replaced if it is there, and what processes that died left of it is removed. Its folder must
            exist, and nobody else may be building it.
        captions: put the caption of every image that has one beside it, as `{stem of the key}.txt`.

    Raises:
        ImageError: too many or too large for one zip, the same image twice, a file cannot be read, or the zip
            cannot be written.
        ImageChanged: a file is not what it was when it was probed.
    """
    members = tuple(_members(images, captions))
    _check(images, members, target)
    try:
        sha256, size = _write(members, target)
    except OSError as error:
        raise ImageError(f"cannot be written: {error.strerror or error}", str(target)) from error
    return Archive(target, sha256, size, tuple(member.name for member in members))


def _members(images: Sequence[ImageFile], captions: bool) -> Iterator[_Member]:
    for image in images:
        yield _Member(image.key, image.path, image.size, image.sha256)
        if captions and image.caption_path is not None:
            name = PurePath(image.key).with_suffix(CAPTION).name
            with open_regular(image.caption_path) as file:
                yield _Member(name, image.caption_path, os.fstat(file.fileno()).st_size)


def _check(images: Sequence[ImageFile], members: Sequence[_Member], target: Path) -> None:
    if len(images) > MAX_IMAGES:
        raise ImageError(f"would hold {len(images):,} images; a zip takes {MAX_IMAGES:,}", str(target))
    size = sum(member.size + _HEADERS for member in members)
    if size > MAX_BYTES:
        raise ImageError(f"would have {size:,} bytes; a zip takes {MAX_BYTES:,}", str(target))
    names: set[str] = set()
    for image in images:
        if image.key in names:
            raise ImageError("would be in the zip twice", str(image.path))
        names.add(image.key)
        if not recheck(image):
            raise _changed(image.path)


def _write(members: Sequence[_Member], target: Path) -> tuple[str, int]:
    remove_left_over(target)
    with PartFile(target) as part:
        with zipfile.ZipFile(part.file, "w", zipfile.ZIP_STORED) as archive:
            for member in members:
                _add(archive, member)
        size = part.file.tell()
        part.file.seek(0)
        sha256 = hashlib.file_digest(part.file, "sha256").hexdigest()
        part.commit()
    return sha256, size


def _add(archive: zipfile.ZipFile, member: _Member) -> None:
    entry = zipfile.ZipInfo(member.name, _DATE)
    entry.create_system = _UNIX
    entry.external_attr = _REGULAR_FILE
    entry.file_size = member.size
    digest = hashlib.sha256()
    left = member.size
    with open_regular(member.source) as source, archive.open(entry, "w") as sink:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise _changed(member.source)
            digest.update(block)
            sink.write(block)
    if left or member.sha256 not in {None, digest.hexdigest()}:
        raise _changed(member.source)


def _changed(path: Path) -> ImageChanged:
    return ImageChanged("changed since it was checked", str(path))
