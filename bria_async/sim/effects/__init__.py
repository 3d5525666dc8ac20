"""Drawing by name: real transformations of pixels where one is meaningful, visible inventions elsewhere.

An effect gets the sources of a job as pictures, what the job is told, and a source of chance that its seed and
prompt decide; it gives the picture. Which effect a job has is said by whoever starts it.
"""

from typing import Literal

import attrs

from bria_async.sim.effects import canvases, cars, cutouts, invented, tones, visuals
from bria_async.sim.effects.pixels import Draw

Sign = Literal["none", "file", "bar"]
"""How a result is said to be simulated: not at all, in its file only, or by a bar in the picture too."""


@attrs.frozen
class Effect:
    """How a result is drawn, and what says that it is simulated."""

    draw: Draw
    sign: Sign = "none"
    subject: Draw | None = None
    """What stands before the picture, and before its bar: of the same size, with transparency."""


EFFECTS: dict[str, Effect] = {
    "cutout": Effect(cutouts.cutout),
    "crop": Effect(cutouts.crop),
    "blur_background": Effect(cutouts.blur_background),
    "erase_foreground": Effect(cutouts.erase_foreground),
    "erase": Effect(cutouts.erase),
    "packshot": Effect(cutouts.packshot),
    "shadow": Effect(cutouts.shadow),
    "expand": Effect(canvases.expand),
    "resize": Effect(canvases.resize),
    "increase_resolution": Effect(canvases.increase_resolution),
    "colorize": Effect(tones.colorize),
    "enhance": Effect(tones.enhance),
    "restore": Effect(tones.restore),
    "harmonize": Effect(tones.harmonize),
    "weather": Effect(tones.weather, "bar"),
    "segment": Effect(cars.segment, "file"),
    "refine_tires": Effect(cars.refine_tires, "bar"),
    "reflections": Effect(cars.reflections, "bar"),
    "gen_fill": Effect(invented.gen_fill, "file"),
    "replace_background": Effect(canvases.behind, "bar", cutouts.cutout),
    "placed": Effect(canvases.scenery, "bar", canvases.placed),
    "integrate": Effect(canvases.ground, "bar", canvases.integrated),
    "relight": Effect(tones.relight, "bar"),
    "reseason": Effect(tones.reseason, "bar"),
    "restyle": Effect(tones.restyle, "bar"),
    "generate": Effect(invented.generate, "bar"),
    "collage": Effect(invented.collage, "bar"),
    "edit": Effect(invented.edit, "bar"),
    "lettering": Effect(invented.lettering, "bar"),
    "coloured_sketch": Effect(invented.coloured_sketch, "bar"),
    "trim": Effect(visuals.trim),
    "before_colour": Effect(visuals.before_colour),
    "presenter": Effect(visuals.presenter, "bar"),
    "ad": Effect(visuals.ad, "bar", visuals.ad_layer),
}
"""Every effect by its name; `gen_fill` draws its bar itself, where it fills anything."""
