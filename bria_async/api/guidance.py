"""Guidance methods as values, and the parameters that they stand for."""

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import attrs

from bria_async import wire
from bria_async.types.common import GuidanceMethod, ImageInput

GuidanceName = Literal["canny", "depth", "recoloring", "color_grid"]

MOST = 2
"""How many methods are taken together: there are parameters for two (SEED 000), though SEED 003 speaks of four."""

SAME_RATIO = 0.01
"""How far two aspect ratios may differ, as a share, and still count as one: sides are whole pixels."""

_HEADER = re.compile(r"^data:[^,]*,")


@attrs.frozen
class Guidance:
    """An image and what of it guides a generation: `Guidance("canny", Path("edges.png"), scale=0.8)`.

    `method` is `canny` (edges), `depth`, `recoloring` (greys) or `color_grid` (16x16 colours), with or without the
    `controlnet_` that the API writes before it; `image` is a path, bytes or base64; `scale` is 0 to 1, the server's
    default is 1 (SEED 000, SEED 003).
    """

    method: GuidanceName | GuidanceMethod
    image: ImageInput = attrs.field(repr=False)
    scale: float | None = None


def parameters_of(methods: Guidance | Sequence[Guidance]) -> dict[str, Any]:
    """The parameters that guidance methods stand for; blocks, because it reads the sizes of their images.

    Raises:
        ValueError: something else than `Guidance`, more than two, or images of different aspect ratios.
        ImageError: an image cannot be read.
        MissingExtra: two images are given, and Pillow, which tells their sizes, is not installed.
    """
    given: tuple[Any, ...] = tuple(methods) if isinstance(methods, Sequence) else (methods,)
    if strangers := [type(item).__name__ for item in given if not isinstance(item, Guidance)]:
        raise ValueError(f"guidance takes Guidance(method, image), got {strangers[0]}")
    if len(given) > MOST:
        raise ValueError(f"guidance takes at most {MOST} methods, got {len(given)}")
    if len(given) == MOST:
        _require_one_ratio(given)
    found: dict[str, Any] = {}
    for number, guidance in enumerate(given, 1):
        name = f"guidance_method_{number}"
        method = str(guidance.method).removeprefix("controlnet_")
        found |= {name: f"controlnet_{method}", f"{name}_scale": guidance.scale, f"{name}_image_file": guidance.image}
    return found


def _require_one_ratio(given: Sequence[Guidance]) -> None:
    from bria_async.images.decode import sides  # noqa: PLC0415  # needs Pillow

    found = [sides(_content(guidance.image)) for guidance in given]
    ratios = [width / height for width, height in found]
    if max(ratios) > min(ratios) * (1 + SAME_RATIO):
        shown = " and ".join(f"{width} x {height}" for width, height in found)
        raise ValueError(f"guidance images must have one aspect ratio, got {shown} pixels")


def _content(image: ImageInput) -> Path | io.BytesIO:
    if problem := wire.Image(address=False).problem(image):
        raise ValueError(f"a guidance image {problem}")
    if isinstance(image, bytes):
        return io.BytesIO(image)
    if not isinstance(image, str):
        return Path(image)
    try:
        return io.BytesIO(base64.b64decode(_HEADER.sub("", image, count=1)))
    except ValueError:
        raise ValueError("a guidance image is not base64") from None


Guided = Annotated[Guidance | Sequence[Guidance], wire.Own(cast("Any", parameters_of))]
"""Up to two guidance methods as values, instead of the parameters that begin with `guidance_method_`."""
