"""Terminals that can be painted on, and the progress bars that are only shown there."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

BAR = 28
"""Cells of a progress bar."""


def is_screen(stream: TextIO) -> bool:
    """Whether what was written can be painted over: on a terminal, unless that says that it cannot."""
    return stream.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


@contextlib.contextmanager
def bar(words: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, gone when it is done; None where nobody sees it.

    It is told how many are done, and of how many.
    """
    if not is_screen(sys.stderr):
        yield None
        return
    from rich.console import Console  # slow to import, as below
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(BAR), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
