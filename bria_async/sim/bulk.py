"""Archives of a bulk upload: read member by member, never unpacked by their own word."""

import asyncio
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs

from bria_async.sim import sources
from bria_async.sim.answers import Refusal
from bria_async.sim.entities import Bulk, BulkFile, Dataset
from bria_async.sim.pictures import inspect
from bria_async.sim.routes import Call
from bria_async.sim.store import Blobs
from bria_async.sim.world import FULL_RESOLUTION

_CHUNK = 1 << 20
_MAX_CAPTION = 64_000
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What unpacks no more than it is asked for at a time."""
_LARGEST_READ = 32 << 20
"""More than the directory of the largest archive takes, captions and all; `zipfile` reads it in one go."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)
"""What `zipfile` raises about bytes that are no sound archive."""


class _Bounded(io.FileIO):
    """A file that is never read in one go: a directory without end is not even parsed."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        if min(left, left if size is None or size < 0 else size) > _LARGEST_READ:
            raise zipfile.BadZipFile("its directory is too large")
        return super().read(-1 if size is None else size) or b""


@attrs.frozen
class Member:
    """One image member: what it is, or why it is refused."""

    filename: str
    source: sources.Source | None = None
    refusal: Refusal | None = None
    caption: str | None = None


async def read(call: Call, zip_url: str) -> list[Member] | None:
    """What the archive holds, None when it is no archive.

    Raises:
        Refusal: 404 or 460 when the URL is none of the simulator's, 413 for a file that is too large or holds
            too many images.
    """
    options = call.options
    path = sources.file_at(call, zip_url)
    if path.stat().st_size > options.max_zip_bytes:
        raise sources.too_large(options.max_zip_bytes)
    try:
        return await asyncio.to_thread(_read_all, call, path)
    except _BROKEN:
        return None


def start(call: Call, dataset: Dataset, members: list[Member] | None, *, moderate: bool) -> None:
    """Let the images of an archive appear one after the other on the clock.

    What only a look inside shows (not an archive, no image in it) ends as `failed`: the one attempt is used
    (unknown: the simulator chooses so).
    """
    world, options = call.world, call.options
    starts_at = call.now + options.bulk_delay
    files = []
    for at, member in enumerate(members or (), 1):
        files.append(_verdict(call, member, moderate=moderate))
        if member.source and not files[-1].error_code:
            world.add_image(
                dataset,
                member.source.blob,
                member.source.picture,
                name=member.filename,
                at=starts_at + at * options.bulk_time_per_image,
                caption=member.caption,
            )
    world.bulks[dataset.id] = Bulk(
        dataset_id=dataset.id, files=tuple(files), starts_at=starts_at, per_file=options.bulk_time_per_image
    )
    given = "manual" if any(member.caption for member in members or ()) else "automatic"
    world.datasets[dataset.id] = attrs.evolve(dataset, captions_source=given, updated_at=call.now)


def _verdict(call: Call, member: Member, *, moderate: bool) -> BulkFile:
    refusal = member.refusal
    if member.source:
        side = min(member.source.picture.width, member.source.picture.height)
        if side < FULL_RESOLUTION:
            refusal = Refusal(412, f"The image must be at least {FULL_RESOLUTION}x{FULL_RESOLUTION} pixels")
        elif moderate and member.source.says(call.options.moderation.inputs):
            refusal = Refusal(422, "The image did not pass content moderation")
    if refusal is None:
        return BulkFile(filename=member.filename)
    return BulkFile(filename=member.filename, error_code=refusal.status, error_message=refusal.text)


def _read_all(call: Call, path: Path) -> list[Member]:
    """Every member that is not a caption, in the archive's order; blocking."""
    options, blobs = call.options, call.world.blobs
    with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
        members = list(_members(archive))
        texts = {_path(info).stem: info for info in members if _is_text(info)}
        images = [info for info in members if not _is_text(info)]
        if len(images) > options.max_zip_images:
            raise Refusal(413, f"The archive holds more than {options.max_zip_images} images")
        read, left = [], options.max_zip_bytes
        for info in images:
            name = _path(info).name
            try:
                _check_member(info)
                source = _extract(archive, info, blobs, min(options.max_bytes, left), call)
                left -= source.blob.size
                text = texts.get(_path(info).stem)
                read.append(Member(name, source, None, _caption(archive, text) if text else None))
            except Refusal as refusal:
                read.append(Member(name, refusal=refusal))
        return read


def _members(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """All files but those that operating systems leave in archives."""
    for info in archive.infolist():
        path = _path(info)
        hidden = path.name.startswith(".") or "__MACOSX" in path.parts[:1]
        if path.name and not hidden and not info.is_dir():
            yield info


def _path(info: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(info.filename.replace("\\", "/"))


def _is_text(info: zipfile.ZipInfo) -> bool:
    return info.filename.lower().endswith(".txt")


def _check_member(info: zipfile.ZipInfo) -> None:
    path = _path(info)
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise Refusal(400, "The path leaves the archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refusal(400, "Links are not accepted")
    if info.flag_bits & _ENCRYPTED:
        raise Refusal(400, "Encrypted files are not accepted")
    if info.compress_type not in _METHODS:
        raise Refusal(400, "Files are stored or deflated")


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, blobs: Blobs, limit: int, call: Call) -> sources.Source:
    """The bytes of one member; the cap counts what comes out, not what the archive claims."""
    try:
        with archive.open(info) as member, blobs.spool() as spool:
            while chunk := member.read(_CHUNK):
                spool.write(chunk)
                if spool.size > limit:
                    raise sources.too_large(limit)
            blob = spool.keep()
    except _BROKEN as failure:
        raise Refusal(422, "The file cannot be unpacked") from failure
    picture = inspect(blob.path, max_pixels=call.options.max_pixels, decode=call.options.decode)
    return sources.Source(info.filename, blob, picture)


def _caption(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str | None:
    _check_member(info)
    try:
        with archive.open(info) as member:
            text = member.read(_MAX_CAPTION + 1)
    except _BROKEN as failure:
        raise Refusal(422, "The caption beside the image cannot be unpacked") from failure
    if len(text) > _MAX_CAPTION:
        raise Refusal(413, "The caption beside the image is too long")
    return text.decode(errors="replace").strip() or None
