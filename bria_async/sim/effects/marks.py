"""The mark of what was not made by a model."""

from bria_async.sim.pillow import Image, ImageDraw, ImageFont

MARK = "SIMULATED"
_TEXT = 90


def marked(picture: Image.Image, prompt: str, seed: int) -> Image.Image:
    """The picture with a bar that says SIMULATED, and seed and prompt."""
    width, height = picture.size
    bar = height // 9
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height - bar, width, height), fill=(16, 16, 16))
    pen.text((12, height - bar + 6), MARK, fill=(255, 208, 0), font=ImageFont.load_default(max(1, bar * 2 // 5)))
    line = f"seed {seed}   {prompt}"[:_TEXT].encode("latin-1", "replace").decode("latin-1").replace("\n", " ")
    pen.text((12, height - bar * 2 // 5), line, fill="white", font=ImageFont.load_default(max(1, bar // 5)))
    return picture
