"""The verdict on a world: what the server, the journal and the disk hold in the end, compared byte for byte.

Each check is a function that yields what is wrong; they are in one module for each kind of promise (`spending`,
`keeping`, `ending`, `truth`), and what only shows while the world goes on is found by its `witness`.
"""

import asyncio
from collections.abc import Iterable

import attrs

from bria_async.graph.events import Happened

from .ending import ENDING
from .evidence import Check, Evidence
from .keeping import KEEPING
from .spending import SPENDING
from .truth import TRUTH
from .witness import Finding

CHECKS: tuple[Check, ...] = (*SPENDING, *KEEPING, *ENDING, *TRUTH)


@attrs.define
class Verdict:
    """What is wrong with a world: `problems` has a sentence for everything, so a good one has none.

    `lost`: planned images or steps that a finished run lacks on the server. `duplicated`: more than one server image
    per key when the dataset is completed. `healed`: duplicates that the audit removed. `double_spent`: accepted
    findable or billed calls beyond their intents. `leaks`: where the token was found. `stuck`: neither done nor, for
    a reason that is in its world, failed or paused after the quiet phase. `outcome` begins with one of these words.
    """

    outcome: str
    faults: int = 0
    hours: float = 0.0
    lost: int = 0
    duplicated: int = 0
    healed: int = 0
    double_spent: int = 0
    perhaps_charged: int = 0
    leaks: int = 0
    paused: int = 0
    stuck: int = 0
    problems: list[str] = attrs.field(factory=list)

    @property
    def good(self) -> bool:
        """Whether every invariant holds."""
        return not self.problems


def judge(evidence: Evidence) -> Verdict:
    """Compare the world with what it should be."""
    found = [*evidence.witness.findings, *(finding for check in CHECKS for finding in check(evidence))]
    gone = [image for image in evidence.witness.deleted if image not in evidence.sim.world.images]
    stuck = _number(found, "stuck")
    return Verdict(
        outcome=f"stuck: {evidence.outcome.removeprefix('stuck: ')}" if stuck else evidence.outcome,
        faults=evidence.climate.weather.counts.total(),
        hours=asyncio.get_running_loop().time() / 3600,
        lost=_number(found, "lost", "uncaptioned"),
        duplicated=_number(found, "duplicated"),
        healed=len(gone),
        double_spent=_number(found, "double_spent"),
        perhaps_charged=sum(what == Happened.CHARGED for what, _, _ in evidence.journal.happened),
        leaks=_number(found, "leak"),
        paused=int(evidence.outcome.startswith("paused") and not stuck),
        stuck=stuck,
        problems=[str(finding) for finding in found],
    )


def _number(found: Iterable[Finding], *words: str) -> int:
    return sum(finding.number for finding in found if finding.word in words)
