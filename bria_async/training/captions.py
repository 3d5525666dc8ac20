"""Captions that somebody changes and approves while the run waits for their review, and those told in its journal."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bria_async.engines.postgres.database import Database
from bria_async.engines.run import Run
from bria_async.errors import ConfigurationError, RunError
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, CAPTION, SCHEMA, Request
from bria_async.graph.events import Happened
from bria_async.graph.feed import View
from bria_async.graph.states import State
from bria_async.host import Host
from bria_async.types.common import Id
from bria_async.types.images import DatasetImage
from bria_async.wire.redaction import excerpt

from .changes import plan_of
from .place import Place
from .plan import Settings
from .shared import existing

MADE_WITH: Mapping[str, str] = {"fibo": "visual_schema", "legacy": "caption_prefix"}
"""What captions are made with: the dataset's field, by family."""
KNOWS_NEITHER = "which knows neither a visual schema nor a caption prefix"
MOST = 200
"""Captions that one event tells at most."""
LARGEST = 2**18
"""Characters of them, but for one that has more by itself."""
READ = 10
"""Such events that are read at once."""


async def approve(run: str, *, settings: Settings | None = None, database: Database | None = None) -> None:
    """Approve the captions of a run that waits for it, as a plan with `review` does; from any process.

    It goes on at once where it is being worked on, otherwise when it is resumed; after all edits that were asked for.
    What is approved before the run asked for it does not count.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        settings: where its state lies.
        database: where workers share their runs; instead of the state folder.

    Raises:
        RunError: there is no such run, or it has not begun.
        JournalError: its journal cannot be read, or the database cannot be used.
    """
    host = Host()
    await host.in_thread(lambda: ask_for_approval(_place(run, settings, database), host))


async def change_caption(
    run: str, image: Id, caption: str, *, settings: Settings | None = None, database: Database | None = None
) -> None:
    """Change the caption of an image while its dataset is a draft; from any process.

    It is changed at once where the run is being worked on, otherwise when it is resumed; before the dataset is
    completed, whatever dies meanwhile. What came of it is told in the run's events.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        image: its id on the server.
        caption: the continuation of the prefix (legacy), or a JSON text (FIBO).
        settings: where its state lies.
        database: where workers share their runs; instead of the state folder.

    Raises:
        RunError: there is no such run, it has not begun, or its dataset is completed.
        ConfigurationError: the caption is empty, or no JSON object though the run is of the family fibo.
        JournalError: its journal cannot be read, or the database cannot be used.
    """
    host = Host()
    await host.in_thread(lambda: ask_for_caption(_place(run, settings, database), image, caption, host))


async def change_schema(
    run: str,
    text: str,
    *,
    captions_anew: bool = False,
    settings: Settings | None = None,
    database: Database | None = None,
) -> None:
    """Give the dataset of a run another visual schema (FIBO), or caption prefix (legacy), while it is a draft.

    From any process. It is changed at once where the run is being worked on, otherwise when it is resumed; before the
    dataset is completed, whatever dies meanwhile. What came of it is told in the run's events.

    Args:
        run: the run's id; `batch/run` is a run of a batch.
        text: the visual schema as a JSON text, or the caption prefix.
        captions_anew: have all captions made anew with it, those that were changed by hand too.
        settings: where its state lies.
        database: where workers share their runs; instead of the state folder.

    Raises:
        RunError: there is no such run, it has not begun, or its dataset is completed.
        ConfigurationError: the run is of the family 2024, which knows neither; or the text is empty, or no JSON object
            though the run is of the family fibo.
        JournalError: its journal cannot be read, or the database cannot be used.
    """
    host = Host()
    await host.in_thread(
        lambda: ask_for_schema(_place(run, settings, database), text, host, captions_anew=captions_anew)
    )


def _place(run: str, settings: Settings | None, database: Database | None) -> Place:
    return existing(run, (settings or Settings()).state, database)


def ask_for_approval(place: Place, host: Host) -> None:
    """Ask whoever works on a run, now or later, to take its captions for approved; as `approve`."""
    _begun(place)
    place.control.ask(Request(APPROVE), host)


def ask_for_caption(place: Place, image: Id, caption: str, host: Host) -> None:
    """The same for a change of a caption; as `change_caption`."""
    _refuse_unusable(caption, "caption", _family(place))
    place.control.ask(Request(CAPTION, {"image": image, "caption": caption}), host)


def ask_for_schema(place: Place, text: str, host: Host, *, captions_anew: bool) -> None:
    """The same for what captions are made with; as `change_schema`."""
    family = _family(place)
    if family not in MADE_WITH:
        raise ConfigurationError(f"The run {place.title} is of the family {family}, {KNOWS_NEITHER}.")
    _refuse_unusable(text, MADE_WITH[family].replace("_", " "), family)
    place.control.ask(Request(SCHEMA, {"text": text, "anew": captions_anew}), host)


def _begun(place: Place) -> View:
    if place.is_batch:
        raise RunError(f"{place.title!r} is a batch: ask one of its runs, as {place.title}/RUN.", place.title)
    if (view := feed.view(place.source, place.name)) is None:
        raise RunError(f"{place.title} has not begun.", place.title)
    return view


def _family(place: Place) -> str:
    """The family of a run whose dataset may still be changed."""
    view = _begun(place)
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


async def keep_captions(run: Run, images: Iterable[DatasetImage]) -> None:
    """Tell in the run's journal which captions the server shows otherwise than they were told last, by whomever."""
    async with run.telling:
        await _read_told(run)
        shown = {str(image.id): image.caption or "" for image in images}
        new = {image: text for image, text in shown.items() if run.captions.get(image, b"") != _sum(text)}
        for some in _parts(new):
            await run.ledger.record(Happened.CAPTIONED, captions=some)
            run.captions |= {image: _sum(text) for image, text in some.items()}


async def _read_told(run: Run) -> None:
    """Take over what the journal tells since it was read: with workers, others than this one tell captions, too."""
    found: list[dict[str, Any]] = [{}] * READ
    while len(found) == READ:
        found, run.captions_read = await run.ledger.journal.behind(
            run.ledger.run.id, Happened.CAPTIONED, run.captions_read, READ
        )
        for data in found:
            run.captions |= {image: _sum(text) for image, text in data["captions"].items()}


def _sum(text: str) -> bytes:
    """What tells a caption from another; nothing for none."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest() if text else b""


def _parts(captions: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Captions in parts that an event may hold."""
    part: dict[str, str] = {}
    size = 0
    for image, text in captions.items():
        if part and (len(part) == MOST or size + len(text) > LARGEST):
            yield part
            part, size = {}, 0
        part[image] = text
        size += len(text)
    if part:
        yield part
