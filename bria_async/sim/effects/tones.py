"""Effects that change the colours of a picture and leave its shapes."""

import random
from collections.abc import Callable, Sequence

from bria_async.sim.effects.mattes import matte
from bria_async.sim.effects.pixels import Params, Picture, with_alpha_of
from bria_async.sim.pillow import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

_Tone = Callable[[Picture], Picture]
_Colour = tuple[int, int, int]


def tinted(picture: Picture, colour: _Colour, share: float, light: float = 1.0) -> Picture:
    """The picture under a glass of a colour, `light` times as bright."""
    under = Image.blend(picture, Image.new("RGB", picture.size, colour), share)
    return ImageEnhance.Brightness(under).enhance(light)


def _grey(picture: Picture) -> Picture:
    return picture.convert("L").convert("RGB")


def _sepia(picture: Picture) -> Picture:
    return ImageOps.colorize(picture.convert("L"), "#2b1d0e", "#f5e6c8")


def _vivid(picture: Picture) -> Picture:
    return ImageEnhance.Color(picture).enhance(2)


def _contemporary(picture: Picture) -> Picture:
    return tinted(ImageEnhance.Color(picture).enhance(1.3), (220, 190, 150), 0.15)


_COLOURS: dict[str, _Tone] = {
    "black_and_white": _grey,
    "sepia_vintage": _sepia,
    "color_vivid": _vivid,
    "color_contemporary": _contemporary,
}
_SEASONS: dict[str, tuple[_Colour, float, float]] = {
    "spring": ((170, 230, 150), 0.2, 1.1),
    "summer": ((255, 220, 110), 0.2, 1.15),
    "autumn": ((200, 110, 40), 0.25, 0.95),
    "winter": ((225, 235, 255), 0.4, 1.05),
}
_PRESETS: dict[str, tuple[_Colour, float, float]] = {
    "warm-day": ((255, 200, 120), 0.15, 1.1),
    "cold-day": ((160, 200, 255), 0.15, 1.05),
    "warm-night": ((90, 50, 20), 0.3, 0.7),
    "cold-night": ((20, 40, 90), 0.3, 0.7),
}
_NO_PRESET = ((128, 128, 128), 0.1, 1.0)
_LINES = {"coloring_book", "story_board", "cross_etching", "wood_cut"}
_LIGHTS: dict[str, tuple[_Colour, float]] = {
    "night": ((20, 30, 70), 0.5),
    "moon": ((40, 60, 110), 0.6),
    "blue": ((70, 100, 180), 0.8),
    "sun": ((255, 170, 80), 1.1),
    "studio": ((255, 255, 255), 1.2),
}
_DAYLIGHT = ((235, 235, 230), 1.0)


def colorize(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in other colours: of today, vivid, black and white, or sepia."""
    return with_alpha_of(pictures[0], _COLOURS[params["color"]](pictures[0].convert("RGB")), params)


def enhance(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture with its full range of tones, and sharper."""
    clear = ImageOps.autocontrast(pictures[0].convert("RGB"), cutoff=1)
    return with_alpha_of(pictures[0], clear.filter(ImageFilter.UnsharpMask(2, 80, 2)), params)


def restore(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture without single odd pixels, in its full range of tones."""
    calm = pictures[0].convert("RGB").filter(ImageFilter.MedianFilter(3))
    return with_alpha_of(pictures[0], ImageOps.autocontrast(calm, cutoff=1), params)


def harmonize(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in the light of a preset."""
    colour, share, light = _PRESETS.get(params["preset"], _NO_PRESET)
    return with_alpha_of(pictures[0], tinted(pictures[0].convert("RGB"), colour, share, light), params)


def reseason(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in the colours of a season."""
    return tinted(pictures[0].convert("RGB"), *_SEASONS[params["season"]])


def relight(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in another light, brighter where it comes from."""
    colour, light = next((each for word, each in _LIGHTS.items() if word in params["light_type"]), _DAYLIGHT)
    seen = tinted(pictures[0].convert("RGB"), colour, 0.2, light)
    return Image.composite(ImageEnhance.Brightness(seen).enhance(1.3), seen, _falling(params, pictures[0]))


def _falling(params: Params, picture: Picture) -> Picture:
    """White where the light is strongest."""
    down = Image.linear_gradient("L")
    shapes = {
        "top-down": down.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        "bottom": down,
        "side": down.transpose(Image.Transpose.ROTATE_90),
        "front": ImageOps.invert(Image.radial_gradient("L")),
    }
    if "spotlight" in params["light_type"]:
        return matte(picture, force=True)
    return shapes.get(params.get("light_direction") or "front", down).resize(picture.size)


def restyle(pictures: Sequence[Picture], params: Params, _: random.Random) -> Picture:
    """The picture in few colours with an outline, or as lines; each style has its own tint."""
    seen, style = pictures[0].convert("RGB"), params["style"]
    if style in _LINES:
        lines = ImageOps.autocontrast(ImageOps.invert(seen.convert("L").filter(ImageFilter.FIND_EDGES)))
        return ImageOps.colorize(lines, _tint(style, 0), "#ffffff")
    few = ImageOps.posterize(seen, 3).filter(ImageFilter.ModeFilter(5) if _small(seen) else ImageFilter.SMOOTH)
    return tinted(few, _tint(style, 90), 0.2)


def _small(picture: Picture) -> bool:
    return picture.width * picture.height <= 1 << 20


def _tint(style: str, lightest: int) -> _Colour:
    chance = random.Random(style)
    return lightest + chance.randrange(120), lightest + chance.randrange(120), lightest + chance.randrange(120)


def weather(pictures: Sequence[Picture], params: Params, chance: random.Random) -> Picture:
    """Snow, fog, dust and whatever is asked: flecks and haze, a layer, or without `layer` over the picture."""
    picture = pictures[0]
    colour = (200, 170, 120) if "dust" in params["prompt"].lower() else (255, 255, 255)
    flecks = Image.new("L", (512, 512), 40)
    pen = ImageDraw.Draw(flecks)
    for _ in range(400):
        x, y, across = chance.randrange(512), chance.randrange(512), chance.randrange(1, 4)
        pen.ellipse((x, y, x + across, y + across), fill=220)
    over = Image.new("RGB", picture.size, colour).convert("RGBA")
    over.putalpha(flecks.resize(picture.size))
    if params.get("layer"):
        return over
    return with_alpha_of(picture, Image.alpha_composite(picture.convert("RGBA"), over), params)
