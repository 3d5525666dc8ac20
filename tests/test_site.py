"""The documentation is a site without a warning, and its reference shows what the declarations and docstrings say."""

import ast
import html
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bria_async import testing
from bria_async.session import FAMILIES
from tests.pages import PAGES, ROOT, blocks

pytest.importorskip("sphinx", reason="the extra docs is not installed")
pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(300)]
PUBLIC = (
    "bria_async",
    "bria_async.dashboard",
    "bria_async.errors",
    "bria_async.images",
    "bria_async.sim",
    "bria_async.training",
)
"""The modules that list what they are used by."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    strict = ("--fail-on-warning", "--keep-going", "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strict, "--conf-dir", "docs", ".", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text_of(page: Path) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page.read_text())))


def test_every_operation_is_in_the_reference(site: Path) -> None:
    """Each method of the 15 families has its parameters and the first sentence of its docstring, bare of marks."""
    missing = []
    for family, kind in FAMILIES.items():
        text = text_of(site / "docs" / "api" / f"{family}.html")
        for name, endpoint in kind.endpoints.items():
            sentence = re.sub(r"\s+", " ", endpoint.doc.splitlines()[0].replace("`", ""))
            shown = re.search(rf"async {name}\((.*?)\) ?→", text)
            parameters = [parameter.name for parameter in endpoint.parameters if not parameter.name.startswith("_")]
            if shown is None or sentence not in text or any(each not in shown[1] for each in parameters):
                missing.append(endpoint.operation)
    assert not missing, missing


def public_names() -> Iterator[tuple[str, str]]:
    """What users call: all that a public module lists, all that a page imports, and the fixtures for tests."""
    for module in PUBLIC:
        yield from ((module, name) for name in importlib.import_module(module).__all__)
    for block in (block for page in PAGES for block in blocks(page) if block.kind == "python"):
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bria_async"):
                yield from ((str(node.module), alias.name) for alias in node.names)
    yield from (("bria_async.testing", name) for name in vars(testing) if name.startswith("bria_"))


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """Whatever can be imported from a public module, and is no table, is described on some page, under its home."""
    described = "".join(page.read_text() for page in (site / "docs" / "api").glob("*.html"))
    names = {pair for pair in public_names() if callable(getattr(importlib.import_module(pair[0]), pair[1]))}
    assert {module for module, _ in names} >= {*PUBLIC, "bria_async.otel", "bria_async.testing"}
    missing = sorted(
        f"{module}.{name}" for module, name in names if not re.search(rf'id="{module}\.([\w.]+\.)?{name}"', described)
    )
    assert not missing, missing


def test_every_page_is_in_the_sidebar(site: Path) -> None:
    """The lists of the index became the sidebar, under its four headings."""
    start = (site / "docs" / "index.html").read_text()
    for words in ("Tutorial", "How-to", "Reference", "Explanation"):
        assert f'<span class="caption-text">{words}</span>' in start, words
    assert 'href="tutorial.html"' in start
    assert "docs/index.html" in (site / "index.html").read_text()


REFERENCE = """
import runpy, sys
sys.modules.update(dict.fromkeys(sys.argv[1:]))
assert runpy.run_path("docs/conf.py")["reference"]()
"""
"""Everything that the reference describes, imported where these modules are not installed."""


def test_its_extra_brings_what_it_imports() -> None:
    """`bria-async[docs]` alone is enough: what it does not bring is hidden, and the reference is made all the same."""
    there, brought = metadata.packages_distributions(), brought_by("docs")
    hidden = [module for module, names in there.items() if brought.isdisjoint(map(canonicalize_name, names))]
    assert {"uvloop", "dbos", "mypy"} & set(hidden), "nothing is hidden"
    done = subprocess.run(
        [sys.executable, "-c", REFERENCE, *hidden], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def brought_by(extra: str) -> set[str]:
    """The projects that an extra of ours brings, with all that they need, and ourselves."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = ours["optional-dependencies"]
    waiting = [Requirement(line) for line in (*ours["dependencies"], f"bria-async[{extra}]")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        for asked in {"", *one.extras} - {asked for known, asked in seen if known == name}:
            seen.add((name, asked))
            lines = extras.get(asked, ()) if name == "bria-async" else _requires(name)
            needs = map(Requirement, lines)
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": asked})]
    return {name for name, _ in seen}


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # for another system
        return []
