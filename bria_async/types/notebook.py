"""How values show themselves in notebooks: a small table, and pictures by their addresses.

Everything is escaped, whoever said it, and an address is a picture only if it is one of http(s) or was made here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

PICTURES = ("thumbnail_url", "image_url", "result_url", "mask_url", "urls")
"""Attributes that hold addresses of pictures, the smallest of the same picture first."""
MOST = 24
"""Pictures that are shown of many."""
LONGEST = 300
"""Characters that are shown of a text."""

_CELL = "text-align:left;vertical-align:top"


def table(title: str, rows: Mapping[str, object], below: str = "") -> str:
    """A table with a title; rows that say nothing are left out, and `below` is HTML."""
    lines = (
        f'<tr><th style="{_CELL}">{escaped(name)}</th><td style="{_CELL}">{escaped(value)}</td></tr>'
        for name, value in rows.items()
        if value not in (None, "", (), {})
    )
    return f"<div><strong>{escaped(title)}</strong><table>{''.join(lines)}</table>{below}</div>"


def wall(pictures: Iterable[tuple[str, str]], total: int) -> str:
    """Pictures side by side, each an address with a caption; `total` is how many there are, shown or not."""
    shown = [_figure(address, caption) for address, caption in pictures]
    more = f"<p>and {total - len(shown):,} more</p>" if total > len(shown) else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(shown)}</div>{more}' if shown else ""


def bar(done: int, total: int) -> str:
    """A bar of progress; nothing where nothing is to do."""
    return f'<progress value="{done}" max="{total}"></progress>' if total else ""


def answer(value: Any) -> str:
    """An answer of the API: its attributes, and the pictures that it names, those of its parts too."""
    pictures = list(dict.fromkeys(_pictures(value)))
    return table(type(value).__name__, dict(_rows(value)), wall(pictures[:MOST], len(pictures)))


def escaped(value: object) -> str:
    """A value as text in HTML, not longer than it should be."""
    from html import escape  # noqa: PLC0415  # slow to import, and only notebooks need it

    text = str(value)
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS}")


def _figure(address: str, caption: str) -> str:
    from html import escape  # noqa: PLC0415  # as above

    if not address.startswith(("https://", "http://", "data:image/")):
        return f"<figure>{escaped(address)}<figcaption>{escaped(caption)}</figcaption></figure>"
    style = "max-width:200px;max-height:200px"
    picture = f'<img src="{escape(address)}" alt="{escaped(caption)}" loading="lazy" style="{style}">'
    return f'<figure style="margin:0;max-width:200px">{picture}<figcaption>{escaped(caption)}</figcaption></figure>'


def _attributes(value: Any) -> Iterable[tuple[str, Any]]:
    return ((field.name, getattr(value, field.name)) for field in attrs.fields(type(value)) if field.name != "raw")


def _rows(value: Any) -> Iterable[tuple[str, object]]:
    """Attributes in words; of parts their number, or of a single one its attributes."""
    for name, found in _attributes(value):
        if isinstance(found, tuple) and any(map(attrs.has, map(type, found))):
            yield name, f"{len(found):,}"
        elif attrs.has(type(found)):
            yield from ((f"{name}.{inner}", words) for inner, words in _rows(found))
        else:
            yield name, ", ".join(map(str, found)) if isinstance(found, tuple) else found


def _pictures(value: Any) -> Iterable[tuple[str, str]]:
    """Addresses of pictures, each with what it shows."""
    found = dict(_attributes(value))
    named = [found[name] for name in PICTURES if found.get(name)]
    caption = str(found.get("caption") or found.get("prompt") or found.get("image_name") or "")
    if named:
        addresses = named[0] if isinstance(named[0], tuple) else named[:1]
        yield from ((str(address), caption) for address in addresses)
    for part in found.values():
        for each in part if isinstance(part, tuple) else (part,):
            if attrs.has(type(each)):
                yield from _pictures(each)
