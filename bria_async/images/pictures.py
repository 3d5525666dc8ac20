"""Pictures for the demo: one character in many places, drawn, so that nobody's rights are touched."""

from pathlib import Path
from random import Random

from .figure import HEIGHT, POSES, Pose, lora
from .pillow import Image, ImageChops, ImageFilter
from .scenery import PLACES, paint

_SIZES = ((1024, 1024), (1280, 1024), (1024, 1280))
_FRAMINGS = (
    ("{name}, {pose} {place}", 0.84),
    ("a close view of {name}, {pose} {place}", 1.2),
    ("a portrait of {name} {place}", 1.9),
)
"""The caption, and her height as a share of the picture's shorter side."""

_NAME = "Lora, a girl with purple hair and a star in it"


def draw(folder: Path, count: int = 8, seed: int = 0, captions: bool = False) -> list[Path]:
    """Draw pictures that look like a training set; blocks for about a third of a second each.

    PNG and JPEG in turn, no side below 1024 pixels, 100 kB to 2 MB. The same seed draws the same pictures.

    Args:
        folder: where to put them, made if it is not there; files of the same names are replaced.
        count: how many.
        seed: another seed, other pictures.
        captions: write a text file beside each that says what it shows.

    Returns:
        The pictures' paths, in order.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        random = Random(f"{seed}/{number}")
        pose = POSES[(number * 3 + seed) % len(POSES)]
        place = PLACES[(number + seed) % len(PLACES)]
        caption, height = _FRAMINGS[number % len(_FRAMINGS)]
        picture = paint(place, random.choice(_SIZES), random)
        _set_into(picture, pose, height, random)
        path = folder / f"lora-{number + 1:03}{'.jpg' if number % 2 else '.png'}"
        _developed(picture, random).save(path, quality=93, compress_level=3)
        if captions:
            text = caption.format(name=_NAME, pose=pose.words, place=place.words)
            path.with_suffix(".txt").write_text(text + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def _set_into(picture: Image.Image, pose: Pose, height: float, random: Random) -> None:
    scale = min(picture.size) * height / HEIGHT
    figure = lora(pose, scale).rotate(random.uniform(-5, 5), Image.Resampling.BILINEAR)
    left = round(picture.width * random.uniform(0.36, 0.64) - figure.width / 2)
    top = max(round(picture.height * 0.97) - figure.height, round(picture.height * random.uniform(0.02, 0.08)))
    shadow = figure.getchannel("A").reduce(4).filter(ImageFilter.GaussianBlur(6)).resize(figure.size)
    picture.paste((30, 20, 50), (left + 14, top + 12), shadow.point(lambda value: value // 3))
    picture.paste(figure, (left, top), figure)


def _developed(picture: Image.Image, random: Random) -> Image.Image:
    """Darker corners and a little grain, as from a camera."""
    fading = Image.radial_gradient("L").resize(picture.size)
    corners = fading.point(lambda value: 255 - max(0, value - 110) // 2)
    noise = Image.frombytes("L", picture.size, random.randbytes(picture.width * picture.height))
    grain = noise.point(lambda value: 128 + (value - 128) // 40)
    shaded = ImageChops.multiply(picture, Image.merge("RGB", [corners] * 3))
    return ImageChops.add(shaded, Image.merge("RGB", [grain] * 3), 1, -128)
