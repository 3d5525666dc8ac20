"""`python -m tests.dashboard.large FOLDER` reports a run of 5,000 images, and prints the most memory it took, in MiB.

Its journal is made directly, with captions as FIBO writes them, and its thumbnails are there already: both of usual
size.
"""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.contender import resident
from bria_async.dashboard.report import write_report
from bria_async.dashboard.thumbnails import SMALL
from bria_async.graph.events import Happened
from bria_async.host import Host
from bria_async.training.place import Place

from .written import begun, images, keep_thumbnails, plan, uploaded, writing

COUNT = 5000
TOGETHER = 100
"""Captions in one event."""
OBJECT = {
    "description": "A girl with purple hair and a jacket with one big star on its back, seen from behind",
    "location": "left of the center, before the house",
    "relationship": "She looks at the cat, which does not look at her",
    "relative_size": "large within the frame",
    "shape_and_color": "slender, in violet, black and a little gold",
    "texture": "soft hair, glossy leather",
    "orientation": "upright, turned to the right",
}
CAPTION = {
    "objects": [OBJECT, OBJECT | {"description": "A cat on the wall"}],
    "background_setting": "A street of old houses in the evening, wet from the rain, with lamps that are just lit",
    "lighting": {"conditions": "evening", "direction": "from the left", "shadows": "long and soft"},
    "aesthetics": {"composition": "rule of thirds", "color_scheme": "violet and gold", "mood_atmosphere": "calm"},
    "photographic_characteristics": {"depth_of_field": "shallow", "focus": "on the girl", "camera_angle": "low"},
    "style_medium": "digital illustration",
    "context": "A picture for the cover of a novel about a girl who finds a cat in a town that has none",
    "artistic_style": "flat, with clear outlines",
}
"""What FIBO writes of an image, but for its short description; about 1.5 kB."""


async def prepare(place: Place) -> None:
    """Write the journal of a run that stopped when all its images were uploaded."""
    found = images(place.folder, COUNT)
    async with writing(place) as (bria, journal):
        ledger = await begun(bria, journal, plan(place.folder, place.name), found)
        await uploaded(ledger)
        ids = [row.id for row in ledger.of("upload")]
        for first in range(0, COUNT, TOGETHER):
            told = {str(image): caption(image) for image in ids[first : first + TOGETHER]}
            await ledger.record(Happened.CAPTIONED, captions=told)
        await ledger.settle_run("paused", "it was asked to", Happened.PAUSED)
    keep_thumbnails(place, found, [SMALL])


def caption(image: int) -> str:
    """That of one image."""
    return json.dumps({"short_description": f"A girl looks at a cat on the wall of house {image}", **CAPTION})


if __name__ == "__main__":
    where = Path(sys.argv[1])
    asyncio.run(write_report(Place.of("large", where), where / "report.html", Host()))
    sys.stdout.write(f"{resident('VmHWM')}\n")
