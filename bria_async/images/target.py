"""Files that are written where people say: never in the place of an image or a caption, and whole or not at all."""

from collections.abc import Iterable
from pathlib import Path

from bria_async.errors import ConfigurationError
from bria_async.partfile import PartFile, try_out
from bria_async.paths import expanded

from .formats import HEAD, is_image_head, is_image_name
from .probe import CAPTION
from .source import read_head


def target_of(to: str | Path, suffix: str) -> Path:
    """The file that something goes to, refused before there is any work if it cannot be; blocks.

    Args:
        to: the file.
        suffix: what its name should end in, for one that is proposed instead.

    Raises:
        ConfigurationError: it is an image or a caption, by its name or by its first bytes, or cannot be written.
    """
    to = expanded(to).absolute()
    if is_image_name(to.name) or to.suffix.lower() == CAPTION or is_image_head(read_head(to, HEAD)):
        other = f"{to.stem}{'-new' if to.suffix == suffix else ''}{suffix}"
        raise ConfigurationError(f"{to} is, or is called like, an image or a caption: name another, such as {other}.")
    try:
        try_out(to)
    except OSError as error:
        raise _unwritable(to, error) from None
    return to


def write_whole(to: Path, pieces: Iterable[bytes]) -> None:
    """Write a file to its target piece by piece, whole or not at all; blocks.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        with PartFile(to) as file:
            for piece in pieces:
                file.write(piece)
            file.commit()
    except OSError as error:
        raise _unwritable(to, error) from None


def _unwritable(to: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{to} cannot be written: {error.strerror or error}.")
