"""Liveness (I4): after the quiet phase a run is done, unless its world is one in which it cannot be.

An excuse is what a run says when it ends otherwise, and what must be true of the world then.
"""

import re
from collections.abc import Callable, Iterator

import attrs

from bria_async.types.trainings import MINIMUM

from .evidence import Evidence
from .witness import Finding


@attrs.frozen
class Excuse:
    """Why a run may end otherwise than done."""

    said: str
    """A pattern of what it says."""
    holds: Callable[[Evidence], bool]


def _training(evidence: Evidence) -> set[str]:
    return {model.status(evidence.sim.clock.now()) for model in evidence.trained()}


def _fails(evidence: Evidence) -> bool:
    return evidence.climate.options.training_outcome == "Failed" and _training(evidence) == {"Failed"}


def _stalls(evidence: Evidence) -> bool:
    return evidence.climate.options.training_outcome == "Stalled" and _training(evidence) == {"InProgress"}


def _lacks_captions(evidence: Evidence) -> bool:
    dataset = evidence.dataset()
    missing = dataset is not None and evidence.sim.world.uncaptioned(dataset, evidence.sim.clock.now())
    return bool(missing) and evidence.climate.options.missing_captions > 0


def _too_few(evidence: Evidence) -> bool:
    images = len(evidence.journal.items["image"]) - len(evidence.refused())
    return bool(evidence.refused()) and images < MINIMUM[evidence.climate.plan.family]


EXCUSES = (
    Excuse(r"failed: RunFailed: The training of model \d+ ended: Failed\.", _fails),
    Excuse(r"paused: RunPaused: Model \d+ is still InProgress after \d+ hours of waiting\.", _stalls),
    Excuse(r"paused: RunPaused: \d+ images of dataset \d+ still have no caption\.", _lacks_captions),
    Excuse(r"paused: RunPaused: .* has \d+ images and needs at least \d+ to be completed", _too_few),
)


def excused(evidence: Evidence) -> bool:
    """Whether this world lets a run end as this one did."""
    return any(re.match(excuse.said, evidence.outcome) and excuse.holds(evidence) for excuse in EXCUSES)


def ends(evidence: Evidence) -> Iterator[Finding]:
    """It is done, or excused."""
    if not evidence.done and not excused(evidence):
        yield Finding("stuck", evidence.outcome)


ENDING = (ends,)
