"""The mark of what was not made by a model."""

import itertools

from bria_async.sim.effects.pixels import Picture
from bria_async.sim.pillow import Image, ImageDraw, ImageFont

MARK = "SIMULATED"
_TEXT = 90
_LOWEST = 24
"""Pixels of the lowest bar whose mark can be read."""
_MARGIN = 12
_HIDDEN = 64
"""How much of its words (255 is all) a subject may cover: with more the mark could not be read."""


def note(prompt: str, seed: int) -> str:
    """The mark as a text that goes with a file."""
    return f"{MARK}: {prompt} (seed {seed})"


def marked(picture: Picture, prompt: str, seed: int, subject: Picture | None = None) -> Picture:
    """The picture with a bar that says SIMULATED, and seed and prompt.

    A `subject` of the same size stands before the bar, which lies below or above, and has its words at the left or
    at the right: where the subject covers the fewest of them. Only a subject that is everywhere lies behind the bar.
    """
    bar = max(_LOWEST, min(picture.size) // 9)
    font = ImageFont.load_default(bar // 2)
    long = int(font.getlength(MARK))
    tops = (picture.height - bar, 0)
    places = list(itertools.product(tops, (_MARGIN, max(_MARGIN, picture.width - _MARGIN - long))))
    covered = [_covered(subject, (left, top, left + long, top + bar)) for top, left in places]
    top, left = places[covered.index(min(covered))]
    everywhere = min(covered) > _HIDDEN
    if subject and everywhere:
        picture.paste(subject, mask=subject)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, top, picture.width, top + bar), fill=(16, 16, 16))
    pen.text((left, top + bar // 12), MARK, fill=(255, 208, 0), font=font)
    line = f"seed {seed}   {prompt}"[:_TEXT].encode("latin-1", "replace").decode("latin-1").replace("\n", " ")
    small = ImageFont.load_default(bar // 5)
    start = min(left, max(_MARGIN, picture.width - _MARGIN - int(small.getlength(line))))
    pen.text((start, top + bar * 3 // 5), line, fill="white", font=small)
    if subject and not everywhere:
        picture.paste(subject, mask=subject)
    return picture


def _covered(subject: Picture | None, place: tuple[int, int, int, int]) -> int:
    """How much of a place a subject covers: 0 to 255."""
    if subject is None:
        return 0
    seen = subject.getchannel("A").crop(place).resize((1, 1), Image.Resampling.BOX)
    return seen.tobytes()[0]
