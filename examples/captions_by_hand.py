"""Read captions before they are trained on: `python -m examples.captions_by_hand RUN DATASET`.

A run whose plan has `review=True` (`bria-async train --review`) waits when its captions are there, because completing a
dataset freezes them, and tells which dataset it is. This goes through them: Enter keeps a caption, any other text (for
the family fibo a JSON object) replaces it. The run changes them and goes on: at once where it is being worked on,
otherwise when it is resumed.
"""

import asyncio
import sys

from bria_async import Session, approve, change_caption


async def main(run: str, dataset: str) -> None:
    """Show every caption, change those that are given anew, and approve them."""
    async with Session() as bria:
        for image in await bria.images.list(dataset):
            print(f"\n{image.image_name}\n  {image.caption}")
            if caption := (await asyncio.to_thread(input, "> ")).strip():
                await change_caption(run, image.id, caption)
    await approve(run)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
