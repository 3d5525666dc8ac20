"""A run as its tasks see it: what it is, where things go, what they tell, and what they wait for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import attrs

from bria_async.graph.control import APPROVE, EDITS, Mailbox, Request
from bria_async.graph.events import Happened
from bria_async.graph.ledger import Ledger

from .turns import Turns


@attrs.define
class Run:
    """What a task sees of the run it belongs to."""

    name: str
    tag: str
    """What marks the run's things on the server."""
    folder: Path
    """The run's own folder."""
    output: Path
    """Where its results go."""
    items: Mapping[str, Mapping[str, Any]]
    """What it fans out over, by input."""
    settle: float
    """Seconds after which the server shows whatever it did."""
    ledger: Ledger
    control: Mailbox
    """Where other processes ask for things."""
    interval: float = 0.5
    """Seconds between two looks at what a person decides."""
    processors: Turns = attrs.field(factory=Turns)
    """Turns at what keeps a processor busy."""
    captions: dict[str, bytes] = attrs.field(factory=dict)
    """Sums of the captions that its journal tells, by the ids of their images."""
    captions_read: int = 0
    """The number of the event up to which its journal was read for them."""
    telling: anyio.Lock = attrs.field(factory=anyio.Lock)
    """To tell captions: an edit, and whoever waits for them, may both have new ones."""
    stop_requests: list[Request] = attrs.field(factory=list)

    def progressed(self, reason: str, **data: Any) -> None:
        """Tell that a remote state changed, and what else there is to know."""
        self.ledger.note(Happened.PROGRESSED, reason=reason, **data)

    def warned(self, reason: str) -> None:
        """Tell something that somebody should look at."""
        self.ledger.note(Happened.WARNED, reason=reason)

    async def approved(self, what: str, subject: str) -> None:
        """Wait until somebody approves this subject; an approval of another, or an earlier one, does not count.

        Who hears him writes it into the journal, which is looked at here.
        """
        asked, approved = await self._approval()
        if subject not in (asked, approved):
            if await self.ledger.host.in_thread(self.control.forget, APPROVE):
                self.warned("an approval was given before there was anything to approve; it does not count")
            await self.ledger.record(Happened.ASKED, reason=what, subject=subject)
        while approved != subject:
            await self.ledger.host.sleep(self.interval)
            _, approved = await self._approval()

    async def take_approval(self) -> bool:
        """Hear an approval; false when nobody asks for one yet, and while edits wait."""
        asked, approved = await self._approval()
        if asked is None or asked == approved or await self._has_edits():
            return False
        await self.ledger.record(Happened.APPROVED, subject=asked)
        return True

    async def edited(self) -> None:
        """Wait until all edits that were asked for are over."""
        while await self._has_edits():
            await self.ledger.host.sleep(self.interval)

    async def _has_edits(self) -> bool:
        waiting = await self.ledger.host.in_thread(self.control.waiting)
        return any(request.what in EDITS for _, request in waiting)

    async def _approval(self) -> tuple[str | None, str | None]:
        """The subject that an approval was last asked for, and the one that was last approved."""
        journal, run = self.ledger.journal, self.ledger.run.id
        asked, approved = [await journal.latest(run, what) for what in (Happened.ASKED, Happened.APPROVED)]
        return asked and asked[1].get("subject"), approved and approved[1].get("subject")
