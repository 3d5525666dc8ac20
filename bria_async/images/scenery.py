"""The places where the demo's pictures are taken."""

import math
from collections.abc import Callable, Sequence
from random import Random

import attrs

from .pillow import Image, ImageDraw, ImageFilter

Size = tuple[int, int]
Point = tuple[float, float]
Colour = tuple[int, int, int]
Decoration = Callable[[Image.Image, Random], None]


@attrs.frozen
class Place:
    """A sky (top and bottom), a sun or moon in it, ridges from far to near, and what else is there.

    The first ridge begins at the `horizon`, a share of the height, counted from the top.
    """

    words: str
    sky: tuple[Colour, Colour]
    light: Colour
    ridges: tuple[Colour, ...]
    horizon: float = 0.47
    far: Sequence[Decoration] = ()
    near: Sequence[Decoration] = ()


def paint(place: Place, size: Size, random: Random) -> Image.Image:
    """A picture of the place, softer the further away; no two are alike."""
    picture = _sky(place, size, random)
    for decorate in place.far:
        decorate(picture, random)
    step = (0.85 - place.horizon) / len(place.ridges)
    for index, colour in enumerate(place.ridges):
        _ridge(picture, random, place.horizon + index * step, 0.09 / (index + 1), colour)
    picture = picture.filter(ImageFilter.BoxBlur(2))
    for decorate in place.near:
        decorate(picture, random)
    return picture.filter(ImageFilter.BoxBlur(1))


def _sky(place: Place, size: Size, random: Random) -> Image.Image:
    top, bottom = place.sky
    slope = Image.linear_gradient("L").resize(size)
    picture = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), slope)
    centre = random.uniform(0.12, 0.88) * size[0], random.uniform(0.1, 0.3) * size[1]
    radius = size[0] * random.uniform(0.05, 0.08)
    _glow(picture, centre, radius * 6, place.light)
    ImageDraw.Draw(picture).ellipse(_around(centre, radius), fill=place.light)
    return picture


def _glow(picture: Image.Image, centre: Point, radius: float, colour: Colour) -> None:
    side = round(radius * 2)
    distance = Image.radial_gradient("L").resize((side, side))
    fading = distance.point(lambda value: max(0, 180 - value) ** 2 // 190)
    picture.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), fading)


def _ridge(picture: Image.Image, random: Random, level: float, height: float, colour: Colour) -> None:
    width, depth = picture.size
    waves = [(random.uniform(0.5, 1.0) / turns, turns, random.uniform(0, math.tau)) for turns in (1, 2, 5)]
    line = []
    for x in range(0, width + 16, 16):
        rise = sum(share * math.sin(turns * x / width * 5 + phase) for share, turns, phase in waves)
        line.append((x, depth * (level + height * rise)))
    ImageDraw.Draw(picture).polygon([*line, (width, depth), (0, depth)], fill=colour)


def _around(centre: Point, radius: float, flat: float = 1.0) -> tuple[float, float, float, float]:
    x, y = centre
    return x - radius, y - radius * flat, x + radius, y + radius * flat


def _somewhere(random: Random, size: Size, top: float, bottom: float) -> Point:
    return random.random() * size[0], random.uniform(top, bottom) * size[1]


def _stars(picture: Image.Image, random: Random) -> None:
    draw = ImageDraw.Draw(picture)
    for _ in range(160):
        centre = _somewhere(random, picture.size, 0, 0.6)
        draw.ellipse(_around(centre, random.uniform(0.8, 3)), fill=(255, 250, 225))


def _clouds(picture: Image.Image, random: Random) -> None:
    veil = Image.new("L", picture.size)
    draw = ImageDraw.Draw(veil)
    for _ in range(5):
        x, y = _somewhere(random, picture.size, 0.04, 0.36)
        for puff in range(6):
            centre = x + puff * 38 + random.uniform(-12, 12), y + random.uniform(-16, 16)
            draw.ellipse(_around(centre, random.uniform(30, 62), 0.62), fill=215)
    picture.paste((255, 255, 255), mask=veil.filter(ImageFilter.GaussianBlur(8)))


def _sea(picture: Image.Image, random: Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    shore = round(height * 0.44)
    for y in range(shore, height, 4):
        share = (y - shore) / (height - shore)
        draw.rectangle((0, y, width, y + 4), fill=(round(30 + 70 * share), round(120 + 70 * share), 196))
    for _ in range(150):
        left, top = _somewhere(random, picture.size, 0.45, 0.8)
        draw.line((left, top, left + random.uniform(10, 60), top), fill=(214, 240, 250), width=2)


def _houses(picture: Image.Image, random: Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    for colour in ((46, 52, 92), (32, 36, 70)):
        left = random.uniform(-60.0, 0.0)
        while left < width:
            right, top = left + random.uniform(70, 150), height * random.uniform(0.22, 0.5)
            draw.rectangle((left, top, right, height), fill=colour)
            for x in range(round(left) + 14, round(right) - 18, 24):
                for y in range(round(top) + 16, round(height * 0.8), 34):
                    if random.choice((True, False)):
                        draw.rectangle((x, y, x + 10, y + 16), fill=(255, 214, 130))
            left = right + random.uniform(0, 12)


def _conifers(colour: Colour) -> Decoration:
    def decorate(picture: Image.Image, random: Random) -> None:
        draw = ImageDraw.Draw(picture)
        for _ in range(26):
            x, foot = _somewhere(random, picture.size, 0.56, 0.7)
            tall = random.uniform(0.16, 0.32) * picture.height
            for tier in range(4):
                top, wide = foot - tall * (1 - tier * 0.2), tall * (0.12 + tier * 0.05)
                draw.polygon([(x, top), (x - wide, top + tall * 0.4), (x + wide, top + tall * 0.4)], fill=colour)

    return decorate


def _round_trees(picture: Image.Image, random: Random) -> None:
    draw = ImageDraw.Draw(picture)
    for _ in range(9):
        x, foot = _somewhere(random, picture.size, 0.58, 0.68)
        tall = random.uniform(0.14, 0.26) * picture.height
        draw.line((x, foot, x, foot - tall), fill=(96, 66, 52), width=16)
        for _ in range(16):
            leaf = x + random.uniform(-0.4, 0.4) * tall, foot - tall + random.uniform(-0.35, 0.3) * tall
            colour = random.choice([(226, 122, 48), (240, 160, 60), (206, 84, 44), (246, 190, 84)])
            draw.ellipse(_around(leaf, tall * random.uniform(0.1, 0.2)), fill=colour)


def _scattered(colours: Sequence[Colour], top: float, bottom: float, radius: float, count: int) -> Decoration:
    def decorate(picture: Image.Image, random: Random) -> None:
        draw = ImageDraw.Draw(picture)
        for _ in range(count):
            centre = _somewhere(random, picture.size, top, bottom)
            nearness = 0.4 + centre[1] / picture.height
            draw.ellipse(_around(centre, radius * nearness * random.uniform(0.5, 1)), fill=random.choice(colours))

    return decorate


def _fireflies(picture: Image.Image, random: Random) -> None:
    for _ in range(34):
        centre = _somewhere(random, picture.size, 0.3, 0.95)
        _glow(picture, centre, random.uniform(12, 30), (255, 240, 150))
        ImageDraw.Draw(picture).ellipse(_around(centre, 3), fill=(255, 255, 220))


PLACES: Sequence[Place] = (
    Place(
        "in a flowering meadow",
        ((96, 170, 232), (226, 242, 250)),
        (255, 246, 206),
        ((150, 196, 140), (118, 178, 98), (92, 158, 74)),
        far=(_clouds,),
        near=(_scattered([(250, 244, 250), (246, 190, 84), (232, 110, 128)], 0.68, 1, 9, 260),),
    ),
    Place(
        "before purple hills at sunset",
        ((92, 70, 150), (255, 170, 110)),
        (255, 224, 150),
        ((196, 110, 130), (140, 82, 126), (92, 62, 108)),
        far=(_clouds,),
    ),
    Place(
        "in a forest full of fireflies",
        ((18, 46, 62), (70, 128, 118)),
        (214, 240, 214),
        ((44, 96, 88), (28, 70, 64), (20, 50, 48)),
        far=(_conifers((24, 62, 60)),),
        near=(_conifers((16, 44, 44)), _fireflies),
    ),
    Place(
        "on a beach",
        ((90, 182, 232), (250, 240, 214)),
        (255, 250, 220),
        ((244, 222, 170), (236, 208, 150)),
        horizon=0.68,
        far=(_clouds, _sea),
        near=(_scattered([(250, 240, 226), (222, 190, 140)], 0.74, 1, 6, 120),),
    ),
    Place(
        "on a roof above a city at night",
        ((16, 20, 52), (96, 78, 140)),
        (250, 246, 220),
        ((58, 52, 84),),
        horizon=0.84,
        far=(_stars, _houses),
    ),
    Place(
        "in the snowy mountains",
        ((130, 176, 220), (236, 244, 250)),
        (255, 252, 240),
        ((186, 204, 224), (214, 226, 238), (240, 246, 250)),
        near=(_conifers((74, 108, 112)), _scattered([(255, 255, 255)], 0, 1, 7, 240)),
    ),
    Place(
        "under a sky full of stars",
        ((10, 16, 50), (60, 84, 150)),
        (252, 248, 226),
        ((40, 58, 104), (28, 44, 84), (22, 34, 66)),
        far=(_stars,),
    ),
    Place(
        "in a park in autumn",
        ((164, 196, 214), (252, 234, 204)),
        (255, 244, 210),
        ((214, 172, 110), (190, 148, 84), (170, 128, 70)),
        far=(_clouds,),
        near=(_round_trees, _scattered([(226, 122, 48), (206, 84, 44), (246, 190, 84)], 0.3, 1, 8, 160)),
    ),
)
