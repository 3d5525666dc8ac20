"""Pictures that effects make, for tests of effects."""

from pathlib import Path
from typing import Any

from PIL import Image

from bria_async.sim import drawing
from bria_async.sim.entities import Job, Result
from tests.sim.helpers import loaded, png

TOLD: dict[str, dict[str, Any]] = {
    "expand": {"box": (20, 10, 200, 160), "size": (300, 240)},
    "placed": {"box": (100, 50, 100, 100), "size": (300, 240)},
    "integrate": {"boxes": [(0, 0, 50, 50)]},
    "resize": {"size": (50, 40)},
    "increase_resolution": {"increase": 2},
    "colorize": {"color": "sepia_vintage"},
    "harmonize": {"preset": "warm-day"},
    "relight": {"light_type": "midday", "light_direction": "side"},
    "reseason": {"season": "winter"},
    "restyle": {"style": "cubism"},
    "segment": {"part": "body"},
    "refine_tires": {"masks": []},
    "reflections": {"masks": []},
    "packshot": {"background_color": "#00FF00"},
    "shadow": {
        "type": "regular",
        "shadow_offset": (20, 10),
        "shadow_blur": 2,
        "shadow_color": "#000000",
        "shadow_intensity": 100,
        "shadow_height": 10,
    },
}


def drawn(
    tmp_path: Path,
    effect: str,
    *pictures: bytes,
    extension: str = "png",
    seed: int = 7,
    prompt: str = "a red fox",
    **told: Any,
) -> bytes:
    """The bytes that an effect makes of pictures."""
    paths = []
    for at, data in enumerate(pictures):
        paths.append(tmp_path / f"{at}.png")
        paths[-1].write_bytes(data)
    params = TOLD.get(effect, {}) | told
    width, height = params.get("size", (200, 160))
    job = Job(
        id="j",
        operation="o",
        effect=effect,
        prompt=prompt,
        params=params,
        width=width,
        height=height,
        created_at=0,
        ready_at=0,
    )
    return drawing.draw(job, Result(name=f"0-seed_{seed}.{extension}", seed=seed), paths)


def made(tmp_path: Path, effect: str, *pictures: bytes, **told: Any) -> Image.Image:
    """The picture that an effect makes of pictures."""
    return loaded(drawn(tmp_path, effect, *pictures, **told))


def mask(box: tuple[int, int, int, int], size: tuple[int, int] = (200, 160)) -> bytes:
    """White in a box, black elsewhere."""
    image = Image.new("L", size)
    image.paste(255, box)
    return png(image)
