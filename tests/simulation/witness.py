"""What can only be seen while a world goes on: what the disk held when something left or was told, and who got what."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import attrs
from aiohttp import web

from bria_async.graph.events import Event
from bria_async.graph.states import Change
from bria_async.sim import Simulator
from bria_async.sim.entities import Image
from tests.effects import EFFECTS, TASKS

from .disk import Happening, happened
from .network import MemoryConnector
from .world import ADDRESS, TOKEN

AT_ONCE = 20
"""Connections that a process uses at most: an engine's 16 workers of a stage, and a few that wait for something."""
OF_ONE_OPERATION = 400
"""Requests for one operation that a process makes at most in these worlds."""


@attrs.frozen
class Finding:
    """Something that is wrong: by which word, in a sentence, and how many times."""

    word: str
    sentence: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.word}: {self.sentence}"


@attrs.define
class Witness:
    """Sees every request as it arrives and every event as it is told; `findings` has what was wrong at that moment."""

    journal: Path
    """Where the run's journal is."""
    findings: list[Finding] = attrs.field(factory=list)
    deleted: dict[int, Image] = attrs.field(factory=dict)
    """Images whose deletion was asked for."""
    elsewhere: int = 0
    """Requests to the second origin."""
    sim: Simulator | None = None
    _wires: tuple[MemoryConnector, ...] = ()
    _arrived: Counter[str] = attrs.field(factory=Counter)
    """Requests with an effect that the server has seen, by task."""
    _made: Counter[str] = attrs.field(factory=Counter)
    """Requests of the process that lives, by operation."""
    _told: Counter[Happening] = attrs.field(factory=Counter)
    """What that process told."""
    _held: Counter[Happening] = attrs.field(factory=Counter)
    """What its journal held at its birth."""
    _holds: Counter[Happening] = attrs.field(factory=Counter)
    """What its journal holds by now, at least."""

    def born(self, *wires: MemoryConnector) -> None:
        """A process begins, and talks by these wires."""
        self._wires = wires
        self._made, self._told = Counter(), Counter()
        self._holds = Counter(happened(self.journal))
        self._held = Counter(self._holds)

    def hear(self, event: Event) -> None:
        """An event is told: it has to be on disk (I5)."""
        what = (str(event.what), event.task, event.key)
        self._told[what] += 1
        if not self._on_disk(lambda: self._holds[what] >= self._held[what] + self._told[what]):
            self._find("early", f"{event.words!r} was told, and the journal on disk does not hold it")

    async def see(self, request: web.Request) -> None:
        """A request arrives."""
        if f"http://{request.host}" != ADDRESS:
            await self._see_elsewhere(request)
        operation = operation_of(request)
        self._made[operation] += 1
        if self._made[operation] == OF_ONE_OPERATION + 1:
            self._find("unbounded", f"a process sent {operation or request.path} more than {OF_ONE_OPERATION} times")
        if (used := sum(wire.in_use for wire in self._wires)) > AT_ONCE:
            self._find("unbounded", f"{used} connections are in use at once")
        if operation == "images.delete" and self.sim is not None:
            image = self.sim.world.images.get(int(request.match_info["image_id"]))
            if image is not None:
                self.deleted[image.id] = image
        if operation in EFFECTS:
            self._expect_intent(operation)

    def _expect_intent(self, operation: str) -> None:
        """What creates or costs something has left only after an intent was on disk (I5)."""
        task = TASKS.get(operation, operation)
        self._arrived[task] += 1
        if not self._on_disk(lambda: self._intents(task) >= self._arrived[task]):
            intents = self._intents(task)
            self._find("early", f"{operation} has left {self._arrived[task]} times, the journal on disk has {intents}")

    def _intents(self, task: str) -> int:
        return sum(
            number for (what, name, _), number in self._holds.items() if what == Change.ANNOUNCED and name == task
        )

    def _on_disk(self, enough: Callable[[], bool]) -> bool:
        """Whether the journal on disk holds enough; it is looked at where what it held before does not do."""
        if not enough():
            self._holds.update(happened(self.journal, self._holds.total()))
        return enough()

    async def _see_elsewhere(self, request: web.Request) -> None:
        """Another origin gets no token, in whatever part of a request (I6)."""
        self.elsewhere += 1
        parts = [request.raw_path.encode(), *(part for header in request.raw_headers for part in header)]
        parts += [await request.read()] if request.can_read_body else []
        if any(TOKEN.encode() in part for part in parts):
            self._find("leak", f"the token was sent to {request.host}")

    def _find(self, word: str, sentence: str) -> None:
        self.findings.append(Finding(word, sentence))


def operation_of(request: web.Request) -> str:
    """The operation that a request is for; empty for files."""
    bound = getattr(request.match_info.handler, "args", ())
    return bound[0].name if bound else ""
