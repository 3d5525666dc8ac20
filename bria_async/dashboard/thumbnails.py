"""Thumbnails of a run's images and samples: made once, and kept in its folder under names of their contents."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from bria_async.errors import ImageChanged, ImageError
from bria_async.host import Host
from bria_async.images.content_key import content_key
from bria_async.images.folder import DECODED_AT_ONCE
from bria_async.images.source import read_whole
from bria_async.images.thumbnail import LARGEST_FILE, thumbnail
from bria_async.partfile import PartFile
from bria_async.training.several import several

FOLDER = "thumbnails"
LARGE, SMALL = 320, 96
"""Pixels of a thumbnail's longer side, up to `MANY` images on a page and beyond: 5,000 small ones make a file of 18 MB,
which browsers open in a second."""
MANY = 200


def side_for(images: int) -> int:
    """Pixels of the thumbnails of a page with so many images."""
    return LARGE if images <= MANY else SMALL


@attrs.frozen
class Wanted:
    """A file to make a thumbnail of; `sha256` is what it must hold, where that is known."""

    path: Path
    side: int
    sha256: str | None = None


@attrs.frozen
class Thumbnails:
    """Those of a run; what cannot be kept, because the disk refuses, is made each time."""

    folder: Path

    @classmethod
    def of(cls, run: Path) -> "Thumbnails":
        """Those in the folder of a run."""
        return cls(run / FOLDER)

    def get(self, wanted: Wanted) -> bytes:
        """A thumbnail, as WebP; blocks for about 25 ms where it is not there yet.

        One that is there is shown whatever became of the file: its name says of which bytes it is.

        Raises:
            ImageError: it is not there, and the file cannot be read or decoded.
            ImageChanged: the file is not what it was.
            MissingExtra: Pillow is not installed.
        """
        if wanted.sha256 is not None:
            with contextlib.suppress(OSError):
                return self.place(wanted, wanted.sha256).read_bytes()
        data = read_whole(wanted.path, LARGEST_FILE).data
        sha256 = hashlib.sha256(data).hexdigest()
        if wanted.sha256 not in (None, sha256):
            raise ImageChanged("is not the file that it was", str(wanted.path))
        place = self.place(wanted, sha256)
        with contextlib.suppress(OSError):
            return place.read_bytes()
        small = thumbnail(data, wanted.side)
        with contextlib.suppress(OSError):
            _keep(place, small)
        return small

    async def make(
        self, all_wanted: Iterable[Wanted], host: Host, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Make those that are not there, `DECODED_AT_ONCE` at a time; what cannot be made is left out.

        `progress` is called after each with how many are done, and of how many.
        """
        wanted, done = tuple(all_wanted), 0

        async def make(one: Wanted) -> None:
            nonlocal done
            with contextlib.suppress(ImageError):
                await host.in_thread(self.get, one)
            done += 1
            if progress is not None:
                progress(done, len(wanted))

        await several(wanted, make, DECODED_AT_ONCE)

    def place(self, wanted: Wanted, sha256: str) -> Path:
        """Where the thumbnail of a file with these contents is kept."""
        return self.folder / str(wanted.side) / content_key(wanted.path.name, sha256, "webp")


def _keep(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with PartFile(place) as file:
        file.write(content)
        file.commit(durable=False)
