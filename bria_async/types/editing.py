"""What editing takes: words of its parameters (published spec)."""

from typing import Literal

FiboEdit = Literal["FIBO-edit"]
"""The only model version of editing by instructions."""

MaskType = Literal["manual", "automatic"]
"""Who made a mask."""

Colorization = Literal["color_contemporary", "color_vivid", "black_and_white", "sepia_vintage"]
Season = Literal["spring", "summer", "autumn", "winter"]
LightDirection = Literal["front", "side", "bottom", "top-down"]

LightType = Literal[
    "midday",
    "blue hour light",
    "low-angle sunlight",
    "sunrise light",
    "spotlight on subject, keep background settings",
    "overcast light",
    "soft overcast daylight lighting",
    "cloud-filtered lighting",
    "fog-diffused lighting",
    "moonlight lighting",
    "starlight lighting nighttime",
    "soft bokeh lighting",
    "harsh studio lighting keep background setting",
]

Style = Literal[
    "render_3d",
    "cubism",
    "oil_painting",
    "anime",
    "cartoon",
    "coloring_book",
    "retro_ad",
    "pop_art_halftone",
    "vector_art",
    "story_board",
    "art_nouveau",
    "cross_etching",
    "wood_cut",
]
