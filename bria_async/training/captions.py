"""Captions that somebody changes and approves while the run waits for their review, and those kept in its folder."""

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from bria_async.engines.run import Run
from bria_async.errors import ConfigurationError, RunError
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, Request
from bria_async.graph.states import State
from bria_async.host import Host
from bria_async.partfile import PartFile
from bria_async.session import Session
from bria_async.types.common import Id
from bria_async.types.images import DatasetImage
from bria_async.wire.redaction import excerpt

from .changes import plan_of
from .place import Place
from .plan import Settings
from .samples import make_way

CAPTIONS = "captions.json"
"""The captions of the dataset in the run's folder, by the ids of their images: for those who look at the run."""
MADE_WITH: Mapping[str, str] = {"fibo": "visual_schema", "legacy": "caption_prefix"}
"""What captions are made with: the dataset's field, by family."""
KNOWS_NEITHER = "which knows neither a visual schema nor a caption prefix"
_KEEPING = threading.Lock()


async def approve(run: str, *, settings: Settings | None = None) -> None:
    """Approve the captions of a run that waits for it, as a plan with `review` does; from any process of this machine.

    It goes on at once where it is being worked on, otherwise when it is resumed; after all edits that were asked for.
    What is approved before the run asked for it does not count.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        settings: where its state lies.

    Raises:
        RunError: there is no such run.
    """
    place, host = Place.existing(run, (settings or Settings()).state), Host()
    await host.in_thread(place.control.ask, Request(APPROVE), host)


async def change_caption(run: str, image: Id, caption: str, *, settings: Settings | None = None) -> None:
    """Change the caption of an image while its dataset is a draft; from any process of this machine.

    It is changed at once where the run is being worked on, otherwise when it is resumed; before the dataset is
    completed, whatever dies meanwhile. What came of it is told in the run's events.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        image: its id on the server.
        caption: the continuation of the prefix (legacy), or a JSON text (FIBO).
        settings: where its state lies.

    Raises:
        RunError: there is no such run, it has not begun, or its dataset is completed.
        ConfigurationError: the caption is empty, or no JSON object though the run is of the family fibo.
    """
    place, host = Place.existing(run, (settings or Settings()).state), Host()
    await host.in_thread(lambda: ask_for_caption(place, image, caption, host))


async def change_schema(run: str, text: str, *, captions_anew: bool = False, settings: Settings | None = None) -> None:
    """Give the dataset of a run another visual schema (FIBO), or caption prefix (legacy), while it is a draft.

    From any process of this machine. It is changed at once where the run is being worked on, otherwise when it is
    resumed; before the dataset is completed, whatever dies meanwhile. What came of it is told in the run's events.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        text: the visual schema as a JSON text, or the caption prefix.
        captions_anew: have all captions made anew with it, those that were changed by hand too.
        settings: where its state lies.

    Raises:
        RunError: there is no such run, it has not begun, or its dataset is completed.
        ConfigurationError: the run is of the family 2024, which knows neither; or the text is empty, or no JSON object
            though the run is of the family fibo.
    """
    place, host = Place.existing(run, (settings or Settings()).state), Host()
    await host.in_thread(lambda: ask_for_schema(place, text, host, captions_anew=captions_anew))


def ask_for_caption(place: Place, image: Id, caption: str, host: Host) -> None:
    """Ask whoever works on a run, now or later, to change a caption; as `change_caption`."""
    _refuse_unusable(caption, "caption", _family(place))
    place.control.ask(Request(CAPTION, {"image": image, "caption": caption}), host)


def ask_for_schema(place: Place, text: str, host: Host, *, captions_anew: bool) -> None:
    """The same for what captions are made with; as `change_schema`."""
    family = _family(place)
    if family not in MADE_WITH:
        raise ConfigurationError(f"The run {place.title} is of the family {family}, {KNOWS_NEITHER}.")
    _refuse_unusable(text, MADE_WITH[family].replace("_", " "), family)
    place.control.ask(Request(SCHEMA, {"text": text, "anew": captions_anew}), host)


def _family(place: Place) -> str:
    """The family of a run whose dataset may still be changed."""
    if (view := feed.view(place.source, place.name)) is None:
        raise RunError(f"{place.title} has not begun.", place.title)
    if view.counts["complete"].get(State.DONE):
        raise RunError(f"The dataset of {place.title} is completed: its captions cannot be changed.", place.title)
    return plan_of(view.run).family


def _refuse_unusable(text: str, name: str, family: str) -> None:
    if not text.strip():
        raise ConfigurationError(f"The {name} is empty.")
    if family == "fibo" and not _is_object(text):
        raise ConfigurationError(
            f"The {name} of a run of the family fibo must be a JSON object, not {excerpt(text, 60)!r}."
        )


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


async def keep_captions(
    session: Session, run: Run, images: Iterable[DatasetImage], *, beside_others: bool = False
) -> None:
    """Keep the captions that a listing shows in the run's folder, or `beside_others` those of some images.

    Nothing depends on them, so a disk may refuse.
    """
    captions = {str(image.id): image.caption for image in images if image.caption}

    def keep() -> None:
        with _KEEPING:
            before = kept_captions(run.folder) if beside_others else {}
            _write(run.folder / CAPTIONS, json.dumps(before | captions).encode())

    try:
        await session.host.in_thread(keep)
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
