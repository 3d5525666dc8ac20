"""What trainings want of their images: the documented shapes of a training, and numbers that belong to each."""

from collections.abc import Mapping
from typing import Literal

Family = Literal["fibo", "legacy", "2024"]
"""The three shapes of a training that the documentation describes: FIBO with a visual schema (SEED 001), legacy with a
caption prefix (SEED 000, SEED 002), and that of 2024 without a project (SEED 003, SEED 004)."""

Upload = Literal["auto", "each", "zip"]
"""Images one by one, as one zip, or by their number."""
Captions = Literal["automatic", "files"]
"""Captions that the server makes, or those in the text files beside the images."""

MINIMUM: Mapping[Family, int] = {"fibo": 5, "legacy": 1, "2024": 1}
"""Images that a dataset needs to be completed (published spec; SEED 002). In 2024 it is unknown."""

BEST = (5, 50)
"""How many images train best (published spec)."""

MOST_EACH = 200
"""Images that a basic dataset holds (published spec, SEED 002); more go as one zip."""

SMALLEST_SIDE = 256
"""Pixels below which the server refuses an image (412, published spec)."""
WANTED_SIDE = 1024
"""Pixels of each side that training wants (SEED 000, SEED 001, SEED 002: "minimum resolution: 1024x1024px"); smaller
images are enlarged unless `increase_resolution` is false (published spec)."""
ENLARGED: Mapping[Family, bool] = {"fibo": True, "legacy": True, "2024": False}
"""Whether a page says that small images are enlarged. Those of 2024 (SEED 003, SEED 004) name neither a least
resolution nor `increase_resolution`; the published spec has one upload for all families."""

TRAINING_HOURS: Mapping[Family, tuple[int, int]] = {"fibo": (2, 6), "legacy": (1, 3), "2024": (1, 3)}
"""How long a training takes: FIBO 4 to 6 hours (SEED 001) or 2 to 4 (published spec), the others 1 to 3 (SEED 000,
SEED 002 to SEED 004)."""
