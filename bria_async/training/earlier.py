"""What a folder was trained on before, for whoever looks at it again."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.images.probe import ImageFile
from bria_async.paths import expanded
from bria_async.wire.convert import ConversionError, structure

from .shared import places

Runs = Mapping[str, Sequence[tuple[feed.Source, str]]]
"""The journal and the name of each run, the newest first, by the folder of its images."""


def images_of_last_run(
    folder: Path, state: Path | None = None, *, runs: Runs | None = None
) -> Mapping[Path, ImageFile]:
    """The images that the newest run of a folder began with, by their paths; none where there was no run. Blocks.

    Args:
        folder: where they lay.
        state: where runs are kept, as in `Settings`; journals there that cannot be read are passed over.
        runs: what `runs_by_folder` found there, for who asks for many folders.

    Raises:
        ConfigurationError: it is in a home folder that nobody has.
    """
    runs = runs_by_folder(state) if runs is None else runs
    for journal, name in runs.get(str(expanded(folder).absolute()), ()):
        with contextlib.suppress(JournalError, ConversionError):
            images = (structure(data, ImageFile) for data in feed.inputs(journal, name, "image").values())
            return {image.path: image for image in images}
    return {}


def runs_by_folder(state: Path | None = None, *, but: feed.Source | None = None) -> Runs:
    """All runs below a state folder, by the folder of their images; opens each journal there `but` one. Blocks."""
    found: dict[str, list[tuple[float, feed.Source, str]]] = defaultdict(list)
    for place in places(state):
        if place.source == but:
            continue
        with contextlib.suppress(JournalError, AttributeError, TypeError, ValueError):  # a stranger's may hold anything
            rows = [(str(run.plan.get("images")), float(run.created), run.name) for run in feed.run_rows(place.source)]
            for images, created, name in rows:
                found[images].append((created, place.source, name))
    newest = {folder: sorted(runs, key=lambda run: run[0], reverse=True) for folder, runs in found.items()}
    return {folder: [(journal, name) for _, journal, name in runs] for folder, runs in newest.items()}
