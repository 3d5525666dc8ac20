"""Seeing regions in a picture: fields of one colour on a coarse grid that are not the background's."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bria_async.sim.entities import Look
from bria_async.sim.pictures import UNREADABLE, colour_word, unreadable
from bria_async.sim.pillow import Image
from bria_async.sim.visual_entities import Region, Scene

_SEEN = 512
_GRID = 48
_COLOURS = 6
_SMALLEST = 0.005
_MOST_REGIONS = 20
_FIELDS = 4
_BRIGHT_SKIN, _REDDER = (95, 40, 20), 15
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

_Cells = list[int]


def scene(path: Path) -> Scene:
    """What an image file shows; blocking, so call it in a thread.

    Raises:
        Refusal: 422 for what cannot be read.
    """
    try:
        with Image.open(path) as image:
            size = image.size
            image.draft(None, (_SEEN, _SEEN))
            plain = _plain(image)
            image.thumbnail((_SEEN, _SEEN), Image.Resampling.BOX)
            seen = image.convert("RGBA")
    except UNREADABLE as failure:
        raise unreadable() from failure
    opaque = Image.new("RGB", seen.size, "white")
    opaque.paste(seen, mask=seen.getchannel("A"))
    small = opaque.copy()
    small.thumbnail((_GRID, _GRID), Image.Resampling.NEAREST)  # mixed colours at edges would be regions of their own
    components = [] if plain else _components(small)
    return Scene(
        regions=tuple(_region(at, cells, small, size) for at, cells in enumerate(components, 1)),
        labels=_labels(components, small.size),
        colours=tuple(opaque.resize((_FIELDS, _FIELDS), Image.Resampling.BOX).tobytes()),
        plain=plain,
    )


def mask(labels: Sequence[str], numbers: set[int]) -> Image.Image:
    """White where the regions with these numbers are, one pixel a cell."""
    rows = b"".join(bytes(255 * (_DIGITS.index(cell) in numbers) for cell in row) for row in labels)
    return Image.frombytes("L", (len(labels[0]), len(labels)), rows)


def number_at(labels: Sequence[str], x: float, y: float) -> int:
    """The number of the region at a place, in shares of width and height; 0 for the background."""
    row = labels[int(y * len(labels))]
    return _DIGITS.index(row[int(x * len(row))])


def panoptic(labels: Sequence[str]) -> Image.Image:
    """Grey values that are mask ids, one pixel a cell."""
    rows = b"".join(bytes(_DIGITS.index(cell) for cell in row) for row in labels)
    return Image.frombytes("L", (len(labels[0]), len(labels)), rows)


def description(look: Look, found: Scene) -> str:
    """A sentence about a picture."""
    colours = " and ".join(look.colours) or "unseen"
    things = Counter(f"a {region.colour} {'person' if region.person else 'shape'}" for region in found.regions)
    shown = ", ".join(list(things)[:3]) or "no distinct object"
    return f"A {look.shape} picture in {colours} colours, {look.light}, with {shown}."


def difference(one: Scene, other: Scene) -> int:
    """How different two pictures look: 0 is alike."""
    return sum(abs(here - there) for here, there in zip(one.colours, other.colours, strict=True))


def _plain(image: Image.Image) -> bool:
    """Whether every band has one value."""
    return all(low == high for low, high in (band.getextrema() for band in image.split()))


def _components(small: Image.Image) -> list[_Cells]:
    """Connected cells of one colour, without those of the border's commonest colour, the largest first."""
    colours = small.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).tobytes()
    width, height = small.size
    border = [*range(width), *range(width * (height - 1), width * height)]
    border += [at for row in range(height) for at in (row * width, row * width + width - 1)]
    ((background, _),) = Counter(colours[at] for at in border).most_common(1)
    unseen = {at for at, colour in enumerate(colours) if colour != background}
    found = [_flood(at, unseen, colours, width) for at in range(width * height) if at in unseen]
    large = [cells for cells in found if len(cells) >= _SMALLEST * width * height]
    return sorted(large, key=lambda cells: (-len(cells), min(cells)))[:_MOST_REGIONS]


def _flood(start: int, unseen: set[int], colours: bytes, width: int) -> _Cells:
    """Take the connected field of one colour around a cell out of `unseen`."""
    unseen.remove(start)
    waiting, cells = [start], []
    while waiting:
        at = waiting.pop()
        cells.append(at)
        for near in _neighbours(at, width):
            if near in unseen and colours[near] == colours[at]:
                unseen.remove(near)
                waiting.append(near)
    return cells


def _neighbours(at: int, width: int) -> Iterator[int]:
    yield at - width
    yield at + width
    if at % width:
        yield at - 1
    if at % width < width - 1:
        yield at + 1


def _labels(components: list[_Cells], size: tuple[int, int]) -> tuple[str, ...]:
    width, height = size
    cells = ["0"] * (width * height)
    for number, component in enumerate(components, 1):
        for at in component:
            cells[at] = _DIGITS[number]
    return tuple("".join(cells[row * width : (row + 1) * width]) for row in range(height))


def _region(number: int, cells: _Cells, small: Image.Image, size: tuple[int, int]) -> Region:
    width, height = small.size
    columns, rows = [at % width for at in cells], [at // width for at in cells]
    left, top = min(columns) * size[0] // width, min(rows) * size[1] // height
    right, bottom = (max(columns) + 1) * size[0] // width, (max(rows) + 1) * size[1] // height
    pixels = small.tobytes()
    red, green, blue = (sum(pixels[3 * at + channel] for at in cells) // len(cells) for channel in range(3))
    word, _ = colour_word(red / 255, green / 255, blue / 255)
    return Region(
        number=number,
        colour=word,
        rect=(left, top, right - left, bottom - top),
        share=round(len(cells) / (width * height), 4),
        person=_skin(red, green, blue),
    )


def _skin(red: int, green: int, blue: int) -> bool:
    """A well-known rule for skin in daylight. Unknown: how people are found; chosen: so."""
    bright = all(channel > least for channel, least in zip((red, green, blue), _BRIGHT_SKIN, strict=True))
    return bright and red - max(green, blue) > _REDDER
