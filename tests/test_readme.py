"""The README opens with what matters, leads to every page, and links lead somewhere; `test_examples` runs the rest."""

import re
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT, blocks

README = (ROOT / "README.md").read_text()


def test_five_lines_are_five() -> None:
    """The promise of five lines is kept: what happens inside `main` is five lines."""
    code = next(block.text for block in blocks(ROOT / "README.md") if "await train(bria, plan)" in block.text)
    assert len(code.split("async def main():\n")[1].strip().splitlines()) <= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """Links to files of this repository lead somewhere."""
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, missing


def test_every_page_is_linked() -> None:
    """Whoever reads the README finds every page, and so does whoever reads the index."""
    pages = [page.name for page in sorted((ROOT / "docs").glob("*.md"))]
    index = (ROOT / "docs" / "index.md").read_text()
    missing = [page for page in pages if f"](docs/{page}" not in README]
    missing += [page for page in pages if page != "index.md" and f"]({page})" not in index]
    assert not missing, missing


def test_opening() -> None:
    """The README opens with the two commands, then Python, then a handler."""
    order = [README.index(text) for text in ("make demo", "make test", "await train(", "request handler")]
    assert order == sorted(order)
