"""What goes wrong in a simulated world, drawn from its seed: on the wires, in the server, and in what it answers."""

import random
from collections import Counter
from typing import Any

import attrs

from bria_async.sim.faults import Fault, Faults, When

from .network import Direction, Kind, Trouble

RETRY_AFTER = ("", "1", "7", "120", "1e9", "-5", "nan", "inf", "\uff11\uff12", "Thu, 01 Jan 2026 00:00:30 GMT", "soon")
"""What a 429 may say of the time to wait, the empty text for nothing (FAULTS N12)."""
GARBAGE: tuple[Any, ...] = ("<html>busy</html>", None, {"id": None}, {"detail": "x" * 300}, {"status": 7}, 0)
"""Answers with status 200 that are none. What could be true, such as an empty listing, would be a lie."""
KINDS: tuple[Kind, ...] = ("cut", "stall", "hole")
FAILURES = (500, 502, 503, 504)

SERVER = {"429": 6, "5xx before": 5, "5xx after": 5, "garbage": 3, "drop": 6, "hang": 2, "slow": 6, "denied": 0.3}
"""How often each fault of the server strikes, relative to the others."""
DOWNLOAD = "download"
"""The word for fetching a result, which is no operation of the API: what strikes it is on its wires."""
RESULTS = "/_sim/results/"
"""Where results are."""


@attrs.define
class Weather(Faults):
    """Storm until so many faults have struck, then quiet for good.

    `aims` are operations and how many of their next calls are struck, whatever the storm does: what a run does late,
    or seldom, would else be struck in few worlds. It is quiet only when these have struck, too.

    `share` of all requests are struck by the server's faults and `wires` of all connections by those of the network;
    a wire holds back, and the server works late, for a third of `longest` seconds at most: the last third is for
    listings that lag. An upload may linger `beyond` seconds more.
    """

    rng: random.Random
    budget: int
    share: float
    wires: float
    longest: float
    beyond: float = 0.0
    aims: Counter[str] = attrs.field(factory=Counter, init=False)
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    """How often each kind of fault has struck."""
    calls: Counter[str] = attrs.field(factory=Counter, init=False)
    """How often each operation was called."""
    strikes: Counter[str] = attrs.field(factory=Counter, init=False)
    """How often each operation was struck."""

    def __attrs_post_init__(self) -> None:
        """Take what is armed by hand, too."""
        super().__init__()

    @property
    def calm(self) -> bool:
        """Whether nothing goes wrong any more."""
        return self._spent and not self.aims.total()

    @property
    def _spent(self) -> bool:
        return self.counts.total() >= self.budget

    def settle(self) -> None:
        """The quiet phase begins."""
        self.budget = 0
        self.aims.clear()

    def struck(self, kind: str) -> None:
        """Something has gone wrong."""
        self.counts[kind] += 1

    # --- on the wires ------------------------------------------------------------------------------------------

    def refuses(self) -> bool:
        """Whether the next connection is refused."""
        if self._spent or self.rng.random() >= self.wires:
            return False
        self.struck("refused")
        return True

    def trouble(self, path: str) -> Trouble | None:
        """What happens to the connection that is being made, for a request of this path."""
        if path.startswith(RESULTS):
            self.calls[DOWNLOAD] += 1
            if self._aimed(DOWNLOAD):
                self.strikes[DOWNLOAD] += 1
                return self._trouble("down", self.rng.choice((0, 100, 1_000)))
        if self._spent or self.rng.random() >= self.wires:
            return None
        return self._trouble(
            self.rng.choice(("up", "down")), int(self.rng.choice((50, 500, 2_000, 10_000)) * self.rng.random() * 2)
        )

    def _trouble(self, direction: Direction, after: int) -> Trouble:
        kind: Kind = self.rng.choices(KINDS, (6, 3, 1))[0]
        return Trouble(kind, direction, after, self.rng.uniform(1, self.longest / 3))

    # --- in the server -----------------------------------------------------------------------------------------

    def take(self, operation: str, texts: tuple[str, ...]) -> Fault | None:
        """The fault that strikes this call, if any."""
        self.calls[operation] += 1
        if not self._aimed(operation) and (self._spent or self.rng.random() >= self.share):
            return super().take(operation, texts)
        self.strikes[operation] += 1
        kind = self.rng.choices(tuple(SERVER), tuple(SERVER.values()))[0]
        self.struck(kind)
        return self._fault(operation, kind)

    def _aimed(self, operation: str) -> bool:
        """Whether this call is aimed at; each aim is for one call."""
        hit = self.aims[operation] > 0
        self.aims[operation] -= hit
        return hit

    def _fault(self, operation: str, kind: str) -> Fault:
        late = self.rng.choice((0.0, 0.0, self.rng.uniform(0, self.longest / 3)))
        if operation == "images.upload" and self.beyond and late:
            late += self.beyond
        # Nobody reads what a deletion answers, so garbage instead of a deletion would be a lie.
        when: When = "after" if operation.endswith(".delete") else self.rng.choice(("before", "after"))
        told = self.rng.choice(RETRY_AFTER)
        fields: dict[str, dict[str, Any]] = {
            "429": {"status": 429, "headers": {"Retry-After": told} if told else {}},
            "5xx before": {"status": self.rng.choice(FAILURES)},
            "5xx after": {"status": self.rng.choice(FAILURES), "when": "after", "delay": late},
            "garbage": {"status": 200, "body": self.rng.choice(GARBAGE), "when": when, "delay": late},
            "drop": {"drop": True, "when": when, "delay": late},
            "hang": {"hang": True, "when": when, "delay": late},
            "slow": {"delay": late or self.rng.uniform(1, self.longest / 3)},
            "denied": {"status": self.rng.choice((401, 403))},
        }
        return Fault(operation=operation, **fields[kind])
