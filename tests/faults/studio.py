"""What runs over real sockets need: sessions with little patience, and a place to train in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import attrs

from bria_async.graph.events import Event, Listener
from bria_async.session import Session
from bria_async.sim import Simulator
from bria_async.training import Plan, Settings, Trained, train
from bria_async.wire import Polling
from bria_async.wire.retry import RetryPolicy
from tests.effects import accepted_once
from tests.support import TOKEN

from .proxy import Choose, Toxic

COUNT = 12
"""Pictures of a run."""
HASTE = RetryPolicy(attempts=3, base=0.01, cap=0.02, patience=5.0)


@asynccontextmanager
async def connected(base_url: str, token: str = TOKEN, **fields: Any) -> AsyncIterator[Session]:
    """A session that opens a connection for each request, so that a connection of the proxy is a request."""
    connector = fields.pop("connector", None) or aiohttp.TCPConnector(force_close=True, limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        Session(token, base_url, http=http, **{"retry": HASTE, "timeout": 5.0, **fields}) as session,
    ):
        yield session


@attrs.define
class Studio:
    """Runs plans; `events` has what happened in the last go."""

    pictures: Path
    state: Path
    events: list[Event] = attrs.field(factory=list)

    def plan(self, **fields: Any) -> Plan:
        """A plan that works, but for what is given."""
        usual: dict[str, Any] = {
            "images": self.pictures,
            "name": "Studio",
            "ip_type": "stylized_scene",
            "ip_medium": "photography",
        }
        return Plan(**{**usual, **fields})

    async def train(self, session: Session, plan: Plan | None = None, *heard: Listener, **settings: Any) -> Trained:
        """Train with little patience, and keep the events."""
        self.events = []
        soon = Polling(start=0.02, cap=0.1, timeout=20.0)
        usual: dict[str, Any] = {"settle": 0.2, "control_interval": 0.05, "waiting": soon, "training": soon}
        how = Settings(state=self.state, **{**usual, **settings})
        return await train(session, plan or self.plan(), settings=how, on_event=[self.events.append, *heard])

    def happened(self, what: str, task: str = "") -> list[Event]:
        """The events of this kind."""
        return [event for event in self.events if event.what == what and task in ("", event.task)]

    def reasons(self, what: str) -> list[str]:
        """The reasons of the events of this kind."""
        return [event.data.get("reason", "") for event in self.happened(what)]


def once(what: str, task: str, act: Callable[[], Any]) -> Listener:
    """A listener that acts at the first event of this kind."""
    acted: list[Event] = []

    def hear(event: Event) -> None:
        if (event.what, event.task) == (what, task) and not acted:
            acted.append(event)
            act()

    return hear


def soon(coroutine: Callable[[], Any], tasks: list[asyncio.Task[Any]]) -> Callable[[], None]:
    """What a listener may do that takes time: it is begun, and waits in `tasks` to be awaited."""
    return lambda: tasks.append(asyncio.get_running_loop().create_task(coroutine()))


def for_requests(text: bytes, *each: tuple[Toxic, ...]) -> Choose:
    """Toxics for each of the first requests that have this text in their head; none for all others."""
    left = list(each)

    def choose(head: bytes) -> tuple[Toxic, ...]:
        return left.pop(0) if left and text in head else ()

    return choose


def right(sim: Simulator, counts: Mapping[str, int]) -> str:
    """What is wrong with the server's state after a run that ended: empty is good."""
    found = sim.audit()
    problems = [*found.twice(), *(f"model {model} lacks captions" for model in found.trained_uncaptioned)]
    accepted = {operation: sim.counts[operation] for operation in counts}
    if accepted != counts:
        problems.append(f"accepted {accepted}, expected {dict(counts)}")
    return "; ".join(problems)


ONCE = accepted_once("fibo", COUNT)
"""The accepted findable calls of a run in which everything happened once."""
