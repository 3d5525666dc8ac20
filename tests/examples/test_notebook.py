"""The notebook runs from its first cell to its last."""

from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


@pytest.mark.timeout(300)  # a kernel starts, and pictures are drawn
def test_notebook(tmp_path: Path) -> None:
    """It trains a model, and values show themselves with their pictures; in the repository it was not run."""
    for needed in ("nbformat", "nbclient", "ipykernel"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (extra dev)")
    import nbclient  # noqa: PLC0415  # not everywhere
    import nbformat  # noqa: PLC0415  # as above

    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]  # it is half typed
    cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    assert not any(cell.outputs for cell in cells.values()), "clear all outputs before a commit"
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    html = {name: _html(cells[name]) for name in ("show", "dataset", "image")}
    assert {name: page.count("<img ") for name, page in html.items()} == {"show": 2, "dataset": 5, "image": 1}
    assert html["show"].count('src="data:image/') == 2, "samples are shown from their files"
    titles = {"show": "lora: trained", "dataset": "<strong>Dataset<", "image": "<strong>DatasetImage<"}
    assert not [name for name, title in titles.items() if title not in html[name]], html


def _html(cell: Any) -> str:
    """What the value that a cell ends with shows of itself."""
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
