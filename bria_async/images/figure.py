"""Lora, who stars in the demo's pictures: a girl with purple hair, a teal dress and a star in her hair.

She is drawn in a coordinate system of 600 x 800, her feet near the lower edge.
"""

import math
from collections.abc import Callable, Sequence

import attrs

from .pillow import Image, ImageChops, ImageDraw

WIDTH, HEIGHT = 600, 800

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]

_HAIR_DARK = (84, 46, 132)
_HAIR = (126, 76, 186)
_HAIR_LIGHT = (170, 126, 226)
_SKIN = (255, 222, 199)
_SKIN_DARK = (240, 190, 166)
_BLUSH = (252, 184, 170)
_DRESS = (34, 150, 152)
_DRESS_DARK = (22, 116, 122)
_GOLD = (250, 200, 84)
_BROWN = (112, 70, 58)
_CREAM = (248, 242, 232)
_GREEN = (86, 140, 70)
_INK = (58, 36, 84)
_MOUTH = (196, 84, 92)


@attrs.define(init=False)
class _Pen:
    """Draws in her coordinates, twice as large as needed, because Pillow does not smooth edges."""

    image: Image.Image
    _draw: ImageDraw.ImageDraw
    _scale: float

    def __init__(self, scale: float) -> None:
        self._scale = scale * 2
        self.image = Image.new("RGBA", (round(WIDTH * self._scale), round(HEIGHT * self._scale)))
        self._draw = ImageDraw.Draw(self.image)

    def oval(self, box: Box, colour: Colour) -> None:
        self._draw.ellipse(self._scaled(box), fill=colour)

    def dot(self, centre: Point, radius: float, colour: Colour) -> None:
        x, y = centre
        self.oval((x - radius, y - radius, x + radius, y + radius), colour)

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=colour)

    def block(self, box: Box, radius: float, colour: Colour) -> None:
        self._draw.rounded_rectangle(self._scaled(box), radius * self._scale, fill=colour)

    def limb(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        self._draw.line(self._scaled((*start, *end)), fill=colour, width=round(width * self._scale))
        self.dot(start, width / 2, colour)
        self.dot(end, width / 2, colour)

    def arc(self, box: Box, start: int, end: int, width: float, colour: Colour) -> None:
        self._draw.arc(self._scaled(box), start, end, fill=colour, width=round(width * self._scale))

    def star(self, centre: Point, radius: float, colour: Colour) -> None:
        corners = [
            _around(centre, radius * (1 if corner % 2 == 0 else 0.45), corner / 10 - 0.27) for corner in range(10)
        ]
        self.shape(corners, colour)

    def _scaled(self, box: Box) -> Box:
        left, top, right, bottom = (value * self._scale for value in box)
        return left, top, right, bottom


def _around(centre: Point, radius: float, turn: float) -> Point:
    angle = turn * math.tau
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _sunflower(pen: _Pen, hand: Point) -> None:
    head = hand[0] - 38, hand[1] - 76
    pen.limb((head[0], hand[1] + 50), head, 10, _GREEN)
    for petal in range(12):
        pen.dot(_around(head, 36, petal / 12), 15, _GOLD)
    pen.dot(head, 26, _BROWN)


def _book(pen: _Pen, hand: Point) -> None:
    x, y = hand[0] - 64, hand[1] + 18
    pen.shape([(x - 88, y - 72), (x, y - 56), (x + 88, y - 72), (x + 88, y), (x, y + 16), (x - 88, y)], _BROWN)
    pen.shape([(x - 80, y - 80), (x, y - 64), (x, y + 6), (x - 80, y - 10)], _CREAM)
    pen.shape([(x + 80, y - 80), (x, y - 64), (x, y + 6), (x + 80, y - 10)], (232, 222, 208))


def _lantern(pen: _Pen, hand: Point) -> None:
    x, y = hand[0], hand[1] + 20
    pen.limb(hand, (x, y + 14), 6, _INK)
    pen.block((x - 34, y + 12, x + 34, y + 96), 14, _INK)
    pen.block((x - 24, y + 24, x + 24, y + 84), 10, _GOLD)
    pen.oval((x - 12, y + 34, x + 12, y + 80), _CREAM)


@attrs.frozen
class Pose:
    """What she does, in words; where her hands are (left and right as seen); what the right one holds."""

    words: str
    left: Point
    right: Point
    holds: Callable[[_Pen, Point], None] | None = None
    laughs: bool = False


POSES: Sequence[Pose] = (
    Pose("waving", (204, 540), (494, 340), laughs=True),
    Pose("holding a sunflower", (262, 520), (338, 520), _sunflower),
    Pose("standing with her hands at her sides", (202, 540), (398, 540)),
    Pose("cheering with both arms in the air", (106, 330), (494, 330), laughs=True),
    Pose("reading a book", (236, 520), (364, 520), _book),
    Pose("carrying a lantern", (204, 540), (448, 500), _lantern),
    Pose("pointing into the distance", (204, 540), (524, 430), laughs=True),
)


def lora(pose: Pose, scale: float) -> Image.Image:
    """Her picture, transparent around her; `scale` is pixels per unit."""
    pen = _Pen(scale)
    _draw_hair_behind(pen)
    _draw_legs(pen)
    _draw_dress(pen)
    _draw_head(pen)
    _draw_face(pen, pose)
    _draw_hair_before(pen)
    _draw_arms(pen, pose)
    return _shaded(pen.image.reduce(2))


def _draw_hair_behind(pen: _Pen) -> None:
    pen.oval((150, 92, 450, 420), _HAIR_DARK)
    pen.oval((132, 200, 272, 590), _HAIR_DARK)
    pen.oval((328, 200, 468, 590), _HAIR_DARK)
    pen.shape([(180, 300), (420, 300), (400, 560), (200, 560)], _HAIR_DARK)


def _draw_legs(pen: _Pen) -> None:
    for x, outwards in ((264, -8), (336, 8)):
        pen.limb((x, 600), (x, 720), 42, _CREAM)
        pen.block((x - 27, 690, x + 27, 772), 16, _BROWN)
        pen.block((x - 34 + outwards, 746, x + 34 + outwards, 788), 20, _BROWN)


def _draw_dress(pen: _Pen) -> None:
    pen.shape([(256, 390), (344, 390), (370, 480), (424, 620), (176, 620), (230, 480)], _DRESS)
    for x in range(176, 424, 31):
        pen.oval((x, 598, x + 31, 640), _DRESS)
    pen.shape([(282, 486), (318, 486), (346, 634), (254, 634)], _DRESS_DARK)
    pen.block((228, 472, 372, 492), 10, _GOLD)


def _draw_arms(pen: _Pen, pose: Pose) -> None:
    for shoulder, hand in (((262, 416), pose.left), ((338, 416), pose.right)):
        cuff = shoulder[0] + (hand[0] - shoulder[0]) * 0.8, shoulder[1] + (hand[1] - shoulder[1]) * 0.8
        pen.limb(shoulder, hand, 28, _SKIN)
        pen.limb(shoulder, cuff, 42, _DRESS_DARK)
    if pose.holds is not None:
        pose.holds(pen, pose.right)
    pen.dot(pose.left, 23, _SKIN)
    pen.dot(pose.right, 23, _SKIN)


def _draw_head(pen: _Pen) -> None:
    pen.block((276, 350, 324, 410), 20, _SKIN_DARK)
    pen.block((240, 384, 360, 418), 17, _GOLD)
    pen.oval((184, 140, 416, 376), _SKIN)


def _draw_face(pen: _Pen, pose: Pose) -> None:
    for x in (246, 354):
        pen.oval((x - 36, 308, x + 36, 346), _BLUSH)
        pen.oval((x - 21, 244, x + 21, 316), _INK)
        pen.oval((x - 15, 278, x + 15, 314), _HAIR)
        pen.dot((x + 6, 264), 10, _CREAM)
        pen.dot((x - 8, 298), 5, _CREAM)
    if pose.laughs:
        pen.oval((278, 322, 322, 360), _MOUTH)
        pen.block((274, 314, 326, 336), 4, _SKIN)
    else:
        pen.arc((280, 316, 320, 346), 20, 160, 5, _MOUTH)


def _draw_hair_before(pen: _Pen) -> None:
    pen.oval((158, 200, 214, 440), _HAIR)
    pen.oval((386, 200, 442, 440), _HAIR)
    crown = [_around((300, 236), 140, 0.5 + turn / 80) for turn in range(41)]
    fringe = [
        (424, 262),
        (398, 226),
        (372, 268),
        (338, 216),
        (304, 262),
        (272, 212),
        (232, 268),
        (204, 224),
        (176, 262),
    ]
    pen.shape([*crown, *fringe], _HAIR)
    pen.arc((192, 126, 408, 330), 212, 262, 13, _HAIR_LIGHT)
    pen.arc((192, 126, 408, 330), 268, 280, 13, _HAIR_LIGHT)
    pen.star((398, 172), 36, _GOLD)


def _shaded(figure: Image.Image) -> Image.Image:
    """Darker towards the right, as if the light came from the left."""
    slope = Image.linear_gradient("L").rotate(90).resize(figure.size).point(lambda value: value // 5)
    shade = Image.new("RGBA", figure.size, _INK)
    shade.putalpha(ImageChops.multiply(slope, figure.getchannel("A")))
    return Image.alpha_composite(figure, shade)
