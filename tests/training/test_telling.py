"""What there is to say of its images, as a run tells it: warnings each, and what is good to know, before it uploads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from bria_async.sim import Options
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import World, connected, land

from .conftest import Studio, copied

Within = Callable[..., Any]
LINES = 3
"""Images that are nearly white: their infos are one line."""


def test_what_is_good_to_know_is_told_before_the_first_upload(studio: Studio, tmp_path: Path) -> None:
    """The expected time under the session's rate, shapes, and a line for each kind of what images show."""
    folder = copied(studio.pictures, tmp_path / "more")
    for number in range(LINES):
        white = Image.new("L", (1024, 1024), 255)
        white.paste(0, (100 * number, 100, 100 * number + 150, 250))
        white.save(folder / f"white-{number}.png")
    host = VirtualHost(1)

    async def main() -> None:
        async with (
            land(1, Options(seed=1)) as here,
            connected(host, here.connector(), here.connector(), requests_per_minute=120) as session,
        ):
            await studio.train(World(1, here.sim, session), studio.plan(images=folder))

    run_virtually(main)
    told = [event.data["reason"] for event in studio.happened("noted")]
    count = len([*folder.iterdir()])
    (time,) = [words for words in told if "the training takes" in words]
    assert time.startswith(f"{count} uploads take at least ") and "at 120 requests a minute; the" in time, told
    (bright,) = [words for words in told if "nearly white" in words]
    assert bright.startswith("white-0.png, white-1.png, white-2.png: "), told
    assert [words for words in told if words.startswith("aspect ratios: ")], told
    noted, uploaded = studio.happened("noted"), studio.happened("announced", "upload")
    assert studio.events.index(noted[-1]) < studio.events.index(uploaded[0]), "they were told too late"
