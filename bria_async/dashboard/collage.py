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
    """The first samples of a run, then its first images: two of each, or more where there are fewer of the others.

    There is none of a run that has not begun. Blocks.

    Args:
        place: where it lies, or its batch.
        run: its name there.

    Raises:
        JournalError: the journal cannot be read.
    """
    items = feed.inputs(place.source, run, "image", MOST).values()
    images = [structure(data, ImageFile) for data in items]
    kept = feed.first_results(place.source, run, "sample", max(MOST // 2, MOST - len(images)))
    samples = ((number, structure(data, Sample)) for number, data in kept.items())
    found = (
        *(Framed("sample", number, Wanted(sample.path, SMALL)) for number, sample in samples),
        *(Framed("image", number, Wanted(image.path, SMALL, image.sha256)) for number, image in enumerate(images)),
    )
    return found[:MOST]
