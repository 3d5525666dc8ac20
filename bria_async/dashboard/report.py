"""`report`: what came of a run, or of a batch, as one HTML file that needs nothing else."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from bria_async.errors import ImageError
from bria_async.host import Host
from bria_async.training.place import Place

from .facts import batch_facts, facts_of_runs, next_of_batch
from .overview import overview_of
from .pages import RunPage, read_run
from .templating import style, write_page
from .thumbnails import SMALL, Thumbnails, Wanted, side_for

SAMPLE = 640
"""Pixels of a sample."""


async def write_report(place: Place, to: Path, host: Host, progress: Callable[[int, int], None] | None = None) -> None:
    """Write what came of a run, or of a batch, into one HTML file; the run may go on meanwhile.

    Of a run: its numbers, timeline, graph, throughput, samples, images with captions and states, settings, events. Of a
    batch: a card for each run. Images are inlined as thumbnails, of 320 pixels for up to 200 images and of 96 for more
    (5,000 images: 20 MB), which are kept in the run's folder. Memory does not grow with them.

    Args:
        place: where it lies.
        to: the file, replaced if it is there.
        host: whose threads and clock to use.
        progress: called after each thumbnail with how many are done, and of how many.

    Raises:
        JournalError: the journal cannot be read, or holds no such run.
        ConfigurationError: the file cannot be written.
        MissingExtra: Jinja2 or Pillow is not installed.
    """
    if place.is_batch:
        await host.in_thread(_write_batch, to, place, host.now())
        return
    page = await host.in_thread(read_run, place, host.now())
    pictures = _Pictures(Thumbnails.of(place.folder), side_for(len(page.tiles)))
    await pictures.thumbnails.make(pictures.wanted(page), host, progress)
    await host.in_thread(_write_run, to, page, pictures)


@attrs.frozen
class Shown:
    """A picture as an address that holds it, or why there is none."""

    address: str = ""
    why_not: str = ""


@attrs.frozen
class _Pictures:
    """The pictures of a page, each read when it is written."""

    thumbnails: Thumbnails
    side: int

    def wanted(self, page: RunPage) -> Iterator[Wanted]:
        yield from (self._of_image(tile.image.path, tile.image.sha256) for tile in page.tiles)
        yield from (Wanted(picture.sample.path, SAMPLE) for picture in page.pictures if picture.sample)

    def image(self, path: Path, sha256: str) -> Shown:
        return self._shown(self._of_image(path, sha256))

    def sample(self, path: Path) -> Shown:
        return self._shown(Wanted(path, SAMPLE))

    def _of_image(self, path: Path, sha256: str) -> Wanted:
        return Wanted(path, self.side, sha256)

    def _shown(self, wanted: Wanted) -> Shown:
        try:
            content = self.thumbnails.get(wanted)
        except ImageError as error:
            return Shown(why_not=error.message)
        return Shown(f"data:image/webp;base64,{base64.b64encode(content).decode()}")


def _write_run(to: Path, page: RunPage, pictures: _Pictures) -> None:
    write_page(
        to,
        "run.html",
        style=style(),
        page=page,
        at=page.at,
        image=pictures.image,
        sample=pictures.sample,
        dense=pictures.side == SMALL,
    )


def _write_batch(to: Path, place: Place, now: float) -> None:
    overview = overview_of(place)
    facts, runs, following = batch_facts(overview), facts_of_runs(place, overview), next_of_batch(place, overview)
    write_page(to, "batch.html", style=style(), overview=overview, facts=facts, runs=runs, next=following, at=now)
