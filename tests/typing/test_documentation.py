"""The Python of the README and of the docs is what a type checker accepts."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """The Python blocks of a page, each with a name and on the lines that it has in the page."""
    text = page.read_text()
    for found in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        line = text.count("\n", 0, found.start(1))
        yield f"{page.stem.lower()}_{line}.py", "\n" * line + found[1]


def problems(folder: Path, files: dict[str, str]) -> list[str]:
    """What mypy says about these files, as modules of `tests`: the settings for tests ask for no annotations."""
    package = folder / "tests"
    package.mkdir()
    for name, code in {"__init__.py": "", **files}.items():
        (package / name).write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, package.iterdir())],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    # What is in mypy's cache is told under the path that it had then.
    return [line.rpartition("/tests/")[2] for line in done.stdout.splitlines()]


WRONG = """from bria_async import Session
async def main():
  async with Session() as bria:
    cut = await bria.editing.remove_background(image=b"x", wait=True)
    await bria.download(cut.result.image_url, "a.png")
    await bria.download(cut.adress, "a.png")
    await bria.editing.remove_background(image=5)
"""


def test_python_blocks_are_typed_well(tmp_path: Path) -> None:
    """Every block stands for itself, without annotations too; mistakes in one that is not ours show that they would be
    found.
    """
    files = dict(block for page in PAGES for block in blocks(page))
    assert len(files) >= 5, "the README alone has four, and the page about the simulator one"
    found = problems(tmp_path, {**files, "wrong.py": WRONG})
    assert [line for line in found if not line.startswith("wrong.py:")] == []
    for number, kind in ((5, "union-attr"), (6, "attr-defined"), (7, "arg-type")):
        assert any(line.startswith(f"wrong.py:{number}: error") and line.endswith(f"[{kind}]") for line in found), found
