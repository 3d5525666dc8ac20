"""Captions that somebody changes and approves while the run waits for their review, and those kept in its folder."""

import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from bria_async.engines.local import Run
from bria_async.errors import BriaError
from bria_async.graph.control import APPROVE, Request
from bria_async.graph.ledger import Ledger
from bria_async.graph.states import State
from bria_async.host import Host
from bria_async.partfile import PartFile
from bria_async.session import Session
from bria_async.types.datasets import Dataset
from bria_async.types.images import DatasetImage
from bria_async.wire.convert import structure

from .place import Place
from .plan import Settings
from .samples import make_way

CAPTIONS = "captions.json"
"""The captions of the dataset in the run's folder, by the ids of their images: for those who look at the run."""


async def approve(run: str, *, settings: Settings | None = None) -> None:
    """Approve the captions of a run that waits for it, as a plan with `review` does; from any process of this machine.

    It goes on at once where it is being worked on, otherwise when it is resumed. What is approved before the
    run asked for it does not count.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        settings: where its state lies.

    Raises:
        RunError: there is no such run.
    """
    place, host = Place.existing(run, (settings or Settings()).state), Host()
    await host.in_thread(place.control.ask, Request(APPROVE), host)


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


async def keep_captions(session: Session, run: Run, images: Iterable[DatasetImage]) -> None:
    """Keep the captions that a listing shows in the run's folder; nothing depends on them, so a disk may refuse."""
    captions = {str(image.id): image.caption for image in images if image.caption}
    try:
        await session.host.in_thread(_write, run.folder / CAPTIONS, json.dumps(captions).encode())
    except OSError as error:
        run.warned(f"the captions were not kept in {run.folder}: {error.strerror or error}")


def _write(path: Path, content: bytes) -> None:
    make_way(path)
    with PartFile(path) as file:
        file.write(content)
        file.commit()


def kept_captions(folder: Path) -> dict[str, str]:
    """The captions that were kept in a run's folder, by the ids of their images; none where that cannot be read."""
    try:
        captions = json.loads((folder / CAPTIONS).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(image): str(text) for image, text in captions.items()} if isinstance(captions, dict) else {}
