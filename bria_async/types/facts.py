"""What the documentation says of a value, written in its annotation: `Annotated[int, Range(1, 4)] | None`."""

import re
import string
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .common import MAX_IMAGE_BYTES, is_address


@attrs.frozen
class Range:
    """A documented range, both ends included; None is open."""

    minimum: float | None = None
    maximum: float | None = None

    def holds(self, value: float) -> bool:
        """Whether this number is in it."""
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything."""
        if not isinstance(value, int | float) or self.holds(value):
            return None
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum}, got {value}"
        return f"must be at most {self.maximum}, got {value}"


@attrs.frozen
class Items:
    """How many items an array holds, both ends included; None is open."""

    minimum: int | None = None
    maximum: int | None = None

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything."""
        if not isinstance(value, list | tuple):
            return None
        if len(value) >= (self.minimum or 0) and (self.maximum is None or len(value) <= self.maximum):
            return None
        least = f"at least {self.minimum}" if self.maximum is None else f"{self.minimum or 0} to {self.maximum}"
        return f"must hold {least} items, got {len(value)}"


@attrs.frozen
class Documented:
    """Values that the documentation names, where the server may know more: stated, never checked."""

    values: tuple[str, ...]


@attrs.frozen
class Alias:
    """A spelling that some pages use and the API does not take: sent as the API's own word."""

    spelling: str
    sent_as: str


@attrs.frozen
class Older:
    """The older name of another parameter: not given beside it."""

    newer: str


@attrs.frozen
class Own:
    """A keyword of this library, not of the API; `expand` makes parameters of its value, in a worker thread."""

    expand: Callable[[Any], Mapping[str, Any]] | None = None


@attrs.frozen
class AsText:
    """What the API takes as a text: an id that it answers as a number (contradiction C12), or a truth value."""


@attrs.frozen
class Image:
    """An image: a path or bytes travel as base64, of a text that is base64 goes the `data:` header (C32).

    `address` tells what becomes of an http(s) address: it may stand here, may not, or goes to the parameter of
    that name. A `binary` one is the file part of a form, and never a text.
    """

    address: bool | str = True
    binary: bool = False

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything; files are looked at when they are sent."""
        if isinstance(value, bytes):
            return too_large(len(value))
        return self._problem_of_text(value) if isinstance(value, str) else None

    def _problem_of_text(self, text: str) -> str | None:
        if is_address(text):
            return None if self.address is True else "takes no address; give the file as a path or as bytes"
        if self.binary:
            return "takes no text but an address; give a file as pathlib.Path(...)"
        if not _BASE64.fullmatch(text[:_LOOKED_AT]):
            also = " nor an address" if self.address else ""
            return f"is not base64{also}; give a file as pathlib.Path(...)"
        return too_large(_size(text))


_DATA_URI = re.compile(r"data:[\w/+.-]*;base64,")
_BASE64 = re.compile(rf"(?:{_DATA_URI.pattern})?[A-Za-z0-9+/=\s]+")
_LOOKED_AT = 256
"""How many characters tell base64 from the name of a file."""


def without_header(text: str) -> str:
    """Base64 without its `data:` header, and any other text as it is."""
    return text[_header(text) :]


def too_large(size: int) -> str | None:
    """What is wrong with an image of so many bytes, if anything."""
    return f"has {size:,} bytes, more than the {MAX_IMAGE_BYTES:,} allowed" if size > MAX_IMAGE_BYTES else None


def _header(text: str) -> int:
    header = _DATA_URI.match(text)
    return header.end() if header else 0


def _size(text: str) -> int:
    """How many bytes a text of base64 stands for at most: what fits with its line breaks need not be counted."""
    signs = len(text) - _header(text)
    if too_large(signs * 3 // 4):
        signs -= sum(text.count(blank) for blank in string.whitespace if blank in text)
    return signs * 3 // 4
