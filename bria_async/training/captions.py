"""Captions that somebody changes while the run waits for their review."""

import json
from collections.abc import Awaitable, Callable

from bria_async.engines.local import Run
from bria_async.errors import BriaError
from bria_async.graph.control import Request
from bria_async.graph.ledger import Ledger
from bria_async.graph.states import State
from bria_async.session import Session
from bria_async.types.datasets import Dataset
from bria_async.wire.convert import structure


def caption_editor(session: Session, ledger: Ledger, run: Run) -> Callable[[Request], Awaitable[None]]:
    """What answers a request to change a caption (`image`, `caption`): it is tried once, and told."""

    async def edit(request: Request) -> None:
        made = ledger.of("dataset", State.DONE)
        image, caption = request.data.get("image"), request.data.get("caption")
        if not made or image is None or not isinstance(caption, str):
            run.warned("a caption was to be changed without a dataset, an image or a text")
            return
        dataset: Dataset = structure(json.loads(made[0].result or "null"), Dataset)
        try:
            await session.images.update(dataset.id, image, caption=caption)
        except BriaError as error:
            run.warned(f"the caption of image {image} was not changed: {error.message}")
        else:
            run.progressed(f"the caption of image {image} was changed")

    return edit
