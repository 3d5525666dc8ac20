"""What a batch is to train: plans with their shares, and how they are remembered beside its journal."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from bria_async.errors import PlanInvalid, RunError

from .place import RESERVED, Place
from .plan import Plan


@attrs.frozen(kw_only=True)
class Member:
    """A plan of a batch, and its share: with `weight` 2 it gets twice the turns of a plan with 1."""

    plan: Plan
    weight: float = attrs.field(default=1.0)

    @weight.validator
    def _finite(self, _: Any, weight: float) -> None:
        if not 0 < weight < math.inf:
            raise ValueError(f"the weight of {self.plan.name!r} must be a number above 0, and not {weight}")


def members_of(plans: Iterable[Plan | Member]) -> tuple[Member, ...]:
    """Plans, each with its share.

    Raises:
        PlanInvalid: there is none, two have one name, or one has a name that the batch needs for itself.
    """
    found = tuple(plan if isinstance(plan, Member) else Member(plan=plan) for plan in plans)
    names = [member.plan.run for member in found]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    problems = [
        *(f"there are several plans named {name!r}" for name in twice),
        *(f"no plan can be named {name!r}, as a file of the batch is" for name in names if RESERVED.fullmatch(name)),
    ]
    if problems or not found:
        raise PlanInvalid("The batch cannot work:", tuple(problems) or ("no plans",))
    return found


def merged(given: Sequence[Member], before: Sequence[Member], begun: Mapping[str, Plan]) -> tuple[Member, ...]:
    """What a batch is to train from now on: what it is given, and whatever has begun.

    Args:
        given: the plans that it is given now.
        before: those that it remembers.
        begun: the plans in its journal, by run: they stay as they are but for what may change.
    """
    fitting = (member for member in given if not member.plan.difference(begun.get(member.plan.run, member.plan)))
    latest = {member.plan.run: member for member in (*before, *fitting)}
    latest = {run: Member(plan=plan) for run, plan in begun.items() if run not in latest} | latest
    wanted = begun.keys() | {member.plan.run for member in given}
    return tuple(_kept(member, begun.get(run, member.plan)) for run, member in latest.items() if run in wanted)


def _kept(member: Member, plan: Plan) -> Member:
    """The same with this plan, but for what may change."""
    return attrs.evolve(member, plan=attrs.evolve(plan, **member.plan.how_it_differs(plan)))


def written(members: Sequence[Member]) -> str:
    """The plans of a batch as JSON, for `parsed`."""
    return json.dumps([{"weight": member.weight, "plan": member.plan.to_json()} for member in members], indent=1)


def parsed(text: str) -> tuple[Member, ...]:
    """The plans that such JSON holds.

    Raises:
        PlanInvalid, ValueError, KeyError, TypeError: it is no such JSON.
    """
    found: list[dict[str, Any]] = json.loads(text)
    return tuple(Member(plan=Plan.of(each["plan"]), weight=float(each["weight"])) for each in found)


def remembered(batch: Place) -> tuple[Member, ...]:
    """What a batch was given to train when it was last begun.

    Raises:
        RunError: there is no such batch, or its plans cannot be read.
    """
    name = batch.name
    try:
        return parsed(batch.read_plans())
    except FileNotFoundError:
        raise RunError(f"There is no batch {name!r} in {batch.folder.parent}.", name) from None
    except (OSError, ValueError, KeyError, TypeError, PlanInvalid) as error:
        raise RunError(f"The plans of the batch {name!r} cannot be read ({error}): give them again.", name) from None
