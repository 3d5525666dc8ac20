"""The mark of what was not made by a model."""

from bria_async.sim.pillow import Image, ImageDraw, ImageFont

MARK = "SIMULATED"
_TEXT = 90
_LOWEST = 24
"""Pixels of the lowest bar whose mark can be read."""


def marked(picture: Image.Image, prompt: str, seed: int) -> Image.Image:
    """The picture with a bar that says SIMULATED, and seed and prompt."""
    width, height = picture.size
    bar = max(_LOWEST, min(picture.size) // 9)
    top = height - bar
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, top, width, height), fill=(16, 16, 16))
    pen.text((12, top + bar // 12), MARK, fill=(255, 208, 0), font=ImageFont.load_default(bar // 2))
    line = f"seed {seed}   {prompt}"[:_TEXT].encode("latin-1", "replace").decode("latin-1").replace("\n", " ")
    pen.text((12, height - bar * 2 // 5), line, fill="white", font=ImageFont.load_default(bar // 5))
    return picture
