"""A process that stands still between its intent and its request: who takes over would not find what is sent later."""

import anyio
import attrs
import pytest

from bria_async.engines.postgres.database import Database
from bria_async.engines.postgres.journal import PostgresJournal
from bria_async.engines.postgres.seat import Fenced, Seat
from bria_async.graph.events import Event
from bria_async.graph.graph import task
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Row
from bria_async.graph.runner import LATE, Interruptible, Watch
from bria_async.graph.states import Change, State
from bria_async.host import Host


@attrs.define
class Sleeper(Host):
    """A machine whose clocks are ahead after it stood still."""

    ahead: float = 0.0

    def now(self) -> float:
        """Later than it seemed."""
        return super().now() + self.ahead


@task(effect="findable")
async def thing() -> None:
    """Nothing; only its intent counts."""


async def announced(seat: Seat, host: Sleeper, frozen: float, meanwhile: str = "SELECT 1") -> tuple[Row, list[str]]:
    """Make an intent, and stand still for so long once it is durable; the task, and what happened to it."""
    journal, seen = PostgresJournal(seat, "cats"), list[str]()

    def stand_still(event: Event) -> None:
        seen.append(event.what)
        if len(seen) == 1:
            host.ahead = frozen
            with seat.database.session() as session:
                session.execute(meanwhile)

    run = await journal.create_run("cats", "tag", {}, "", {}, [("thing", "")])
    ledger = await Ledger.load(journal, run, host, [stand_still])
    watch = Watch(ledger, thing, ledger.rows["thing"][""], anyio.CancelScope(), Interruptible())
    await watch.announced("findable")
    return watch.row, seen


async def test_nothing_is_sent_when_another_one_has_taken_over(database: Database) -> None:
    """The intent is made anew, which is refused below a raised fence: the request does not leave."""
    host = Sleeper()
    async with Seat(database, host, name="one") as seat:
        with pytest.raises(Fenced):
            await announced(seat, host, LATE + 1, "UPDATE worker SET fence = fence + 1")


@pytest.mark.parametrize(
    ("frozen", "happened"),
    [(LATE - 1, [Change.ANNOUNCED]), (LATE + 1, [Change.ANNOUNCED, Change.RELEASED, Change.ANNOUNCED])],
)
async def test_a_late_intent_is_made_anew(database: Database, frozen: float, happened: list[str]) -> None:
    """Where nobody has taken over it counts as one attempt, from the later time on."""
    host = Sleeper()
    async with Seat(database, host, name="one") as seat:
        row, seen = await announced(seat, host, frozen)
    assert (row.attempt, row.state, seen) == (1, State.INTENT, happened)
    assert row.sent is not None and host.now() - row.sent < LATE
