"""The pages of a dashboard, and the pictures on them."""

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import attrs
from aiohttp import web
from aiohttp.typedefs import Handler

from bria_async.errors import BriaError, ImageError, RunError
from bria_async.graph import feed
from bria_async.host import Host
from bria_async.training.place import Place

from ..collage import MOST, collage
from ..facts import next_of_batch
from ..overview import overview_of
from ..report import SAMPLE
from ..thumbnails import LARGE, SMALL, Thumbnails, Wanted
from .cards import Card, cards_of, cards_of_batch
from .journals import Journals
from .links import Links
from .live import follow
from .made import Made
from .views import EVENTS, Drawing, Look, look_at_batch, look_at_home, look_at_run, look_at_samples

SIDES = (SMALL, LARGE, SAMPLE)
"""Pixels that a picture can be asked for in."""
COMPARED = 4
"""Runs that are compared unless somebody chooses."""
MOST_COMPARED = 24
OF_RUN = ("/runs/{run}", "/runs/{batch}/runs/{run}")
PICTURES = r"{kind:images|samples}/{number:\d{1,6}}/{side:\d{1,4}}"
PICTURE = {"Cache-Control": "private, max-age=3600"}
"""Its address names what it shows."""
STANDING_ALONE = {"Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
"""Of files with a policy of their own, by which they load nothing and run nothing but their own script."""


@attrs.define(eq=False)
class Pages:
    """What can be looked at; `control` tells whether pages offer to change something."""

    host: Host
    journals: Journals
    made: Made
    control: bool

    def routes(self) -> Iterator[web.RouteDef]:
        """Where each is."""
        yield web.get("/", self._told(self.home), name="home")
        yield web.get("/live", self.home_live, allow_head=False)
        yield web.get("/compare", self._told(self.compare))
        yield web.get("/compare/live", self.compare_live, allow_head=False)
        for run in OF_RUN:
            yield web.get(run, self._told(self.run))
            yield web.get(f"{run}/live", self._told(self.run_live), allow_head=False)
            yield web.get(f"{run}/events/{{page:[1-9][0-9]{{0,5}}}}", self._told(self.events))
            yield web.get(f"{run}/inspection", self._told(self.inspection))
            yield web.get(f"{run}/report", self._told(self.report))
            yield web.get(f"{run}/collage/{{number:[0-3]}}", self._told(self.collage))
            yield web.get(f"{run}/{PICTURES}", self._told(self.picture))

    def _told(self, handler: Handler) -> Handler:
        """A handler whose errors are pages."""

        async def told(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except RunError as error:
                return await self._page(request, "live/problem.html", words=error.message, status=404)
            except BriaError as error:
                return await self._page(request, "live/problem.html", words=error.message, status=503)

        return told

    # --- runs and batches ------------------------------------------------------------------------------------

    async def home(self, request: web.Request) -> web.Response:
        """All runs and batches."""
        return await self._page(request, "live/home.html", await self._home())

    async def home_live(self, request: web.Request) -> web.StreamResponse:
        """What changes on it."""
        return await follow(request, self.host, self._drawing(request), self._home)

    async def _home(self) -> Look:
        return look_at_home(await self.host.in_thread(self._cards))

    def _cards(self) -> list[Card]:
        return cards_of(self.journals.all())

    async def run(self, request: web.Request) -> web.Response:
        """A run, or a batch, or why a run has not begun."""
        place = await self._place(request)
        if place.is_batch:
            return await self._page(request, "live/batch.html", await self._batch(place), title=place.title)
        page = await self.journals.page(await self._begun(place))
        return await self._page(request, "live/run.html", look_at_run(place, page, control=self.control), page=page)

    async def run_live(self, request: web.Request) -> web.StreamResponse:
        """What changes on it."""
        place = await self._place(request)

        async def look() -> Look:
            if place.is_batch:
                return await self._batch(place)
            return look_at_run(place, await self.journals.page(place), control=self.control)

        return await follow(request, self.host, self._drawing(request), look)

    async def events(self, request: web.Request) -> web.Response:
        """All that happened in a run, `EVENTS` on a page, the newest first."""
        place, number = await self._begun(await self._place(request)), int(request.match_info["page"])
        log = (await self.journals.page(place)).log
        if len(log) <= (number - 1) * EVENTS:
            raise web.HTTPNotFound
        return await self._page(request, "live/events.html", title=place.title, log=log, number=number, most=EVENTS)

    async def _batch(self, place: Place) -> Look:
        return await self.host.in_thread(_look_at_batch, place)

    # --- samples side by side ----------------------------------------------------------------------------------

    async def compare(self, request: web.Request) -> web.Response:
        """Samples of the runs that are named, or of the newest ones, side by side."""
        return await self._page(request, "live/compare.html", await self._samples(request))

    async def compare_live(self, request: web.Request) -> web.StreamResponse:
        """What changes on it."""
        return await follow(request, self.host, self._drawing(request), lambda: self._samples(request))

    async def _samples(self, request: web.Request) -> Look:
        cards = await self.host.in_thread(_with_samples, self.journals)
        names = request.query.getall("run", []) or [card.title for card in cards[:COMPARED]]
        by_title = {card.title: card for card in cards}
        chosen = [name for name in dict.fromkeys(names) if name in by_title]
        some = [by_title[name] for name in chosen[:MOST_COMPARED]]
        found = [await self.host.in_thread(self.journals.find, card.name, card.batch or None) for card in some]
        pages = [await self.journals.page(place) for place in found]
        return look_at_samples(pages, chosen, cards)

    # --- what is made when it is asked for -----------------------------------------------------------------------

    async def inspection(self, request: web.Request) -> web.StreamResponse:
        """The contact sheet of the images of a run."""
        place = await self._begun(await self._place(request))
        path = await self.made.inspection(place, anew="anew" in request.query)
        return web.FileResponse(path, headers=STANDING_ALONE)

    async def report(self, request: web.Request) -> web.StreamResponse:
        """The report, as a file to keep."""
        place = await self._place(request)
        path = await self.made.report(place if place.is_batch else await self._begun(place))
        named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(place.name)}.html"}
        return web.FileResponse(path, headers={**STANDING_ALONE, **named})

    # --- pictures ------------------------------------------------------------------------------------------------

    async def picture(self, request: web.Request) -> web.Response:
        """An image or a sample of a run, by its number, as a small picture."""
        number, side = int(request.match_info["number"]), int(request.match_info["side"])
        if side not in SIDES:
            raise web.HTTPNotFound
        place = await self._place(request)
        page = await self.journals.page(place)
        if request.match_info["kind"] == "images":
            images = [Wanted(tile.image.path, side, tile.image.sha256) for tile in page.tiles[number : number + 1]]
        else:
            samples = (picture.sample for picture in page.pictures[number : number + 1])
            images = [Wanted(sample.path, side) for sample in samples if sample is not None]
        return await self._shown(place, images)

    async def collage(self, request: web.Request) -> web.Response:
        """One of the pictures on a card: of a batch the first one or the last one of its first runs, in turns."""
        place, number = await self._place(request), int(request.match_info["number"])
        if place.is_batch:
            names = await self.host.in_thread(feed.first_runs, place.source, MOST)
            if number >= len(names):
                raise web.HTTPNotFound
            place, number = place.run(names[number]), -(number % 2)
        framed = await self.host.in_thread(collage, place, place.name)
        return await self._shown(place, [each.wanted for each in framed[number:][:1]])

    async def _shown(self, place: Place, wanted: list[Wanted]) -> web.Response:
        if not wanted:
            raise web.HTTPNotFound
        try:
            async with self.journals.processors:
                data = await self.host.in_thread(Thumbnails.of(place.folder).get, wanted[0])
        except ImageError:
            raise web.HTTPNotFound from None
        return web.Response(body=data, content_type="image/webp", headers=PICTURE)

    # --- what they have in common --------------------------------------------------------------------------------

    async def _place(self, request: web.Request) -> Place:
        found = request.match_info
        return await self.host.in_thread(self.journals.find, found["run"], found.get("batch"))

    async def _begun(self, place: Place) -> Place:
        """The same, if it is a run that has begun.

        Raises:
            RunError: it has not, or is a batch.
        """
        if place.is_batch:
            words = "it is a batch, and only its runs have this page."
        elif await self.host.in_thread(feed.view, place.source, place.name) is None:
            words = await self.host.in_thread(_why_absent, place)
        else:
            return place
        raise RunError(f"{place.title}: {words}", place.title)

    def _drawing(self, request: web.Request) -> Drawing:
        return Drawing(Links(str(request.app.router["home"].url_for())), self.control)

    async def _page(
        self, request: web.Request, template: str, look: Look | None = None, *, status: int = 200, **values: Any
    ) -> web.Response:
        draw = self._drawing(request).page
        return _html(await self.host.in_thread(lambda: draw(template, look, **values)), status)


def _html(text: str, status: int = 200) -> web.Response:
    body = text.encode(errors="replace")
    return web.Response(status=status, body=body, content_type="text/html", charset="utf-8")


def _look_at_batch(place: Place) -> Look:
    with feed.held(place.source):
        overview = overview_of(place)
        return look_at_batch(overview, next_of_batch(place, overview), cards_of_batch(place, overview))


def _why_absent(place: Place) -> str:
    """Why the journal of a run does not hold it; blocks."""
    if reason := place.why_not_begun:
        return reason
    if place.batch is not None and (planned := place.planned) and place.name not in planned:
        return "the batch has no run of this name."
    if place.batch is None and (others := feed.views(place.source)):
        return f"its journal holds the run {others[0].run.name!r}, whose folder was renamed. Give it its name again."
    return "it waits for its turn, and nothing of it has begun."


def _with_samples(journals: Journals) -> list[Card]:
    """Runs that have some, those of batches too, the newest first."""
    found = []
    for place in journals.all():
        with contextlib.suppress(BriaError):  # what cannot be read has nothing to show, and hides no other
            found += cards_of_batch(place, overview_of(place)) if place.is_batch else cards_of([place])
    return sorted((card for card in found if card.samples), key=lambda card: -card.created)
