"""Files that a dashboard has made when somebody asks for them: the inspection of a dataset, and reports."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
from aiohttp import web

from bria_async.graph import feed
from bria_async.host import Host
from bria_async.images.inspection import inspect_for
from bria_async.training.changes import plan_of
from bria_async.training.fetching import IMAGES
from bria_async.training.place import Place

from ..facts import view_of
from ..history import limit_of
from ..report import write_report
from ..sheet import write_sheet


@attrs.define
class Made:
    """Files in a folder that goes with the application; one of each run, made one at a time, and an inspection once."""

    host: Host
    _folder: Path | None = attrs.field(default=None, init=False)
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _sheets: dict[str, Path] = attrs.field(factory=dict, init=False)
    _reports: dict[str, Path] = attrs.field(factory=dict, init=False)

    async def kept(self, _: web.Application) -> AsyncIterator[None]:
        """Have the folder while the application lives."""
        with tempfile.TemporaryDirectory(prefix="bria-async-") as folder:
            self._folder = Path(folder)
            yield

    async def inspection(self, place: Place, *, anew: bool = False) -> Path:
        """The contact sheet of a run's images, with all that there is to say about them.

        Raises:
            ImageError: their folder is not on this machine.
        """
        async with self._turn:
            if anew or place.title not in self._sheets:
                found = await inspect_for(**await self.host.in_thread(_asked_of, place), host=self.host)
                to = self._sheets.get(place.title) or self._next()
                self._sheets[place.title] = await write_sheet(
                    found, to, host=self.host, again="?anew", back=f"../{quote(place.name, safe='')}"
                )
        return self._sheets[place.title]

    async def report(self, place: Place) -> Path:
        """The report of a run or a batch as it is now.

        Raises:
            JournalError: its journal cannot be read.
        """
        async with self._turn:
            to = self._reports.setdefault(place.title, self._next())
            await write_report(place, to, self.host)
        return to

    def _next(self) -> Path:
        assert self._folder is not None, "the application has not begun"  # noqa: S101
        return self._folder / f"{self.host.uuid().hex}.html"


def _asked_of(place: Place) -> dict[str, Any]:
    """What its inspection is asked for: its images, what they are for, and the rate that was last kept to."""
    plan = plan_of(view_of(place.source, place.name).run)
    return {
        "terms": plan.terms,
        "folder": plan.images if plan.images.is_dir() else place.folder / IMAGES,
        "requests_per_minute": limit_of([event for _, event in feed.events(place.source, place.name)]).given,
    }
