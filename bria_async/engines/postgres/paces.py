"""States of paces in the database: one row per endpoint, locked while somebody looks at it; its clock is theirs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from .database import one
from .seat import Guest

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

_MAKE = "INSERT INTO pace (limiter, operation, state) VALUES (%s, %s, '') ON CONFLICT DO NOTHING"
_LOCK = "SELECT state FROM pace WHERE limiter = %s AND operation = %s FOR UPDATE"
_NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"
"""A statement of its own: the other one may have waited for its lock."""
_KEEP = "UPDATE pace SET state = %s WHERE limiter = %s AND operation = %s"


@attrs.frozen
class PostgresPaces:
    """The paces of all who send to one server for one organisation; `limiter` stands for both."""

    seat: Guest
    limiter: str

    async def change(self, name: str, change: Callable[[str | None, float], tuple[str, T]]) -> T:
        """Give a state (None for a new one) and the time to a function, and keep the state it returns.

        The function may be called again where the connection broke.
        """
        which = (self.limiter, name)

        def locked(session: "psycopg.Connection[Any]") -> T:
            while (row := session.execute(_LOCK, which).fetchone()) is None:
                session.execute(_MAKE, which)
            kept, result = change(row[0] or None, one(session.execute(_NOW)))
            session.execute(_KEEP, (kept, *which))
            return result

        return await self.seat.do(locked)
