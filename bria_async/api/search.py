"""Search: images of a gallery by words or by likeness."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Annotated

from bria_async import wire
from bria_async.types.common import Medium
from bria_async.types.search import LAST_RESULT, Atmosphere, Camera, SearchResult, SearchResults, Style
from bria_async.types.visuals import Captions

from .parameters import ImageFile

PerPage = Annotated[int, wire.Range(maximum=500)]


class Search(wire.Family):
    """Images of an organisation's gallery, found by words or by likeness, and images put into words.

    The gallery holds what `visuals.register` registered. The searches are open to organisations that asked for
    them (SEED 004).
    """

    @wire.post("/v1/caption", effect="cheap")
    async def caption(self, *, image_url: str | None = None, file: ImageFile | None = None) -> Captions:
        """Describe an image that need not be registered; `visuals.caption` takes a visual id. Cheap: runs repeat it
        after doubt.

        Args:
            image_url: a public address.
            file: the image itself, instead.

        Statuses: 400, 401, 404, 413, 415, 429, 460 (the address cannot be fetched), 500. Source: published
            spec.
        """
        ...

    @wire.get("/v1/search")
    async def by_text(
        self,
        *,
        query: str | None = None,
        num_results_per_page: PerPage | None = None,
        page: int | None = None,
        gallery_id: str | None = None,
        style: Style | None = None,
        atmosphere: Atmosphere | None = None,
        camera: Camera | None = None,
        medium: Medium | None = None,
    ) -> SearchResults:
        """One page of the images that fit a text, best first; `all_by_text` turns the pages.

        Args:
            query: what to look for, in words; no labels are needed.
            num_results_per_page: up to 500, default 50. A query has 800 results in all.
            page: the first is 1, the default; synthetic results come on it alone.
            gallery_id: the organisation's gallery, as told by Bria; SEED 004 calls it mandatory.
            style: how the images look.
            atmosphere: their mood.
            camera: from where they are taken.
            medium: photographs or art.

        Statuses: 400, 404, 405, 429, 500, 506. Source: SEED 004, published spec.
        """
        ...

    @wire.get("/v1/search_similar_images")
    async def by_image(
        self,
        *,
        vhash: str | None = None,
        num_results_per_page: PerPage | None = None,
        page: int | None = None,
        gallery_id: str | None = None,
        url: str | None = None,
    ) -> SearchResults:
        """One page of the images that are like another one, best first; `all_by_image` turns the pages.

        Args:
            vhash: the visual id of that image.
            num_results_per_page: up to 500, default 50. A query has 800 results in all.
            page: the first is 1, the default.
            gallery_id: the organisation's gallery, as told by Bria; SEED 004 calls it mandatory.
            url: the public address of that image instead, where it is edited or not registered: jpg, jpeg or
                png up to 12 MB.

        Statuses: 400, 404, 405, 429, 500, 506. Source: SEED 004, published spec.
        """
        ...

    async def all_by_text(
        self,
        *,
        query: str,
        num_results_per_page: int = 100,
        gallery_id: str | None = None,
        style: Style | None = None,
        atmosphere: Atmosphere | None = None,
        camera: Camera | None = None,
        medium: Medium | None = None,
    ) -> AsyncIterator[SearchResult]:
        """All results of `by_text`, best first: a page is asked for when the one before it is used up.

        Stops after 800 results or a page that is not full. Arguments as in `by_text`.
        """

        def turn(page: int) -> Awaitable[SearchResults]:
            return self.by_text(
                query=query,
                num_results_per_page=num_results_per_page,
                page=page,
                gallery_id=gallery_id,
                style=style,
                atmosphere=atmosphere,
                camera=camera,
                medium=medium,
            )

        async for result in _all(turn, num_results_per_page):
            yield result

    async def all_by_image(
        self,
        *,
        vhash: str | None = None,
        num_results_per_page: int = 100,
        gallery_id: str | None = None,
        url: str | None = None,
    ) -> AsyncIterator[SearchResult]:
        """All results of `by_image`, best first: a page is asked for when the one before it is used up.

        Stops after 800 results or a page that is not full. Arguments as in `by_image`.
        """

        def turn(page: int) -> Awaitable[SearchResults]:
            return self.by_image(
                vhash=vhash, num_results_per_page=num_results_per_page, page=page, gallery_id=gallery_id, url=url
            )

        async for result in _all(turn, num_results_per_page):
            yield result


async def _all(turn: Callable[[int], Awaitable[SearchResults]], per_page: int) -> AsyncIterator[SearchResult]:
    left = LAST_RESULT
    for page in count(1):
        results = (await turn(page)).results[:left]
        for result in results:
            yield result
        left -= len(results)
        if len(results) < per_page or left == 0:
            return
