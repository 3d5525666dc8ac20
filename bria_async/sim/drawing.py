"""Results as files: drawn by their job's effect, marked where they are invented, in the kind of their name."""

import io
import random
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bria_async.sim import psd
from bria_async.sim.effects import EFFECTS
from bria_async.sim.effects.marks import MARK, marked, note
from bria_async.sim.effects.pixels import flattened, opened
from bria_async.sim.effects.visuals import resolved
from bria_async.sim.entities import Job, Result
from bria_async.sim.pillow import Image, PngInfo

_GRID = 12
_FRAMES = 8
_VIDEO = (384, 384)
_LONGEST_COMMENT = 60_000
"""Bytes of a JPEG comment, just below what its format holds."""


def draw(job: Job, result: Result, sources: Sequence[Path]) -> bytes:
    """The bytes of a result, the same at every look. Blocking."""
    effect = EFFECTS[job.effect]
    told = {"prompt": job.prompt, "seed": result.seed, "size": (job.width, job.height), **job.params, **result.params}
    pictures = opened_within(sources, job.width * job.height)
    chance = random.Random(f"{told['seed']}/{job.prompt}")
    picture, *subject = (
        _resolved(layer(pictures, told, chance), told) for layer in (effect.draw, effect.subject) if layer is not None
    )
    extension = result.name.rpartition(".")[2]
    if effect.sign == "bar" and extension in _STILL:
        picture = marked(picture, job.prompt, told["seed"], *subject)
    elif subject:
        picture.paste(subject[0], mask=subject[0])
    return _KINDS[extension](picture, "" if effect.sign == "none" else note(job.prompt, told["seed"]))


def _resolved(picture: Image.Image, told: Mapping[str, Any]) -> Image.Image:
    """The picture within the resolution that is asked for, where one is."""
    return resolved(picture, told["resolution"]) if "resolution" in told else picture


def opened_within(sources: Sequence[Path], canvas: int) -> list[Image.Image]:
    """The first source in full, the others with no more pixels than it or the canvas has: they end up within."""
    first = [opened(path) for path in sources[:1]]
    room = max([canvas, *(picture.width * picture.height for picture in first)])
    return first + [opened(path, room) for path in sources[1:]]


def thumbnail(path: Path, side: int = 256) -> bytes:
    """A PNG of at most `side` pixels a side."""
    with Image.open(path) as image:
        image.draft("RGB", (side, side))
        small = image.convert("RGB")
    small.thumbnail((side, side))
    return encoded(small)


def encoded(picture: Image.Image, comment: str = "") -> bytes:
    """PNG bytes, quick rather than small, with a comment as text if there is one."""
    texts = PngInfo()
    if comment:
        texts.add_text("Comment", comment)
    return _saved(picture, "PNG", compress_level=1, pnginfo=texts)


def _jpeg(picture: Image.Image, comment: str) -> bytes:
    """JPEG bytes on white, with a comment if there is one."""
    return _saved(flattened(picture), "JPEG", quality=92, comment=comment.encode()[:_LONGEST_COMMENT])


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _vector(picture: Image.Image, title: str) -> bytes:
    """A grid of the picture's colours as an SVG."""
    width, height = picture.size
    cells = picture.convert("RGB").resize((_GRID, _GRID), Image.Resampling.BOX)
    rectangles = []
    for at, (red, green, blue) in enumerate(zip(*[iter(cells.tobytes())] * 3, strict=True)):
        x, y = at % _GRID, at // _GRID
        rectangles.append(f'<rect x="{x}" y="{y}" width="1.02" height="1.02" fill="rgb({red},{green},{blue})"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {_GRID} {_GRID}"'
        f' preserveAspectRatio="none"><title>{escape(title)}</title>{"".join(rectangles)}'
        f'<text x="0.3" y="{_GRID - 0.4}" font-size="0.8" fill="white">{MARK}</text></svg>'
    ).encode()


def _animation(picture: Image.Image, kind: str) -> bytes:
    """A slow zoom: a stand-in, since nothing here encodes real video."""
    frames = []
    for at in range(_FRAMES):
        inset = min(picture.size) * at // (_FRAMES * 6)
        cropped = picture.convert("RGB").crop((inset, inset, picture.width - inset, picture.height - inset))
        frames.append(marked(cropped.resize(_VIDEO), "", at))
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=125, loop=0, quality=70)


_STILL = {"png", "jpeg"}
_KINDS: Mapping[str, Callable[[Image.Image, str], bytes]] = {
    "png": encoded,
    "jpeg": _jpeg,
    "svg": _vector,
    "webp": lambda picture, _: _animation(picture, "WEBP"),
    "psd": lambda picture, _: psd.encoded(picture),
    "gif": lambda picture, _: _animation(picture, "GIF"),
}
