"""The name under which a picture travels: it says what the file was called and what is in it.

The API has no field for a hash and no idempotency key, and echoes nothing of an upload but its name. A name
that carries the hash of the content is what finds an upload again when its answer was lost.
"""

import os
import re
import unicodedata

MAX_STEM = 80
"""Bytes of UTF-8 that a file's own name may take in its key."""

_NAMELESS = "image"
_TOKEN_LENGTH = 12
_TOKEN = re.compile(rf"--([0-9a-f]{{{_TOKEN_LENGTH}}})(?![0-9a-f])", re.IGNORECASE)
_REMOVED = frozenset({"Cc", "Cf", "Cs"})
_UNSAFE = re.compile(r"[/\\:*?\"'<>|;%]")
"""What a header, a path or a URL would read as more than a letter."""


def content_key(name: str, sha256: str, extension: str) -> str:
    """The key of a picture: `{stem}--{first 12 of the sha256}.{extension}`.

    Args:
        name: the file's name; its stem is kept, case included, as far as a multipart file name can carry it:
            composed (NFC), without control characters, quotes, slashes and leading dots, at most 80 bytes of
            UTF-8.
        sha256: the hexadecimal hash of the file's bytes.
        extension: the one of the file's real type, without a dot: `jpg`, `png` or `webp`.
    """
    return f"{_stem(name)}--{sha256[:_TOKEN_LENGTH].lower()}.{extension}"


def find_token(name: str) -> str | None:
    """The first 12 digits of the sha256 in a name that holds a content key, or None.

    `name` is what a server calls the image: a prefix, another extension, a suffix or another case do no harm.
    Of several tokens the last one counts, because a file may itself have been named by a key.
    """
    tokens = _TOKEN.findall(name)
    return tokens[-1].lower() if tokens else None


def _stem(name: str) -> str:
    stem = os.path.splitext(name)[0]  # noqa: PTH122  (a name, which may hold slashes, and no path)
    visible = "".join(letter for letter in stem if unicodedata.category(letter) not in _REMOVED)
    safe = _UNSAFE.sub("_", unicodedata.normalize("NFC", visible))
    short = " ".join(safe.split()).lstrip(" .").encode()[:MAX_STEM].decode(errors="ignore")
    return short.rstrip(" .") or _NAMELESS
