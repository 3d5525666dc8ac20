"""Hearing what other sessions tell."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable

import attrs

from .database import CHANNEL, Database

log = logging.getLogger(__name__)


@attrs.define(eq=False)
class Ears:
    """Listens to what other sessions tell, in a thread of its own, and in a new session whenever one breaks."""

    database: Database
    heard: Callable[[str], None]
    _stopped: threading.Event = attrs.field(factory=threading.Event, init=False)
    _thread: threading.Thread | None = attrs.field(default=None, init=False)

    def listen(self) -> None:
        """Begin."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._listen, args=(loop,), name="bria-ears", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; the thread notices within a second."""
        self._stopped.set()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.is_set():
            try:
                with contextlib.closing(self.database.connect()) as session:
                    session.execute(f"LISTEN {CHANNEL}")
                    loop.call_soon_threadsafe(self.heard, "")
                    while not self._stopped.is_set():
                        for note in session.notifies(timeout=1.0):
                            loop.call_soon_threadsafe(self.heard, note.payload)
            except Exception as error:  # noqa: BLE001  # the database is away: nothing is heard until it is back
                why = self.database.without_secrets(str(error))
                log.info("not listening: %s", why, extra={"reason": why})
                self._stopped.wait(1.0)
