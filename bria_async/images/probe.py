"""One image file: whether it can be uploaded, and under which name."""

import hashlib
import itertools
import os
import stat
from collections.abc import Callable
from pathlib import Path

import attrs

from bria_async.errors import ImageChanged, ImageError
from bria_async.types.common import MAX_IMAGE_BYTES
from bria_async.types.trainings import SMALLEST_SIDE

from .content_key import content_key
from .formats import EXTENSIONS, HEAD, Format, accepted, extension_of, foreign
from .look import Look, Measures, Oddity
from .source import read_whole

CAPTION = ".txt"
"""The extension of a caption: a text file beside the image, of the same stem. Capitals are no other extension."""
_SPELLINGS = tuple(map("".join, itertools.product(".", "tT", "xX", "tT")))
"""The small letters come first."""


@attrs.frozen
class Limits:
    """What an image may be; the defaults are those of a dataset that upscales small images."""

    max_bytes: int = MAX_IMAGE_BYTES
    max_pixels: int = 64_000_000
    """A limit of our own, against small files that grow to gigabytes."""
    min_side: int = SMALLEST_SIDE
    """Pixels of the shorter side. With `increase_resolution` the server takes 256 and more, without it 1024
    and more (published spec)."""


LIMITS = Limits()
"""The defaults."""


@attrs.frozen
class ImageFile:
    """An image file that can be uploaded.

    `key` is its name on the server (see `content_key`); `size` (bytes) and `mtime_ns` are those of the moment
    it was read; `width` and `height` are pixels as stored; `caption_path` is the text file of the same stem
    beside it; `warnings` say what the training may not take as it looks here, and `codes` the same in a word each;
    `url` is where it was fetched from, which may hold a secret; `decoded` is false while only its header was, which
    `check` makes up for; `measures` are those of its pixels. What older versions kept has neither codes nor measures.
    """

    path: Path
    key: str
    sha256: str
    size: int
    mtime_ns: int
    format: Format
    width: int
    height: int
    caption_path: Path | None = None
    warnings: tuple[str, ...] = ()
    url: str | None = attrs.field(default=None, repr=False)
    decoded: bool = True
    codes: tuple[str, ...] = ()
    measures: Measures | None = None

    @property
    def oddities(self) -> tuple[Oddity, ...]:
        """What its warnings and their codes say."""
        return tuple(map(Oddity, self.codes, self.warnings))

    def with_look(self, look: Look) -> "ImageFile":
        """The same, decoded, with what its pixels tell."""
        return attrs.evolve(
            self,
            warnings=(*self.warnings, *(oddity.words for oddity in look.oddities)),
            codes=(*self.codes, *(oddity.code for oddity in look.oddities)),
            measures=look.measures,
            decoded=True,
        )

    @property
    def content_type(self) -> str:
        """The media type of its real format."""
        return f"image/{self.format}"


def probe(path: Path, limits: Limits = LIMITS, whole: bool = True) -> ImageFile:
    """Look at one image file: read it once, hash what was read, and decode it, or its header alone unless `whole`.

    Blocks, so run it in a worker thread.

    Raises:
        ImageError: it cannot be used; the message says why.
        ImageChanged: somebody wrote to it meanwhile.
        MissingExtra: Pillow is not installed.
    """
    decode = load_decoder()
    _require_text(path)
    content = read_whole(path, limits.max_bytes)
    form = format_of(content.data, path)
    look = decode(content.data, form, limits.max_pixels, str(path), whole)
    if min(look.width, look.height) < limits.min_side:
        raise ImageError(
            f"has {look.width} x {look.height} pixels; each side needs {limits.min_side}", str(path), "too-small"
        )
    sha256 = hashlib.sha256(content.data).hexdigest()
    misnamed = Oddity("extension", f"a {form.upper()} image whose name says otherwise")
    oddities = () if extension_of(path.name) in EXTENSIONS[form] else (misnamed,)
    glanced = ImageFile(
        path=path,
        key=content_key(path.name, sha256, EXTENSIONS[form][0]),
        sha256=sha256,
        size=len(content.data),
        mtime_ns=content.mtime_ns,
        format=form,
        width=look.width,
        height=look.height,
        caption_path=caption_beside(path),
        warnings=tuple(oddity.words for oddity in oddities),
        codes=tuple(oddity.code for oddity in oddities),
        decoded=False,
    )
    return glanced.with_look(look) if whole else glanced


def check(image: ImageFile) -> ImageFile:
    """Decode an image to its last pixel of which only the header was; blocks, and adds what its pixels tell.

    Raises:
        ImageError: it is damaged, or cannot be read any more.
        ImageChanged: it is not the file that was probed.
        MissingExtra: Pillow is not installed.
    """
    content, path = read_whole(image.path, LIMITS.max_bytes), str(image.path)
    if (len(content.data), content.mtime_ns) != (image.size, image.mtime_ns):
        raise ImageChanged("changed since it was looked at", path)
    return image.with_look(load_decoder()(content.data, image.format, image.width * image.height, path))


def load_decoder() -> Callable[..., Look]:
    """Import Pillow, unless it already is; the first probe would do it otherwise.

    Raises:
        MissingExtra: Pillow is not installed.
    """
    from .decode import decode  # noqa: PLC0415  (an extra, and slow to import)

    return decode


def recheck(image: ImageFile) -> bool:
    """Whether a file still has the size and the time of its probe; it is not read."""
    try:
        state = image.path.stat()
    except OSError:
        return False
    return stat.S_ISREG(state.st_mode) and (state.st_size, state.st_mtime_ns) == (image.size, image.mtime_ns)


def _require_text(path: Path) -> None:
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise ImageError("has a name that is not UTF-8; rename it", shown, "name") from error


def format_of(data: bytes, path: Path) -> Format:
    """The format of a file that holds these bytes.

    Raises:
        ImageError: the API does not take it.
    """
    head = data[:HEAD]
    form = accepted(head)
    if form is None:
        what = foreign(head) or "not an image"
        raise ImageError(f"is {what}; the API takes JPEG, PNG and WebP", str(path), "wrong-type")
    return form


def caption_beside(path: Path) -> Path | None:
    """The text file of the same stem beside an image, if there is one: `cat.txt`, or else `cat.TXT`."""
    return next(filter(_is_file, map(path.with_suffix, _SPELLINGS)), None)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
