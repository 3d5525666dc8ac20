"""Train a model for each folder of a tree that holds images: `python -m examples.batch_tree pictures`.

Stopped or killed, the same command goes on where it stopped. One folder that cannot be trained stops no other.
"""

import asyncio
import sys
from pathlib import Path

from bria_async import Batch, Plan, Session

TYPES = {".jpg", ".jpeg", ".png", ".webp"}


def plans(tree: Path) -> list[Plan]:
    """A plan for each folder that holds images itself, named by its way down the tree."""
    folders = sorted({path.parent for path in tree.rglob("*") if path.suffix.lower() in TYPES})
    return [
        Plan(
            images=folder,
            name="-".join((tree.name, *folder.relative_to(tree).parts)),
            ip_type="stylized_scene",
            ip_medium="photography",
            samples=["a quiet street at night"],
        )
        for folder in folders
    ]


async def main(tree: Path) -> int:
    """Train them all, telling what happens; how many could not be trained."""
    async with Session() as bria, Batch(bria, plans(tree), name=tree.name) as batch:
        async for event in batch:
            print(f"{event.run}: {event.words}")
    result = batch.result()
    for run, trained in result.trained.items():
        print(f"{run} is model {trained.model_id}; look at {trained.samples[0].path}")
    for run, error in result.failed.items():
        print(f"{run}: {error}", file=sys.stderr)
    return len(result.failed)


if __name__ == "__main__":
    sys.exit(min(asyncio.run(main(Path(sys.argv[1]).absolute())), 1))
