"""The same prompt by several models: samples side by side, those of one seed in one row."""

from collections.abc import Iterable, Sequence

import attrs

from ..pages import Picture, RunPage


@attrs.frozen
class Row:
    """What one prompt with one seed became; `cells` are in the order of the runs, None where one has no such sample."""

    prompt: str
    seed: int | None
    """None where the answers told none."""
    cells: tuple[Picture | None, ...]

    @property
    def filled(self) -> int:
        """How many runs have it."""
        return sum(cell is not None for cell in self.cells)


def compare(pages: Sequence[RunPage]) -> tuple[Row, ...]:
    """The samples of these runs, what most of them have first; one run may have the same prompt and seed twice."""
    found: dict[tuple[str, int | None, int], dict[int, Picture]] = {}
    for column, page in enumerate(pages):
        for picture in _made(page):
            prompt, seed, again = picture.prompt.text, picture.sample.seed if picture.sample else None, 0
            while column in found.get((prompt, seed, again), {}):
                again += 1
            found.setdefault((prompt, seed, again), {})[column] = picture
    columns = range(len(pages))
    rows = [
        Row(prompt, seed, tuple(cells.get(column) for column in columns)) for (prompt, seed, _), cells in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: -row.filled))


def _made(page: RunPage) -> Iterable[Picture]:
    return (picture for picture in page.pictures if picture.sample is not None)
