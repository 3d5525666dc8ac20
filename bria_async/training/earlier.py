"""What a folder was trained on before, for whoever looks at it again."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.records import RunRow
from bria_async.images.probe import ImageFile
from bria_async.paths import expanded
from bria_async.wire.convert import structure

from .shared import places


def images_of_last_run(folder: Path, state: Path | None = None) -> Mapping[Path, ImageFile]:
    """The images that the newest run of a folder began with, by their paths; none where there was no run. Blocks.

    Args:
        folder: where they lay.
        state: where runs are kept, as in `Settings`; journals there that cannot be read are passed over.

    Raises:
        ConfigurationError: it is in a home folder that nobody has.
    """
    runs = sorted(_runs_of(expanded(folder).absolute(), state), key=lambda found: found[1].created, reverse=True)
    for journal, run in runs:
        with contextlib.suppress(JournalError):
            images = (structure(data, ImageFile) for data in feed.inputs(journal, run.name, "image").values())
            return {image.path: image for image in images}
    return {}


def _runs_of(folder: Path, state: Path | None) -> Iterator[tuple[feed.Source, RunRow]]:
    for place in places(state):
        with contextlib.suppress(JournalError):
            found = feed.run_rows(place.source)
            yield from ((place.source, run) for run in found if run.plan.get("images") == str(folder))
