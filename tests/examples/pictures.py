"""Small pictures that differ, for trainings of examples."""

from pathlib import Path

from PIL import Image

COUNT = 5
"""As many as a training of FIBO needs."""


def paint(folder: Path, count: int = COUNT) -> Path:
    """A folder of so many pictures."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (300 + number, 300), (50 * number, 90, 200)).save(folder / f"{number}.png")
    return folder
