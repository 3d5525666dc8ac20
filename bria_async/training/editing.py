"""What is changed by request while the dataset is a draft: its captions, and what they are made with.

An edit is over when it is made, or refused for good, and that is told. Where the server does not decide, the run pauses
and the edit stays; so it does when the process dies. Who goes on makes it, perhaps once more: it sets a text.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from bria_async.api.jobs import poll
from bria_async.engines.run import Run
from bria_async.errors import BriaError, JournalError, RateLimited, Refused, RequestError, RunPaused, Unauthorized
from bria_async.graph.control import CAPTION, SCHEMA, Request
from bria_async.graph.events import Happened
from bria_async.session import Session
from bria_async.types.common import Id
from bria_async.types.images import DatasetImage

from .captions import KNOWS_NEITHER, MADE_WITH, keep_captions
from .plan import Settings
from .result import Results
from .waiting import has_caption, patiently, until_captioned


def editors(
    session: Session, settings: Settings, results: Results, run: Run
) -> Mapping[str, Callable[[Request], Awaitable[None]]]:
    """What answers requests to change captions, and what they are made with.

    Raises:
        RunPaused: the server could not be asked, or did not decide.
        JournalError: what came of it is not recorded.
    """
    editor = _Editor(session, settings, results, run)
    return {CAPTION: editor.change_caption, SCHEMA: editor.change_schema}


@attrs.frozen
class _Editor:
    session: Session
    settings: Settings
    results: Results
    run: Run

    async def change_caption(self, request: Request) -> None:
        """Give an image another caption, or have it made anew."""
        image, caption = request.data.get("image"), request.data.get("caption")
        anew = caption is None and request.data.get("anew") is True
        dataset = self.results.one("identity")
        if dataset is None or image is None or not (anew or isinstance(caption, str)):
            await self._warned("a caption was to be changed without a dataset, an image or a text")
            return
        what = f"the caption of image {image} was"
        how = "made anew" if anew else "changed"
        try:
            changed = await self.session.images.update(
                dataset.id, image, caption=caption, regenerate_caption=anew or None
            )
            if anew:
                changed = await self._captioned(dataset.id, image)
        except BriaError as error:
            await self._failed(f"{what} not {how}", error)
        else:
            if changed.caption:
                await keep_captions(self.run, [changed])
            await self._progressed(f"{what} {how}")

    async def _captioned(self, dataset: Id, image: Id) -> DatasetImage:
        async def look() -> DatasetImage | None:
            found = await self.session.images.get(dataset, image)
            return found if has_caption(found) else None

        found = await poll(self.session.host, patiently(self.run, look), self.settings.waiting)
        if found is None:
            raise RunPaused("it is still not there", self.run.name)
        return found

    async def change_schema(self, request: Request) -> None:
        """Give the dataset another visual schema or caption prefix, and have all captions made anew with it."""
        text, family = request.data.get("text"), self.results.graph.name
        field, dataset = MADE_WITH.get(family), self.results.one("identity")
        if field is None:
            await self._warned(f"nothing was changed: the run is of the family {family}, {KNOWS_NEITHER}")
            return
        name = field.replace("_", " ")
        if dataset is None or not isinstance(text, str):
            await self._warned(f"the {name} was to be changed without a dataset or a text")
            return
        changes: dict[str, Any] = {field: text}
        failure = f"the {name} was not changed"
        try:
            await self.session.datasets.update(dataset.id, **changes)
            await self._progressed(f"the {name} was changed", text=text)
            if request.data.get("anew") is True:
                failure = "the captions were not all made anew"
                await self.session.images.regenerate_captions(dataset.id)
                await until_captioned(self.session, self.settings, self.run, dataset.id, self.results.uploaded)
                await self._progressed("all captions were made anew")
        except BriaError as error:
            await self._failed(failure, error)

    async def _failed(self, what: str, error: BriaError) -> None:
        if isinstance(error, JournalError):  # which says nothing of the edit
            raise error
        if not _is_decided(error):
            again = "that is tried again when the run goes on"
            raise RunPaused(f"{what[0].upper()}{what[1:]}; {again}. {error}", self.run.name)
        await self._warned(f"{what}: {error.message}")

    async def _warned(self, reason: str) -> None:
        await self.run.ledger.record(Happened.WARNED, reason=reason)

    async def _progressed(self, reason: str, **data: Any) -> None:
        await self.run.ledger.record(Happened.PROGRESSED, reason=reason, **data)


def _is_decided(error: BriaError) -> bool:
    """Whether asking again is no use: it may be one where no answer decided, the token was refused, or by the rate."""
    if isinstance(error, RequestError):
        return isinstance(error, Refused) and not isinstance(error, Unauthorized | RateLimited)
    return True
