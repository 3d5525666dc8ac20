"""`report`: what came of a run, or of a batch, as one HTML file that needs nothing else."""

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.errors import ImageError
from bria_async.graph import feed
from bria_async.host import Host
from bria_async.images.target import target_of
from bria_async.training.place import Place

from .collage import Framed, collage
from .facts import batch_facts, command_on, facts_of_runs, next_of_batch
from .overview import WAITS, Overview, overview_of
from .pages import Picture, RunPage, Tile, read_run
from .templating import SUFFIX, style, write_page
from .thumbnails import SMALL, Thumbnails, Wanted, side_for

SAMPLE = 640
"""Pixels of a sample."""


async def write_report(place: Place, to: Path, host: Host, progress: Callable[[int, int], None] | None = None) -> None:
    """Write what came of a run, or of a batch, into one HTML file; the run may go on meanwhile.

    Of a run: its numbers, timeline, graph, throughput, samples, images with captions and states, settings, events. Of a
    batch: a card for each run, with up to four of its pictures. Images are inlined as thumbnails, of 320 pixels for up
    to 200 images and of 96 for more (5,000 images: 36 MB) and on cards, which are kept in the run's folder. Memory does
    not grow with them.

    Args:
        place: where it lies.
        to: the file; one of this name is replaced, unless it is an image or a caption.
        host: whose threads and clock to use.
        progress: called after each thumbnail, or those of each run, with how many are done, and of how many.

    Raises:
        JournalError: the journal cannot be read, or holds no such run.
        ConfigurationError: the file cannot be written, or is an image or a caption; nothing was read for it.
        MissingExtra: Jinja2 or Pillow is not installed.
    """
    to = await host.in_thread(target_of, to, SUFFIX)
    if place.is_batch:
        batch = await host.in_thread(_read_batch, place, host.now())
        for done, card in enumerate(batch.cards, 1):
            await card.thumbnails.make([framed.wanted for framed in card.framed], host)
            if progress is not None:
                progress(done, len(batch.cards))
        await host.in_thread(_write_batch, to, batch)
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
        yield from (self._of_image(tile) for tile in page.tiles)
        yield from (Wanted(picture.sample.path, SAMPLE) for picture in page.pictures if picture.sample)

    def image(self, tile: Tile) -> Shown:
        return self._shown(self._of_image(tile))

    def sample(self, picture: Picture) -> Shown:
        return self._shown(Wanted(picture.sample.path, SAMPLE)) if picture.sample else Shown(why_not="none yet")

    def _of_image(self, tile: Tile) -> Wanted:
        return Wanted(tile.image.path, self.side, tile.image.sha256)

    def _shown(self, wanted: Wanted) -> Shown:
        return _shown_by(self.thumbnails, wanted)


def _shown_by(thumbnails: Thumbnails, wanted: Wanted) -> Shown:
    try:
        content = thumbnails.get(wanted)
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
        newest=page.log,
    )


@attrs.frozen
class _Card:
    """A run on the page of its batch; its pictures are read when it is written, without those that cannot be shown."""

    facts: Mapping[str, Any]
    report: str
    """What to type for its own report."""
    thumbnails: Thumbnails
    framed: tuple[Framed, ...]

    @property
    def pictures(self) -> Iterator[tuple[Shown, str]]:
        """Each, and what it is called."""
        found = ((_shown_by(self.thumbnails, framed.wanted), framed.wanted.path.name) for framed in self.framed)
        return (each for each in found if each[0].address)


@attrs.frozen
class _BatchPage:
    overview: Overview
    facts: Mapping[str, Any]
    cards: tuple[_Card, ...]
    next: str
    at: float


def _read_batch(place: Place, now: float) -> _BatchPage:
    with feed.held(place.source):
        overview = overview_of(place)
        facts, following = batch_facts(overview), next_of_batch(place, overview)
        return _BatchPage(overview, facts, tuple(_cards(place, overview)), following, now)


def _cards(place: Place, overview: Overview) -> Iterator[_Card]:
    for facts in facts_of_runs(place, overview):
        run = place.run(facts["run"].rpartition("/")[2])
        yield _Card(facts, command_on(run, "report"), Thumbnails.of(run.folder), collage(place, run.name))


def _write_batch(to: Path, batch: _BatchPage) -> None:
    write_page(to, "batch.html", style=style(), waits=WAITS, **attrs.asdict(batch, recurse=False))
