"""Drawing by name: real transformations of pixels where one is meaningful, visible inventions elsewhere.

An effect gets the sources of a job as pictures, what the job is told, and a source of chance that its seed and
prompt decide; it gives the picture. Which effect a job has is said by whoever starts it.
"""

import attrs

from bria_async.sim.effects import canvases, cars, cutouts, invented, tones, visuals
from bria_async.sim.effects.pixels import Draw


@attrs.frozen
class Effect:
    """How a result is drawn, and whether it is to be marked as simulated."""

    draw: Draw
    invents: bool = False


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
    "weather": Effect(tones.weather),
    "segment": Effect(cars.segment),
    "refine_tires": Effect(cars.refine_tires),
    "reflections": Effect(cars.reflections),
    "gen_fill": Effect(invented.gen_fill),
    "replace_background": Effect(canvases.replace_background, invents=True),
    "placed": Effect(canvases.placed, invents=True),
    "integrate": Effect(canvases.integrate, invents=True),
    "relight": Effect(tones.relight, invents=True),
    "reseason": Effect(tones.reseason, invents=True),
    "restyle": Effect(tones.restyle, invents=True),
    "generate": Effect(invented.generate, invents=True),
    "collage": Effect(invented.collage, invents=True),
    "edit": Effect(invented.edit, invents=True),
    "lettering": Effect(invented.lettering, invents=True),
    "coloured_sketch": Effect(invented.coloured_sketch, invents=True),
    "trim": Effect(visuals.trim),
    "before_colour": Effect(visuals.before_colour),
    "presenter": Effect(visuals.presenter, invents=True),
    "ad": Effect(visuals.ad, invents=True),
}
"""Every effect by its name; `gen_fill` and `weather` mark what they invent by themselves."""
