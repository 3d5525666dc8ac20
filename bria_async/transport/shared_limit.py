"""A limiter that many processes share: its paces are kept elsewhere, under a lock, on the keeper's own clock.

A request leaves when the keeper says so, and it asks again after each wait; so a pause that somebody else began holds
it too, and all of these processes together keep to the rate of one.
"""

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import attrs

from .limit import Limiter, Pace

T = TypeVar("T")


class Keeper(Protocol):
    """Keeps the states of paces, texts by the names of endpoints."""

    async def change(self, name: str, change: Callable[[str | None, float], tuple[str, T]]) -> T:
        """Give a state (None for a new one) and the time in seconds to a function, and keep the state it returns, while
        nobody else has this state.
        """


@attrs.define(eq=False, kw_only=True)
class SharedLimiter(Limiter):
    """The limiter of everybody who uses the same keeper."""

    keeper: Keeper

    def at_once(self, operation: str, now: float) -> None:
        """None: the keeper has to be asked."""

    async def change(self, operation: str, change: Callable[[Pace, float], T]) -> T:
        """Look at the pace of an endpoint, or change it, at this moment of its clock."""
        ceiling = self.rates.rate(operation)

        def kept(state: str | None, now: float) -> tuple[str, T]:
            pace = Pace(ceiling) if state is None else read(state, ceiling)
            result = change(pace, now)
            return write(pace), result

        return await self.keeper.change(operation, kept)


def write(pace: Pace) -> str:
    """A pace as text; but for its ceiling, which everybody is given by his own configuration."""
    state = attrs.asdict(pace, recurse=False, filter=lambda field, _: field.name != "ceiling")
    return json.dumps({name.lstrip("_"): value for name, value in state.items()})


def read(state: str, ceiling: float) -> Pace:
    """The pace that a text tells of, below this ceiling."""
    fields: dict[str, Any] = json.loads(state)
    taken = Counter({int(second): number for second, number in fields.pop("taken").items()})
    pace = Pace(math.inf, taken=taken, **fields)
    pace.lower(ceiling)
    return pace
