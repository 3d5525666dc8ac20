"""A run in a few small pictures, read without reading the run."""

from typing import Literal

import attrs

from bria_async.graph import feed
from bria_async.images.probe import ImageFile
from bria_async.training.place import Place
from bria_async.training.samples import Sample
from bria_async.wire.convert import structure

from .thumbnails import SMALL, Wanted

MOST = 4
"""Pictures of a run."""


@attrs.frozen
class Framed:
    """A picture of a run, by what it is and its number among the run's prompts or images, from 0."""

    kind: Literal["sample", "image"]
    number: int
    wanted: Wanted


def collage(place: Place, run: str) -> tuple[Framed, ...]:
    """The first samples of a run, or its first images while it has none; none of a run that has not begun. Blocks.

    Args:
        place: where it lies, or its batch.
        run: its name there.

    Raises:
        JournalError: the journal cannot be read.
    """
    kept = feed.first_results(place.source, run, "sample", MOST)
    samples = ((number, structure(data, Sample)) for number, data in kept.items())
    if found := tuple(Framed("sample", number, Wanted(sample.path, SMALL)) for number, sample in samples):
        return found
    items = feed.inputs(place.source, run, "image", MOST).values()
    images = enumerate(structure(data, ImageFile) for data in items)
    return tuple(Framed("image", number, Wanted(image.path, SMALL, image.sha256)) for number, image in images)
