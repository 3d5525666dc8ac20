"""Results that can be seen to come from the uploaded images, and to be simulated."""

import io
import random
from collections.abc import Sequence
from html import escape
from pathlib import Path

from bria_async.sim.pillow import Image, ImageDraw, ImageFont, ImageOps

_MARK = "SIMULATED"
_GRID = 12
_FRAMES = 8
_VIDEO = (384, 384)
_TEXT = 90


def draw(extension: str, sources: Sequence[Path], *, prompt: str, seed: int, size: tuple[int, int]) -> bytes:
    """One result as bytes: `png`, `svg`, or `webp` (animated). Blocking."""
    picture = _picture(sources, random.Random(f"{seed}/{prompt}"), size)
    if extension == "svg":
        return _vector(picture, prompt).encode()
    if extension == "webp":
        return _animation(picture)
    return encoded(_marked(picture, prompt, seed))


def thumbnail(path: Path, side: int = 256) -> bytes:
    """A PNG of at most `side` pixels a side."""
    with Image.open(path) as image:
        image.draft("RGB", (side, side))
        small = image.convert("RGB")
    small.thumbnail((side, side))
    return encoded(small)


def encoded(picture: Image.Image) -> bytes:
    """PNG bytes, quick rather than small."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _picture(sources: Sequence[Path], chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """The first source fills the frame, bands of the others lie over it, and a colour grades them all."""
    grade = Image.new("RGB", size, (chance.randrange(256), chance.randrange(256), chance.randrange(256)))
    if not sources:
        return grade
    order = chance.sample(list(sources), len(sources))
    picture = _fitted(order[0], size)
    for at, path in enumerate(order[1:], 1):
        left, right = size[0] * at // len(order), size[0] * (at + 1) // len(order)
        band = _fitted(path, size).crop((left, 0, right, size[1]))
        picture.paste(Image.blend(band, picture.crop((left, 0, right, size[1])), 0.25), (left, 0))
    return Image.blend(picture, grade, 0.15)


def _fitted(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as image:
        image.draft("RGB", size)
        return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.BILINEAR)


def _marked(picture: Image.Image, prompt: str, seed: int) -> Image.Image:
    width, height = picture.size
    bar = height // 9
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height - bar, width, height), fill=(16, 16, 16))
    pen.text((12, height - bar + 6), _MARK, fill=(255, 208, 0), font=ImageFont.load_default(bar * 2 // 5))
    line = f"seed {seed}   {prompt}"[:_TEXT].encode("latin-1", "replace").decode("latin-1").replace("\n", " ")
    pen.text((12, height - bar * 2 // 5), line, fill="white", font=ImageFont.load_default(bar // 5))
    return picture


def _vector(picture: Image.Image, prompt: str) -> str:
    """A grid of the picture's colours as an SVG."""
    width, height = picture.size
    cells = picture.resize((_GRID, _GRID), Image.Resampling.BOX)
    rectangles = []
    for at, (red, green, blue) in enumerate(zip(*[iter(cells.tobytes())] * 3, strict=True)):
        x, y = at % _GRID, at // _GRID
        rectangles.append(f'<rect x="{x}" y="{y}" width="1.02" height="1.02" fill="rgb({red},{green},{blue})"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {_GRID} {_GRID}"'
        f' preserveAspectRatio="none"><title>{_MARK}: {escape(prompt)}</title>{"".join(rectangles)}'
        f'<text x="0.3" y="{_GRID - 0.4}" font-size="0.8" fill="white">{_MARK}</text></svg>'
    )


def _animation(picture: Image.Image) -> bytes:
    """A slow zoom as an animated WebP: a stand-in, since nothing here encodes real video."""
    frames = []
    for at in range(_FRAMES):
        inset = picture.width * at // (_FRAMES * 6)
        cropped = picture.crop((inset, inset, picture.width - inset, picture.height - inset))
        frames.append(_marked(cropped.resize(_VIDEO), "", at))
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=125, loop=0, quality=70)
    return buffer.getvalue()
