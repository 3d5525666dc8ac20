"""The zip of a visual's masks: opened with suspicion, because it comes from elsewhere."""

import contextlib
import io
import re
import secrets
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from bria_async.errors import DownloadFailed, Unreadable
from bria_async.partfile import PartFile
from bria_async.types.visuals import Masks

MAX_ENTRIES = 1_000
"""Masks in one zip; the documented example has 86 (SEED 004). These limits are our own."""
MAX_BYTES = 64 * 2**20
"""Bytes of one mask."""
MAX_TOTAL = 128 * 2**20
"""Bytes of all masks, which are in memory together."""

PANOPTIC = "panoptic"
_NAME = re.compile(r"([A-Za-z0-9_-]+)_([A-Za-z0-9]+)\.png")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What unpacks no more than it is asked for at a time."""
_ENCRYPTED = 0x1
_BLOCK = 2**16
_LARGEST_READ = 2**20
"""More than the directory of so many masks takes, and than any other single read."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    OverflowError,
)
"""What `zipfile` raises about bytes that are no sound zip."""


class _Refused(Exception):
    """Why the zip is not opened, or not further."""


class _Source(io.BytesIO):
    """Bytes that are never read in one go: a directory of a million entries is not even parsed."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = self.getbuffer().nbytes - self.tell()
        if min(left, left if size is None or size < 0 else size) > _LARGEST_READ:
            raise _Refused(f"holds more than {MAX_ENTRIES:,} files")
        return super().read(size)


def read_masks(content: bytes, visual_id: str) -> Masks:
    """Open the zip of `visuals.generate_masks`; blocks, so run it in a worker thread.

    It holds `{visual_id}_panoptic.png` and `{visual_id}_{mask_id}.png` and nothing else (SEED 004): no folders,
    no links, nothing encrypted, nothing twice. What it says of sizes is never trusted.

    Raises:
        Unreadable: it is not such a zip.
    """
    try:
        with zipfile.ZipFile(_Source(content)) as archive:
            found = _read(archive, visual_id)
    except _Refused as refused:
        problem = str(refused)
    except _BROKEN as error:
        problem = f"cannot be read: {str(error) or 'it ends too early'}"
    else:
        return Masks(visual_id, found.pop(PANOPTIC, None), found)
    summary = f"the zip of masks {problem}"
    raise Unreadable(summary, "visuals.generate_masks", problems=(problem,))


def make_folder(folder: Path) -> None:
    """Make a folder for masks, unless it is there; blocks, so run it in a worker thread.

    Raises:
        DownloadFailed: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _unwritten(error, folder) from None


def save_masks(masks: Masks, folder: Path) -> None:
    """Write masks into a folder under the names that they have in the zip; each appears whole or not at all.

    Blocks, so run it in a worker thread. Files of these names are replaced, links are not followed.

    Raises:
        DownloadFailed: a file cannot be written.
    """
    files = dict(masks.masks) if masks.panoptic is None else {PANOPTIC: masks.panoptic, **masks.masks}
    for mask_id, data in files.items():
        target = folder / f"{masks.visual_id}_{mask_id}.png"
        if not _NAME.fullmatch(target.name) or target.parent != folder:
            raise DownloadFailed("is no name for a mask", str(target))
        try:
            _write(target, data)
        except OSError as error:
            raise _unwritten(error, target) from None


def keep_archive(content: bytes, folder: Path | None) -> Path | None:
    """Write a zip that was paid for and not used: into the folder, else among the temporary files of this machine.

    Returns where it is, None when it can be written nowhere. It blocks, and is called without a worker thread all
    the same: a caller that is being cancelled cannot wait for one.
    """
    for place in dict.fromkeys((folder, None)):
        with contextlib.suppress(OSError):
            target = (place or Path(tempfile.gettempdir())).absolute() / f"masks-{secrets.token_hex(4)}.zip"
            _write(target, content)
            return target
    return None


def _write(target: Path, data: bytes) -> None:
    with PartFile(target) as part:
        part.write(data)
        part.commit()


def _unwritten(error: OSError | ValueError, path: Path) -> DownloadFailed:
    reason = error.strerror if isinstance(error, OSError) else None
    return DownloadFailed(reason or str(error), str(path))


def _read(archive: zipfile.ZipFile, visual_id: str) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise _Refused(f"holds more than {MAX_ENTRIES:,} files")
    found: dict[str, bytes] = {}
    left = MAX_TOTAL
    for entry in entries:
        mask_id = _mask_id(entry, visual_id)
        if mask_id in found:
            raise _Refused(f"holds {entry.orig_filename!r} twice")
        with archive.open(entry) as file:
            found[mask_id] = _unpacked(file, entry, min(left, MAX_BYTES))
        left -= len(found[mask_id])
    return found


def _mask_id(entry: zipfile.ZipInfo, visual_id: str) -> str:
    """What the entry is called, when it is a file as documented."""
    name = entry.orig_filename
    parts = _NAME.fullmatch(name)
    if parts is None or parts[1] != visual_id:
        raise _Refused(f"holds {name[:100]!r}, which is no mask of {visual_id}")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise _Refused(f"holds {name!r}, which is not a plain file")
    if entry.flag_bits & _ENCRYPTED:
        raise _Refused(f"holds {name!r}, which is encrypted")
    if entry.compress_type not in _METHODS:
        raise _Refused(f"holds {name!r}, which is packed in an unusual way")
    return parts[2]


def _unpacked(file: IO[bytes], entry: zipfile.ZipInfo, limit: int) -> bytes:
    data = bytearray()
    while block := file.read(_BLOCK):
        data += block
        if len(data) > limit:
            raise _Refused(f"holds {entry.orig_filename!r}, which is larger than allowed")
    if len(data) != entry.file_size:
        raise _Refused(f"says that {entry.orig_filename!r} has {entry.file_size:,} bytes, and has {len(data):,}")
    return bytes(data)
