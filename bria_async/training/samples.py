"""Samples: images that the trained model made, kept on disk under names of our own."""

import base64
import re
from pathlib import Path

import attrs

from bria_async.engines.run import Run
from bria_async.errors import BriaError, JobFailed
from bria_async.partfile import remove_left_over
from bria_async.session import Session
from bria_async.types.notebook import table, wall

SIDE = 200
"""Pixels of a small picture."""

_SUFFIXES = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"RIFF", ".webp"),
    (b"<svg", ".svg"),
    (b"<?xml", ".svg"),
)


@attrs.frozen
class Prompt:
    """A prompt of the plan, and its number there, from 1."""

    number: int
    text: str


@attrs.frozen
class Sample:
    """A generated image: its prompt, its seed where the answer told, where it lies and where it came from."""

    prompt: str
    path: Path
    url: str
    seed: int | None = None

    def _repr_html_(self) -> str:
        """Its picture and what it was made of, for notebooks."""
        return table("Sample", {"seed": self.seed, "path": self.path}, wall([picture_of(self)], 1))


def picture_of(sample: Sample) -> tuple[str, str]:
    """A small picture of a sample's file, as an address that holds it, and its prompt; blocks.

    Where there is none, because Pillow is not installed, or the file is gone or an SVG, its path.
    """
    try:
        from bria_async.images.thumbnail import thumbnail  # noqa: PLC0415  # Pillow is an extra

        data = base64.b64encode(thumbnail(sample.path, SIDE)).decode()
    except BriaError:
        return str(sample.path), sample.prompt
    return f"data:image/webp;base64,{data}", sample.prompt


async def keep_sample(session: Session, run: Run, prompt: Prompt, url: str | None, seed: int | None) -> Sample:
    """Download a sample into the run's output folder.

    Raises:
        JobFailed: there is nothing to download, because moderation stopped it.
        DownloadFailed: the address does not deliver.
    """
    if url is None:
        raise JobFailed("it was stopped by content moderation, or has no image", prompt.text)
    path = await keep(session, url, run.output, f"{prompt.number:02d}-{prompt.text}")
    return Sample(prompt.text, path, url, seed)


async def keep(session: Session, url: str, folder: Path, words: str) -> Path:
    """Download an image into a folder, under a name made of these words.

    Raises:
        DownloadFailed: the address does not deliver.
    """
    name = re.sub(r"[^\w]+", "-", words.lower(), flags=re.ASCII).strip("-")[:40].strip("-")
    part = folder / f"{name or 'sample'}.part"
    await session.host.in_thread(make_way, part)
    await session.download(url, part)
    return await session.host.in_thread(_named_by_content, part)


def make_way(part: Path) -> None:
    """Make the folder of a file that is to be downloaded, and remove what processes that died left of it; blocks."""
    part.parent.mkdir(parents=True, exist_ok=True)
    remove_left_over(part)


def _named_by_content(part: Path) -> Path:
    """Give a download the suffix of what it is, whatever its URL says."""
    with part.open("rb") as file:
        head = file.read(16)
    suffix = next((suffix for magic, suffix in _SUFFIXES if head.startswith(magic)), ".bin")
    return part.replace(part.with_suffix(suffix))
