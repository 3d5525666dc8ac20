"""The notebook runs from its first cell to its last."""

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


@pytest.mark.timeout(300)  # a kernel starts, and pictures are drawn
def test_notebook(tmp_path: Path) -> None:
    """It trains a model and shows the samples; what is in the repository was not run, so it shows nothing old."""
    for needed in ("nbformat", "nbclient", "ipykernel"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (extra dev)")
    import nbclient  # noqa: PLC0415  # not everywhere
    import nbformat  # noqa: PLC0415  # as above

    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]  # it is half typed
    cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    assert not any(cell.outputs for cell in cells.values()), "clear all outputs before a commit"
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for output in cells["show"].outputs if "image/png" in output.get("data", {})]
    assert len(shown) == 2
    assert "Model " in cells["show"].outputs[0].text
