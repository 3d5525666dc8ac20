"""Where pictures go on a canvas: sizes and boxes from what requests say, in bounds.

Every refusal is a 400; unknown: the documents give no status.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bria_async.sim.answers import Refusal
from bria_async.sim.effects.pixels import LARGEST, Box, Size, contained, within

LONGEST = 5000
_SMALLEST_SHARE = 0.15
_RATIOS = (0.5, 3.0)
_NAMED_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9")
_MEGAPIXEL = 1_000_000
_SHOT_SHARE = 0.5
POSITIONS: Mapping[str, tuple[float, float]] = {
    "upper_left": (0.0, 0.0),
    "upper_right": (1.0, 0.0),
    "bottom_left": (0.0, 1.0),
    "bottom_right": (1.0, 1.0),
    "right_center": (1.0, 0.5),
    "left_center": (0.0, 0.5),
    "upper_center": (0.5, 0.0),
    "bottom_center": (0.5, 1.0),
    "center_vertical": (0.5, 0.4),
    "center_horizontal": (0.5, 0.6),
}
"""Placement -> how far right and down of the room that the product leaves."""


def side(name: str, given: int, *, low: int = 1, high: int = LONGEST) -> int:
    """A number of pixels within bounds."""
    if not low <= given <= high:
        raise Refusal(400, f"{name} must be between {low} and {high}")
    return given


def pair(name: str, given: Sequence[int], *, low: int = 1) -> Size:
    """Two numbers of pixels, such as width and height."""
    if len(given) != 2:  # noqa: PLR2004  # a pair
        raise Refusal(400, f"{name} must be two integers")
    return side(name, given[0], low=low), side(name, given[1], low=low)


def canvas(name: str, given: Sequence[int]) -> Size:
    """The size of a result: at most 5000x5000 pixels."""
    size = pair(name, given)
    checked(*size)
    return size


def checked(width: int, height: int) -> None:
    """Refuse a result above 5000x5000 pixels."""
    if width * height > LARGEST:
        raise Refusal(400, f"The result would have more than {LONGEST}x{LONGEST} pixels ({width}x{height})")


def expansion(
    picture: Size,
    *,
    aspect_ratio: str | float | None = None,
    canvas_size: Sequence[int],
    image_size: Sequence[int] | None = None,
    location: Sequence[int] | None = None,
) -> tuple[Size, Box]:
    """The canvas, and the picture's box on it; an aspect ratio wins over the rest.

    The part of the picture on the canvas must be over 15% of it (SEED 004). Without a size the picture is
    fitted, without a location it is in the middle.
    """
    if aspect_ratio is not None:
        size, image = _shaped(picture, _ratio(aspect_ratio))
    else:
        size = canvas("canvas_size", canvas_size)
        image = canvas("original_image_size", image_size) if image_size else contained(picture, size)
    left, top = (size[0] - image[0]) // 2, (size[1] - image[1]) // 2
    if location is not None and aspect_ratio is None:
        left, top = pair("original_image_location", location, low=-LONGEST)
    shown = max(0, min(size[0], left + image[0]) - max(0, left)) * max(0, min(size[1], top + image[1]) - max(0, top))
    if shown <= _SMALLEST_SHARE * size[0] * size[1]:
        raise Refusal(400, "The original image must cover more than 15% of the canvas")
    return size, (left, top, *image)


def _ratio(given: str | float) -> float:
    if isinstance(given, str):
        if given not in _NAMED_RATIOS:
            raise Refusal(400, f"aspect_ratio is one of {', '.join(_NAMED_RATIOS)} or a number")
        width, height = given.split(":")
        return int(width) / int(height)
    low, high = _RATIOS
    if not low <= given <= high:
        raise Refusal(400, f"aspect_ratio must be between {low} and {high}")
    return given


def _shaped(picture: Size, ratio: float) -> tuple[Size, Size]:
    """A canvas of a ratio around a picture, and the picture's size on it."""
    width, height = max(picture[0], int(picture[1] * ratio)), max(picture[1], int(picture[0] / ratio))
    size = within((width, height), LARGEST)
    return size, contained(picture, size)


def shots(source: Size, asked: Any) -> list[dict[str, Any]]:
    """What each shot of a product in a scene is told, by the request's `placement_type`; `asked` is the request.

    Unknown: how large the product is in a placement; chosen: it fits half of each side.
    """
    kind = asked.placement_type or "original"
    if kind == "original":
        size = within(source, LARGEST if asked.original_quality else _MEGAPIXEL)
        return [_part(size, (0, 0, *size), whole=True)]
    if kind == "manual_padding":
        return [_padded(source, asked.padding_values)]
    if kind == "custom_coordinates":
        return [_custom(asked)]
    if kind == "automatic_aspect_ratio":
        return [_centred(asked.aspect_ratio or "1:1")]
    size = canvas("shot_size", asked.shot_size)
    names = list(POSITIONS) if kind == "automatic" else list(dict.fromkeys(asked.manual_placement_selection))
    return [_part(size, _position(size, POSITIONS[name])) for name in names]


def _part(size: Size, box: Box, *, whole: bool = False) -> dict[str, Any]:
    return {"size": list(size), "box": list(box), "whole": whole}


def _position(size: Size, share: tuple[float, float]) -> Box:
    width, height = max(1, int(size[0] * _SHOT_SHARE)), max(1, int(size[1] * _SHOT_SHARE))
    return int((size[0] - width) * share[0]), int((size[1] - height) * share[1]), width, height


def _padded(source: Size, padding: Sequence[int]) -> dict[str, Any]:
    """The product with room around it: top, bottom, left, right (SEED 004)."""
    if len(padding) != 4:  # noqa: PLR2004  # the sides
        raise Refusal(400, "padding_values must be four integers")
    top, bottom, left, right = (side("padding_values", each, low=0) for each in padding)
    width, height = within(source, LARGEST)
    size = left + width + right, top + height + bottom
    checked(*size)
    return _part(size, (left, top, width, height))


def _custom(asked: Any) -> dict[str, Any]:
    size = canvas("shot_size", asked.shot_size)
    given = asked.foreground_image_size
    foreground = canvas("foreground_image_size", given) if given else contained(size, _position(size, (0, 0))[2:])
    left, top = pair("foreground_image_location", asked.foreground_image_location or (0, 0), low=-LONGEST)
    return _part(size, (left, top, *foreground))


def _centred(aspect_ratio: str) -> dict[str, Any]:
    width, height = (int(part) for part in aspect_ratio.split(":"))
    size = within((width * LONGEST // 16, height * LONGEST // 16), _MEGAPIXEL)
    return _part(size, _position(size, (0.5, 0.5)))
