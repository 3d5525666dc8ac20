"""No double spend (I3): what was accepted against what was meant, and what the run itself says it resent."""

from collections.abc import Iterator

from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.wire import Effect
from tests.effects import TASKS, accepted_once, having

from .evidence import Evidence
from .witness import Finding


def found_again(evidence: Evidence) -> Iterator[Finding]:
    """What a listing shows is accepted once, an image once more for each time that it was gone."""
    plan, images = evidence.climate.plan, evidence.journal.items.get("image", {})
    for operation, number in accepted_once(plan.family, len(images), by_zip=evidence.climate.shape == "zip").items():
        if operation == "images.upload" and evidence.climate.beyond:
            continue
        reopened = evidence.happened(Change.REOPENED, TASKS.get(operation, ""))
        yield from _beyond(operation, evidence.sim.counts[operation] - number - reopened)


def cheap(evidence: Evidence) -> Iterator[Finding]:
    """What costs little is accepted once, and once more for each time that the run told so."""
    for operation in having(Effect.CHEAP):
        meant = operation in TASKS and TASKS[operation] in evidence.journal.rows
        again = resent(evidence, TASKS[operation], "") if meant else 0
        yield from _beyond(operation, evidence.sim.counts[operation] - meant - again)


def billed(evidence: Evidence) -> Iterator[Finding]:
    """Each prompt is drawn once, and once more for each time that its user said so; nothing else is drawn."""
    prompts = evidence.journal.items.get("prompt", {})
    for key, prompt in prompts.items():
        again = resent(evidence, "submission", key)
        if again and all(plan.on_doubt != "resend" for plan in evidence.plans):
            yield Finding("double_spent", f"{prompt['text']!r} was sent again, and nobody said so", again)
        yield from _beyond(repr(prompt["text"]), len(evidence.drawn(key)) - 1 - again)
    accepted = sum(evidence.sim.counts[operation] for operation in having(Effect.BILLED))
    known = sum(len(evidence.drawn(key)) for key in prompts)
    yield from _beyond("what is billed and nobody asked for", accepted - known)


def resent(evidence: Evidence, task: str, key: str) -> int:
    """How often the run told that a call was perhaps charged, and then let it be sent again."""
    again, told = 0, False
    for what, *where in evidence.journal.happened:
        if where != [task, key]:
            continue
        again += told and what == Change.ABSENT
        told = what == Happened.CHARGED
    return again


def _beyond(what: str, extra: int) -> Iterator[Finding]:
    if extra > 0:
        yield Finding("double_spent", f"{what} was accepted {extra} times more than was meant", extra)


SPENDING = (found_again, cheap, billed)
