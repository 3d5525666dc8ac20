"""What the calls of a run do at the server, by their declared effects, and how often each is accepted."""

from collections.abc import Mapping
from pathlib import Path

from bria_async.session import FAMILIES
from bria_async.training import Plan
from bria_async.training.lifecycle import shape
from bria_async.types.trainings import Family
from bria_async.wire import Effect

EFFECTS: Mapping[str, Effect] = {
    endpoint.operation: endpoint.effect
    for family in FAMILIES.values()
    for endpoint in family.endpoints.values()
    if not endpoint.safe
}
"""Every operation that creates or costs something, and its effect."""

TASKS: Mapping[str, str] = {
    "projects.create": "project",
    "datasets.create": "dataset",
    "tailored.generate_visual_schema": "schema",
    "tailored.refine_structured_prompt": "refinement",
    "tailored.generate_prefix": "prefix",
    "images.upload": "upload",
    "images.bulk_upload": "bulk",
    "models.create": "model",
    "models.start_training": "training",
    "tailored.generate": "submission",
    "tailored.text_to_image": "submission",
}
"""Those that runs call, and the task that does."""


def having(*effects: str) -> tuple[str, ...]:
    """The operations of these effects."""
    return tuple(operation for operation, effect in EFFECTS.items() if effect in effects)


def accepted_once(family: Family, images: int, *, by_zip: bool = False) -> dict[str, int]:
    """How often each findable call is accepted in a run of so many images in which everything happens once."""
    plan = Plan(images=Path(), name="once", family=family, upload="zip" if by_zip else "each")
    sending = {task.name: task for task in shape(plan, images).tasks if task.effect != "safe"}
    expected = dict.fromkeys(having(Effect.FINDABLE), 0)
    for operation in expected:
        if task := sending.get(TASKS.get(operation, "")):
            expected[operation] = images if task.over else 1
    return expected
