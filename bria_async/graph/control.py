"""What other processes ask of a running run: small files in a folder beside its journal.

The journal has one writer, so everybody else asks. A request appears by a rename, hence whole; the runner journals
what came of it, and takes it away.
"""

import json
from pathlib import Path
from typing import Any, Protocol

import attrs

from bria_async.host import Host
from bria_async.partfile import PartFile

STOP = "stop"
"""Stop in order; with `training` true, stop a started training too."""
PAUSE = "pause"
"""The same without a word about the training: a run that stops can always go on."""
APPROVE = "approve"
CAPTION = "caption"
"""Change the caption of an image while its dataset is a draft: `image` (id on the server), `caption`; or have it made
anew: `anew` true, and no `caption`."""
SCHEMA = "schema"
"""Give the dataset another visual schema, or caption prefix, while it is a draft: `text`; with `anew` true, have all
captions made anew with it."""
EDITS = (CAPTION, SCHEMA)
"""What is done in the order in which it was asked for, and stays where it was asked until it is over."""


@attrs.frozen
class Request:
    """A wish, by one of the words above; `at` is when it was made, in seconds since the epoch.

    `run` is whom it is for, where several runs have one control folder; empty for all.
    """

    what: str
    data: dict[str, Any] = attrs.field(factory=dict)
    at: float = 0.0
    run: str = ""


class Mailbox(Protocol):
    """Where requests to a run, or to many, lie until somebody hears them; the methods wait for a disk or a database."""

    def ask(self, request: Request, host: Host) -> None:
        """Put a request where the runner finds it, now or when it starts again."""

    def waiting(self) -> list[tuple[Any, Request]]:
        """All requests in the order they were made, each with what `remove` takes."""

    def remove(self, which: Any) -> None:
        """Take a request away that is over."""

    def forget(self, what: str) -> bool:
        """Remove all requests of a kind; whether there were any."""


@attrs.frozen
class Control:
    """The control folder of a run, or of many: then `run` is the one that is spoken to."""

    folder: Path
    run: str = ""

    def ask(self, request: Request, host: Host) -> None:
        """Put a request where the runner finds it, now or when it starts again; a power cut may take one to stop."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = {**request.data, "what": request.what, "at": host.now(), "run": self.run}
        with PartFile(self.folder / f"{host.now():017.6f}-{host.uuid().hex[:8]}.json") as file:
            file.write(json.dumps(said).encode())
            file.commit(durable=request.what not in (STOP, PAUSE))

    def waiting(self) -> list[tuple[Path, Request]]:
        """All requests in the order they were made, each with its file, for `remove`."""
        if not self.folder.is_dir():
            return []
        found = [(path, _read(path)) for path in sorted(self.folder.glob("*.json"))]
        return [(path, each) for path, each in found if each and (not self.run or each.run in ("", self.run))]

    def remove(self, which: Path) -> None:
        """Take a request away that is over."""
        which.unlink(missing_ok=True)

    def forget(self, what: str) -> bool:
        """Remove all requests of a kind; whether there were any."""
        found = [path for path, request in self.waiting() if request.what == what]
        for path in found:
            self.remove(path)
        return bool(found)


def _read(path: Path) -> Request | None:
    """What a file asks for; None where somebody took it away just now."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        data = json.loads(text)
        return Request(str(data.pop("what")), at=float(data.pop("at", 0.0)), run=str(data.pop("run", "")), data=data)
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError, RecursionError):
        return Request("unreadable")
