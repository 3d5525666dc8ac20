"""The one door to Pillow, which is an extra of the package and not a dependency."""

try:
    from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps, ImageStat
    from PIL.PngImagePlugin import PngInfo
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('the simulator needs Pillow: pip install "bria-async[sim]"') from missing

__all__ = [
    "Image",
    "ImageChops",
    "ImageDraw",
    "ImageEnhance",
    "ImageFilter",
    "ImageFont",
    "ImageOps",
    "ImageStat",
    "PngInfo",
]
