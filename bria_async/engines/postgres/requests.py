"""What people ask of runs in PostgreSQL: what `graph.control.Control` is for a folder."""

import json
from collections.abc import Iterable

import attrs

from bria_async.graph.control import Request
from bria_async.host import Host

from .database import CHANNEL, Database
from .seat import Seat

_WAITING = "SELECT id, run, what, data, at FROM request WHERE journal = %s AND %s IN ('', run) ORDER BY id"


@attrs.frozen
class Requests:
    """The requests to a run, or to all runs of a journal that are not over: then `run` is empty."""

    database: Database
    journal: str
    run: str = ""

    def ask(self, request: Request, host: Host) -> None:
        """Put a request where whoever works on the run finds it."""
        with self.database.session() as session:
            session.execute(
                "INSERT INTO request (journal, run, what, data, at) SELECT journal, name, %s, %s, %s FROM run "
                "WHERE journal = %s AND %s IN ('', name) AND state NOT IN ('done', 'failed')",
                (request.what, json.dumps(request.data), host.now(), self.journal, self.run),
            )
            session.execute("SELECT pg_notify(%s, 'asked')", (CHANNEL,))

    def waiting(self) -> list[tuple[int, Request]]:
        """All requests in the order they were made, each with its number, for `remove`."""
        with self.database.session() as session:
            found = session.execute(_WAITING, (self.journal, self.run)).fetchall()
        return [(number, Request(what, json.loads(data), at, run)) for number, run, what, data, at in found]

    def remove(self, which: int) -> None:
        """Take a request away that is over."""
        with self.database.session() as session:
            session.execute("DELETE FROM request WHERE id = %s", (which,))

    def forget(self, what: str) -> bool:
        """Remove all requests of a kind; whether there were any."""
        with self.database.session() as session:
            sql = "DELETE FROM request WHERE journal = %s AND what = %s AND %s IN ('', run)"
            return session.execute(sql, (self.journal, what, self.run)).rowcount > 0


async def waiting_for(seat: Seat, runs: Iterable[int]) -> list[tuple[int, int, Request]]:
    """All requests to these runs, in the order they were made: the run, the request's number, and the request."""
    wanted = list(runs)
    sql = (
        "SELECT run.id, request.id, request.run, what, data, at FROM request "
        "JOIN run ON run.journal = request.journal AND run.name = request.run "
        "WHERE run.id = ANY(%s) ORDER BY request.id"
    )
    found = await seat.do(lambda session: session.execute(sql, (wanted,)).fetchall())
    return [(run, number, Request(what, json.loads(data), at, name)) for run, number, name, what, data, at in found]
