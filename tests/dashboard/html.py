"""Reading a page as a browser does, but for the drawing.

Of the standard library alone, but for decoding pictures: `tests.newcomer` reads pages where nothing else is installed.
"""

import base64
import io
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "input", "br", "link", "hr"}
BLOCKS = {"dt", "dd", "td", "th", "p", "h1", "h2", "h3", "li", "summary", "title"}
"""Elements after which another line begins."""
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "formaction", "ping", "xlink:href"}
"""Attributes by which a page fetches something, or leads somewhere."""


@dataclass(frozen=True)
class Element:
    """A tag with its attributes."""

    tag: str
    attributes: dict[str, str]

    @property
    def classes(self) -> set[str]:
        """Its classes."""
        return set(self.attributes.get("class", "").split())


@dataclass
class Page(HTMLParser):
    """What a file of HTML holds; whatever was opened must have been closed, in its order."""

    elements: list[Element] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin."""
        super().__init__()

    @classmethod
    def of(cls, path: Path) -> "Page":
        """A whole file."""
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        assert page._open == [], "something was not closed"
        return page

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """A tag of an SVG that holds nothing."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        """A tag closes."""
        assert self._open and self._open.pop() == tag, f"</{tag}> closes something else"
        if tag in BLOCKS:
            self._words.append("\n")

    def handle_data(self, data: str) -> None:
        """Words."""
        if not {"style", "script"} & set(self._open):
            self._words.append(data)

    @property
    def text(self) -> str:
        """All words."""
        return "".join(self._words)

    def all(self, tag: str, of: str = "") -> list[Element]:
        """The elements of this tag, or those of them that have this class."""
        return [each for each in self.elements if each.tag == tag and (not of or of in each.classes)]

    @property
    def references(self) -> set[str]:
        """What it fetches or leads to, but for pictures that it holds itself."""
        found = {value for each in self.elements for name, value in each.attributes.items() if name in LOADING}
        return {value for value in found if not value.startswith("data:image/webp;base64,")}

    @property
    def ids(self) -> set[str]:
        """Where references within it lead."""
        return {each.attributes["id"] for each in self.elements if "id" in each.attributes}

    @property
    def pictures(self) -> list[tuple[int, int]]:
        """The sizes of the pictures that it holds, each decoded."""
        from PIL import Image  # noqa: PLC0415  # see above

        found = []
        for each in self.all("img"):
            kind, _, data = each.attributes["src"].partition(",")
            assert kind == "data:image/webp;base64", kind
            with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
                image.load()
                found.append(image.size)
        return found

    def stands_alone(self) -> bool:
        """Whether it needs nothing but itself: no script, no address, and a policy that says so."""
        policies = [each.attributes["content"] for each in self.all("meta") if "http-equiv" in each.attributes]
        assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"], policies
        outside = {each for each in self.references if each.removeprefix("#") not in self.ids}
        handlers = {name for each in self.elements for name in each.attributes if name.startswith("on")}
        assert (self.all("script"), outside, handlers) == ([], set(), set())
        return True
