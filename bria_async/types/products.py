"""What products take: images in their places."""

from typing import Annotated, TypedDict

from .common import ImageInput
from .facts import Image


class Coordinates(TypedDict):
    """Where a product lies in a scene, in pixels (public pages).

    `x` and `y` are of the upper left corner of its cutout; `width` and `height` are what the cutout is stretched
    to, and do not exceed the scene.
    """

    x: int
    y: int
    width: int
    height: int


class Placed(TypedDict):
    """A product of `products.integrate`: an image without transparency is cut out first (published spec, public
    pages).
    """

    image: Annotated[ImageInput, Image()]
    coordinates: Coordinates
