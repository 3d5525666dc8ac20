"""The documentation is a site without a warning, and its reference shows what the declarations and docstrings say."""

import html
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bria_async
from bria_async.session import FAMILIES
from tests.pages import ROOT

pytest.importorskip("sphinx", reason="the extra docs is not installed")
pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(300)]


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


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """What can be imported from `bria_async` is described on some page, under its home."""
    described = "".join(page.read_text() for page in (site / "docs" / "api").glob("*.html"))
    homes = {name: getattr(bria_async, name) for name in bria_async.__all__}
    missing = [
        name for name, value in homes.items() if not re.search(rf'id="bria_async\.[\w.]*\b{name}"', described)
        and (inspect.isclass(value) or inspect.isfunction(value))
    ]  # fmt: skip
    assert not missing, missing


def test_every_page_is_in_the_sidebar(site: Path) -> None:
    """The lists of the index became the sidebar, under its four headings."""
    start = (site / "docs" / "index.html").read_text()
    for words in ("Tutorial", "How-to", "Reference", "Explanation"):
        assert f'<span class="caption-text">{words}</span>' in start, words
    assert 'href="tutorial.html"' in start
    assert "docs/index.html" in (site / "index.html").read_text()
