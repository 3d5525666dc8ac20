"""How values show themselves in notebooks: a small table, and pictures by their addresses.

Everything is escaped, whoever said it, and an address is a picture only if it is one of http(s) or was made here.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import attrs

PICTURES = ("thumbnail_url", "image_url", "result_url", "mask_url", "urls")
"""Attributes that hold addresses of pictures, the smallest of the same picture first."""
MOST = 24
"""Pictures, and answers, that are shown of many."""
LONGEST = 300
"""Characters that are shown of a text."""


def table(title: str, rows: Mapping[str, object], below: str = "") -> str:
    """A table with a title; rows that say nothing are left out, and `below` is HTML."""
    lines = (f"<tr>{_cell('th', name)}{_cell('td', value)}</tr>" for name, value in rows.items() if _says(value))
    return _framed(title, lines, below)


def wall(pictures: Iterable[tuple[str, str]], total: int) -> str:
    """Pictures side by side, each an address with a caption; `total` is how many there are, shown or not."""
    shown = [_figure(address, caption) for address, caption in pictures]
    walled = f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(shown)}</div>'
    return walled + _more(total - len(shown)) if shown else ""


def bar(done: int, total: int) -> str:
    """A bar of progress; nothing where nothing is to do."""
    return f'<progress value="{done}" max="{total}"></progress>' if total else ""


def answer(value: Any) -> str:
    """An answer of the API: its attributes, and the pictures that it names, those of its parts too."""
    pictures = list(dict.fromkeys(_pictures(value)))
    return table(type(value).__name__, dict(_rows(value)), wall(pictures[:MOST], len(pictures)))


def answers(values: Sequence[Any]) -> str:
    """Several answers: a line of each with what any of them says, and the pictures that they name."""
    shown = values[:MOST]
    said = [{name: words for name, words in _rows(value) if _says(words) and name not in PICTURES} for value in shown]
    names = tuple(dict.fromkeys(chain.from_iterable(said)))
    lines = ["".join(_cell("th", name) for name in names)]
    lines += ["".join(_cell("td", each.get(name, "")) for name in names) for each in said]
    pictures = list(dict.fromkeys(chain.from_iterable(map(_pictures, shown))))
    below = wall(pictures[:MOST], len(pictures)) + _more(len(values) - len(shown))
    kinds = ", ".join(dict.fromkeys(type(value).__name__ for value in values)) or "nothing"
    return _framed(f"{len(values):,} \N{MULTIPLICATION SIGN} {kinds}", (f"<tr>{line}</tr>" for line in lines), below)


def escaped(value: object) -> str:
    """A value as text in HTML, not longer than it should be."""
    from html import escape  # noqa: PLC0415  # slow to import, and only notebooks need it

    text = str(value)
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS}")


def _framed(title: str, lines: Iterable[str], below: str) -> str:
    """A table of these lines, which are HTML, with a title."""
    return f"<div><strong>{escaped(title)}</strong><table>{''.join(lines)}</table>{below}</div>"


def _cell(tag: str, value: object) -> str:
    return f'<{tag} style="text-align:left;vertical-align:top">{escaped(value)}</{tag}>'


def _says(value: object) -> bool:
    return value not in (None, "", (), {})


def _more(count: int) -> str:
    return f"<p>and {count:,} more</p>" if count > 0 else ""


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
