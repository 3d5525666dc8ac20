"""Vehicles: masks of their parts, and images of them (published spec, public pages)."""

from collections.abc import Mapping
from typing import Annotated, TypedDict

import attrs

from .common import ImageInput, Value
from .facts import Image

Mask = Annotated[ImageInput, Image()]
"""A mask of a part. Addresses are documented; whether base64 is taken is unknown."""


class ReflectionMasks(TypedDict, total=False):
    """Where reflections go, by part."""

    windshield: Mask
    rear_window: Mask
    side_windows: Mask
    body: Mask
    wheels: Mask


class TireMasks(TypedDict):
    """Where the tires are."""

    tires: Mask


@attrs.frozen(kw_only=True)
class VehicleParts(Value):
    """Addresses of the masks of a vehicle's parts; empty for a part that was not found."""

    windshield: str | None = None
    rear_window: str | None = None
    side_windows: str | None = None
    body: str | None = None
    wheels: str | None = None
    hubcap: str | None = None
    tires: str | None = None

    @property
    def found(self) -> dict[str, str]:
        """The masks of the parts that were found, by part: `parts.found["tires"]`."""
        parts = (field.name for field in attrs.fields(VehicleParts) if field.name != "raw")
        return {part: address for part in parts if (address := getattr(self, part))}

    @property
    def reflective(self) -> ReflectionMasks:
        """The masks that `vehicles.generate_reflections` takes, of the parts that were found."""
        masks = ReflectionMasks()
        for part in ("windshield", "rear_window", "side_windows", "body", "wheels"):
            if address := getattr(self, part):
                masks[part] = address
        return masks


@attrs.frozen(kw_only=True)
class VehicleImage(Value):
    """An image of a vehicle, and what was added to it as layers, where they were asked for."""

    url: str | None = None
    layer_url: str | None = None
    """What was added, from `vehicles.refine_tires` and `vehicles.apply_effect`."""
    layers: Mapping[str, str] | None = attrs.field(default=None, hash=False)
    """Reflections by part, from `vehicles.generate_reflections`."""
    seed: int | None = None
